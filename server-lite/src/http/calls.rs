//! Requests of the REST interface on a connection: those that are answered later, and their deadline.

use std::any::Any;
use std::sync::Arc;

use microstack::chain::Cx;
use microstack::http::Request;

use super::visitor::Visitor;
use crate::api::{self, Begun, Call, Place, ToCall};
use crate::live::{Address, ToUser};

impl Visitor {
    pub(super) fn begin_call(&mut self, cx: &mut Cx<'_>, request: &Request) {
        self.calls += 1;
        let place = Place {
            address: Address::new(cx.mailbox(), cx.id()),
            number: self.calls,
            ip: self.peer.ip(),
            // Behind a terminator everybody may look as if he were on this machine.
            local: !self.mode.offload && self.peer.ip().is_loopback(),
            now: cx.now(),
        };
        match api::begin(&Arc::clone(&self.house), place, request) {
            Begun::Answered(response) => self.respond(cx, response),
            Begun::Waits(call) => self.call = Some(call),
        }
    }

    /// Gives mail to the request that waits; what is not for it comes back.
    pub(super) fn note_call(&mut self, cx: &mut Cx<'_>, note: Box<dyn Any>) -> Option<Box<dyn Any>> {
        let answer = match (note.downcast::<ToCall>(), &mut self.call) {
            // Late mail for a request that was given up or is answered has no reader.
            (Ok(_), None) => return None,
            (Ok(note), Some(call)) => call.note(*note),
            (Err(note), None) => return Some(note),
            (Err(note), Some(call)) => match note.downcast_ref::<ToUser>() {
                Some(told) => call.told(told),
                None => return Some(note),
            },
        };
        if let Some(response) = answer {
            self.call = None;
            self.respond(cx, response);
        }
        None
    }

    /// Gives a request up that nobody answered.
    pub(super) fn late_call(&mut self, cx: &mut Cx<'_>) {
        if self.call.as_ref().is_some_and(|call| cx.now() >= call.deadline()) {
            self.call = None;
            self.respond(cx, Call::late());
        }
    }
}
