//! Children leave nothing behind. Alone in its program: it counts descriptors and zombies of the whole process.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use microstack::chain::{Chain, Cx, Link, Wake};
use microstack::process::{Child, Event, Spawn};

struct One {
    child: Option<Child>,
    ends: Rc<Cell<u32>>,
}

impl Link for One {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        if wake.start {
            self.child = Some(Child::spawn(cx, &Spawn::new("/bin/echo").arg("x"), 0).unwrap());
        }
        let Some(child) = &mut self.child else { return };
        child.wake(cx, &wake);
        while let Some(event) = child.poll(cx) {
            if let Event::Exit(exit) = event {
                assert_eq!(exit.code, Some(0));
                self.ends.set(self.ends.get() + 1);
                cx.remove_self();
            }
        }
    }
}

/// Starts a child that would run for a minute and is dropped at once.
struct Dropped;

impl Link for Dropped {
    fn wake(&mut self, cx: &mut Cx<'_>, _: Wake) {
        drop(Child::spawn(cx, &Spawn::new("/bin/sleep").arg("60"), 0).unwrap());
        cx.remove_self();
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Live and dead children of this process.
fn children() -> usize {
    let me = std::process::id().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
        .filter(|stat| {
            // After the name in parentheses: state, parent.
            stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1)) == Some(&me)
        })
        .count()
}

#[test]
fn two_hundred_children_leave_no_zombie_and_no_descriptor() {
    let chain = Chain::new().unwrap();
    let before = descriptors();
    let ends = Rc::new(Cell::new(0));
    for _ in 0..10 {
        let target = ends.get() + 20;
        for _ in 0..20 {
            chain.add("one", One { child: None, ends: ends.clone() });
            chain.add("dropped", Dropped);
        }
        let deadline = Instant::now() + Duration::from_secs(60);
        chain.run_until(Some(deadline), &mut |_| ends.get() == target).unwrap();
        assert_eq!(ends.get(), target);
    }
    assert_eq!(ends.get(), 200);
    assert!(chain.is_empty());
    // The reaper works on its own thread.
    let deadline = Instant::now() + Duration::from_secs(20);
    while (children() > 0 || descriptors() > before) && Instant::now() < deadline {
        std::thread::yield_now();
    }
    assert_eq!(children(), 0, "zombies or survivors");
    assert_eq!(descriptors(), before, "descriptors");
}
