//! Both ends against each other: messages, flow, cuts.

mod support;

use std::time::Duration;

use microstack_session::{
    CloseCode, DeviceOutput, EndedBy, Error, Limits, MAX_MESSAGE, Message, Output, SendError,
};
use support::{Fate, Frame, Numbers, Pair, binary, text};

#[test]
fn messages_keep_their_kind_their_order_and_their_limits() {
    let mut pair = Pair::open();
    let messages = [
        text("{\"type\":\"options\"}"),
        text("1"),
        binary([]),
        binary(vec![7; 65_536]),
        binary(vec![8; 65_537]),
        text("ü"),
    ];
    for message in &messages {
        pair.client.send(message).unwrap();
        pair.device.send(pair.session(), message).unwrap();
    }
    pair.run();
    assert_eq!(pair.at_device(), messages);
    assert_eq!(pair.at_client(), messages);
    let largest = binary(vec![1; MAX_MESSAGE]);
    pair.client.send(&largest).unwrap();
    assert_eq!(pair.client.send(&binary(vec![1; MAX_MESSAGE + 1])), Err(SendError::TooLong));
    pair.run();
    assert_eq!(pair.at_device().last(), Some(&largest));
}

#[test]
fn the_relay_sees_no_word_of_it() {
    let mut pair = Pair::open();
    for _ in 0..50 {
        pair.client.send(&text("the marker of this test")).unwrap();
        pair.device.send(pair.session(), &binary("the marker of this test")).unwrap();
        pair.run();
    }
    assert_eq!(pair.at_client().len(), 50);
    for (_, frame) in &pair.seen {
        let bytes = match frame {
            Frame::Text(text) => text.as_bytes(),
            Frame::Binary(bytes) => bytes,
        };
        assert!(!bytes.windows(6).any(|window| window == b"marker"));
    }
    let texts = pair.seen.iter().filter(|(_, frame)| matches!(frame, Frame::Text(_))).count();
    assert_eq!(texts, 2, "the handshake and nothing else is text");
}

#[test]
fn the_device_says_who_it_thinks_asks() {
    let pair = Pair::open();
    let Output::Opened(facts) = &pair.client_heard[0] else { panic!() };
    assert_eq!((facts.user.as_str(), facts.rights, facts.kept.as_secs()), ("user//admin", 0xFFFF_FFFF, 120));
}

/// One conversation with the link cut before frame `n`, then resumed; gives how many frames there were.
fn conversation(cut_before: Option<usize>) -> usize {
    let mut pair = Pair::open();
    let before = pair.seen.len();
    let mut sent = Vec::new();
    for n in 0..30u8 {
        let message = binary(vec![n; [1, 3000, 70_000][usize::from(n % 3)]]);
        pair.client.send(&message).unwrap();
        pair.device.send(pair.session(), &message).unwrap();
        sent.push(message);
        let mut frames = pair.seen.len() - before;
        pair.run_with(&mut |_, _| {
            frames += 1;
            if Some(frames) == cut_before { Fate::Cut } else { Fate::Pass }
        });
        if pair.link.is_none() {
            pair.attach();
            pair.run();
        }
    }
    let frames = pair.seen.len() - before;
    assert_eq!(pair.at_device(), sent, "cut before {cut_before:?}");
    assert_eq!(pair.at_client(), sent, "cut before {cut_before:?}");
    if cut_before.is_some_and(|n| n <= frames) {
        assert!(pair.client_heard.contains(&Output::Resumed));
    }
    frames
}

#[test]
fn a_cut_before_any_frame_loses_nothing_and_repeats_nothing() {
    let frames = conversation(None);
    assert!(frames > 60);
    for n in 1..=frames {
        conversation(Some(n));
    }
}

#[test]
fn cuts_at_random_also_within_the_handshake_lose_nothing() {
    for seed in 1..40u64 {
        let (mut pair, mut numbers) = (Pair::open(), Numbers::new(seed));
        let mut sent = Vec::new();
        let mut cuts = 0;
        for n in 0..60u8 {
            let message = binary(vec![n; numbers.below(9000) as usize]);
            pair.client.send(&message).unwrap();
            pair.device.send(pair.session(), &message).unwrap();
            sent.push(message);
            loop {
                pair.run_with(&mut |_, _| if numbers.below(9) == 0 { Fate::Cut } else { Fate::Pass });
                if pair.link.is_some() {
                    break;
                }
                cuts += 1;
                pair.attach();
            }
        }
        pair.run();
        assert_eq!(pair.at_device(), sent, "seed {seed}");
        assert_eq!(pair.at_client(), sent, "seed {seed}");
        assert!(cuts > 5, "seed {seed}: {cuts}");
    }
}

