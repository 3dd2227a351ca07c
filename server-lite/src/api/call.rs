//! One request under way: from the table to its answer, which may have to wait for a password check, the disk, or a
//! device.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::crypto::random_bytes;
use microstack::http::{Request, Response};
use microstack::wire::hex;
use serde_json::Value;

use super::answer::{busy, no_caller, refusal};
use super::routes::{ApiRoute, Found, Need, find};
use super::shapes;
use crate::accounts::{PasswordError, Purpose, caller, check_origin};
use crate::house::House;
use crate::live::{Address, ToUser, UserSeat};
use crate::model::User;
use crate::model::time::now_ms;

/// Where a request came in.
pub struct Place {
    /// Its connection, for what comes later.
    pub address: Address,
    /// Number of the request on that connection: what comes for an earlier one is thrown away.
    pub number: u64,
    /// The client.
    pub ip: IpAddr,
    /// The client is a program on this machine.
    pub local: bool,
    /// The chain's clock.
    pub now: Instant,
}

/// How a request began.
pub enum Begun {
    /// With its end.
    Answered(Response),
    /// It waits.
    Waits(Call),
}

/// What a request that waits is told.
pub struct ToCall {
    number: u64,
    heard: Heard,
}

/// A request that waits for something.
pub struct Call {
    ctx: Ctx,
    next: Option<Next>,
}

/// What a handler knows of its request.
pub(super) struct Ctx {
    pub(super) house: Arc<House>,
    /// Who asks; the account as narrowed by the token he asks with. `None` on addresses for everybody.
    pub(super) caller: Option<Arc<User>>,
    pub(super) ip: IpAddr,
    pub(super) now_ms: u64,
    pub(super) now: Instant,
    /// What the client says it is.
    pub(super) program: String,
    /// Name of this request as an asker of devices.
    pub(super) session: String,
    /// Values of the `{…}` in the path, in order.
    pub(super) path: Vec<String>,
    /// The query's pairs that the table knows.
    pub(super) query: Vec<(String, String)>,
    /// The body, checked against its shape; null when the address takes none.
    pub(super) body: Value,
    address: Address,
    number: u64,
}

/// What something that was waited for came to.
pub(super) enum Heard {
    /// A password was right or wrong.
    Password(bool),
    /// A password is hashed.
    Hash(Result<String, PasswordError>),
    /// Everything written before is on the disk, or is not.
    Durable(bool),
    /// A device answered, or was lost.
    Device(Value),
}

/// What a handler comes to.
pub(super) enum Outcome {
    /// The answer.
    Answer(Response),
    /// Something has been asked for; go on like this when it is there.
    Later(Next),
}

pub(super) type Next = Box<dyn FnOnce(&Ctx, Heard) -> Outcome>;

/// How long an answer may take: a command on a device may run for a while.
const PATIENCE: Duration = Duration::from_secs(120);

/// Begins a request of `/api/v1` or `/metrics`.
pub fn begin(house: &Arc<House>, place: Place, request: &Request) -> Begun {
    let (route, path) = match find(&request.method, request.path()) {
        Found::Route(route, path) => (route, path),
        Found::Methods(allowed) => {
            let answer = refusal(405, "method", &format!("this address takes {allowed} only"));
            return Begun::Answered(answer.with("Allow", allowed));
        }
        Found::Nothing => {
            return Begun::Answered(refusal(
                404,
                "no-such-address",
                "there is nothing at this address; see /api/v1/openapi.json",
            ));
        }
    };
    let now_ms = now_ms();
    let caller = match admit(house, route, request, &place, now_ms) {
        Ok(caller) => caller,
        Err(refusal) => return Begun::Answered(*refusal),
    };
    let body = match read_body(route, request) {
        Ok(body) => body,
        Err(refusal) => return Begun::Answered(*refusal),
    };
    let query = match read_query(route, request) {
        Ok(query) => query,
        Err(refusal) => return Begun::Answered(*refusal),
    };
    let whose = caller.as_ref().map_or("user//", |user| user.id.as_str());
    let suffix = hex::lower(&random_bytes::<8>());
    let ctx = Ctx {
        session: format!("{whose}/{suffix}"),
        house: Arc::clone(house),
        caller,
        ip: place.ip,
        now_ms,
        now: place.now,
        program: request.header("user-agent").unwrap_or("").chars().take(256).collect(),
        path,
        query,
        body,
        address: place.address,
        number: place.number,
    };
    match (route.handler)(&ctx) {
        Outcome::Answer(response) => Begun::Answered(response),
        Outcome::Later(next) => Begun::Waits(Call { ctx, next: Some(next) }),
    }
}

