use super::*;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

type Log = Rc<RefCell<Vec<String>>>;

/// A link made of a closure.
struct With<F>(F);

impl<F: FnMut(&mut Cx<'_>, Wake) + 'static> Link for With<F> {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        (self.0)(cx, wake)
    }
}

fn after(ms: u64) -> Instant {
    Instant::now() + Duration::from_millis(ms)
}

fn run_for(chain: &Chain, ms: u64) {
    chain.run_until(Some(after(ms)), &mut |_| false).unwrap();
}

#[test]
fn timers_fire_in_order_and_once() {
    let chain = Chain::new().unwrap();
    let log: Log = Log::default();
    for ms in [30u64, 10, 20] {
        let log = log.clone();
        chain.add(
            "t",
            With(move |cx: &mut Cx<'_>, wake: Wake| {
                if wake.start {
                    cx.set_timer(Some(cx.now() + Duration::from_millis(ms)));
                }
                if wake.timer {
                    log.borrow_mut().push(ms.to_string());
                }
            }),
        );
    }
    run_for(&chain, 80);
    assert_eq!(*log.borrow(), ["10", "20", "30"]);
}

#[test]
fn timers_with_slack_share_a_wake_up() {
    let chain = Chain::new().unwrap();
    let fired = Rc::new(Cell::new(0));
    for ms in 1..=20u64 {
        let fired = fired.clone();
        chain.add(
            "t",
            With(move |cx: &mut Cx<'_>, wake: Wake| {
                if wake.start {
                    let at = cx.now() + Duration::from_millis(ms);
                    cx.set_timer_with_slack(Some(at), Duration::from_millis(100));
                }
                if wake.timer {
                    fired.set(fired.get() + 1);
                }
            }),
        );
    }
    let done = fired.clone();
    chain.run_until(Some(after(2000)), &mut |_| done.get() == 20).unwrap();
    assert_eq!(fired.get(), 20);
    // Two at most: the twenty deadlines can lie on both sides of one multiple of the slack.
    assert!(chain.stats().wake_ups <= 2, "{:?}", chain.stats());
}

