//! From a request for `/meshrelay.ashx` to the chain where its tunnel lives.

use microstack::chain::Cx;
use microstack::http::{Request, Response, ServerConn};

use super::visitor::{Stage, Visitor};
use crate::accounts::{SecondLook, second_look};
use crate::live::{Address, PasswordVerdict};
use crate::model::Via;
use crate::model::text::clean_line;
use crate::model::time::now_ms;
use crate::relay::{Admission, Guest, Handover, Refusal, RelayUrl, admit, admit_user, hand_over};
use crate::users::{Credentials, FirstLook, first_look};

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
        let guest = if verdict.right {
            self.relay_second(cx, &check, &verdict.user_id)
        } else {
            tracing::warn!(peer = %self.peer, user = clean_line(&check.name, 64), "wrong user name or password");
            Err(Refusal::NotSignedIn)
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
            tracing::warn!(peer = %self.peer, %error, "sign-in at the relay refused");
            return refuse(self, cx, conn);
        }
        match first_look(&self.house, credentials, now_ms()) {
            FirstLook::Right(user) => {
                self.house.gate.succeeded(self.peer.ip(), &credentials.name, cx.now());
                let guest = self.user_guest(cx, request, &user.id, &user.via);
                self.part(cx, conn, request, guest);
            }
            FirstLook::Wrong => refuse(self, cx, conn),
            FirstLook::Check(user) => {
                let address = Address::new(cx.mailbox(), cx.id());
                let (name, hash) = (credentials.name.clone(), user.map(|user| user.password.clone()));
                let user_id = crate::model::user_id(&name);
                let queued = self.house.checker.check(credentials.password.clone(), hash, move |right| {
                    let _ = address.post(PasswordVerdict { user_id, right });
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
    fn relay_second(&self, cx: &Cx<'_>, check: &RelayCheck, user_id: &str) -> Result<Guest, Refusal> {
        let user = self.house.data.user(user_id).ok_or(Refusal::NotSignedIn)?;
        match second_look(&self.house, &user, check.code.as_deref(), now_ms(), cx.now()) {
            SecondLook::Through => {
                self.house.gate.succeeded(self.peer.ip(), &check.name, cx.now());
                self.user_guest(cx, &check.request, user_id, &Via::Password)
            }
            look => {
                tracing::warn!(peer = %self.peer, user = user.name, ?look, "sign-in at the relay refused");
                Err(Refusal::NotSignedIn)
            }
        }
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