impl Call {
    /// Takes what the request may have waited for; gives the answer when it is complete.
    pub fn note(&mut self, note: ToCall) -> Option<Response> {
        if note.number != self.ctx.number {
            return None;
        }
        self.go_on(note.heard)
    }

    /// Takes mail to the request as an asker of devices.
    pub fn told(&mut self, note: &ToUser) -> Option<Response> {
        let ToUser::Text(text) = note else { return None };
        let message: Value = serde_json::from_str(text).ok()?;
        if message.get("responseid").and_then(Value::as_str) != Some(&self.ctx.session) {
            return None;
        }
        self.go_on(Heard::Device(message))
    }

    /// When the request is given up.
    pub fn deadline(&self) -> Instant {
        self.ctx.now + PATIENCE
    }

    /// The answer of a request that is given up.
    pub fn late() -> Response {
        refusal(504, "late", "no answer within two minutes; what was asked for may still happen")
    }

    fn go_on(&mut self, heard: Heard) -> Option<Response> {
        match self.next.take()?(&self.ctx, heard) {
            Outcome::Answer(response) => Some(response),
            Outcome::Later(next) => {
                self.next = Some(next);
                None
            }
        }
    }
}

impl Drop for Ctx {
    fn drop(&mut self) {
        self.house.live.users.leave(&self.session);
        self.house.live.asks.forget_session(&self.session);
    }
}

impl Ctx {
    /// Who asks. The table lets nobody else through to handlers that call this.
    pub(super) fn user(&self) -> &Arc<User> {
        match &self.caller {
            Some(user) => user,
            None => unreachable!("the address is declared for signed-in callers, and `begin` checked that"),
        }
    }

    /// A query value.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A text of the body.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.body.get(name)?.as_str()
    }

    /// Checks a password off the chain.
    pub(super) fn check_password(
        &self,
        password: &str,
        hash: Option<String>,
        then: impl FnOnce(&Ctx, bool) -> Outcome + 'static,
    ) -> Outcome {
        let (address, number) = (self.address.clone(), self.number);
        let queued = self.house.checker.check(password.to_owned(), hash, move |right| {
            let _ = address.post(ToCall { number, heard: Heard::Password(right) });
        });
        match queued {
            Ok(()) => Outcome::Later(Box::new(move |ctx, heard| match heard {
                Heard::Password(right) => then(ctx, right),
                _ => out_of_step(),
            })),
            Err(error) => Outcome::Answer(busy(&error.to_string())),
        }
    }

    /// Hashes a password off the chain.
    pub(super) fn hash_password(
        &self,
        password: String,
        then: impl FnOnce(&Ctx, String) -> Outcome + 'static,
    ) -> Outcome {
        let (address, number) = (self.address.clone(), self.number);
        let queued = self.house.checker.hash(password, move |hash| {
            let _ = address.post(ToCall { number, heard: Heard::Hash(hash) });
        });
        match queued {
            Ok(()) => Outcome::Later(Box::new(move |ctx, heard| match heard {
                Heard::Hash(Ok(hash)) => then(ctx, hash),
                Heard::Hash(Err(error)) => Outcome::Answer(refusal(400, "password", &error.to_string())),
                _ => out_of_step(),
            })),
            Err(error) => Outcome::Answer(busy(&error.to_string())),
        }
    }

    /// Gives the answer once everything written so far is on the disk.
    pub(super) fn durably(&self, response: Response) -> Outcome {
        let (address, number) = (self.address.clone(), self.number);
        self.house.flusher.flush_then(move |written| {
            let _ = address.post(ToCall { number, heard: Heard::Durable(written) });
        });
        Outcome::Later(Box::new(move |_, heard| match heard {
            Heard::Durable(true) => Outcome::Answer(response),
            Heard::Durable(false) => {
                Outcome::Answer(refusal(500, "failed", "the change could not be written to the disk"))
            }
            _ => out_of_step(),
        }))
    }

    /// Waits for the answer of a device that was asked in the name of [`Ctx::session`].
    pub(super) fn await_device(&self, then: impl FnOnce(&Ctx, Value) -> Outcome + 'static) -> Outcome {
        Outcome::Later(Box::new(move |ctx, heard| match heard {
            Heard::Device(answer) => then(ctx, answer),
            _ => out_of_step(),
        }))
    }

    /// Takes a place among the sessions, so that a device's answer finds the way.
    pub(super) fn sit(&self) {
        let user = self.user();
        self.house.live.users.sit(UserSeat {
            address: self.address.clone(),
            user_id: user.id.clone(),
            session: self.session.clone(),
            via: user.via.clone(),
            limit: user.limit.clone(),
            quiet: true,
        });
    }
}

