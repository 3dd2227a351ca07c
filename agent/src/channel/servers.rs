//! Which server to try next.

use microstack::wire::{ServerId, ServerUrl};

/// The configured servers, and what became of them lately.
///
/// The first one tried is random, then they take turns (agent-channel specification 2.1). A server that confirmed
/// this agent is tried first when its connection is lost: it is the one that has its memory of us.
#[derive(Debug)]
pub struct Servers {
    list: Vec<(ServerUrl, ServerId)>,
    next: usize,
    failures: Vec<u32>,
}

impl Servers {
    /// Takes the list, which must not be empty, and a random number.
    pub fn new(list: Vec<(ServerUrl, ServerId)>, random: u64) -> Servers {
        assert!(!list.is_empty(), "settings without a server are refused when they are read");
        let next = (random % list.len() as u64) as usize;
        let failures = vec![0; list.len()];
        Servers { list, next, failures }
    }

    /// The server to try now.
    pub fn current(&self) -> (&ServerUrl, ServerId) {
        let (url, id) = &self.list[self.next];
        (url, *id)
    }

    /// The try ended without the server's confirmation; the next in turn is chosen. Gives how often in a row this
    /// one has failed now.
    pub fn failed(&mut self) -> u32 {
        let failures = &mut self.failures[self.next];
        *failures = failures.saturating_add(1);
        let count = *failures;
        self.next = (self.next + 1) % self.list.len();
        count
    }

    /// The server confirmed this agent.
    pub fn worked(&mut self) {
        self.failures[self.next] = 0;
    }

    /// All identities, in order.
    pub fn ids(&self) -> Vec<ServerId> {
        self.list.iter().map(|(_, id)| *id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(n: u8, random: u64) -> Servers {
        let list = (0..n)
            .map(|i| (ServerUrl::parse(&format!("wss://h{i}/agent.ashx")).unwrap(), ServerId([i; 48])))
            .collect();
        Servers::new(list, random)
    }

    #[test]
    fn they_take_turns_from_a_random_start() {
        let mut servers = servers(3, 8);
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(servers.current().0.host.clone());
            servers.failed();
        }
        assert_eq!(seen, ["h2", "h0", "h1", "h2"]);
    }

    #[test]
    fn one_that_worked_is_tried_first_again() {
        let mut servers = servers(3, 0);
        servers.failed();
        servers.worked();
        assert_eq!(servers.current().0.host, "h1", "losing a good connection does not pass the turn on");
        assert_eq!(servers.failed(), 1);
        servers.failed();
        servers.failed();
        assert_eq!(servers.failed(), 2, "failures are counted in a row");
    }
}