#[test]
fn a_reader_that_stops_stops_the_sender_also_over_a_cut() {
    let mut pair = Pair::open();
    let session = pair.session();
    pair.client.pause(true);
    let mut sent = 0;
    while pair.device.room(session) > 0 {
        pair.device.send(session, &binary(vec![5; 10_000])).unwrap();
        sent += 1;
        pair.run();
        if sent == 30 {
            pair.cut();
            assert_eq!(pair.device.send(session, &binary("while there is no link")), Ok(()));
            pair.attach();
        }
        assert!(sent < 200, "the window has no end");
    }
    assert_eq!(pair.at_client(), []);
    assert!((100..=110).contains(&sent), "{sent} messages of 10 kB fit");
    pair.client.pause(false);
    pair.run();
    assert_eq!(pair.at_client().len(), sent + 1);
    assert!(pair.device_heard.contains(&DeviceOutput::Room { session }), "the sender hears of it");
    assert_eq!(pair.device.send(session, &binary("again")), Ok(()));
}

#[test]
fn small_messages_are_bounded_too() {
    let mut pair = Pair::open();
    pair.client.pause(true);
    let mut sent = 0;
    while pair.device.room(pair.session()) > 0 {
        pair.device.send(pair.session(), &binary([1])).unwrap();
        sent += 1;
        pair.run();
        assert!(sent <= 4096);
    }
    assert_eq!(sent, 4096);
    // Who does not listen to that has a bound, too.
    while pair.device.send(pair.session(), &binary([1])).is_ok() {
        sent += 1;
        assert!(sent <= 8192);
    }
    assert_eq!(sent, 8192);
    pair.client.pause(false);
    pair.run();
    assert_eq!(pair.at_client().len(), sent);
}

#[test]
fn idle_needs_no_time_on_the_device_and_a_question_now_and_then_on_the_client() {
    let mut pair = Pair::open();
    pair.client.send(&text("1")).unwrap();
    pair.run();
    assert_eq!(pair.device.deadline(), None);
    let frames = pair.seen.len();
    for _ in 0..5 {
        let deadline = pair.client.deadline().unwrap();
        assert_eq!(deadline - pair.now, Duration::from_secs(20));
        pair.now = deadline;
        pair.client.handle_time(pair.now).unwrap();
        pair.run();
    }
    assert_eq!(pair.seen.len() - frames, 10, "a ping and an ack each");
}

#[test]
fn silence_ends_a_link_and_not_the_session() {
    let mut pair = Pair::open();
    for wait in [20, 10] {
        pair.now += Duration::from_secs(wait);
        let result = pair.client.handle_time(pair.now);
        assert_eq!(result, if wait == 20 { Ok(()) } else { Err(Error::Silent) });
    }
    // The device believes that the old link lives; the new one replaces it.
    pair.to_device.clear();
    let old = pair.link.unwrap();
    pair.attach();
    pair.run();
    assert!(pair.client_heard.contains(&Output::Resumed));
    assert!(pair.device_heard.iter().any(|o| matches!(o, DeviceOutput::Drop { link, .. } if *link == old)));
    pair.client.send(&text("hello")).unwrap();
    pair.run();
    assert_eq!(pair.at_device(), [text("hello")]);
}

#[test]
fn what_the_old_link_still_brings_is_not_taken_twice() {
    let mut pair = Pair::open();
    let old = pair.link.unwrap();
    let sent: Vec<_> = (0..5u8).map(|n| binary([n])).collect();
    for message in &sent {
        pair.client.send(message).unwrap();
    }
    pair.drain();
    let held: Vec<_> = pair.to_device.drain(..).collect();
    pair.client.detach();
    pair.attach();
    pair.drain();
    let hello = pair.to_device.pop_front().unwrap();
    pair.give_device(pair.links, hello);
    // The device has said what it expects next, and then gets some of it by the link that still lives for it.
    for frame in held.into_iter().take(3) {
        pair.give_device(old, frame);
    }
    pair.run();
    assert_eq!(pair.at_device(), sent);
    pair.client.send(&text("on")).unwrap();
    pair.run();
    assert_eq!(pair.at_device().last(), Some(&text("on")));
}

