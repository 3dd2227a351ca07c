//! The requests themselves.

use std::fmt;

use microstack::crypto::{cert_summary, random_bytes};
use microstack::wire::id::{MeshId, ServerId};
use microstack::wire::{MshBuilder, ServerUrl};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::accounts::{PasswordError, hash_password};
use crate::certs::{CertFolder, FolderError, Window};
use crate::data::{Data, DataError};
use crate::model::text::clean_line;
use crate::model::time::now_ms;
use crate::model::{
    Audit, Event, Group, SecondEdit, User, UserEdit, UserNameError, check_user_name, mesh_text, rights,
    user_id,
};

/// One request of the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum AdminRequest {
    /// Make an administrator, or give the existing one this password.
    SetAdmin {
        /// User name.
        name: String,
        /// New password.
        password: String,
    },
    /// Make a group with all full administrators as its members.
    GroupAdd {
        /// Its name.
        name: String,
    },
    /// All groups.
    GroupList,
    /// The settings file for agents of a group.
    GroupMsh {
        /// Name or id of the group.
        name: String,
        /// `wss://HOST:PORT/agent.ashx`.
        url: String,
    },
    /// The newest lines of the audit log.
    Audit {
        /// Most lines.
        limit: usize,
    },
    /// The certificates, and which outer ones agents may report.
    CertStatus,
}

/// Why a request was not fulfilled.
#[non_exhaustive]
#[derive(Debug)]
pub enum AdminError {
    /// The store.
    Data(DataError),
    /// The certificate folder.
    Certs(FolderError),
    /// A user name.
    UserName(UserNameError),
    /// A password.
    Password(PasswordError),
    /// An argument; says which and why.
    Argument(String),
}

/// What requests work on.
pub struct Desk<'a> {
    /// The store.
    pub data: &'a Data,
    /// The certificates.
    pub folder: &'a CertFolder,
    /// Keeps an event and, on a running server, tells users.
    pub announce: &'a dyn Fn(&Event),
    /// Ends the sessions of a user, on a running server.
    pub end_sessions: &'a dyn Fn(&str),
}

