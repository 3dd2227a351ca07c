//! Commands about accounts: adding, changing and removing users, passwords.

use std::sync::Arc;

use super::effect::{Asker, Change, Effect};
use super::groups::{refuse, wanted_answer};
use super::request::Request;
use crate::house::House;
use crate::model::{Event, SecondEdit, User, UserEdit, check_user_name, rights, user_id};

/// `adduser`: for those who manage users; nobody gives more site rights than he has.
pub fn add_user(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if !asker.user.has_site(rights::SITE_USERS) {
        return refuse(request, "Access denied");
    }
    let name = request.text("username").unwrap_or("");
    if let Err(error) = check_user_name(name) {
        return refuse(request, &error.to_string());
    }
    let Some(password) = request.text("pass").filter(|password| !password.is_empty()) else {
        return refuse(request, "A password is needed");
    };
    let Some(site) = given_site(asker, request).map(|site| site.unwrap_or(0)) else {
        return refuse(request, "Access denied");
    };
    let id = user_id(name);
    if house.data.user(&id).is_some() {
        return refuse(request, "User already exists");
    }
    let mut user = User::new(name, site, asker.now_ms);
    user.edit(&UserEdit { site: Some(site), ..edit_of(request) });
    vec![Effect::AddUser { user, password: password.to_owned(), answer: wanted_answer(request, "ok") }]
}

/// `deleteuser`: neither oneself nor somebody with more site rights.
pub fn remove_user(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let user = match manageable(house, asker, request) {
        Ok(user) => user,
        Err(why) => return refuse(request, why),
    };
    let id = user.id.clone();
    let message = format!("Account removed: {}", user.name);
    let event = Event::of_user("accountremove", &id, &message, asker.now_ms);
    let then = vec![
        Effect::EndSessions { user_id: id.clone(), why: "the account was removed" },
        Effect::Announce(event),
    ];
    vec![Effect::change(Change::RemoveUser(id), wanted_answer(request, "ok"), then)]
}

/// `edituser`: address, name, site rights, locking, and whether the password must be changed.
pub fn edit_user(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let user = match manageable(house, asker, request) {
        Ok(user) => user,
        Err(why) => return refuse(request, why),
    };
    let Some(site) = given_site(asker, request) else {
        return refuse(request, "Access denied");
    };
    let edit = UserEdit { site, ..edit_of(request) };
    let mut after = User::clone(&user);
    after.edit(&edit);
    let mut then = Vec::new();
    if after.is_locked() || after.must_change && !user.must_change {
        let why = if after.is_locked() { "the account was locked" } else { "the password must be changed" };
        then.push(Effect::EndSessions { user_id: user.id.clone(), why });
    }
    let message = format!("Account changed: {}", user.name);
    then.push(Effect::Announce(Event::of_user("accountchange", &user.id, &message, asker.now_ms)));
    then.push(Effect::RefreshUser(user.id.clone()));
    let change = Change::EditUser { id: user.id.clone(), edit };
    vec![Effect::change(change, wanted_answer(request, "ok"), then)]
}

/// `changeuserpass`: another user's password, by those who manage users.
pub fn set_password(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let user = match manageable(house, asker, request) {
        Ok(user) => user,
        Err(why) => return refuse(request, why),
    };
    let Some(password) = request.text("pass").filter(|password| !password.is_empty()) else {
        return refuse(request, "A password is needed");
    };
    let message = format!("Password set for {}", user.name);
    let then = vec![
        Effect::EndSessions { user_id: user.id.clone(), why: "the password was changed" },
        Effect::Announce(Event::of_user("passchange", &user.id, &message, asker.now_ms)),
    ];
    let user = User { must_change: request.flag("resetNextLogin"), ..User::clone(&user) };
    vec![Effect::SetPassword {
        user,
        old: None,
        password: password.to_owned(),
        answer: wanted_answer(request, "ok"),
        then,
    }]
}

/// `changepassword`: one's own, by the old one. What else was opened by the old one ends; tokens stay.
pub fn change_own_password(asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    if asker.user.is_restricted(rights::SITE_LOCK_SETTINGS) {
        return refuse(request, "Access denied");
    }
    let (Some(old), Some(new)) = (request.text("oldpass"), request.text("newpass")) else {
        return refuse(request, "The old and the new password are needed");
    };
    if new.len() < MIN_PASSWORD {
        return refuse(request, "A password has 8 bytes at least");
    }
    let user = asker.user;
    let then = vec![
        Effect::EndOthers {
            user_id: user.id.clone(),
            but: user.via.clone(),
            session: asker.session.to_owned(),
            why: "the password was changed",
        },
        Effect::Announce(Event::of_user("passchange", &user.id, "Password changed", asker.now_ms)),
    ];
    vec![Effect::SetPassword {
        user: User { must_change: false, ..User::clone(user) },
        old: Some(old.to_owned()),
        password: new.to_owned(),
        answer: wanted_answer(request, "ok"),
        then,
    }]
}

/// `otpauth-clear` with a user: takes away a second factor whose owner has lost it.
pub fn reset_second(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Vec<Effect> {
    let user = match manageable(house, asker, request) {
        Ok(user) => user,
        Err(why) => return refuse(request, why),
    };
    let message = format!("Second factor of {} removed by {}", user.name, asker.user.name);
    let then = vec![
        Effect::Announce(Event::of_user("accountchange", &user.id, &message, asker.now_ms)),
        Effect::RefreshUser(user.id.clone()),
    ];
    let edit = UserEdit { second: Some(SecondEdit::Remove), ..UserEdit::default() };
    let change = Change::EditUser { id: user.id.clone(), edit };
    vec![Effect::change(change, wanted_answer(request, "ok"), then)]
}

/// Fewest bytes of a password that somebody chooses for himself.
const MIN_PASSWORD: usize = 8;

/// The user in `userid`, if the asker may change him: not himself, and nobody with more site rights.
fn manageable(house: &House, asker: &Asker<'_>, request: &Request<'_>) -> Result<Arc<User>, &'static str> {
    let id = request.text("userid").unwrap_or("").to_lowercase();
    let id = if id.contains('/') { id } else { user_id(&id) };
    let may = asker.user.has_site(rights::SITE_USERS) && id != asker.user.id;
    if !may {
        return Err("Access denied");
    }
    let user = house.data.user(&id).ok_or("User does not exist")?;
    let giving = user.site & !rights::SITE_RESTRICTIONS;
    if rights::has(asker.user.site, giving) { Ok(user) } else { Err("Access denied") }
}

/// The site rights in `siteadmin`, if any are given; `None` when the asker may not give them. Restrictions among the
/// bits may be given by anybody: they take away.
fn given_site(asker: &Asker<'_>, request: &Request<'_>) -> Option<Option<u32>> {
    let Some(value) = request.value("siteadmin") else { return Some(None) };
    // Programs that compute with signed numbers send everything as -1.
    let site = match value.as_i64() {
        Some(-1) => u32::MAX,
        Some(number) => u32::try_from(number).ok()?,
        None => return None,
    };
    let may = match site {
        rights::SITE_ALL => asker.user.is_site_admin(),
        _ => rights::has(asker.user.site, site & !rights::SITE_RESTRICTIONS),
    };
    may.then_some(Some(site))
}

/// The texts of an account in a message.
fn edit_of(request: &Request<'_>) -> UserEdit {
    UserEdit {
        email: request.text("email").map(str::to_owned),
        real_name: request.text("realname").map(str::to_owned),
        must_change: request.value("resetNextLogin").and_then(serde_json::Value::as_bool),
        ..UserEdit::default()
    }
}
