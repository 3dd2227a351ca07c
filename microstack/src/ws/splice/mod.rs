//! Two clients' WebSockets joined: what one sends, the other gets, message for message and kind for kind.
//!
//! Only messages in fragments are assembled, within a cap for each and one for all of a process. A frame of any length
//! passes in pieces of at most [`SCRATCH`] bytes, and bytes are read from one client only when everything read before
//! has been taken by the other's socket. So what a pair holds is bounded by one such piece and two TLS records for each
//! direction, and an idle pair holds nothing. Small messages that are there together leave together.
//!
//! What it is **not**: no compression, no check that text is UTF-8 (its receiver's to make), and no judgement on who
//! may be joined with whom.

mod frames;
mod leg;

use std::cell::RefCell;
use std::fmt;
use std::time::Instant;

pub use frames::{Goodbye, Tap};
pub use leg::{Leg, Parted};

use crate::chain::{Cx, Wake};
use frames::{BUSY, Found};

/// A component: two joined clients.
pub struct Splice {
    legs: [Leg; 2],
    passed: [u64; 2],
    /// Since when nothing came of a message in fragments that has begun.
    unfinished: [Option<Instant>; 2],
    /// What ended it: which leg, and how.
    ended: Option<(usize, LegEnd)>,
    again: bool,
}

/// How a client's connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LegEnd {
    /// It closed.
    Closed(Goodbye),
    /// It hung up, or its connection broke.
    Gone,
    /// It broke the WebSocket protocol.
    Fault {
        /// The close code it is told.
        code: u16,
        /// What it did.
        text: String,
    },
}

/// Bytes read in one go: several TLS records, so that what arrives together leaves together.
const SCRATCH: usize = 64 * 1024;
/// Bytes that pass in one turn in one direction.
const BUDGET: usize = 256 * 1024;

struct Scratch {
    input: Box<[u8]>,
    output: Vec<u8>,
}

thread_local! {
    // Shared by all pairs of a thread.
    static SHARED: RefCell<Scratch> = RefCell::new(Scratch {
        input: vec![0; SCRATCH].into_boxed_slice(),
        output: Vec::with_capacity(SCRATCH + 4096),
    });
}

impl Splice {
    /// Joins two clients and tells both `greeting` as a text, the newcomer first. Legs 0 and 1 keep these numbers.
    pub fn join(cx: &mut Cx<'_>, first: Leg, newcomer: Leg, greeting: &str) -> Splice {
        let mut splice = Splice {
            legs: [first, newcomer],
            passed: [0; 2],
            unfinished: [None; 2],
            ended: None,
            again: false,
        };
        for at in [1, 0] {
            splice.legs[at].put_text(greeting);
            if let Err(end) = splice.legs[at].flush(cx.now()) {
                splice.ended = splice.ended.take().or(Some((at, end)));
            }
        }
        cx.again();
        splice
    }

    /// Takes in what happened.
    pub fn wake(&mut self, wake: &Wake) {
        for leg in &mut self.legs {
            leg.wake(wake);
        }
    }

    /// Moves what can be moved. Once it returns an end, the pair is being closed: call [`Splice::close`] and then
    /// [`Splice::wind_up`].
    ///
    /// # Errors
    /// Which leg ended, 0 or 1, and how.
    pub fn pump(
        &mut self,
        cx: &mut Cx<'_>,
        mut tap: Option<&mut dyn PairTap>,
    ) -> Result<(), (usize, LegEnd)> {
        if let Some(ended) = &self.ended {
            return Err(ended.clone());
        }
        self.again = false;
        let now = cx.now();
        for from in [0, 1] {
            let mut one = tap.as_deref_mut().map(|pair| OneWay { pair, from });
            let one = one.as_mut().map(|one| one as &mut dyn Tap);
            if let Err(ended) = self.pass(now, from, one) {
                self.ended = Some(ended.clone());
                return Err(ended);
            }
        }
        for at in [0, 1] {
            let is_between = self.legs[1 - at].frames.is_between();
            let leg = &mut self.legs[at];
            let mut flushed = leg.flush(now);
            if flushed.is_ok() && is_between && leg.put_due() {
                flushed = leg.flush(now);
            }
            if let Err(end) = flushed {
                self.ended = Some((at, end.clone()));
                return Err((at, end));
            }
        }
        if self.again {
            cx.again();
        }
        Ok(())
    }

    /// Pings a client; it leaves between two frames.
    pub fn ping(&mut self, cx: &mut Cx<'_>, leg: usize) {
        self.legs[leg].due.ping = true;
        cx.again();
    }

