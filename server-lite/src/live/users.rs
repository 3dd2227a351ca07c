//! Signed-in user sessions, and telling them what they may know.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::{Address, ToUser};
use crate::model::{Limit, Scope, Via};

/// One signed-in session.
#[derive(Clone)]
pub struct UserSeat {
    /// Where it is.
    pub address: Address,
    /// `user//name`.
    pub user_id: String,
    /// `user//name/` and 16 hexadecimal digits: what agents are given to answer to.
    pub session: String,
    /// By what it was opened: it ends when that is revoked.
    pub via: Via,
    /// What a token leaves of its user's rights.
    pub limit: Option<Arc<Limit>>,
    /// One request of a program that waits for a device: not a session anybody lists, and told no news.
    pub quiet: bool,
}

impl UserSeat {
    /// True when what needs `scope` is left to the session.
    pub fn allows(&self, scope: Scope) -> bool {
        self.limit.as_ref().is_none_or(|limit| limit.allows(scope))
    }
}

/// All sessions. Users are few beside agents: one list is enough.
#[derive(Default)]
pub struct UserSeats {
    seats: RwLock<Vec<UserSeat>>,
    waiting: AtomicUsize,
}

impl UserSeats {
    /// Most sessions on one server, signed in or not.
    pub const MAX: usize = 2000;

    /// Counts one more connection; `false` when there are too many. Pair with [`UserSeats::depart`].
    pub fn arrive(&self) -> bool {
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        if before >= UserSeats::MAX {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
        }
        before < UserSeats::MAX
    }

    /// Counts one connection less.
    pub fn depart(&self) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
    }

    /// Adds a session that has signed in.
    pub fn sit(&self, seat: UserSeat) {
        self.seats.write().unwrap_or_else(PoisonError::into_inner).push(seat);
    }

    /// Removes a session.
    pub fn leave(&self, session: &str) {
        self.seats.write().unwrap_or_else(PoisonError::into_inner).retain(|seat| seat.session != session);
    }

    /// How many sessions are signed in.
    pub fn len(&self) -> usize {
        self.seats.read().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// True when nobody is signed in.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many sessions each signed-in user has.
    pub fn counts(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for seat in
            self.seats.read().unwrap_or_else(PoisonError::into_inner).iter().filter(|seat| !seat.quiet)
        {
            *counts.entry(seat.user_id.clone()).or_insert(0) += 1;
        }
        counts
    }

    /// Mails a text to one session; `false` when it is gone.
    pub fn tell(&self, session: &str, text: &Arc<str>) -> bool {
        self.tell_if(session, text, |_| true)
    }

    /// As [`UserSeats::tell`], if the session `may` know.
    pub fn tell_if(&self, session: &str, text: &Arc<str>, may: impl Fn(&UserSeat) -> bool) -> bool {
        let seats = self.seats.read().unwrap_or_else(PoisonError::into_inner);
        let seat = seats.iter().find(|seat| seat.session == session && may(seat));
        seat.is_some_and(|seat| seat.address.post(ToUser::Text(Arc::clone(text))))
    }

    /// Mails a text to each session that `may` know.
    pub fn tell_all(&self, text: &Arc<str>, may: impl Fn(&UserSeat) -> bool) {
        let seats = self.seats.read().unwrap_or_else(PoisonError::into_inner);
        for seat in seats.iter().filter(|seat| !seat.quiet && may(seat)) {
            let _ = seat.address.post(ToUser::Text(Arc::clone(text)));
        }
    }

    /// The sessions of a user that are told news.
    pub fn of(&self, user_id: &str) -> Vec<UserSeat> {
        let seats = self.seats.read().unwrap_or_else(PoisonError::into_inner);
        seats.iter().filter(|seat| !seat.quiet && seat.user_id == user_id).cloned().collect()
    }

    /// Ends all sessions of a user.
    pub fn close_all_of(&self, user_id: &str, why: &'static str) {
        self.close_where(why, |seat| seat.user_id == user_id);
    }

    /// Ends the sessions that `which` picks.
    pub fn close_where(&self, why: &'static str, which: impl Fn(&UserSeat) -> bool) {
        let seats = self.seats.read().unwrap_or_else(PoisonError::into_inner);
        for seat in seats.iter().filter(|seat| which(seat)) {
            let _ = seat.address.post(ToUser::Close(why));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Letterbox;
    use super::*;

    #[test]
    fn texts_reach_those_who_may_know() {
        let (seats, anna, bert) = (UserSeats::default(), Letterbox::new(), Letterbox::new());
        for (post, name) in [(&anna, "anna"), (&bert, "bert")] {
            seats.sit(UserSeat {
                address: post.address(),
                user_id: format!("user//{name}"),
                session: format!("user//{name}/0011"),
                via: Via::Password,
                limit: None,
                quiet: false,
            });
        }
        let text: Arc<str> = "news".into();
        seats.tell_all(&text, |seat| seat.user_id == "user//bert");
        assert!(anna.open::<ToUser>().is_empty());
        assert!(matches!(&bert.open::<ToUser>()[..], [ToUser::Text(got)] if *got == text));
        assert!(seats.tell("user//anna/0011", &text) && !seats.tell("user//anna/0012", &text));
        seats.leave("user//anna/0011");
        assert_eq!(seats.len(), 1);
    }

    #[test]
    fn sessions_are_capped() {
        let seats = UserSeats::default();
        assert_eq!((0..3000).filter(|_| seats.arrive()).count(), UserSeats::MAX);
        seats.depart();
        assert!(seats.arrive() && !seats.arrive());
    }
}
