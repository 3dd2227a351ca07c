//! Carrying out what a command led to. What it means for the caller differs: a session on a WebSocket is told at
//! once and may be told more later, a request over HTTP gets one answer.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::effect::Effect;
use super::tunnel::ask_for;
use super::user_info;
use crate::house::House;
use crate::live::{Ask, ToAgent};
use crate::model::time::now_ms;
use crate::model::{Audit, User};

/// Whoever waits for the outcome.
pub(crate) trait Desk {
    /// Tells the asker.
    fn reply(&mut self, answer: Value);
    /// Tells the asker when everything written so far is on the disk.
    fn confirm(&mut self, answer: Value);
    /// Hashes the password off the chain; then the user is added or changed by [`hashed`].
    fn hash(&mut self, password: String, newcomer: Newcomer);
    /// Opens a question to a device for the asker: gives the `responseid` for the agent, or nothing when too many
    /// are open.
    fn ask(&mut self, responseid: String, node: microstack::wire::id::NodeId) -> Option<String>;
}

/// An account that waits for the hash of its password.
#[derive(Debug)]
pub(crate) struct Newcomer {
    /// Everything else.
    pub(crate) user: User,
    /// The present password, which must be right.
    pub(crate) old: Option<String>,
    /// The account exists: only its password is replaced.
    pub(crate) existing: bool,
    /// The line of the audit log that waits with it.
    pub(crate) line: Option<Audit>,
    /// The answer to fill in.
    pub(crate) answer: Option<Value>,
    /// What to do when it is done.
    pub(crate) then: Vec<Effect>,
}

/// Does what the effects say, in order.
///
/// # Errors
/// The words of the first change that could not be made; the asker was told.
pub(crate) fn carry_out(house: &Arc<House>, desk: &mut dyn Desk, effects: Vec<Effect>) -> Result<(), String> {
    let mut outcome = Ok(());
    for effect in effects {
        match effect {
            Effect::Reply(answer) => desk.reply(answer),
            Effect::Confirm(answer) => desk.confirm(answer),
            Effect::Change { change, then, refusal } => match house.apply(change) {
                Ok(()) => {
                    let done = carry_out(house, desk, then);
                    outcome = outcome.and(done);
                }
                Err(error) => {
                    tracing::warn!(%error, "a change was not made");
                    answer_with(desk, refusal, &error.to_string());
                    outcome = outcome.and(Err(error.to_string()));
                }
            },
            Effect::Announce(event) => house.announce(&event),
            Effect::AnnounceTo { event, users } => house.announce_to(&event, &users),
            Effect::ToAgent { node, message, sent, absent } => {
                let routed = house.live.tell_agent(&node, ToAgent::Json(message.to_string().into()));
                if let Some(answer) = if routed { sent } else { absent } {
                    desk.reply(answer);
                }
            }
            Effect::Ask { node, mut message, responseid, absent } => {
                let routed = desk.ask(responseid, node).is_some_and(|id| {
                    message["responseid"] = json!(id);
                    let routed = house.live.tell_agent(&node, ToAgent::Json(message.to_string().into()));
                    if !routed {
                        house.live.asks.answered(&id, &node);
                    }
                    routed
                });
                if !routed {
                    desk.reply(absent);
                }
            }
            Effect::TellUsers { message, user_id } => {
                let text: Arc<str> = message.to_string().into();
                house
                    .live
                    .users
                    .tell_all(&text, |seat| user_id.as_ref().is_none_or(|user| seat.user_id == *user));
            }
            Effect::WakeFromHere(macs) => house.wake_from_here(&macs),
            Effect::Tunnel { expect, url, message, sent, refusal } => {
                match ask_for(house, expect, &url, message, Instant::now()) {
                    Ok(()) => {
                        if let Some(answer) = sent {
                            desk.reply(answer);
                        }
                    }
                    Err(why) => {
                        tracing::info!(%why, "a tunnel was not opened");
                        answer_with(desk, refusal, why.reason());
                        outcome = outcome.and(Err(why.reason().to_owned()));
                    }
                }
            }
            Effect::Core { node, order } => {
                house.live.tell_agent(&node, ToAgent::Core(order));
            }
            Effect::Disconnect { node, why } => {
                house.live.tell_agent(&node, ToAgent::Close(why));
            }
            Effect::AddUser { user, password, answer } => {
                desk.hash(
                    password,
                    Newcomer { user, old: None, existing: false, line: None, answer, then: Vec::new() },
                );
            }
            Effect::SetPassword { user, old, password, answer, then } => {
                desk.hash(password, Newcomer { user, old, existing: true, line: None, answer, then });
            }
            Effect::EndSessions { user_id, why } => house.end_user(&user_id, why),
            Effect::EndVia { user_id, via, why } => house.end_via(&user_id, &via, why),
            Effect::EndOthers { user_id, but, session, why } => {
                house.end_others(&user_id, &but, &session, why);
            }
            Effect::RefreshUser(user_id) => {
                // Each session is told what it may do itself: one by a token is not told of the whole account.
                for seat in house.live.users.of(&user_id) {
                    if let Some(user) = house.acting(&user_id, &seat.via, now_ms()) {
                        let text: Arc<str> = user_info(house, &user).to_string().into();
                        house.live.users.tell(&seat.session, &text);
                    }
                }
            }
        }
    }
    outcome
}

/// The effects of a password that is hashed now.
pub(crate) fn hashed(newcomer: Newcomer, hash: String) -> Vec<Effect> {
    use super::effect::Change;
    use crate::model::Event;
    let Newcomer { mut user, existing, answer, mut then, .. } = newcomer;
    user.password = hash;
    if existing {
        let change = Change::SetPassword { id: user.id, hash: user.password, must_change: user.must_change };
        return vec![Effect::change(change, answer, then)];
    }
    let message = format!("Account created: {}", user.name);
    then.push(Effect::Announce(Event::of_user("accountcreate", &user.id, &message, user.created_ms)));
    vec![Effect::change(Change::AddUser(user), answer, then)]
}

/// Fills an answer in, if one is wanted.
pub(crate) fn answer_with(desk: &mut dyn Desk, answer: Option<Value>, result: &str) {
    if let Some(mut answer) = answer {
        answer["result"] = json!(result);
        desk.reply(answer);
    }
}

/// Opens a question in the name of a session.
pub(crate) fn open_question(
    house: &House,
    session: &str,
    responseid: String,
    node: microstack::wire::id::NodeId,
) -> Option<String> {
    house.live.asks.open(Ask { session: session.to_owned(), responseid, node })
}