#[test]
fn a_device_that_does_not_answer_is_given_up() {
    let mut pair = Pair::new();
    pair.attach();
    pair.drain();
    pair.now = pair.client.deadline().unwrap();
    assert_eq!(pair.client.handle_time(pair.now), Err(Error::Silent));
}

#[test]
fn the_last_words_of_a_session_arrive_although_the_link_was_cut() {
    for cut_before in 1..=3 {
        let mut pair = Pair::open();
        let session = pair.session();
        pair.device.send(session, &binary("logout")).unwrap();
        pair.device.close(pair.now, session, CloseCode::Done, "the shell ended");
        let mut frames = 0;
        pair.run_with(&mut |_, _| {
            frames += 1;
            if frames == cut_before { Fate::Cut } else { Fate::Pass }
        });
        assert!(pair.link.is_none());
        // When only the client's last acknowledgement is lost, the client has all it needs.
        if pair.client.is_resumable() {
            pair.attach();
            pair.run();
            assert_eq!(pair.device.sessions(), 0);
        }
        assert_eq!(pair.at_client(), [binary("logout")]);
        let closed = Output::Closed { code: CloseCode::Done, reason: "the shell ended".into() };
        assert_eq!(pair.client_heard.last(), Some(&closed));
        pair.now += Duration::from_secs(120);
        pair.device.handle_time(pair.now);
        assert_eq!(pair.device.sessions(), 0);
    }
}

#[test]
fn a_client_that_takes_the_rest_slowly_gets_all_of_it() {
    let mut pair = Pair::open();
    let (session, link) = (pair.session(), pair.link.unwrap());
    let sent: Vec<_> = (0..20u8).map(|n| binary(vec![n; 65_536])).collect();
    for message in &sent {
        pair.device.send(session, message).unwrap();
    }
    pair.device.close(pair.now, session, CloseCode::Done, "exit code 7");
    pair.drain();
    while let Some(frame) = pair.to_client.pop_front() {
        let Frame::Binary(bytes) = frame else { panic!("a text") };
        pair.now += Duration::from_secs(100);
        pair.device.handle_time(pair.now);
        pair.client.handle_binary(pair.now, &bytes).unwrap();
        pair.drain();
        while let Some(frame) = pair.to_device.pop_front() {
            pair.give_device(link, frame);
        }
        pair.drain();
    }
    assert_eq!(pair.at_client(), sent);
    let closed = Output::Closed { code: CloseCode::Done, reason: "exit code 7".into() };
    assert_eq!(pair.client_heard.last(), Some(&closed));
    assert!(pair.device_heard.iter().any(|o| matches!(o, DeviceOutput::Ended { by: EndedBy::Device, .. })));
    assert_eq!(pair.device.sessions(), 0);
}

#[test]
fn the_time_of_a_session_that_is_closing_counts_from_the_last_word_of_its_client() {
    let (almost, rest) = (Duration::from_secs(119), Duration::from_secs(1));
    for cut in [false, true] {
        let mut pair = Pair::open();
        pair.device.close(pair.now, pair.session(), CloseCode::Done, "the shell ended");
        pair.now += almost;
        if cut {
            pair.cut();
            pair.now += almost;
        }
        pair.device.handle_time(pair.now);
        pair.drain();
        assert_eq!(pair.device.sessions(), 1, "cut: {cut}");
        pair.now += rest;
        pair.device.handle_time(pair.now);
        pair.drain();
        assert!(matches!(
            pair.device_heard.iter().find(|o| matches!(o, DeviceOutput::Ended { .. })),
            Some(DeviceOutput::Ended { by: EndedBy::Time, .. })
        ));
    }
}

#[test]
fn a_session_that_was_closed_without_a_link_has_its_time_with_the_new_one() {
    let mut pair = Pair::open();
    pair.cut();
    pair.device.close(pair.now, pair.session(), CloseCode::Done, "the shell ended");
    pair.now += Duration::from_secs(119);
    pair.attach();
    // The handshake, the client's first record, and nothing more of it.
    let mut records = 0;
    pair.run_with(&mut |from, frame| {
        let record = from == support::From::Client && matches!(frame, Frame::Binary(_));
        records += u32::from(record);
        if record && records > 1 { Fate::Lose } else { Fate::Pass }
    });
    assert!(records > 1, "{records}");
    assert_eq!(pair.device.deadline(), Some(pair.now + Duration::from_secs(120)));
}