#[test]
fn an_idle_chain_does_not_wake() {
    let chain = Chain::new().unwrap();
    chain.add("idle", With(|_: &mut Cx<'_>, _| {}));
    chain.turn(Some(Duration::ZERO)).unwrap();
    let before = chain.stats().wake_ups;
    run_for(&chain, 50);
    assert_eq!(chain.stats().wake_ups - before, 1, "only the deadline itself");
}

#[test]
fn mail_arrives_in_order_from_links_and_threads() {
    let chain = Chain::new().unwrap();
    let got = Rc::new(RefCell::new(Vec::new()));
    let sink = got.clone();
    let id = chain.add(
        "sink",
        With(move |_: &mut Cx<'_>, wake: Wake| {
            for m in wake.mail {
                sink.borrow_mut().push(*m.downcast::<u32>().unwrap());
            }
        }),
    );
    chain.mail(id, Box::new(1u32)).unwrap();
    chain.mail(id, Box::new(2u32)).unwrap();
    let mailbox = chain.mailbox();
    let thread = std::thread::spawn(move || {
        for n in 3..100u32 {
            mailbox.post(id, n).unwrap();
        }
    });
    let seen = got.clone();
    chain.run_until(Some(after(5000)), &mut |_| seen.borrow().len() == 99).unwrap();
    thread.join().unwrap();
    assert_eq!(*got.borrow(), (1..100).collect::<Vec<u32>>());
}

#[test]
fn a_full_mailbox_hands_the_message_back() {
    let chain = Chain::new().unwrap();
    let id = chain.add("sink", With(|_: &mut Cx<'_>, _| {}));
    for n in 0..MAX_LOCAL_MAIL {
        assert!(chain.mail(id, Box::new(n)).is_ok());
    }
    assert_eq!(*chain.mail(id, Box::new(7usize)).unwrap_err().downcast::<usize>().unwrap(), 7);
    let mailbox = chain.mailbox();
    for n in 0..mailbox::CAPACITY {
        mailbox.post(id, n).unwrap();
    }
    let back = mailbox.post(id, 9usize).unwrap_err();
    assert_eq!(*back.0.downcast::<usize>().unwrap(), 9);
}

#[test]
fn a_link_may_be_removed_during_its_own_dispatch_and_twice() {
    struct Guard(Log);
    impl Drop for Guard {
        fn drop(&mut self) {
            self.0.borrow_mut().push("dropped".into());
        }
    }
    let chain = Chain::new().unwrap();
    let log: Log = Log::default();
    let guard = Guard(log.clone());
    let inside = log.clone();
    let id = chain.add(
        "mayfly",
        With(move |cx: &mut Cx<'_>, _| {
            let _keep = &guard;
            cx.remove_self();
            cx.remove_self();
            assert!(!cx.chain().contains(cx.id()));
            inside.borrow_mut().push("ran".into());
        }),
    );
    chain.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(*log.borrow(), ["ran", "dropped"]);
    chain.remove(id);
    assert!(chain.is_empty());
    assert!(chain.mail(id, Box::new(())).is_err());
}

#[test]
fn a_stale_id_does_not_reach_the_next_link_in_the_slot() {
    let chain = Chain::new().unwrap();
    let old = chain.add("old", With(|_: &mut Cx<'_>, _| {}));
    chain.remove(old);
    let hits = Rc::new(Cell::new(0));
    let counted = hits.clone();
    let new = chain
        .add("new", With(move |_: &mut Cx<'_>, wake: Wake| counted.set(counted.get() + wake.mail.len())));
    assert_ne!(old, new);
    chain.mailbox().post(old, 1u8).unwrap();
    chain.remove(old);
    run_for(&chain, 10);
    assert_eq!(hits.get(), 0);
    assert!(chain.contains(new));
}

#[test]
fn an_id_stays_stale_however_often_its_slot_is_used_again() {
    let chain = Chain::new().unwrap();
    let old = chain.add("old", With(|_: &mut Cx<'_>, _| {}));
    chain.remove(old);
    for _ in 0..1000 {
        let new = chain.add("new", With(|_: &mut Cx<'_>, _| {}));
        assert_ne!(old, new);
        assert!(!chain.contains(old));
        assert!(chain.mail(old, Box::new("for the old one")).is_err());
        chain.remove(new);
    }
}

#[test]
fn a_nested_run_serves_other_links() {
    let chain = Chain::new().unwrap();
    let ticks = Rc::new(Cell::new(0));
    let ticker = ticks.clone();
    chain.add(
        "ticker",
        With(move |cx: &mut Cx<'_>, wake: Wake| {
            if wake.timer {
                ticker.set(ticker.get() + 1);
            }
            cx.set_timer(Some(cx.now() + Duration::from_millis(2)));
        }),
    );
    let finished = Rc::new(Cell::new(false));
    let (done, seen) = (finished.clone(), ticks.clone());
    chain.add(
        "waiter",
        With(move |cx: &mut Cx<'_>, wake: Wake| {
            if wake.start {
                let end = cx.chain().run_until(Some(after(5000)), &mut |_| seen.get() >= 5).unwrap();
                assert_eq!(end, RunEnd::Done);
                done.set(true);
            }
        }),
    );
    chain.run_until(Some(after(5000)), &mut |_| finished.get()).unwrap();
    assert!(ticks.get() >= 5);
}

#[test]
fn a_nested_run_cannot_reenter_its_own_link() {
    let chain = Chain::new().unwrap();
    let inside = Rc::new(Cell::new(false));
    let mails = Rc::new(Cell::new(0));
    let (busy, counted) = (inside.clone(), mails.clone());
    let id = chain.add(
        "self",
        With(move |cx: &mut Cx<'_>, wake: Wake| {
            assert!(!busy.get(), "re-entered");
            counted.set(counted.get() + wake.mail.len());
            if wake.start {
                busy.set(true);
                cx.chain().mail(cx.id(), Box::new("kept for later")).unwrap();
                cx.set_timer(Some(cx.now()));
                cx.chain().run_until(Some(after(20)), &mut |_| false).unwrap();
                assert_eq!(counted.get(), 0, "mail waits until the outer call returned");
                busy.set(false);
            }
        }),
    );
    let seen = mails.clone();
    chain.run_until(Some(after(2000)), &mut |_| seen.get() == 1).unwrap();
    assert_eq!(mails.get(), 1);
    assert!(chain.contains(id));
}

#[test]
fn mail_for_a_busy_link_is_bounded_and_holds_up_nobody_else() {
    const SENT: usize = MAX_LOCAL_MAIL + 500;
    let chain = Chain::new().unwrap();
    let inside = std::sync::Arc::new(AtomicBool::new(false));
    let (got, other_got) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (busy, counted) = (inside.clone(), got.clone());
    let id = chain.add(
        "busy",
        With(move |cx: &mut Cx<'_>, wake: Wake| {
            for mail in wake.mail {
                assert_eq!(*mail.downcast::<usize>().unwrap(), counted.get(), "in order");
                counted.set(counted.get() + 1);
            }
            if wake.start {
                busy.store(true, Ordering::SeqCst);
                cx.chain().run_until(Some(after(10_000)), &mut |_| !busy.load(Ordering::SeqCst)).unwrap();
            }
        }),
    );
    let (release, counted) = (inside.clone(), other_got.clone());
    let other = chain.add(
        "other",
        With(move |_: &mut Cx<'_>, wake: Wake| {
            if !wake.mail.is_empty() {
                counted.set(counted.get() + wake.mail.len());
                release.store(false, Ordering::SeqCst);
            }
        }),
    );
    let mailbox = chain.mailbox();
    let thread = std::thread::spawn(move || {
        while !inside.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        for n in 0..SENT {
            mailbox.post(id, n).unwrap();
        }
        // The chain sleeps now, with mail it cannot deliver: this must wake it all the same.
        std::thread::sleep(Duration::from_millis(50));
        assert!(mailbox.len() >= SENT - MAX_LOCAL_MAIL);
        mailbox.post(other, ()).unwrap();
    });
    let started = Instant::now();
    chain.run_until(Some(after(10_000)), &mut |_| got.get() == SENT).unwrap();
    thread.join().unwrap();
    assert_eq!((got.get(), other_got.get()), (SENT, 1));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_nested_run_in_a_timer_in_a_nested_run_works() {
    // The shape of a core that calls waitExit() from a timer that fires inside another waitExit().
    let chain = Chain::new().unwrap();
    let log: Log = Log::default();
    let (inner_log, outer_log) = (log.clone(), log.clone());
    chain.add(
        "inner",
        With(move |cx: &mut Cx<'_>, wake: Wake| {
            if wake.start {
                cx.set_timer(Some(cx.now() + Duration::from_millis(5)));
            }
            if wake.timer {
                assert_eq!(cx.chain().depth(), 2);
                inner_log.borrow_mut().push("inner waits".into());
                cx.chain().run_until(Some(after(10)), &mut |_| false).unwrap();
                inner_log.borrow_mut().push("inner done".into());
            }
        }),
    );
    chain.add(
        "outer",
        With(move |cx: &mut Cx<'_>, wake: Wake| {
            if wake.start {
                outer_log.borrow_mut().push("outer waits".into());
                let seen = outer_log.clone();
                cx.chain()
                    .run_until(Some(after(5000)), &mut |_| seen.borrow().iter().any(|l| l == "inner done"))
                    .unwrap();
                outer_log.borrow_mut().push("outer done".into());
            }
        }),
    );
    let seen = log.clone();
    chain.run_until(Some(after(5000)), &mut |_| seen.borrow().len() == 4).unwrap();
    assert_eq!(*log.borrow(), ["outer waits", "inner waits", "inner done", "outer done"]);
}

#[test]
fn nesting_is_bounded() {
    fn nest(chain: &Chain, reached: &Cell<usize>) -> bool {
        reached.set(reached.get() + 1);
        match chain.run_until(Some(after(1000)), &mut |c| nest(c, reached)) {
            Err(RunError::TooDeep) => true,
            other => other.is_ok(),
        }
    }
    let chain = Chain::new().unwrap();
    let reached = Cell::new(0);
    assert!(nest(&chain, &reached));
    assert_eq!(reached.get(), MAX_DEPTH + 1);
    assert_eq!(chain.depth(), 0);
}

#[test]
fn again_gives_others_a_turn_in_between() {
    let chain = Chain::new().unwrap();
    let log: Log = Log::default();
    for name in ["a", "b"] {
        let log = log.clone();
        let mut left = 3;
        chain.add(
            "worker",
            With(move |cx: &mut Cx<'_>, _| {
                if left > 0 {
                    left -= 1;
                    log.borrow_mut().push(name.into());
                    cx.again();
                }
            }),
        );
    }
    run_for(&chain, 10);
    assert_eq!(*log.borrow(), ["a", "b", "a", "b", "a", "b"]);
}

#[test]
fn sockets_wake_their_link_by_sub_number() {
    use std::io::{Read, Write};
    let chain = Chain::new().unwrap();
    let mut listener = mio::net::TcpListener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut peer: Option<mio::net::TcpStream> = None;
    let got = Rc::new(RefCell::new(Vec::new()));
    let sink = got.clone();
    chain.add(
        "server",
        With(move |cx: &mut Cx<'_>, wake: Wake| {
            if wake.start {
                cx.register(&mut listener, 3, mio::Interest::READABLE).unwrap();
            }
            if wake.can_read(3)
                && let Ok((mut stream, _)) = listener.accept()
            {
                cx.register(&mut stream, 15, mio::Interest::READABLE).unwrap();
                peer = Some(stream);
            }
            if wake.can_read(15)
                && let Some(stream) = &mut peer
            {
                let mut buf = [0u8; 64];
                while let Ok(n) = stream.read(&mut buf) {
                    if n == 0 {
                        break;
                    }
                    sink.borrow_mut().extend_from_slice(&buf[..n]);
                }
            }
        }),
    );
    let client = std::thread::spawn(move || {
        let mut s = std::net::TcpStream::connect(addr).unwrap();
        s.write_all(b"hello").unwrap();
    });
    let seen = got.clone();
    let end = chain.run_until(Some(after(5000)), &mut |_| seen.borrow().len() == 5).unwrap();
    client.join().unwrap();
    assert_eq!(end, RunEnd::Done);
    assert_eq!(*got.borrow(), b"hello");
}

#[test]
fn the_watch_sees_the_edges_of_each_turn_and_slow_links() {
    #[derive(Default)]
    struct Seen {
        log: RefCell<Vec<&'static str>>,
    }
    impl TurnWatch for Seen {
        fn turn_begins(&self) {
            self.log.borrow_mut().push("begin");
        }
        fn turn_ends(&self) {
            self.log.borrow_mut().push("end");
        }
        fn slow_link(&self, slow: SlowLink) {
            self.log.borrow_mut().push(slow.name);
        }
    }
    let chain = Chain::new().unwrap();
    let seen = Rc::new(Seen::default());
    chain.set_watch(seen.clone());
    chain.add("slowcoach", With(|_: &mut Cx<'_>, _| std::thread::sleep(watch::SLOW)));
    chain.turn(Some(Duration::ZERO)).unwrap();
    assert_eq!(*seen.log.borrow(), ["end", "begin", "slowcoach"]);
}