    /// Closes both sides: the one that ended it as it deserves, the other with this code and reason.
    pub fn close(&mut self, now: Instant, code: u16, reason: &str) {
        let between = [self.legs[1].frames.is_between(), self.legs[0].frames.is_between()];
        let ended = self.ended.clone();
        for at in [0, 1] {
            let leg = &mut self.legs[at];
            match &ended {
                Some((who, LegEnd::Closed(goodbye))) if *who == at => {
                    leg.answer_goodbye(goodbye, between[at]);
                    leg.end(now);
                }
                Some((who, LegEnd::Gone)) if *who == at => leg.end(now),
                Some((who, LegEnd::Fault { code, text })) if *who == at => {
                    leg.close(now, *code, text, between[at]);
                }
                _ => leg.close(now, code, reason, between[at]),
            }
        }
    }

    /// Goes on with closing; `true` when both are over.
    pub fn wind_up(&mut self, now: Instant) -> bool {
        let [first, second] = &mut self.legs;
        first.wind_up(now) & second.wind_up(now)
    }

    /// When [`Splice::wind_up`] is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.legs.iter().filter_map(Leg::deadline).min()
    }

    /// One of the two.
    pub fn leg(&self, number: usize) -> &Leg {
        &self.legs[number]
    }

    /// Bytes of messages that came from each.
    pub fn passed(&self) -> [u64; 2] {
        self.passed
    }

    /// Since when nothing came of a message in fragments that this leg has begun; pings do not count.
    pub fn unfinished_since(&self, leg: usize) -> Option<Instant> {
        self.unfinished[leg]
    }

    fn pass(
        &mut self,
        now: Instant,
        number: usize,
        mut tap: Option<&mut (dyn Tap + '_)>,
    ) -> Result<(), (usize, LegEnd)> {
        let other = 1 - number;
        let mut budget = BUDGET;
        SHARED.with_borrow_mut(|scratch| {
            loop {
                // Nothing is read before the other side has room (spec 3.3).
                if !self.legs[other].flush(now).map_err(|end| (other, end))? {
                    return Ok(());
                }
                if budget == 0 {
                    self.again = true;
                    return Ok(());
                }
                let most = SCRATCH.min(budget);
                let from = &mut self.legs[number];
                let (n, ended) = from.fill(now, &mut scratch.input[..most]).map_err(|end| (number, end))?;
                budget -= n;
                let mut found = Found::default();
                scratch.output.clear();
                let passed = from.frames.pass(
                    &scratch.input[..n],
                    &mut scratch.output,
                    &mut found,
                    tap.as_deref_mut(),
                );
                self.passed[number] += found.payload;
                if !from.frames.is_joining() {
                    self.unfinished[number] = None;
                } else if found.payload > 0 || self.unfinished[number].is_none() {
                    self.unfinished[number] = Some(now);
                }
                if found.ping.is_some() {
                    from.due.pong = found.ping;
                }
                self.legs[other].send(now, &scratch.output, found.held).map_err(|end| (other, end))?;
                if scratch.output.capacity() > 4 * SCRATCH {
                    scratch.output = Vec::with_capacity(SCRATCH + 4096);
                }
                if let Err(fault) = passed {
                    return Err((number, LegEnd::Fault { code: fault.code(), text: fault.to_string() }));
                }
                if let Some(goodbye) = found.close {
                    return Err((number, LegEnd::Closed(goodbye)));
                }
                if ended {
                    return Err((number, LegEnd::Gone));
                }
                if n < most {
                    return Ok(());
                }
            }
        })
    }
}

/// Something that looks on while messages pass between two clients.
pub trait PairTap {
    /// A piece of a message that leg `from` sent; `ends` on its last.
    fn piece(&mut self, from: usize, is_text: bool, piece: &[u8], ends: bool);
}

struct OneWay<'a> {
    pair: &'a mut dyn PairTap,
    from: usize,
}

impl Tap for OneWay<'_> {
    fn piece(&mut self, is_text: bool, piece: &[u8], ends: bool) {
        self.pair.piece(self.from, is_text, piece, ends);
    }
}

impl fmt::Display for LegEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LegEnd::Closed(Goodbye { code: Some(code), .. }) => write!(f, "closed with code {code}"),
            LegEnd::Closed(_) => f.write_str("closed"),
            LegEnd::Gone => f.write_str("hung up"),
            LegEnd::Fault { code: BUSY, text } => write!(f, "was cut off: {text}"),
            LegEnd::Fault { text, .. } => write!(f, "broke the WebSocket protocol: {text}"),
        }
    }
}
