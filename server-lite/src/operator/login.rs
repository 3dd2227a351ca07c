//! `login` and `logout`.

use microstack::chain::Chain;
use microstack::wire::ServerUrl;
use microstack::wire::id::ServerId;
use serde_json::{Value, json};

use super::arguments::LoginArguments;
use super::error::OperatorError;
use super::escape::escape_line;
use super::login_file::{Folder, Login};
use super::output::Output;
use super::password;
use super::session::{ANSWER, Session, Stranger};

/// Logs in and remembers: the server's identity, and a token in place of the password.
pub fn login(folder: &Folder, how: &LoginArguments, output: &Output) -> Result<(), OperatorError> {
    let url = control_url(&how.url)?;
    let wanted = how.server_id.as_deref().map(parse_server_id).transpose()?;
    let expected = match wanted {
        Some(id) => Some(id),
        None => folder.known_server(&url)?,
    };
    let mut known = Stranger::connect(&url)?.prove(expected.as_ref())?;
    let id = known.id();
    // Only now, when it is clear who would get it, is the password asked for.
    let user = match &how.user {
        Some(user) => user.clone(),
        None => password::ask_user()?,
    };
    let environment = std::env::var("MESHLITE_PASSWORD").ok();
    let password = password::find(how.password_file.as_deref(), environment, &user)?;
    // A person may have taken longer than the server waits for strangers.
    if !known.is_alive() {
        known = Stranger::connect(&url)?.prove(Some(&id))?;
    }
    let mut session = match known.sign_in(&user, &password, None) {
        // The server hangs up when it wants a code; nothing else is asked for in between.
        Err(OperatorError::Closed { text, .. }) if text == "tokenrequired" => {
            let code = password::find_code(std::env::var("MESHLITE_CODE").ok(), &user)?;
            Stranger::connect(&url)?.prove(Some(&id))?.sign_in(&user, &password, Some(&code))?
        }
        other => other?,
    };
    if expected.is_none() {
        output.note(&format!(
            "first login: the server's identity is remembered; compare it with what the server shows\n  {}",
            id.to_hex()
        ));
    }
    folder.keep_server(&url, &id)?;
    let before = folder.login().ok();
    let login = keepable(&mut session, &url, &id, &user, &password, output)?;
    folder.keep_login(&login)?;
    if let Some(before) = before
        && before.is_token
        && before.server_id == login.server_id
        && before.name != login.name
    {
        end_token(&mut session, &before.name);
    }
    let value = json!({
        "url": login.url, "server": session.server_name, "serverId": login.server_id, "user": login.user,
        "token": login.is_token,
    });
    output.result(&value, || {
        format!("Logged in to {} as {}.\n", escape_line(&session.server_name), escape_line(&login.user))
    })
}

/// Forgets the login, and ends its token on the server.
pub fn logout(folder: &Folder, output: &Output) -> Result<(), OperatorError> {
    let login = match folder.login() {
        Err(OperatorError::NotLoggedIn { .. }) => {
            return output.result(&json!({ "loggedOut": false }), || "There was no login.\n".to_owned());
        }
        other => other?,
    };
    let ended = match login.is_token {
        true => super::open(folder, &Chain::new()?).map(|mut session| end_token(&mut session, &login.name)),
        false => Ok(()),
    };
    folder.forget_login()?;
    match ended {
        // It had ended already: on the server, or with its account.
        Ok(()) | Err(OperatorError::Closed { .. }) => {}
        Err(error) => {
            output.note("the login is forgotten here, but its token could not be ended on the server:");
            return Err(error);
        }
    }
    output.result(&json!({ "loggedOut": true }), || "Logged out.\n".to_owned())
}

/// What is kept: a fresh token where the server makes one.
fn keepable(
    session: &mut Session,
    url: &ServerUrl,
    id: &ServerId,
    user: &str,
    password: &str,
    output: &Output,
) -> Result<Login, OperatorError> {
    let shown = if session.user.is_empty() { user.to_owned() } else { session.user.clone() };
    let mut login = Login {
        url: url.to_string(),
        server_id: id.to_hex(),
        user: shown,
        name: user.to_owned(),
        secret: password.to_owned(),
        // Somebody who logs in with a token made it elsewhere and may need it elsewhere: it is not ours to end.
        is_token: false,
    };
    if user.starts_with(TOKEN_PREFIX) {
        return Ok(login);
    }
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let command =
        json!({ "action": "createLoginToken", "name": format!("meshlite {}", host.trim()), "expire": 0 });
    let made = session.ask(command, ANSWER, |message| message["action"] == "createLoginToken");
    let text = |value: &Value| value.as_str().filter(|text| text.len() <= 1024).map(str::to_owned);
    match made.map(|answer| (text(&answer["tokenUser"]), text(&answer["tokenPass"]))) {
        Ok((Some(name), Some(secret))) => {
            login.name = name;
            login.secret = secret;
            login.is_token = true;
        }
        Ok(_) | Err(OperatorError::Silent { .. }) => {
            output.note(
                "this server gives no login tokens; the password itself is kept, in a file only you can read",
            );
        }
        Err(error) => return Err(error),
    }
    Ok(login)
}

/// Best effort: a token that is left over can be removed on the server.
fn end_token(session: &mut Session, name: &str) {
    let command = json!({ "action": "loginTokens", "remove": [name] });
    if let Err(error) = session.ask(command, ANSWER, |message| message["action"] == "loginTokens") {
        tracing::debug!(%error, "a login token could not be ended");
    }
}

/// The control channel of the server a person names: `https://` and the path may be left out.
fn control_url(text: &str) -> Result<ServerUrl, OperatorError> {
    let with_scheme = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
    let mut url = ServerUrl::parse(&with_scheme)
        .map_err(|error| OperatorError::Usage(format!("{}: {error}", escape_line(text))))?;
    let (path, query) = match url.path_and_query.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (url.path_and_query.as_str(), String::new()),
    };
    if !path.ends_with("/control.ashx") {
        url.path_and_query = format!("{}/control.ashx{query}", path.trim_end_matches('/'));
    }
    Ok(url)
}

/// Also as certificates show it, in pairs with colons.
fn parse_server_id(text: &str) -> Result<ServerId, OperatorError> {
    let digits: String = text.chars().filter(|c| *c != ':' && *c != ' ').collect();
    ServerId::from_hex(&digits).map_err(|error| {
        OperatorError::Usage(format!("--server-id: {error}; it is the ServerID of the server's .msh files"))
    })
}

const TOKEN_PREFIX: &str = "~t:";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_may_be_short() {
        let full = |text: &str| control_url(text).unwrap().to_string();
        assert_eq!(full("mesh.example"), "wss://mesh.example/control.ashx");
        assert_eq!(full("https://mesh.example:4433/"), "wss://mesh.example:4433/control.ashx");
        assert_eq!(full("wss://[::1]:99/control.ashx"), "wss://[::1]:99/control.ashx");
        assert_eq!(full("https://mesh.example/shop/?key=a"), "wss://mesh.example/shop/control.ashx?key=a");
        for bad in ["http://mesh.example", "ftp://mesh.example", "", "https://", "a b"] {
            assert!(matches!(control_url(bad), Err(OperatorError::Usage(_))), "{bad}");
        }
    }

    #[test]
    fn a_server_id_is_taken_in_the_forms_people_copy() {
        let id = parse_server_id(&"ab".repeat(48)).unwrap();
        assert_eq!(parse_server_id(&["AB"; 48].join(":")).unwrap(), id);
        assert!(parse_server_id("abc").is_err());
    }
}
