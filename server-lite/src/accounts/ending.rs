//! Ending what somebody may no longer do: sessions and tunnels are closed at once, not at their next message.

use crate::house::House;
use crate::model::Via;

impl House {
    /// Ends everything a user has open: the account is gone, locked, or has another password.
    pub fn end_user(&self, user_id: &str, why: &'static str) {
        if let Err(error) = self.data.remove_web_sessions_of(user_id, None) {
            tracing::error!(%error, "the web sessions of a user could not be removed");
        }
        self.live.users.close_all_of(user_id, why);
        self.live.tunnels.close_all_of(user_id, why);
    }

    /// Ends everything a user has open by one token or one browser, which are gone already.
    pub fn end_via(&self, user_id: &str, via: &Via, why: &'static str) {
        self.live.users.close_where(why, |seat| seat.user_id == user_id && seat.via == *via);
        self.live.tunnels.end_where(why, |seat| seat.user_id == user_id && seat.via == *via);
    }

    /// Ends everything a user has open but by `but`: the password was changed there. Tokens have secrets of their
    /// own and stay. Of what was opened by the password only `session` stays, which has just proved that it knows it:
    /// the others may be somebody else's.
    pub fn end_others(&self, user_id: &str, but: &Via, session: &str, why: &'static str) {
        let kept = match but {
            Via::Web(number) => Some(number.as_str()),
            Via::Password | Via::Token(_) => None,
        };
        if let Err(error) = self.data.remove_web_sessions_of(user_id, kept) {
            tracing::error!(%error, "the web sessions of a user could not be removed");
        }
        let stays = |via: &Via| matches!(via, Via::Token(_)) || (via == but && *via != Via::Password);
        self.live
            .users
            .close_where(why, |seat| seat.user_id == user_id && seat.session != session && !stays(&seat.via));
        self.live.tunnels.end_where(why, |seat| seat.user_id == user_id && !stays(&seat.via));
    }
}