impl Desk<'_> {
    /// Fulfils a request; what it changed is on the disk when this returns.
    ///
    /// # Errors
    /// [`AdminError`]: nothing was changed.
    pub fn fulfil(&self, request: AdminRequest) -> Result<Value, AdminError> {
        let answer = match request {
            AdminRequest::SetAdmin { name, password } => self.set_admin(&name, &password)?,
            AdminRequest::GroupAdd { name } => self.add_group(&name)?,
            AdminRequest::GroupList => {
                let groups = self.data.groups();
                let rows =
                    groups.iter().map(|group| json!({ "id": mesh_text(&group.id), "name": group.name }));
                json!({ "groups": rows.collect::<Vec<_>>() })
            }
            AdminRequest::GroupMsh { name, url } => self.group_msh(&name, &url)?,
            AdminRequest::Audit { limit } => {
                let lines = self.data.audit(limit.clamp(1, 2000), |_| true)?;
                json!({ "audit": lines.iter().map(Audit::to_message).collect::<Vec<_>>() })
            }
            AdminRequest::CertStatus => self.cert_status()?,
        };
        self.data.flush()?;
        Ok(answer)
    }

    fn set_admin(&self, name: &str, password: &str) -> Result<Value, AdminError> {
        check_user_name(name)?;
        let hash = hash_password(password)?;
        let id = user_id(name);
        let created = self.data.user(&id).is_none();
        if created {
            self.data.add_user(User { password: hash, ..User::new(name, rights::SITE_ALL, now_ms()) })?;
        } else {
            self.data.change_user(&id, |user| {
                user.password = hash;
                user.site = rights::SITE_ALL;
                // Whoever may write here *is* the server: this is also the way back without the second factor.
                user.edit(&UserEdit {
                    second: Some(SecondEdit::Remove),
                    must_change: Some(false),
                    ..UserEdit::default()
                });
            })?;
            // Also on a stopped server: a browser must not come back with a session of the old password.
            self.data.remove_web_sessions_of(&id, None)?;
            (self.end_sessions)(&id);
        }
        self.data.add_audit(&Audit {
            time_ms: now_ms(),
            user: String::new(),
            via: "command line".into(),
            via_name: String::new(),
            address: String::new(),
            action: "init".into(),
            target: name.to_owned(),
            result: Audit::OK.into(),
        })?;
        let what = if created { "Administrator created" } else { "Password set on the command line" };
        (self.announce)(&Event::of_user(if created { "adduser" } else { "passchange" }, &id, what, now_ms()));
        Ok(json!({ "user": id, "created": created }))
    }

    fn add_group(&self, name: &str) -> Result<Value, AdminError> {
        if name.is_empty() || name.len() > Group::MAX_NAME || clean_line(name, Group::MAX_NAME) != name {
            let why = "a group name has 1 to 128 bytes, on one line, without blanks at its ends";
            return Err(AdminError::Argument(why.into()));
        }
        let mut group = Group {
            flags: 0,
            consent: 0,
            notes: String::new(),
            id: MeshId(random_bytes()),
            name: name.to_owned(),
            description: String::new(),
            created_ms: now_ms(),
            creator: String::new(),
            members: Default::default(),
            core: Default::default(),
        };
        for user in self.data.users().iter().filter(|user| user.is_site_admin()) {
            group.admit_fully(&user.id, &user.name);
        }
        let (id, message) = (group.id, group.to_message());
        self.data.add_group(group)?;
        let event = Event::of_mesh("createmesh", &id, &format!("Group created: {name}"), now_ms());
        (self.announce)(
            &event
                .with("meshid", message["_id"].clone())
                .with("name", json!(name))
                .with("mtype", json!(2))
                .with("links", message["links"].clone()),
        );
        Ok(json!({ "id": message["_id"], "name": name }))
    }

    fn group_msh(&self, name: &str, url: &str) -> Result<Value, AdminError> {
        let url = ServerUrl::parse(url).map_err(|error| AdminError::Argument(error.to_string()))?;
        let by_id = crate::model::parse_mesh(name).and_then(|id| self.data.group(&id));
        let group = self.data.group_named(name).or(by_id);
        let missing = || DataError::Missing { what: "group", name: name.to_owned() };
        let group = group.ok_or_else(missing)?;
        let server_id = self.folder.load()?.server_id();
        let msh = group_settings(&group, server_id, &url).emit();
        Ok(json!({ "msh": String::from_utf8_lossy(&msh) }))
    }

    fn cert_status(&self) -> Result<Value, AdminError> {
        let certs = self.folder.load()?;
        let now_s = i64::try_from(now_ms() / 1000).unwrap_or(i64::MAX);
        let mut rows = Vec::new();
        for (name, der) in [
            ("root", certs.root.cert_der.as_slice()),
            ("mps", certs.mps.cert_der.as_slice()),
            ("web", certs.web.leaf()),
            ("agent", certs.agent.cert_der.as_slice()),
        ] {
            let summary = cert_summary(der)
                .map_err(|error| AdminError::Argument(format!("the {name} certificate: {error}")))?;
            rows.push(json!({
                "name": name,
                "subject": summary.subject,
                "issuer": summary.issuer,
                "notAfter": summary.not_after,
                "daysLeft": summary.days_left(now_s),
                "key": summary.key,
                "sans": summary.sans,
                "sha384": microstack::wire::hex::upper(&summary.sha384),
                "text": summary.to_string(),
            }));
        }
        let window: Window = self.data.meta(WINDOW)?.unwrap_or_default();
        Ok(json!({
            "serverId": certs.server_id().to_hex(),
            "certificates": rows,
            "accepted": window.certs,
        }))
    }
}

/// The settings file of a group, as a builder to which options may be added.
pub fn group_settings(group: &Group, server_id: ServerId, url: &ServerUrl) -> MshBuilder {
    MshBuilder::group(&group.name, group.id, server_id, url)
}

/// Where [`Window`] is kept.
pub(crate) const WINDOW: &str = "outer-certificates";

impl AdminError {
    /// The exit code of the command line: 4 for what was refused, 1 for what failed.
    pub fn exit_code(&self) -> u8 {
        match self {
            AdminError::Data(
                DataError::Exists { .. } | DataError::Full { .. } | DataError::Missing { .. },
            )
            | AdminError::UserName(_)
            | AdminError::Password(_)
            | AdminError::Argument(_) => 4,
            AdminError::Data(_) | AdminError::Certs(_) => 1,
        }
    }
}

