//! What is told and kept of a tunnel: who, to what, how long, how much.

use std::time::Duration;

use microstack::wire::id::NodeId;
use serde_json::json;

use super::{Side, Target};
use crate::house::House;
use crate::model::Event;

/// A tunnel that has begun, for the event log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub user_id: String,
    /// The device, if there is one.
    pub node: Option<NodeId>,
    /// The kind of session.
    pub protocol: Option<u16>,
    /// A port instead.
    pub target: Option<Target>,
    /// Addresses of the two clients, in the order of their coming.
    pub peers: [String; 2],
}

/// The kind of session, for people.
pub fn kind_of(protocol: Option<u16>, target: Option<&Target>) -> &'static str {
    match (target, protocol) {
        (Some(Target::Tcp { .. }), _) => "TCP relay",
        (Some(Target::Udp { .. }), _) => "UDP relay",
        (None, Some(1 | 6 | 8 | 9)) => "terminal",
        (None, Some(2)) => "desktop",
        (None, Some(4 | 5)) => "files",
        (None, Some(7)) => "plug-in",
        (None, Some(10)) => "file transfer",
        (None, _) => "relay",
    }
}

impl Ended {
    /// What two sides that are joined now are. Of a device's tunnel its ticket says it: whatever the user's end names
    /// was not what was asked for.
    pub fn new(id: &str, first: &Side, second: &Side, peers: [String; 2]) -> Ended {
        let device = if matches!(second, Side::Device(_)) { second } else { first };
        let other = if matches!(second, Side::Device(_)) { first } else { second };
        let other = Some(other).filter(|_| !matches!(device, Side::Device(_)));
        Ended {
            id: id.to_owned(),
            user_id: first.user_id().to_owned(),
            node: device.node().or(other.and_then(Side::node)),
            protocol: device.protocol().or(other.and_then(Side::protocol)),
            target: device.target().or(other.and_then(Side::target)).cloned(),
            peers,
        }
    }

    /// Keeps and tells that it began.
    pub fn announce_start(&self, house: &House, now_ms: u64) {
        let text = format!("Started a {} session from {} to {}", self.kind(), self.peers[0], self.peers[1]);
        self.announce(house, &text, now_ms, |event| event);
    }

    /// Keeps and tells that it ended. `passed` are bytes from the first and from the second client.
    pub fn announce_end(&self, house: &House, lasted: Duration, passed: [u64; 2], why: &str, now_ms: u64) {
        let text = format!(
            "Ended a {} session after {} s: {why}; {} bytes one way, {} the other",
            self.kind(),
            lasted.as_secs(),
            passed[0],
            passed[1]
        );
        self.announce(house, &text, now_ms, |event| {
            event
                .with("duration", json!(lasted.as_secs()))
                .with("bytesin", json!(passed[0]))
                .with("bytesout", json!(passed[1]))
        });
    }

    /// The kind of session, for people.
    pub fn kind(&self) -> &'static str {
        kind_of(self.protocol, self.target.as_ref())
    }

    fn announce(&self, house: &House, text: &str, now_ms: u64, add: impl FnOnce(Event) -> Event) {
        let device = self.node.and_then(|node| house.data.device(&node).ok().flatten());
        let mut event = match device {
            Some(device) => {
                Event::of_node("relaylog", &device.id, &device.group, text, now_ms).by(&self.user_id)
            }
            None => Event::of_user("relaylog", &self.user_id, text, now_ms),
        };
        event.kind = "relay".to_owned();
        let event = event.with("protocol", json!(self.protocol)).with("sessionid", json!(self.id));
        house.announce(&add(event));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Via;
    use crate::relay::{Expect, Ticket};

    #[test]
    fn only_the_ticket_says_what_a_device_is_asked_for() {
        let (id, node, user_id) = ("a", NodeId([1; 48]), "user//anna");
        let target = Some(Target::Tcp { host: None, port: 1 });
        let user = |node| Side::User {
            user_id: user_id.into(),
            via: Via::Password,
            node,
            protocol: Some(5),
            target: target.clone(),
        };
        let device = |protocol| {
            let (id, user_id) = (id.to_owned(), user_id.to_owned());
            let expect = Expect { id, node, user_id, via: Via::Password, protocol, target: None };
            Side::Device(Ticket { expect })
        };
        let joined = |first: &Side, second: &Side| {
            let ended = Ended::new(id, first, second, [String::new(), String::new()]);
            (ended.node, ended.protocol, ended.target)
        };
        for protocol in [Some(1), None] {
            for ends in [[user(None), device(protocol)], [device(protocol), user(Some(node))]] {
                assert_eq!(joined(&ends[0], &ends[1]), (Some(node), protocol, None));
            }
        }
        assert_eq!(joined(&user(None), &user(Some(node))), (Some(node), Some(5), target.clone()));
    }
}
