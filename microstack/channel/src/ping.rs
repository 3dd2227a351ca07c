//! Keep-alive: is the other side still there?
//!
//! As existing agents do it (agent-channel specification 3.1): a WebSocket ping after 120 s without received
//! data, and the connection is dropped when nothing came within 5 s of it. Anything received counts as a sign
//! of life, a pong among others.

use std::time::{Duration, Instant};

/// How patient a [`KeepAlive`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Silence before a ping is sent (`controlChannelIdleTimeout` in the settings file).
    pub idle: Duration,
    /// Silence after the ping before the connection is given up.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience { idle: Duration::from_secs(120), answer: Duration::from_secs(5) }
    }
}

/// What the owner has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// Send a WebSocket ping without a payload.
    Ping,
    /// Drop the connection: it has been silent for this long.
    Drop {
        /// Since the last sign of life.
        silent_for: Duration,
    },
    /// Nothing to do before this instant.
    Wait(Instant),
}

/// The keep-alive of one connection.
#[derive(Debug)]
pub struct KeepAlive {
    patience: Patience,
    last_sign: Instant,
    asked_at: Option<Instant>,
}

impl KeepAlive {
    /// Starts on an open connection.
    pub fn new(patience: Patience, now: Instant) -> KeepAlive {
        KeepAlive { patience, last_sign: now, asked_at: None }
    }

    /// Takes a sign of life: any received frame, ping or pong.
    pub fn received(&mut self, now: Instant) {
        self.last_sign = self.last_sign.max(now);
        self.asked_at = None;
    }

    /// What to do now. Call it at the instant of the last [`Output::Wait`] and after [`KeepAlive::received`].
    pub fn poll(&mut self, now: Instant) -> Output {
        match self.asked_at {
            None if now >= self.deadline() => {
                self.asked_at = Some(now);
                Output::Ping
            }
            Some(_) if now >= self.deadline() => {
                Output::Drop { silent_for: now.saturating_duration_since(self.last_sign) }
            }
            _ => Output::Wait(self.deadline()),
        }
    }

    /// When [`KeepAlive::poll`] wants to be called.
    pub fn deadline(&self) -> Instant {
        match self.asked_at {
            Some(asked) => asked + self.patience.answer,
            None => self.last_sign + self.patience.idle,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn silence_is_asked_about_and_then_ended() {
        let start = Instant::now();
        let mut alive = KeepAlive::new(Patience::default(), start);
        assert_eq!(alive.poll(start), Output::Wait(start + seconds(120)));
        assert_eq!(alive.poll(start + seconds(119)), Output::Wait(start + seconds(120)));
        assert_eq!(alive.poll(start + seconds(120)), Output::Ping);
        assert_eq!(alive.poll(start + seconds(120)), Output::Wait(start + seconds(125)), "one ping only");
        assert_eq!(alive.poll(start + seconds(125)), Output::Drop { silent_for: seconds(125) });
    }

    #[test]
    fn any_sign_of_life_starts_the_silence_anew() {
        let start = Instant::now();
        let mut alive = KeepAlive::new(Patience::default(), start);
        assert_eq!(alive.poll(start + seconds(120)), Output::Ping);
        alive.received(start + seconds(124));
        assert_eq!(alive.poll(start + seconds(125)), Output::Wait(start + seconds(244)));
        assert_eq!(alive.poll(start + seconds(244)), Output::Ping);
    }

    #[test]
    fn a_late_wake_up_gives_the_peer_its_full_time() {
        // The machine slept for an hour: the peer must get its 5 s from the ping, not from the schedule.
        let start = Instant::now();
        let mut alive = KeepAlive::new(Patience::default(), start);
        assert_eq!(alive.poll(start + seconds(3600)), Output::Ping);
        assert_eq!(alive.poll(start + seconds(3601)), Output::Wait(start + seconds(3605)));
    }

    #[test]
    fn an_hour_of_silence_needs_one_ping_per_interval() {
        let start = Instant::now();
        let mut alive = KeepAlive::new(Patience::default(), start);
        let (mut now, mut pings) = (start, 0);
        while now < start + seconds(3600) {
            match alive.poll(now) {
                Output::Ping => {
                    pings += 1;
                    alive.received(now);
                }
                Output::Drop { .. } => panic!("the peer answered"),
                Output::Wait(at) => now = at,
            }
        }
        assert_eq!(pings, 29);
    }
}