impl fmt::Display for AdminError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdminError::Data(error) => error.fmt(f),
            AdminError::Certs(error) => error.fmt(f),
            AdminError::UserName(error) => error.fmt(f),
            AdminError::Password(error) => error.fmt(f),
            AdminError::Argument(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for AdminError {}

macro_rules! from {
    ($($variant:ident($error:ty)),*) => {$(
        impl From<$error> for AdminError {
            fn from(error: $error) -> AdminError {
                AdminError::$variant(error)
            }
        }
    )*};
}
from!(Data(DataError), Certs(FolderError), UserName(UserNameError), Password(PasswordError));

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::data;
    use microstack::crypto::ServerCerts;
    use microstack::wire::Msh;

    fn with_desk(work: impl FnOnce(&Desk<'_>)) {
        let (data, dir) = data();
        let folder = CertFolder::new(dir.path(), None);
        folder.save(&ServerCerts::create("192.0.2.1", true).unwrap()).unwrap();
        work(&Desk { data: &data, folder: &folder, announce: &|_| {}, end_sessions: &|_| {} });
    }

    fn set_admin(name: &str, password: &str) -> AdminRequest {
        AdminRequest::SetAdmin { name: name.into(), password: password.into() }
    }

    #[test]
    fn a_group_has_the_administrators_as_members_and_gives_a_settings_file() {
        with_desk(|desk| {
            desk.fulfil(set_admin("Admin", "pw")).unwrap();
            let made = desk.fulfil(AdminRequest::GroupAdd { name: "lab".into() }).unwrap();
            let group = desk.data.group_named("lab").unwrap();
            assert_eq!(made["id"], mesh_text(&group.id));
            assert_eq!(group.rights_of("user//admin"), rights::ALL);
            let url = "wss://192.0.2.1:8443/agent.ashx".to_owned();
            let answer = desk.fulfil(AdminRequest::GroupMsh { name: "lab".into(), url }).unwrap();
            let msh = Msh::parse(answer["msh"].as_str().unwrap().as_bytes()).unwrap();
            assert_eq!(msh.mesh_id().unwrap(), group.id);
            assert_eq!(msh.server_ids().unwrap(), [desk.folder.load().unwrap().server_id()]);
        });
    }

    #[test]
    fn refusals_say_why() {
        with_desk(|desk| {
            desk.fulfil(AdminRequest::GroupAdd { name: "lab".into() }).unwrap();
            for (request, code) in [
                (AdminRequest::GroupAdd { name: "lab".into() }, 4),
                (AdminRequest::GroupAdd { name: " x".into() }, 4),
                (AdminRequest::GroupMsh { name: "shop".into(), url: "wss://a/agent.ashx".into() }, 4),
                (AdminRequest::GroupMsh { name: "lab".into(), url: "ws://a/agent.ashx".into() }, 4),
                (set_admin("a/b", "pw"), 4),
                (set_admin("a", ""), 4),
            ] {
                let error = desk.fulfil(request.clone()).expect_err(&format!("{request:?}"));
                assert_eq!(error.exit_code(), code, "{request:?}");
                assert!(error.to_string().len() > 10);
            }
        });
    }

    #[test]
    fn an_administrators_password_can_be_replaced() {
        with_desk(|desk| {
            assert_eq!(desk.fulfil(set_admin("a", "one")).unwrap()["created"], true);
            assert_eq!(desk.fulfil(set_admin("A", "two")).unwrap()["created"], false);
            let hash = &desk.data.user_named("a").unwrap().password;
            assert!(crate::accounts::verify_password("two", Some(hash)));
            let made = crate::accounts::new_web_session("user//a", "192.0.2.1", "", now_ms());
            desk.data.add_web_session(made.record).unwrap();
            desk.fulfil(set_admin("a", "three")).unwrap();
            assert!(desk.data.web_sessions_of("user//a", now_ms()).is_empty());
        });
    }

    #[test]
    fn the_status_names_four_certificates() {
        with_desk(|desk| {
            let status = desk.fulfil(AdminRequest::CertStatus).unwrap();
            let rows = status["certificates"].as_array().unwrap();
            assert_eq!(rows.len(), 4);
            assert!(rows.iter().all(|row| row["daysLeft"].as_i64().unwrap() > 300));
        });
    }
}
