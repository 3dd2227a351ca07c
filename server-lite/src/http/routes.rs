//! Every address of the server, with who may call it beside it.

use microstack::http::{Request, Response};

use super::{console, pages};
use crate::house::House;

/// Who may call an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anyone. The answer holds nothing that is not public, or that the caller does not name by its secret.
    Anyone,
    /// Anyone may open the WebSocket; nothing is done for those who do not prove a device's key in it.
    Agents,
    /// Anyone may open the WebSocket; nothing is done for those who do not sign in, in the request or in it.
    Users,
    /// As each address of [`crate::api::routes::API`] says.
    Api,
}

/// What an address leads to.
#[derive(Clone, Copy)]
pub enum Reply {
    /// A plain answer.
    Page(fn(&House, &Request) -> Response),
    /// Programs of agents: read from the disk while they are sent.
    Programs,
    /// The agent channel.
    AgentChannel,
    /// The user channel.
    UserChannel,
    /// The relay.
    Relay,
    /// The REST interface: its own table says what is under this path.
    Api,
}

/// One address.
pub struct Route {
    /// Exact path; with `/*` at its end, everything below.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
    /// What it leads to.
    pub reply: Reply,
}

/// All addresses. What is not here does not exist.
pub const ROUTES: &[Route] = &[
    Route { path: "/", who: Who::Anyone, reply: Reply::Page(console::file) },
    Route { path: "/assets/*", who: Who::Anyone, reply: Reply::Page(console::file) },
    Route { path: "/favicon.svg", who: Who::Anyone, reply: Reply::Page(console::file) },
    Route { path: "/api/v1/*", who: Who::Api, reply: Reply::Api },
    Route { path: "/metrics", who: Who::Api, reply: Reply::Api },
    Route { path: "/agent.ashx", who: Who::Agents, reply: Reply::AgentChannel },
    Route { path: "/control.ashx", who: Who::Users, reply: Reply::UserChannel },
    // Users as on the user channel; devices by a token that a user's tunnel gave them.
    Route { path: "/meshrelay.ashx", who: Who::Users, reply: Reply::Relay },
    // The group's id is 48 random bytes: who names it has been given it.
    Route { path: "/meshsettings", who: Who::Anyone, reply: Reply::Page(pages::settings) },
    // As with settings; programs without any are public.
    Route { path: "/meshagents", who: Who::Anyone, reply: Reply::Programs },
    Route { path: "/health.ashx", who: Who::Anyone, reply: Reply::Page(pages::health) },
    Route { path: "/healthz", who: Who::Anyone, reply: Reply::Page(pages::health) },
    Route { path: "/readyz", who: Who::Anyone, reply: Reply::Page(pages::ready) },
];

/// The route of a path.
pub fn find(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| match route.path.strip_suffix('*') {
        Some(folder) => path.strip_prefix(folder).is_some_and(|rest| !rest.is_empty()),
        None => route.path == path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_path_is_listed_once() {
        for (at, route) in ROUTES.iter().enumerate() {
            assert!(route.path.starts_with('/'));
            assert!(ROUTES[..at].iter().all(|other| other.path != route.path), "{}", route.path);
        }
        assert!(find("/Agent.ashx").is_none() && find("/agent.ashx/").is_none());
        assert!(find("/assets/a.js").is_some() && find("/assets/").is_none() && find("/assets").is_none());
    }
}
