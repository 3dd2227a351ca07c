//! What of the server's words concerns the core: queries and pushes for the keeper, JSON for the script.

use microstack::chain::Cx;
use microstack::channel::Message;
use microstack::channel::agent::KeeperOutput;
use microstack::wire::CoreHash;
use serde_json::{Value, json};

use super::{Channel, Delivery, Inbound};
use crate::control::Word;
use crate::cores::{CoreStore, Order};
use crate::log::now_unix_s;

impl Channel {
    pub(super) fn json(&mut self, cx: &mut Cx<'_>, text: &str) {
        // Ours are short; what is longer is the core's in any case.
        let value: Value = match text.len() {
            ..=4096 => serde_json::from_str(text).unwrap_or(Value::Null),
            _ => Value::Null,
        };
        match value["action"].as_str() {
            Some("ping") => self.put(cx, Message::Text(r#"{"action":"pong"}"#.into())),
            Some("pong") => {}
            _ => {
                let delivery = self.to_core(Inbound::Json(text.to_owned()));
                if delivery == Delivery::NoCore && value["type"] == "console" {
                    let mut answer = json!({
                        "action": "msg", "type": "console",
                        "value": "No core is running on this device. The server can send it one again (core menu).",
                    });
                    if let Some(session) = value.get("sessionid") {
                        answer["sessionid"] = session.clone();
                    }
                    self.put(cx, Message::Text(answer.to_string()));
                }
            }
        }
    }

    pub(super) fn to_core(&self, message: Inbound) -> Delivery {
        let delivery = self.parts.inbox.deliver(message);
        match delivery {
            Delivery::Full => tracing::warn!("the core is too busy; a message of the server was dropped"),
            Delivery::NoCore => tracing::debug!("a message of the server was dropped: no core runs"),
            Delivery::Taken => {}
        }
        delivery
    }

    /// Carries out what the core keeper wants.
    pub(super) fn keep(&mut self, cx: &mut Cx<'_>) {
        loop {
            let output = self.parts.keeper.borrow_mut().poll();
            let good: Vec<_> = self.parts.history.borrow().good().collect();
            let cores = CoreStore(&*self.parts.store);
            let order = match output {
                KeeperOutput::Store { hash, body } => {
                    if let Err(error) = cores.set_current(hash, &body, &good) {
                        // It runs from memory; after a restart the server sends it again.
                        tracing::error!(core = %hash, "the core could not be stored: {error}");
                    }
                    continue;
                }
                KeeperOutput::Delete => {
                    tracing::info!("the server cleared the core");
                    if let Err(error) = cores.clear(&good) {
                        tracing::error!("the stored core could not be deleted: {error}");
                    }
                    Order::Stop
                }
                KeeperOutput::Stop => Order::Stop,
                KeeperOutput::Start { hash, body } => Order::Start { hash, body },
                KeeperOutput::Quarantined(hash) => Order::StartGood { instead_of: hash },
                KeeperOutput::Send(message) => {
                    self.put(cx, message);
                    continue;
                }
                KeeperOutput::Refused(why) => {
                    tracing::error!("a core of the server was refused: {why}");
                    continue;
                }
                KeeperOutput::Wait(_) => return,
            };
            // From now on nothing more reaches the core that is about to end.
            match order {
                Order::Start { .. } | Order::StartGood { .. } => self.parts.inbox.core_is_starting(),
                _ => self.parts.inbox.set_feed(None),
            }
            self.parts.orders.borrow_mut().push_back(order);
        }
    }

    /// The server cleared a core itself. Not a pardon while it fails right now: real servers clear the core of a
    /// device that comes back too often (agent-channel specification 3.4).
    pub(super) fn forgive(&self, core: CoreHash) {
        let mut history = self.parts.history.borrow_mut();
        let last = history.failures().iter().filter(|f| f.core == core).map(|f| f.at_unix_s).max();
        if last.is_some_and(|at| at.abs_diff(now_unix_s()) < 120) {
            return;
        }
        if history.forgive(core) {
            self.parts.keeper.borrow_mut().pardon(core);
            self.parts.supervisor.say(&Word::Forgiven(core));
        }
    }
}
