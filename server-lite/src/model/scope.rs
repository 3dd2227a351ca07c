//! What an API token may be used for.

use serde::{Deserialize, Serialize};

/// One permission of a token. A token never gives more than its user has; a scope only says what is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// See devices, groups and inventories.
    DevicesRead,
    /// Rename, move, remove devices; push cores.
    DevicesWrite,
    /// Run commands and console lines.
    Run,
    /// Open terminal, files, desktop and forwarded ports; send messages to the device's screen.
    Sessions,
    /// Switch devices off and on.
    Power,
    /// Make, change and remove groups, and who may work in them.
    GroupsWrite,
    /// Make, change and remove accounts and groups of users.
    UsersWrite,
    /// See events, and be told them live.
    EventsRead,
    /// Everything the user may do, his own account and tokens included.
    Admin,
}

/// A set of scopes. Serialised as their names.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Scopes(u16);

impl Scope {
    /// All of them, in the order they are shown.
    pub const ALL: [Scope; 9] = [
        Scope::DevicesRead,
        Scope::DevicesWrite,
        Scope::Run,
        Scope::Sessions,
        Scope::Power,
        Scope::GroupsWrite,
        Scope::UsersWrite,
        Scope::EventsRead,
        Scope::Admin,
    ];

    /// The name in messages, as `devices:read`.
    pub const fn name(self) -> &'static str {
        match self {
            Scope::DevicesRead => "devices:read",
            Scope::DevicesWrite => "devices:write",
            Scope::Run => "run",
            Scope::Sessions => "sessions",
            Scope::Power => "power",
            Scope::GroupsWrite => "groups:write",
            Scope::UsersWrite => "users:write",
            Scope::EventsRead => "events:read",
            Scope::Admin => "admin",
        }
    }

    /// The scope of this name.
    pub fn parse(name: &str) -> Option<Scope> {
        Scope::ALL.into_iter().find(|scope| scope.name() == name)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl Scopes {
    /// True when the set allows what needs `scope`: it is in it, or `admin` is.
    pub const fn allow(self, scope: Scope) -> bool {
        self.0 & (scope.bit() | Scope::Admin.bit()) != 0
    }

    /// True when nothing is allowed.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// True when everything that `other` allows is allowed here.
    pub fn cover(self, other: Scopes) -> bool {
        other.iter().all(|scope| self.allow(scope))
    }

    /// The scopes in it.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.0 & scope.bit() != 0)
    }

    /// Their names.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Scope::name).collect()
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Scopes {
        Scopes(scopes.into_iter().fold(0, |bits, scope| bits | scope.bit()))
    }
}

impl std::fmt::Debug for Scopes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(to)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    /// A name that is not known is left out: a token of a later version must not be worth more here.
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Scopes, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        Ok(names.iter().filter_map(|name| Scope::parse(name)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_scopes_are_one_to_one() {
        for scope in Scope::ALL {
            assert_eq!(Scope::parse(scope.name()), Some(scope));
        }
        assert_eq!(Scope::parse("everything"), None);
    }

    #[test]
    fn a_set_allows_what_is_in_it_and_admin_allows_all() {
        let some: Scopes = [Scope::DevicesRead, Scope::Run].into_iter().collect();
        assert!(some.allow(Scope::Run) && !some.allow(Scope::Power) && !some.allow(Scope::Admin));
        let all: Scopes = [Scope::Admin].into_iter().collect();
        assert!(Scope::ALL.into_iter().all(|scope| all.allow(scope)));
        assert!(all.cover(some) && !some.cover(all) && some.cover(some));
        let text = serde_json::to_string(&some).unwrap();
        assert_eq!(text, r#"["devices:read","run"]"#);
        assert_eq!(serde_json::from_str::<Scopes>(&text).unwrap(), some);
        assert_eq!(
            serde_json::from_str::<Scopes>(r#"["run","of-a-later-version"]"#).unwrap().names(),
            ["run"]
        );
    }
}