#[test]
fn a_client_that_closes_is_forgotten() {
    let mut pair = Pair::open();
    let (session, link) = (pair.session(), pair.link.unwrap());
    pair.client.send(&text("last")).unwrap();
    pair.client.close("the window was closed");
    assert_eq!(pair.client.send(&text("more")), Err(SendError::Ended));
    pair.run();
    assert_eq!(pair.at_device(), [text("last")]);
    let ended = DeviceOutput::Ended { session, by: EndedBy::Client, why: "the window was closed".into() };
    assert!(pair.device_heard.contains(&ended), "{:?}", pair.device_heard);
    assert!(pair.device_heard.iter().any(|o| matches!(o, DeviceOutput::Drop { link: l, .. } if *l == link)));
    assert!(pair.client.is_closed_and_taken());
    assert_eq!(pair.device.deadline(), None);
}

#[test]
fn a_session_without_a_link_ends_after_its_time() {
    let mut pair = Pair::open();
    pair.cut();
    pair.drain();
    assert!(pair.device_heard.contains(&DeviceOutput::Parked { session: pair.session() }));
    pair.now = pair.device.deadline().unwrap();
    pair.device.handle_time(pair.now);
    pair.drain();
    assert!(matches!(pair.device_heard.last(), Some(DeviceOutput::Ended { by: EndedBy::Time, .. })));
    pair.attach();
    pair.run();
    let refused = pair.client_errors.pop().unwrap();
    assert!(refused.ends_session() && refused.to_string().contains("no longer has the session"), "{refused}");
    assert!(!pair.client.is_resumable());
}

#[test]
fn sessions_and_those_without_a_link_have_a_bound() {
    let mut pair = Pair::with(Limits { sessions: 3, parked: 2, ..Limits::default() });
    let clients: Vec<Pair> = (0..4)
        .map(|_| {
            let mut other = Pair::new();
            std::mem::swap(&mut pair.device, &mut other.device);
            other.links = pair.links;
            other.numbers = Numbers::new(pair.links + 7);
            other.attach();
            other.run();
            pair.links = other.links;
            std::mem::swap(&mut pair.device, &mut other.device);
            other
        })
        .collect();
    assert_eq!(pair.device.sessions(), 3);
    assert!(clients[3].client_errors[0].to_string().contains("too many sessions"));
    for client in &clients[..3] {
        pair.now += Duration::from_secs(1);
        pair.device.lost(pair.now, client.link.unwrap());
    }
    pair.drain();
    assert_eq!(pair.device.sessions(), 2);
    let ended: Vec<_> =
        pair.device_heard.iter().filter(|o| matches!(o, DeviceOutput::Ended { .. })).collect();
    assert!(matches!(ended[..], [DeviceOutput::Ended { session, .. }] if *session == clients[0].session()));
}

#[test]
fn who_lost_rights_does_not_come_back() {
    for change in [0, 1] {
        let mut pair = Pair::open();
        pair.cut();
        if change == 0 {
            pair.context.rights = 8
        } else {
            pair.context.user = "user//other".into()
        }
        pair.attach();
        pair.run();
        assert!(pair.client_errors[0].to_string().contains("rights changed"), "{:?}", pair.client_errors);
        assert_eq!(pair.device.sessions(), 0, "the session does not stay behind");
    }
}

#[test]
fn a_revoked_session_ends_at_once() {
    let mut pair = Pair::open();
    pair.device.revoke(pair.session(), "the account was locked");
    pair.drain();
    assert_eq!(pair.device.sessions(), 0);
    assert!(pair.drops()[0].contains("the account was locked"));
}

#[test]
fn a_message_that_was_not_taken_can_be_given_again() {
    let mut pair = Pair::open();
    pair.cut();
    let mut sent: Vec<Message> = Vec::new();
    while pair.client.send(&binary(vec![sent.len() as u8; 100_000])).is_ok() {
        sent.push(binary(vec![sent.len() as u8; 100_000]));
    }
    assert_eq!(sent.len(), 11);
    pair.attach();
    pair.run();
    assert!(pair.client_heard.contains(&Output::Room));
    assert_eq!(pair.at_device(), sent);
}
