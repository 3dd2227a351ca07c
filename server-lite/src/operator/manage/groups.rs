//! `group …`.

use serde_json::{Value, json};

use super::rights;
use crate::operator::arguments::GroupAction;
use crate::operator::error::OperatorError;
use crate::operator::escape::quoted;
use crate::operator::output::Output;
use crate::operator::session::{ANSWER, Session};
use crate::operator::table::Table;

/// Does what `action` says.
pub fn group(session: &mut Session, action: &GroupAction, output: &Output) -> Result<(), OperatorError> {
    let value = match action {
        GroupAction::Add { name, description } => return add(session, name, description.as_deref(), output),
        GroupAction::Members { group } => return members(session, group, output),
        GroupAction::Rename { group, name } => {
            let id = find(session, group)?;
            session.order(json!({ "action": "editmesh", "meshid": id, "meshname": name }))?;
            json!({ "group": bare(&id), "name": name })
        }
        GroupAction::Remove { group } => {
            let id = find(session, group)?;
            session.order(json!({ "action": "deletemesh", "meshid": id }))?;
            json!({ "removed": bare(&id) })
        }
        GroupAction::Admit { group, user, rights } => {
            let rights = rights::parse(rights)?;
            let id = find(session, group)?;
            let order =
                json!({ "action": "addmeshuser", "meshid": id, "usernames": [user], "meshadmin": rights });
            session.order(order)?;
            json!({ "group": bare(&id), "user": user, "rights": rights })
        }
        GroupAction::Expel { group, user } => {
            let id = find(session, group)?;
            let all = links(session, &id)?;
            let Some((user_id, _)) = all.iter().find(|(id, _)| names(id, user)) else {
                return Err(OperatorError::Usage(format!(
                    "{} is no member; see: meshlite group members",
                    quoted(user)
                )));
            };
            session.order(json!({ "action": "removemeshuser", "meshid": id, "userid": user_id }))?;
            json!({ "group": bare(&id), "expelled": user_id })
        }
    };
    output.result(&value, String::new)
}

fn add(
    session: &mut Session,
    name: &str,
    description: Option<&str>,
    output: &Output,
) -> Result<(), OperatorError> {
    let mut order = json!({ "action": "createmesh", "meshname": name, "meshtype": 2 });
    if let Some(description) = description {
        order["desc"] = json!(description);
    }
    let answer = session.ask(order, ANSWER, |_| false)?;
    match answer["result"].as_str() {
        Some(result) if result.eq_ignore_ascii_case("ok") => {}
        result => return Err(OperatorError::of_result(result.unwrap_or("the answer has no result"))),
    }
    let id = answer["meshid"].as_str().unwrap_or("");
    output.result(&json!({ "group": bare(id), "name": name }), || format!("{}\n", bare(id)))
}

fn members(session: &mut Session, group: &str, output: &Output) -> Result<(), OperatorError> {
    let id = find(session, group)?;
    let mut all = links(session, &id)?;
    all.sort();
    let values: Vec<Value> = all
        .iter()
        .map(|(user, rights)| json!({ "user": user, "rights": rights, "names": rights::show(*rights) }))
        .collect();
    output.result(&json!(values), || {
        let mut table = Table::new(&["USER", "RIGHTS"]);
        for (user, rights) in &all {
            table.row(&[user, &rights::show(*rights)]);
        }
        table.render()
    })
}

/// Who is in a group, and with which rights.
fn links(session: &mut Session, id: &str) -> Result<Vec<(String, u32)>, OperatorError> {
    let answer = session.ask(json!({ "action": "meshes" }), ANSWER, |message| {
        message["action"] == "meshes" && message["meshes"].is_array()
    })?;
    let meshes = answer["meshes"].as_array().into_iter().flatten();
    let found = meshes
        .filter(|mesh| mesh["_id"] == id)
        .flat_map(|mesh| mesh["links"].as_object().into_iter().flatten());
    let rights = |link: &Value| u32::try_from(link["rights"].as_u64().unwrap_or(0)).unwrap_or(0);
    Ok(found.map(|(user, link)| (user.clone(), rights(link))).collect())
}

fn find(session: &mut Session, group: &str) -> Result<String, OperatorError> {
    Ok(session.directory()?.group(group)?.full_id.clone())
}

/// A member by his id or his name.
fn names(id: &str, user: &str) -> bool {
    id == user || bare(id).eq_ignore_ascii_case(user)
}

fn bare(id: &str) -> &str {
    crate::operator::directory::bare(id)
}