/// The caller, if the table lets him through.
fn admit(
    house: &House,
    route: &ApiRoute,
    request: &Request,
    place: &Place,
    now_ms: u64,
) -> Result<Option<Arc<User>>, Box<Response>> {
    let refuse = |error| {
        tracing::info!(peer = %place.ip, %error, path = route.path, "a request was refused");
        Box::new(no_caller(&error))
    };
    check_origin(request, &house.facts()).map_err(refuse)?;
    let needed = match route.need {
        Need::Nothing => return Ok(None),
        Need::LocalOr(_) if place.local => {
            return Ok(None);
        }
        Need::SignedIn => None,
        Need::Scope(scope) | Need::LocalOr(scope) => Some(scope),
    };
    let purpose = if route.method == "GET" { Purpose::Look } else { Purpose::Change };
    let user = caller(house, request, purpose, now_ms).map_err(refuse)?;
    if let Some(scope) = needed.filter(|scope| !user.allows(*scope)) {
        let message = format!("this token lacks the scope {}", scope.name());
        return Err(Box::new(refusal(403, "scope", &message)));
    }
    if matches!(route.need, Need::LocalOr(_)) && !user.is_site_admin() {
        return Err(Box::new(refusal(403, "denied", "this is for administrators")));
    }
    Ok(Some(user))
}

fn read_body(route: &ApiRoute, request: &Request) -> Result<Value, Box<Response>> {
    let Some(shape) = route.body else { return Ok(Value::Null) };
    let kind = request.header("content-type").unwrap_or("");
    // A form on a page of another site cannot say this without asking first.
    if !kind.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json") {
        return Err(Box::new(refusal(415, "content-type", "send JSON, as Content-Type: application/json")));
    }
    let bad = |why: &str| Box::new(refusal(400, "body", why));
    let body: Value = serde_json::from_slice(&request.body).map_err(|error| bad(&error.to_string()))?;
    shapes::check(shape, &body).map_err(|why| bad(&why))?;
    Ok(body)
}

fn read_query(route: &ApiRoute, request: &Request) -> Result<Vec<(String, String)>, Box<Response>> {
    let query = request.query();
    for (name, value) in &query {
        let known = route.query.iter().find(|param| param.name == name);
        let bad = match known {
            None => Some(format!("this address knows no \"{}\"", crate::model::text::clean_line(name, 40))),
            Some(param) if !param.takes(value) => Some(format!("\"{}\" cannot be that", param.name)),
            Some(_) => None,
        };
        if let Some(why) = bad {
            return Err(Box::new(refusal(400, "query", &why)));
        }
    }
    Ok(query)
}

/// Something came that was not asked for: an error of ours, told as one.
fn out_of_step() -> Outcome {
    tracing::error!("a request was told something it did not ask for");
    Outcome::Answer(refusal(500, "failed", "the server lost its thread; try again"))
}
