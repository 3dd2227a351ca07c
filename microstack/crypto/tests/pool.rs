//! The signing pool: bounded, honest about its queue, and hard to break.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use microstack_crypto::pool::{Busy, Job, Outcome, Reply, SigningPool};
use microstack_crypto::{Identity, SignError, Signer, VerifyError, verify_rsa_sha384};

const PATIENCE: Duration = Duration::from_secs(20);

fn reply() -> (Reply, Receiver<Outcome>) {
    let (sender, receiver) = channel();
    // The receiver may be gone when a test has seen enough.
    (Box::new(move |outcome| drop(sender.send(outcome))), receiver)
}

fn sign(signer: &Arc<impl Signer + 'static>) -> Job {
    Job::Sign { signer: Arc::clone(signer) as Arc<dyn Signer>, data: b"data".to_vec() }
}

/// A signer that waits until it may go on: makes full queues reproducible.
#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.changed.notify_all();
    }
}

impl Signer for Gate {
    fn cert_der(&self) -> &[u8] {
        b""
    }

    fn sign(&self, data: &[u8]) -> Result<Vec<u8>, SignError> {
        let mut open = self.open.lock().unwrap();
        while !*open {
            open = self.changed.wait(open).unwrap();
        }
        Ok(data.to_vec())
    }
}

struct Faulty;

impl Signer for Faulty {
    fn cert_der(&self) -> &[u8] {
        b""
    }

    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, SignError> {
        panic!("a key device with a bug")
    }
}

#[test]
fn what_the_pool_signs_the_pool_verifies() {
    let pool = SigningPool::new(2, 8);
    let identity = Arc::new(Identity::new_agent(2048).unwrap());
    let (answer, outcome) = reply();
    pool.submit(sign(&identity), answer).unwrap();
    let Outcome::Signed(Ok(signature)) = outcome.recv_timeout(PATIENCE).unwrap() else {
        panic!("no signature")
    };
    verify_rsa_sha384(&identity.cert_der, b"data", &signature).unwrap();

    let verify = |data: &[u8]| Job::Verify {
        cert_der: identity.cert_der.clone(),
        data: data.to_vec(),
        signature: signature.clone(),
    };
    let (answer, outcome) = reply();
    pool.submit(verify(b"data"), answer).unwrap();
    assert!(matches!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Verified(Ok(())))));
    let (answer, outcome) = reply();
    pool.submit(verify(b"dada"), answer).unwrap();
    assert!(matches!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Verified(Err(VerifyError::Mismatch)))));
}

#[test]
fn a_full_queue_refuses_and_says_when_to_come_back() {
    let pool = SigningPool::new(1, 3);
    let gate = Arc::new(Gate::default());
    let mut outcomes = Vec::new();
    let mut refused = None;
    // One job is with the thread, three wait; the thread may take the first one late.
    for _ in 0..6 {
        let (answer, outcome) = reply();
        match pool.submit(sign(&gate), answer) {
            Ok(()) => outcomes.push(outcome),
            Err(busy) => refused = Some(busy),
        }
    }
    let Busy { retry_after } = refused.expect("six jobs cannot fit into one thread and three places");
    assert!(retry_after >= Duration::from_millis(100) && retry_after <= Duration::from_secs(60));
    assert!(pool.waiting() <= 3 && pool.refused() >= 2);
    gate.open();
    for outcome in &outcomes {
        assert!(matches!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Signed(Ok(_)))));
    }
    assert!((3..=4).contains(&outcomes.len()));
}

#[test]
fn a_job_or_reply_that_panics_costs_no_thread() {
    let pool = SigningPool::new(1, 8);
    let (answer, outcome) = reply();
    pool.submit(sign(&Arc::new(Faulty)), answer).unwrap();
    assert!(matches!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Stopped)));
    pool.submit(sign(&Arc::new(Faulty)), Box::new(|_| panic!("a reply with a bug"))).unwrap();
    let gate = Arc::new(Gate::default());
    gate.open();
    let (answer, outcome) = reply();
    pool.submit(sign(&gate), answer).unwrap();
    assert!(matches!(outcome.recv_timeout(PATIENCE), Ok(Outcome::Signed(Ok(_)))));
}

#[test]
fn dropping_the_pool_answers_every_waiting_job() {
    let pool = SigningPool::new(1, 8);
    let gate = Arc::new(Gate::default());
    let outcomes: Vec<_> = (0..5)
        .map(|_| {
            let (answer, outcome) = reply();
            pool.submit(sign(&gate), answer).unwrap();
            outcome
        })
        .collect();
    let opener = std::thread::spawn({
        let gate = Arc::clone(&gate);
        move || gate.open()
    });
    drop(pool);
    opener.join().unwrap();
    for outcome in outcomes {
        let answer = outcome.recv_timeout(PATIENCE).expect("each job is answered");
        assert!(matches!(answer, Outcome::Signed(Ok(_)) | Outcome::Stopped));
    }
}
