//! Every address of the REST interface: method, who may call it, what it takes and gives.

use microstack::http::percent_decode;
use serde_json::{Value, json};

use super::call::{Ctx, Outcome};
use super::{account, audit, devices, groups, metrics, openapi, second, session, tokens, users};
use crate::model::Scope;

/// What a caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Nothing: for everybody.
    Nothing,
    /// A signed-in browser or any token.
    SignedIn,
    /// A signed-in browser, or a token with this scope.
    Scope(Scope),
    /// A caller on this machine, or an administrator with this scope.
    LocalOr(Scope),
}

/// A value in the query.
#[derive(Debug, Clone, Copy)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// For people.
    pub about: &'static str,
    /// What it takes.
    pub kind: ParamKind,
}

/// What a query value may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// Any text up to 256 bytes.
    Text,
    /// A number from 0 up.
    Number,
    /// `true` or `false`.
    Flag,
}

/// One address with one method.
pub struct ApiRoute {
    /// `GET` and so on.
    pub method: &'static str,
    /// Path, with `{…}` for what varies.
    pub path: &'static str,
    /// Name of the operation.
    pub id: &'static str,
    /// For people.
    pub about: &'static str,
    /// Who may call it.
    pub need: Need,
    /// What the query may hold; anything else is refused.
    pub query: &'static [Param],
    /// Shape of the body, see [`super::shapes`]; a body is ignored where there is none.
    pub body: Option<&'static str>,
    /// The good answers: status and shape, or `text`.
    pub answers: &'static [(u16, &'static str)],
    pub(super) handler: fn(&Ctx) -> Outcome,
}

/// What there is under a method and a path.
pub enum Found {
    /// The route, with the values of its `{…}`.
    Route(&'static ApiRoute, Vec<String>),
    /// The path takes these methods only.
    Methods(String),
    /// Nothing.
    Nothing,
}

/// Finds a route.
pub fn find(method: &str, path: &str) -> Found {
    // A server answers HEAD as GET, without the body.
    let method = if method == "HEAD" { "GET" } else { method };
    let mut allowed: Vec<&str> = Vec::new();
    for route in API {
        if let Some(values) = matches(route.path, path) {
            if route.method == method {
                return Found::Route(route, values);
            }
            allowed.push(route.method);
        }
    }
    if allowed.is_empty() { Found::Nothing } else { Found::Methods(allowed.join(", ")) }
}

fn matches(pattern: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    let mut values = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(values),
            (Some(name), Some(value)) if name.starts_with('{') && !value.is_empty() && value.len() <= 512 => {
                values.push(percent_decode(value, false));
            }
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return None,
        }
    }
}

impl Param {
    /// True when the value is one of its kind.
    pub fn takes(&self, value: &str) -> bool {
        match self.kind {
            ParamKind::Text => value.len() <= 256,
            ParamKind::Number => {
                value.len() <= 15 && !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit())
            }
            ParamKind::Flag => matches!(value, "true" | "false"),
        }
    }

    pub(super) fn schema(&self) -> Value {
        match self.kind {
            ParamKind::Text => json!({ "type": "string", "maxLength": 256 }),
            ParamKind::Number => json!({ "type": "integer", "minimum": 0 }),
            ParamKind::Flag => json!({ "type": "boolean" }),
        }
    }
}

const fn text(name: &'static str, about: &'static str) -> Param {
    Param { name, about, kind: ParamKind::Text }
}

const fn number(name: &'static str, about: &'static str) -> Param {
    Param { name, about, kind: ParamKind::Number }
}

const OFFSET: Param = number("offset", "Rows to pass over.");
const LIMIT: Param = number("limit", "Most rows, 1000 at most; 100 if not given.");

/// A route as one line of the table.
macro_rules! route {
    ($method:literal $path:literal, $id:literal, $about:literal, $need:expr, [$($query:expr),*], $body:expr,
     [$(($status:literal, $shape:literal)),*], $handler:expr) => {
        ApiRoute {
            method: $method, path: $path, id: $id, about: $about, need: $need, query: &[$($query),*], body: $body,
            answers: &[$(($status, $shape)),*], handler: $handler,
        }
    };
}

use Need::{LocalOr, Nothing, SignedIn};
use Scope::{Admin, DevicesRead, DevicesWrite, EventsRead, GroupsWrite, Power, Run, UsersWrite};

