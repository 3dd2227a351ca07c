//! `user …`.

use serde_json::{Value, json};

use crate::operator::arguments::UserAction;
use crate::operator::error::OperatorError;
use crate::operator::output::Output;
use crate::operator::password;
use crate::operator::session::{ANSWER, Session};
use crate::operator::table::Table;

/// Every right on the server.
const ADMINISTRATOR: u32 = 0xFFFF_FFFF;

/// Does what `action` says. The password is asked for before anything is connected to.
pub fn user(
    open: impl FnOnce() -> Result<Session, OperatorError>,
    action: &UserAction,
    output: &Output,
) -> Result<(), OperatorError> {
    match action {
        UserAction::List => list(&mut open()?, output),
        UserAction::Add { name, password_file, email, admin } => {
            // MESHLITE_PASSWORD is the operator's own.
            let password = password::find(password_file.as_deref(), None, name)?;
            let mut order = json!({ "action": "adduser", "username": name, "pass": password });
            if let Some(email) = email {
                order["email"] = json!(email);
            }
            if *admin {
                order["siteadmin"] = json!(ADMINISTRATOR);
            }
            open()?.order(order)?;
            output.result(&json!({ "user": name, "admin": admin }), String::new)
        }
        UserAction::Remove { name } => {
            let id = if name.contains('/') { name.clone() } else { format!("user//{}", name.to_lowercase()) };
            open()?.order(json!({ "action": "deleteuser", "userid": id }))?;
            output.result(&json!({ "removed": id }), String::new)
        }
    }
}

fn list(session: &mut Session, output: &Output) -> Result<(), OperatorError> {
    let answer = session.ask(json!({ "action": "users" }), ANSWER, |_| false)?;
    let Some(users) = answer["users"].as_array() else {
        return Err(OperatorError::of_result(answer["result"].as_str().unwrap_or("no users in the answer")));
    };
    let text = |user: &Value, name: &str| user[name].as_str().unwrap_or("").to_owned();
    let is_admin = |user: &Value| user["siteadmin"] == ADMINISTRATOR;
    let values: Vec<Value> = users
        .iter()
        .map(|user| {
            json!({
                "id": text(user, "_id"), "name": text(user, "name"), "email": text(user, "email"),
                "admin": is_admin(user),
            })
        })
        .collect();
    output.result(&json!(values), || {
        let mut table = Table::new(&["NAME", "E-MAIL", "ROLE", "ID"]);
        for user in users {
            let role = if is_admin(user) { "administrator" } else { "user" };
            table.row(&[&text(user, "name"), &text(user, "email"), role, &text(user, "_id")]);
        }
        table.render()
    })
}
