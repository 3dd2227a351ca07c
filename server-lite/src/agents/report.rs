//! Carrying out what an agent said: records, events, and messages for users.

use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::Cx;
use microstack::wire::id::NodeId;
use microstack::ws::Conn;
use serde_json::{Value, json};

use super::connection::{Agent, State};
use super::hear::{Heard, hear};
use crate::data::PowerState;
use crate::live::{Ask, UserSeat};
use crate::model::time::now_ms;
use crate::model::{Device, Event, Scope, node_text};
use crate::users::show;

/// JSON that may lead to stored events: so many per minute and connection.
pub(super) struct EventBudget {
    left: u32,
    since: Instant,
    dropped: u64,
}

/// Stored events per minute and connection.
const EVENTS_PER_MINUTE: u32 = 120;

impl Agent {
    pub(super) fn json(&mut self, cx: &mut Cx<'_>, conn: &mut Conn, message: &Value) {
        let State::Open(open) = &self.state else { return };
        let (node, time) = (open.session.node(), now_ms());
        let device = match self.house.data.device(&node) {
            Ok(Some(device)) => device,
            Ok(None) => return self.end(cx, conn), // removed while connected
            Err(error) => {
                tracing::error!(%error, "a device could not be read");
                return;
            }
        };
        if message["action"] == "coreCrashed" {
            self.house.live.crash_guard.disconnected(node, cx.now());
        }
        for heard in hear(&device, message, time) {
            match heard {
                Heard::Device(told) => {
                    self.keep(&node, |device| Device {
                        core_name: told.core_name,
                        features: told.features,
                        capabilities: told.capabilities,
                        system: told.system,
                        root: told.root,
                        name: if device.renamed { device.name } else { told.name },
                        host_name: told.host_name,
                        people: told.people,
                        core_trouble: told.core_trouble,
                        core_trouble_of: told.core_trouble_of,
                        ..device
                    });
                }
                Heard::Network(report) => log_failure(self.house.data.put_netinfo(&node, &report)),
                Heard::Hardware(report) => log_failure(self.house.data.put_sysinfo(&node, &report)),
                Heard::Reply(reply) => self.send_text(cx, conn, &reply.to_string()),
                Heard::Event(event) if event.action == "devicesessions" => {
                    // Counts that are not told would stay wrong: what is shown is right even when the budget is used up.
                    if let Some(report) = event.extra.get("sessions").and_then(Value::as_object) {
                        self.house.live.sessions.report(node, report);
                    }
                    if self.budget.take(cx.now()) {
                        self.house.announce(&event);
                    }
                }
                Heard::Event(event) if self.budget.take(cx.now()) => self.house.announce(&event),
                Heard::Event(_) => {}
                Heard::ToSession { session, message } => self.to_session(&device, &session, message),
                Heard::ToWatchers { rights, message } => self.to_watchers(&device, rights, message),
                Heard::Answer { responseid, message } => {
                    match self.house.live.asks.answered(&responseid, &node) {
                        Some(ask) => self.answer(&ask, message),
                        None => {
                            tracing::debug!(node = node_text(&node), responseid, "an answer nobody waits for")
                        }
                    }
                }
            }
        }
    }

    /// Changes the record and tells users if something they see changed.
    pub(super) fn keep(&self, node: &NodeId, change: impl FnOnce(Device) -> Device) -> Option<Device> {
        let mut before = None;
        let kept = self.house.data.change_device(node, |device| {
            before.clone_from(&device);
            device.map(change)
        });
        match kept {
            Ok(Some(device)) => {
                if before.as_ref() != Some(&device) {
                    let event = Event::of_node("changenode", node, &device.group, "Device changed", now_ms());
                    let shown = with_group(show(&self.house, &device), &device);
                    self.house.announce(&event.with("node", shown).transient());
                }
                Some(device)
            }
            Ok(None) => None,
            Err(error) => {
                tracing::error!(%error, "a device could not be kept");
                None
            }
        }
    }

    pub(super) fn to_session(&self, device: &Device, session: &str, mut message: Value) {
        let Some(group) = self.house.data.group(&device.group) else { return };
        message["nodeid"] = json!(node_text(&device.id));
        // A session that lost its rights meanwhile is told nothing more.
        let may = |seat: &UserSeat| self.house.rights_of_seat(seat, &group, Some(&device.id)) != 0;
        self.house.live.users.tell_if(session, &message.to_string().into(), may);
    }

    pub(super) fn to_watchers(&self, device: &Device, any: u32, mut message: Value) {
        message["nodeid"] = json!(node_text(&device.id));
        let text: Arc<str> = message.to_string().into();
        if let Some(group) = self.house.data.group(&device.group) {
            self.house.live.users.tell_all(&text, |seat| {
                let rights = self.house.rights_of_seat(seat, &group, Some(&device.id));
                seat.allows(Scope::DevicesRead) && rights & any != 0
            });
        }
    }

    pub(super) fn answer(&self, ask: &Ask, mut message: Value) {
        message["responseid"] = json!(ask.responseid);
        message["nodeid"] = json!(node_text(&ask.node));
        self.house.live.users.tell(&ask.session, &message.to_string().into());
    }

    pub(super) fn tell_connection(&self, device: &Device, up: u8, time: u64) {
        let message = if up == 1 { "Agent connected" } else { "Agent disconnected" };
        let event = Event::of_node("nodeconnect", &device.id, &device.group, message, time)
            .with("conn", json!(up))
            .with("pwr", json!(up))
            .with("ct", json!(time));
        self.house.announce(&event);
        let state = PowerState { node: node_text(&device.id), time_ms: time, state: up };
        log_failure(self.house.data.add_power(&state));
    }

    pub(super) fn remove_temporary(&self, device: &Device, time: u64) {
        match self.house.data.remove_device(&device.id) {
            Ok(_) => self.house.announce(&Event::of_node(
                "removenode",
                &device.id,
                &device.group,
                &format!("Temporary device {} left", device.name),
                time,
            )),
            Err(error) => tracing::error!(%error, "a temporary device could not be removed"),
        }
    }

    pub(super) fn core_failed(&self, node: &NodeId, why: &str) {
        tracing::warn!(node = node_text(node), why, "the core is not where it should be");
        let trouble = why.to_owned();
        if let Some(device) = self.keep(node, |device| Device { core_trouble: trouble, ..device }) {
            self.house.announce(&Event::of_node("coreError", node, &device.group, why, now_ms()));
        }
    }
}

impl EventBudget {
    pub(super) fn new(now: Instant) -> EventBudget {
        EventBudget { left: EVENTS_PER_MINUTE, since: now, dropped: 0 }
    }

    fn take(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.since) >= Duration::from_secs(60) {
            if self.dropped > 0 {
                tracing::warn!(dropped = self.dropped, "an agent sent too many events");
            }
            *self = EventBudget { left: EVENTS_PER_MINUTE, since: now, dropped: 0 };
        }
        match self.left.checked_sub(1) {
            Some(left) => self.left = left,
            None => self.dropped += 1,
        }
        self.dropped == 0
    }
}

/// Live events carry the group in the device; lists carry it as the key.
pub(super) fn with_group(mut shown: Value, device: &Device) -> Value {
    shown["meshid"] = json!(crate::model::mesh_text(&device.group));
    shown
}

fn log_failure<E: std::fmt::Display>(result: Result<(), E>) {
    if let Err(error) = result {
        tracing::error!(%error, "something an agent reported could not be kept");
    }
}
