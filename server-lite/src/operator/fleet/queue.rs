//! Who is next, who is late, who may still come. No I/O; time is a parameter.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::operator::directory::Device;

/// The devices that a command is for, and how far each is.
#[derive(Debug)]
pub struct Queue {
    ready: VecDeque<Device>,
    /// Offline, with the time from which they may be asked once they connect.
    absent: Vec<(Device, Option<Instant>)>,
    running: HashMap<String, (Device, Instant)>,
    parallel: usize,
    patience: Duration,
    wait_until: Instant,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub enum Tick {
    /// Start the command here, then say so by [`Queue::started`].
    Start(Device),
    /// This one did not answer in time.
    Late(Device),
    /// This one did not connect in time.
    Offline(Device),
}

/// For a device that has just connected to get its core.
const CORE: Duration = Duration::from_secs(5);

impl Queue {
    /// Devices that are offline are waited for until `wait_until`.
    pub fn new(devices: Vec<Device>, parallel: usize, patience: Duration, wait_until: Instant) -> Queue {
        let (ready, absent): (Vec<_>, Vec<_>) = devices.into_iter().partition(|device| device.connected);
        Queue {
            ready: ready.into(),
            absent: absent.into_iter().map(|device| (device, None)).collect(),
            running: HashMap::new(),
            parallel,
            patience,
            wait_until,
        }
    }

    /// The next thing to do; ask again until there is none.
    pub fn next(&mut self, now: Instant) -> Option<Tick> {
        let late = self.running.iter().find(|(_, (_, until))| now >= *until).map(|(id, _)| id.clone());
        if let Some((device, _)) = late.and_then(|id| self.running.remove(&id)) {
            return Some(Tick::Late(device));
        }
        while let Some(at) = self.absent.iter().position(|(_, from)| from.is_some_and(|from| now >= from)) {
            let (device, _) = self.absent.remove(at);
            self.ready.push_back(device);
        }
        if self.running.len() < self.parallel
            && let Some(device) = self.ready.pop_front()
        {
            return Some(Tick::Start(device));
        }
        if now >= self.wait_until
            && let Some(at) = self.absent.iter().position(|(_, from)| from.is_none())
        {
            return Some(Tick::Offline(self.absent.remove(at).0));
        }
        None
    }

    /// The command was started; its answer will have this name.
    pub fn started(&mut self, responseid: String, device: Device, now: Instant) {
        self.running.insert(responseid, (device, now + self.patience));
    }

    /// The device whose answer this is.
    pub fn answered(&mut self, responseid: &str) -> Option<Device> {
        self.running.remove(responseid).map(|(device, _)| device)
    }

    /// A device has connected.
    pub fn connected(&mut self, node: &str, now: Instant) {
        if let Some((_, from)) = self.absent.iter_mut().find(|(device, _)| device.full_id == node) {
            from.get_or_insert(now + CORE);
        }
    }

    /// A connected device has told of itself: its core runs.
    pub fn described(&mut self, node: &str, now: Instant) {
        if let Some((_, from)) = self.absent.iter_mut().find(|(device, _)| device.full_id == node) {
            *from = Some(now);
        }
    }

    /// All that are left, because nobody waits any more.
    pub fn give_up(&mut self) -> Vec<Device> {
        let running = std::mem::take(&mut self.running).into_values().map(|(device, _)| device);
        let absent = std::mem::take(&mut self.absent).into_iter().map(|(device, _)| device);
        running.chain(std::mem::take(&mut self.ready)).chain(absent).collect()
    }

    /// True when nothing is left.
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.absent.is_empty() && self.running.is_empty()
    }

    /// When [`Queue::next`] has something at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        let late = self.running.values().map(|(_, until)| *until);
        let coming = self.absent.iter().map(|(_, from)| from.unwrap_or(self.wait_until));
        late.chain(coming).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::directory::tests::sample;

    const PATIENCE: Duration = Duration::from_secs(10);

    fn ticks(queue: &mut Queue, now: Instant) -> Vec<String> {
        let mut said = Vec::new();
        while let Some(tick) = queue.next(now) {
            said.push(match tick {
                Tick::Start(device) => {
                    let name = format!("start {}", device.name);
                    queue.started(device.name.clone(), device, now);
                    name
                }
                Tick::Late(device) => format!("late {}", device.name),
                Tick::Offline(device) => format!("offline {}", device.name),
            });
        }
        said
    }

    fn devices() -> Vec<Device> {
        let mut devices = sample().devices;
        devices.truncate(3);
        for (device, name) in devices.iter_mut().zip(["a", "b", "c"]) {
            device.name = name.into();
            device.connected = true;
        }
        devices
    }

    #[test]
    fn so_many_at_a_time_and_the_late_make_room() {
        let now = Instant::now();
        let mut queue = Queue::new(devices(), 2, PATIENCE, now);
        assert_eq!(ticks(&mut queue, now), ["start a", "start b"]);
        assert_eq!(queue.answered("a").unwrap().name, "a");
        assert!(queue.answered("a").is_none());
        assert_eq!(ticks(&mut queue, now + PATIENCE / 2), ["start c"]);
        assert_eq!(queue.deadline(), Some(now + PATIENCE));
        assert_eq!(ticks(&mut queue, now + PATIENCE), ["late b"]);
        queue.answered("c");
        assert!(queue.is_empty());
    }

    #[test]
    fn who_is_offline_is_waited_for_and_runs_once_its_core_does() {
        let now = Instant::now();
        let mut all = devices();
        all[1].connected = false;
        all[2].connected = false;
        let (coming, node) = (now + Duration::from_secs(3), all[1].full_id.clone());
        let mut queue = Queue::new(all, 5, PATIENCE, now + Duration::from_secs(60));
        assert_eq!(ticks(&mut queue, now), ["start a"]);
        queue.answered("a");
        queue.connected(&node, coming);
        queue.connected(&node, coming + PATIENCE);
        assert!(ticks(&mut queue, coming).is_empty());
        assert_eq!(queue.deadline(), Some(coming + CORE));
        assert_eq!(ticks(&mut queue, coming + CORE), ["start b"]);
        queue.answered("b");
        assert_eq!(ticks(&mut queue, now + Duration::from_secs(60)), ["offline c"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn without_waiting_the_offline_are_told_at_once() {
        let now = Instant::now();
        let mut all = devices();
        all[0].connected = false;
        let mut queue = Queue::new(all, 5, PATIENCE, now);
        assert_eq!(ticks(&mut queue, now), ["start b", "start c", "offline a"]);
        assert_eq!(queue.give_up().len(), 2);
        assert!(queue.is_empty());
    }
}
