//! The resolver's threads.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::*;
use crate::chain::{Chain, Cx, Link, RunEnd, Wake};

struct Asker {
    resolver: Resolver,
    hosts: Vec<String>,
    pending: Vec<Lookup>,
    answers: Rc<RefCell<Vec<Result<usize, DnsError>>>>,
    refused: Rc<RefCell<Vec<DnsError>>>,
}

impl Link for Asker {
    fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
        for host in std::mem::take(&mut self.hosts) {
            match self.resolver.lookup(cx, &host, 443) {
                Ok(Asked::Pending(lookup)) => self.pending.push(lookup),
                Ok(Asked::Known(_)) => panic!("{host} is no address"),
                Err(e) => self.refused.borrow_mut().push(e),
            }
        }
        let answers = &self.answers;
        self.pending.retain(|lookup| match lookup.answer(&wake) {
            Some(answer) => {
                answers.borrow_mut().push(answer.clone().map(|addrs| addrs.len()));
                false
            }
            None => true,
        });
    }
}

type Answers = Rc<RefCell<Vec<Result<usize, DnsError>>>>;

fn ask(chain: &Chain, resolver: Resolver, hosts: Vec<String>) -> (Answers, Rc<RefCell<Vec<DnsError>>>) {
    let (answers, refused) = (Answers::default(), Rc::default());
    let link = Asker {
        resolver,
        hosts,
        pending: Vec::new(),
        answers: answers.clone(),
        refused: Rc::clone(&refused),
    };
    chain.add("asker", link);
    (answers, refused)
}

fn run(chain: &Chain, mut until: impl FnMut() -> bool) {
    let end = chain.run_until(Some(Instant::now() + Duration::from_secs(10)), &mut |_| until()).unwrap();
    assert_eq!(end, RunEnd::Done);
}

#[test]
fn two_threads_serve_many_questions_and_more_than_64_waiting_are_refused() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (inside, peak) = (now.clone(), most.clone());
    let resolver = Resolver::with_lookup(move |_, port| {
        peak.fetch_max(inside.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(5));
        inside.fetch_sub(1, Ordering::SeqCst);
        Ok(vec![([127, 0, 0, 1], port).into(), ([127, 0, 0, 1], port).into(), ([127, 0, 0, 2], port).into()])
    });
    let chain = Chain::new().unwrap();
    let (answers, refused) = ask(&chain, resolver, (0..80).map(|n| format!("host{n}")).collect());
    run(&chain, || answers.borrow().len() + refused.borrow().len() == 80);
    assert_eq!(most.load(Ordering::SeqCst), 2);
    assert!(refused.borrow().len() >= 80 - 64 - 2 - 2, "{}", refused.borrow().len());
    assert!(refused.borrow().iter().all(|e| matches!(e, DnsError::Busy { waiting: 64 })));
    assert!(answers.borrow().iter().all(|answer| *answer == Ok(2)), "duplicates are dropped");
}

#[test]
fn questions_of_a_link_that_is_gone_are_not_asked() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = asked.clone();
    let resolver = Resolver::with_lookup(move |_, _| {
        counter.fetch_add(1, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(50));
        Err(std::io::Error::other("no"))
    });
    let chain = Chain::new().unwrap();
    let link = Asker {
        resolver: resolver.clone(),
        hosts: (0..40).map(|n| format!("host{n}")).collect(),
        pending: Vec::new(),
        answers: Rc::default(),
        refused: Rc::default(),
    };
    let id = chain.add("asker", link);
    run(&chain, || asked.load(Ordering::SeqCst) > 0);
    chain.remove(id);
    let (answers, _) = ask(&chain, resolver, vec!["another".into()]);
    run(&chain, || !answers.borrow().is_empty());
    assert!(asked.load(Ordering::SeqCst) <= 6, "{}", asked.load(Ordering::SeqCst));
}

#[test]
fn a_lookup_without_addresses_is_a_failure() {
    let chain = Chain::new().unwrap();
    let (answers, _) = ask(&chain, Resolver::with_lookup(|_, _| Ok(vec![])), vec!["empty".into()]);
    run(&chain, || !answers.borrow().is_empty());
    assert!(matches!(&answers.borrow()[0], Err(DnsError::Failed { host, .. }) if host == "empty"));
}
