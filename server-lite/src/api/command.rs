//! A command of the user channel in the form of a request: the same decision, the same effects, the same line in the
//! audit log.

use microstack::http::Response;
use microstack::wire::id::NodeId;
use serde_json::{Value, json};

use super::answer::{busy, json_answer, refusal, refused};
use super::call::{Ctx, Outcome};
use crate::model::Audit;
use crate::users::carry::{Desk, Newcomer, carry_out, hashed, open_question};
use crate::users::{Asker, Request, audit_of, decide, result_of};

/// Turns the answer of a command that was carried out into the answer of the request.
pub(super) type Shape = Box<dyn FnOnce(&Ctx, Value) -> Response>;

/// Asks [`decide`] and carries out what it says. A refusal in its answer is the refusal of the request.
pub(super) fn command(
    ctx: &Ctx,
    mut message: Value,
    shape: impl FnOnce(&Ctx, Value) -> Response + 'static,
) -> Outcome {
    message["responseid"] = json!(ctx.session);
    let address = ctx.ip.to_string();
    let asker = Asker { user: ctx.user(), session: &ctx.session, address: &address, now_ms: ctx.now_ms };
    let Some(request) = Request::read(&message) else {
        unreachable!("every handler names an action");
    };
    let effects = decide(&ctx.house, &asker, &request);
    let (line, refused_because) = (audit_of(&asker, &request), result_of(&effects));
    let mut desk = Waiting::new(ctx);
    let done = carry_out(&ctx.house, &mut desk, effects);
    let mut heard = desk.take();
    // A password that is being hashed has no result yet: its line waits with it.
    if let Some((_, newcomer)) = &mut heard.newcomer {
        newcomer.line = line;
    } else if let Some(line) = line {
        let result = refused_because.or(done.err()).unwrap_or_else(|| Audit::OK.to_owned());
        ctx.house.audit(Audit { result, ..line });
    }
    settle(ctx, heard, Box::new(shape))
}

/// The answer of a command without one of its own: `{}`.
pub(super) fn nothing_more(_: &Ctx, _: Value) -> Response {
    json_answer(200, &json!({}))
}

/// What a command told the request so far.
#[derive(Default)]
struct Told {
    reply: Option<Value>,
    confirm: Option<Value>,
    newcomer: Option<(String, Newcomer)>,
    asked: bool,
}

struct Waiting<'a> {
    ctx: &'a Ctx,
    told: Told,
}

impl<'a> Waiting<'a> {
    fn new(ctx: &'a Ctx) -> Waiting<'a> {
        Waiting { ctx, told: Told::default() }
    }

    fn take(self) -> Told {
        self.told
    }
}

impl Desk for Waiting<'_> {
    fn reply(&mut self, answer: Value) {
        self.told.reply.get_or_insert(answer);
    }

    fn confirm(&mut self, answer: Value) {
        self.told.confirm.get_or_insert(answer);
    }

    fn hash(&mut self, password: String, newcomer: Newcomer) {
        self.told.newcomer.get_or_insert((password, newcomer));
    }

    fn ask(&mut self, responseid: String, node: NodeId) -> Option<String> {
        self.ctx.sit();
        self.told.asked = true;
        open_question(&self.ctx.house, &self.ctx.session, responseid, node)
    }
}

fn settle(ctx: &Ctx, told: Told, shape: Shape) -> Outcome {
    if let Some((password, mut newcomer)) = told.newcomer {
        if newcomer.old.is_some() {
            // Its place is /api/v1/account/password, which checks the old one.
            return Outcome::Answer(refusal(400, "refused", "this is not how a password is changed"));
        }
        return ctx.hash_password(password, move |ctx, hash| {
            let mut desk = Waiting::new(ctx);
            let line = newcomer.line.take();
            let done = carry_out(&ctx.house, &mut desk, hashed(newcomer, hash));
            if let Some(line) = line {
                let result = done.err().unwrap_or_else(|| Audit::OK.to_owned());
                ctx.house.audit(Audit { result, ..line });
            }
            settle(ctx, desk.take(), shape)
        });
    }
    // A reply that comes first is a refusal, or all there is to say.
    if let Some(answer) = told.reply {
        return Outcome::Answer(refused(&answer).unwrap_or_else(|| shape(ctx, answer)));
    }
    if let Some(answer) = told.confirm {
        let response = refused(&answer).unwrap_or_else(|| shape(ctx, answer));
        return ctx.durably(response);
    }
    if told.asked {
        return ctx.await_device(move |ctx, answer| Outcome::Answer(shape(ctx, answer)));
    }
    tracing::error!("a command gave a request no answer");
    Outcome::Answer(busy("the server has no answer to this now"))
}