/// All of them. What is not here does not exist.
#[rustfmt::skip]
pub const API: &[ApiRoute] = &[
    route!("GET" "/api/v1/openapi.json", "openapi", "This description.", Nothing, [], None, [(200, "Any")], openapi::openapi),
    route!("GET" "/metrics", "metrics", "Figures for Prometheus.", LocalOr(Admin), [], None, [(200, "text")], metrics::metrics),
    route!("POST" "/api/v1/sign-in", "signIn", "Signs a browser in; the answer sets its cookie.", Nothing, [], Some("SignIn"), [(200, "Session")], session::sign_in),
    route!("POST" "/api/v1/sign-out", "signOut", "Signs this browser out.", SignedIn, [], None, [(200, "Nothing")], session::sign_out),
    route!("GET" "/api/v1/session", "session", "Who is signed in.", SignedIn, [], None, [(200, "Session")], session::session),
    route!("GET" "/api/v1/account/sessions", "sessions", "The browsers signed in to this account.", Need::Scope(Admin), [], None, [(200, "Sessions")], session::list),
    route!("DELETE" "/api/v1/account/sessions/{session}", "closeSession", "Signs a browser out, by its number.", Need::Scope(Admin), [], None, [(200, "Nothing")], session::close),
    route!("POST" "/api/v1/account/password", "changePassword", "Changes the password; everything opened by the old one ends.", Need::Scope(Admin), [], Some("PasswordChange"), [(200, "Nothing")], account::password),
    route!("POST" "/api/v1/account/totp", "proposeTotp", "Makes the secret of a second factor.", Need::Scope(Admin), [], Some("Password"), [(200, "TotpSecret")], second::propose),
    route!("POST" "/api/v1/account/totp/confirm", "confirmTotp", "Switches the second factor on, by a code of it.", Need::Scope(Admin), [], Some("Code"), [(200, "RecoveryCodes")], second::confirm),
    route!("POST" "/api/v1/account/totp/recovery", "newRecoveryCodes", "Replaces the recovery codes.", Need::Scope(Admin), [], Some("Code"), [(200, "RecoveryCodes")], second::recovery),
    route!("POST" "/api/v1/account/totp/remove", "removeTotp", "Switches the second factor off, by the password or a code.", Need::Scope(Admin), [], Some("PasswordOrCode"), [(200, "Nothing")], second::remove),
    route!("GET" "/api/v1/tokens", "tokens", "The tokens of this account.", Need::Scope(Admin), [], None, [(200, "Tokens")], tokens::list),
    route!("POST" "/api/v1/tokens", "createToken", "Makes an API token; its secret is in this answer only.", Need::Scope(Admin), [], Some("NewToken"), [(201, "CreatedToken")], tokens::create),
    route!("DELETE" "/api/v1/tokens/{token}", "revokeToken", "Revokes a token; what is open by it ends.", Need::Scope(Admin), [], None, [(200, "Nothing")], tokens::remove),
    route!("GET" "/api/v1/devices", "devices", "The devices the caller may see, by name.", Need::Scope(DevicesRead), [OFFSET, LIMIT, text("group", "Id or name of a group."), text("search", "Part of name, address, system or description."), text("tag", "A label."), Param { name: "online", about: "Only those that are connected, or are not.", kind: ParamKind::Flag }], None, [(200, "Devices")], devices::list),
    route!("GET" "/api/v1/devices/{device}", "device", "One device, with its hardware and network.", Need::Scope(DevicesRead), [], None, [(200, "Device")], devices::one),
    route!("PATCH" "/api/v1/devices/{device}", "editDevice", "Changes name, description, tags or icon; or the group.", Need::Scope(DevicesWrite), [], Some("DeviceEdit"), [(200, "Nothing")], devices::edit),
    route!("DELETE" "/api/v1/devices/{device}", "removeDevice", "Removes a device; it may enrol again.", Need::Scope(DevicesWrite), [], None, [(200, "Nothing")], devices::remove),
    route!("POST" "/api/v1/devices/{device}/run", "run", "Runs a command; with `wait` the answer has its output.", Need::Scope(Run), [], Some("Command"), [(200, "Output"), (202, "Nothing")], devices::run),
    route!("POST" "/api/v1/devices/{device}/power", "power", "Switches a device off, restarts, suspends or wakes it.", Need::Scope(Power), [], Some("PowerOrder"), [(202, "PowerResult")], devices::power),
    route!("PUT" "/api/v1/devices/{device}/users/{user}", "giveDeviceRights", "Gives a user, or a group of users, rights in this device alone.", Need::Scope(GroupsWrite), [], Some("Rights"), [(200, "Nothing")], devices::give),
    route!("DELETE" "/api/v1/devices/{device}/users/{user}", "takeDeviceRights", "Takes rights in this device alone.", Need::Scope(GroupsWrite), [], None, [(200, "Nothing")], devices::take),
    route!("GET" "/api/v1/groups", "groups", "The groups of devices the caller may see.", Need::Scope(DevicesRead), [OFFSET, LIMIT], None, [(200, "Groups")], groups::list),
    route!("POST" "/api/v1/groups", "createGroup", "Makes a group.", Need::Scope(GroupsWrite), [], Some("NewGroup"), [(201, "Created")], groups::create),
    route!("GET" "/api/v1/groups/{group}", "group", "One group.", Need::Scope(DevicesRead), [], None, [(200, "Group")], groups::one),
    route!("PATCH" "/api/v1/groups/{group}", "editGroup", "Changes name or description.", Need::Scope(GroupsWrite), [], Some("GroupEdit"), [(200, "Nothing")], groups::edit),
    route!("DELETE" "/api/v1/groups/{group}", "removeGroup", "Removes a group with its devices.", Need::Scope(GroupsWrite), [], None, [(200, "Nothing")], groups::remove),
    route!("PUT" "/api/v1/groups/{group}/users/{user}", "giveGroupRights", "Gives a user, or a group of users, rights in a group.", Need::Scope(GroupsWrite), [], Some("Rights"), [(200, "Nothing")], groups::give),
    route!("DELETE" "/api/v1/groups/{group}/users/{user}", "takeGroupRights", "Takes a user out of a group.", Need::Scope(GroupsWrite), [], None, [(200, "Nothing")], groups::take),
    route!("GET" "/api/v1/users", "users", "The accounts, for those who manage users.", Need::Scope(UsersWrite), [OFFSET, LIMIT], None, [(200, "Users")], users::list),
    route!("POST" "/api/v1/users", "createUser", "Makes an account.", Need::Scope(UsersWrite), [], Some("NewUser"), [(201, "Created")], users::create),
    route!("GET" "/api/v1/users/{user}", "user", "One account.", Need::Scope(UsersWrite), [], None, [(200, "User")], users::one),
    route!("PATCH" "/api/v1/users/{user}", "editUser", "Changes an account, locks it, or sets its password.", Need::Scope(UsersWrite), [], Some("UserEdit"), [(200, "Nothing")], users::edit),
    route!("DELETE" "/api/v1/users/{user}", "removeUser", "Removes an account.", Need::Scope(UsersWrite), [], None, [(200, "Nothing")], users::remove),
    route!("DELETE" "/api/v1/users/{user}/totp", "resetTotp", "Takes away a second factor that its owner has lost.", Need::Scope(UsersWrite), [], None, [(200, "Nothing")], users::remove_second),
    route!("GET" "/api/v1/events", "events", "What happened, newest first.", Need::Scope(EventsRead), [LIMIT, text("device", "Id of a device."), text("user", "A user.")], None, [(200, "Events")], audit::events),
    route!("GET" "/api/v1/audit", "audit", "Who did what, newest first, for administrators.", Need::Scope(Admin), [LIMIT, text("user", "A user."), text("action", "An action."), number("before", "Only older lines, milliseconds since 1970.")], None, [(200, "Audit")], audit::audit),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_match_part_by_part() {
        assert_eq!(matches("/a/{x}/b", "/a/1%2F2/b"), Some(vec!["1/2".to_owned()]));
        for other in ["/a//b", "/a/1/b/", "/a/1", "/A/1/b", "/a/1/c"] {
            assert_eq!(matches("/a/{x}/b", other), None, "{other}");
        }
        assert!(matches!(find("PUT", "/api/v1/devices"), Found::Methods(allowed) if allowed == "GET"));
        assert!(matches!(find("GET", "/api/v1/nothing"), Found::Nothing));
        assert!(matches!(find("HEAD", "/api/v1/devices"), Found::Route(route, _) if route.id == "devices"));
    }

    #[test]
    fn each_operation_is_there_once_and_names_shapes_that_exist() {
        for (at, route) in API.iter().enumerate() {
            for other in &API[..at] {
                assert!(
                    other.id != route.id && (other.method, other.path) != (route.method, route.path),
                    "{}",
                    route.id
                );
            }
            let shapes = route.answers.iter().map(|(_, shape)| *shape).chain(route.body);
            for shape in shapes.filter(|shape| *shape != "text") {
                assert!(super::super::shapes::all().contains_key(shape), "{shape} of {}", route.id);
            }
            assert!(matches!(route.method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE"));
            assert!(!route.answers.is_empty());
        }
    }
}
