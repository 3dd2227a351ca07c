//! From a request for `/meshrelay.ashx` to the chain where its tunnel lives.

use microstack::chain::Cx;
use microstack::http::{Request, Response, ServerConn};

use super::visitor::{Stage, Visitor};
use crate::accounts::{SecondLook, second_look};
use crate::live::{Address, PasswordVerdict};
use crate::model::rights::SITE_NO_TOOLS;
use crate::model::text::clean_line;
use crate::model::time::now_ms;
use crate::model::{User, Via};
use crate::relay::{Admission, Guest, Handover, Refusal, RelayUrl, admit, admit_user, hand_over};
use crate::users::{Credentials, FirstLook, failed_sign_in, first_look, good_sign_in};

/// A request that waits for the password check.
pub(super) struct RelayCheck {
    conn: ServerConn,
    request: Request,
    name: String,
    code: Option<String>,
}

impl Visitor {
    /// Says who it is, and hands the connection over; refusals are told on the WebSocket, where scripts can read them.
    pub(super) fn relay(&mut self, cx: &mut Cx<'_>, request: &Request) {
        if !request.is_websocket() {
            let refusal = Response::text(426, "This address is for WebSockets.\n")
                .with("Upgrade", "websocket")
                .with("Sec-WebSocket-Version", "13");
            return self.respond(cx, refusal);
        }
        let Stage::Http(conn) = std::mem::replace(&mut self.stage, Stage::Gone) else { return };
        match admit(&self.house, request, self.peer, cx.now(), now_ms() / 1000) {
            Ok(Admission::Guest(guest)) => self.part(cx, *conn, request, Ok(guest)),
            Ok(Admission::Password(credentials)) => self.relay_check(cx, *conn, request, &credentials),
            Err(refusal) => self.part(cx, *conn, request, Err(refusal)),
        }
    }

    /// The password is checked.
    pub(super) fn relay_judged(&mut self, cx: &mut Cx<'_>, verdict: &PasswordVerdict) {
        let Stage::RelayCheck(check) = std::mem::replace(&mut self.stage, Stage::Gone) else { return };
        let guest = match self.house.data.user(&verdict.user_id).filter(|user| verdict.stands_for(user)) {
            Some(user) => self.relay_second(cx, &check, &user),
            None => {
                self.sign_in_failed(&check.name, "wrong user name or password");
                Err(Refusal::NotSignedIn)
            }
        };
        self.part(cx, check.conn, &check.request, guest);
    }

    fn relay_check(
        &mut self,
        cx: &mut Cx<'_>,
        conn: ServerConn,
        request: &Request,
        credentials: &Credentials,
    ) {
        let refuse = |visitor: &mut Visitor, cx: &mut Cx<'_>, conn| {
            visitor.part(cx, conn, request, Err(Refusal::NotSignedIn));
        };
        if let Err(error) = self.house.gate.attempt(self.peer.ip(), &credentials.name, cx.now()) {
            self.sign_in_failed(&credentials.name, &error.to_string());
            return refuse(self, cx, conn);
        }
        match first_look(&self.house, credentials, now_ms()) {
            FirstLook::Right(user) => {
                self.house.gate.succeeded(self.peer.ip(), &credentials.name, cx.now());
                let guest = self.user_guest(cx, request, &user.id, &user.via);
                self.part(cx, conn, request, guest);
            }
            FirstLook::Wrong => {
                self.sign_in_failed(&credentials.name, "wrong or expired token");
                refuse(self, cx, conn);
            }
            FirstLook::Check(user) => {
                let address = Address::new(cx.mailbox(), cx.id());
                let (name, hash) = (credentials.name.clone(), user.map(|user| user.password.clone()));
                let user_id = crate::model::user_id(&name);
                let against = hash.clone();
                let queued = self.house.checker.check(credentials.password.clone(), hash, move |right| {
                    let _ = address.post(PasswordVerdict { user_id, right, against });
                });
                match queued {
                    Ok(()) => {
                        let request = request.clone();
                        let code = credentials.code.clone();
                        self.stage = Stage::RelayCheck(Box::new(RelayCheck { conn, request, name, code }));
                    }
                    Err(busy) => {
                        tracing::warn!(peer = %self.peer, %busy, "sign-in at the relay refused");
                        refuse(self, cx, conn);
                    }
                }
            }
        }
    }

    /// The password was right: the second factor, and what else an account may need.
    fn relay_second(&self, cx: &Cx<'_>, check: &RelayCheck, user: &User) -> Result<Guest, Refusal> {
        let look = second_look(&self.house, user, check.code.as_deref(), now_ms(), cx.now());
        // A right password was no guess, also if its owner must come again with the code.
        if matches!(look, SecondLook::Through | SecondLook::CodeRequired) {
            self.house.gate.succeeded(self.peer.ip(), &check.name, cx.now());
        }
        match look {
            SecondLook::Through => {
                if user.is_restricted(SITE_NO_TOOLS) {
                    self.sign_in_failed(&user.name, "the account may not be used by programs");
                } else {
                    good_sign_in(&self.house, user, &self.peer.ip().to_string());
                }
                self.user_guest(cx, &check.request, &user.id, &Via::Password)
            }
            SecondLook::CodeRequired => {
                tracing::info!(peer = %self.peer, user = user.name, why = look.why(), "sign-in at the relay refused");
                Err(Refusal::NotSignedIn)
            }
            _ => {
                self.sign_in_failed(&check.name, look.why());
                Err(Refusal::NotSignedIn)
            }
        }
    }

    /// A failed sign-in, for both logs.
    fn sign_in_failed(&self, name: &str, why: &str) {
        tracing::warn!(peer = %self.peer, user = clean_line(name, 64), why, "sign-in at the relay refused");
        failed_sign_in(&self.house, name, &self.peer.ip().to_string(), why);
    }

    fn user_guest(&self, cx: &Cx<'_>, request: &Request, user_id: &str, via: &Via) -> Result<Guest, Refusal> {
        let url = RelayUrl::of_request(request).map_err(|fault| Refusal::Request(fault.0))?;
        admit_user(&self.house, user_id, via, url, self.peer, cx.now())
    }

    fn part(&mut self, cx: &mut Cx<'_>, conn: ServerConn, request: &Request, guest: Result<Guest, Refusal>) {
        match conn.part(cx, request) {
            Ok(parted) => {
                if !hand_over(&self.house, Handover { parted, guest }) {
                    tracing::warn!(peer = %self.peer, "a relay connection was dropped: its chain is overloaded");
                }
            }
            Err(error) => tracing::warn!(peer = %self.peer, %error, "a relay connection could not be moved"),
        }
    }
}
