//! `token …`: login tokens of one's own (user-channel specification 3, LoginTokens).

use serde_json::{Value, json};

use crate::operator::arguments::TokenAction;
use crate::operator::error::OperatorError;
use crate::operator::escape::{escape_line, quoted};
use crate::operator::output::Output;
use crate::operator::session::{ANSWER, Session};
use crate::operator::table::Table;

/// Does what `action` says.
pub fn token(session: &mut Session, action: &TokenAction, output: &Output) -> Result<(), OperatorError> {
    match action {
        TokenAction::List => {
            let tokens = tokens(session, json!({ "action": "loginTokens" }))?;
            output.result(&json!(tokens), || {
                let mut table = Table::new(&["NAME", "USER NAME", "ENDS"]);
                for token in &tokens {
                    let ends = match token["expires"].as_u64() {
                        Some(ms) => crate::model::time::iso8601(ms),
                        None => "never".to_owned(),
                    };
                    table.row(&[
                        token["name"].as_str().unwrap_or(""),
                        token["user"].as_str().unwrap_or(""),
                        &ends,
                    ]);
                }
                table.render()
            })
        }
        TokenAction::Add { name, minutes } => {
            let order = json!({ "action": "createLoginToken", "name": name, "expire": minutes });
            let made = session.ask(order, ANSWER, |message| message["action"] == "createLoginToken")?;
            let (Some(user), Some(pass)) = (made["tokenUser"].as_str(), made["tokenPass"].as_str()) else {
                return Err(OperatorError::of_result(
                    made["result"].as_str().unwrap_or("no token in the answer"),
                ));
            };
            let value = json!({ "name": name, "user": user, "password": pass, "expires": expires(&made) });
            output.result(&value, || {
                format!("user name  {}\npassword   {}\n", escape_line(user), escape_line(pass))
            })
        }
        TokenAction::Remove { name } => {
            let all = tokens(session, json!({ "action": "loginTokens" }))?;
            if !all.iter().any(|token| token["name"] == name.as_str() || token["user"] == name.as_str()) {
                return Err(OperatorError::Usage(format!(
                    "no token is called {}; see: meshlite token list",
                    quoted(name)
                )));
            }
            tokens(session, json!({ "action": "loginTokens", "remove": [name] }))?;
            output.result(&json!({ "removed": name }), String::new)
        }
    }
}

fn tokens(session: &mut Session, order: Value) -> Result<Vec<Value>, OperatorError> {
    let answer = session.ask(order, ANSWER, |message| message["action"] == "loginTokens")?;
    let Some(listed) = answer["loginTokens"].as_array() else {
        return Err(OperatorError::of_result(answer["result"].as_str().unwrap_or("no tokens in the answer")));
    };
    let shape = |token: &Value| {
        json!({
            "name": token["name"], "user": token["tokenUser"], "created": token["created"],
            "expires": expires(token),
        })
    };
    Ok(listed.iter().map(shape).collect())
}

fn expires(token: &Value) -> Option<u64> {
    token["expire"].as_u64().filter(|ms| *ms != 0)
}
