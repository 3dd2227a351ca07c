//! By what somebody acts in the name of a user, and what that leaves of the user's rights.

use microstack::wire::id::MeshId;

use super::{Scope, Scopes};

/// By what a session was opened. A session ends when that is revoked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Via {
    /// The user's name and password, or the command line of the server.
    #[default]
    Password,
    /// A signed-in browser: the public number of its web session.
    Web(String),
    /// A login token or an API token: its name.
    Token(String),
}

/// What a token leaves of its user's rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limit {
    /// What it may be used for.
    pub scopes: Scopes,
    /// The groups it may be used in; empty for all of the user's.
    pub groups: Vec<MeshId>,
}

impl Via {
    /// A text form for cookies: empty, `w:…` or `t:…`.
    pub fn to_text(&self) -> String {
        match self {
            Via::Password => String::new(),
            Via::Web(number) => format!("w:{number}"),
            Via::Token(name) => format!("t:{name}"),
        }
    }

    /// Reads [`Via::to_text`]; `None` for anything else.
    pub fn parse(text: &str) -> Option<Via> {
        match text.split_once(':') {
            None if text.is_empty() => Some(Via::Password),
            Some(("w", number)) => Some(Via::Web(number.to_owned())),
            Some(("t", name)) => Some(Via::Token(name.to_owned())),
            _ => None,
        }
    }

    /// For people: what kind it is.
    pub fn kind(&self) -> &'static str {
        match self {
            Via::Password => "password",
            Via::Web(_) => "web",
            Via::Token(_) => "token",
        }
    }
}

impl Limit {
    /// True when `scope` is left.
    pub fn allows(&self, scope: Scope) -> bool {
        self.scopes.allow(scope)
    }

    /// True when the group is not shut out.
    pub fn covers(&self, group: &MeshId) -> bool {
        self.groups.is_empty() || self.groups.contains(group)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_comes_back() {
        for via in [Via::Password, Via::Web("01ab".into()), Via::Token("~t:a:b".into())] {
            assert_eq!(Via::parse(&via.to_text()), Some(via));
        }
        assert_eq!(Via::parse("x:1"), None);
        assert_eq!(Via::parse("w"), None);
    }
}
