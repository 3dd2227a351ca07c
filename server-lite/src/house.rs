//! What all chains of a server share: the store, the registry, identities and settings.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, PoisonError, RwLock};

use microstack::channel::core_sync::Wanted;
use microstack::channel::server::Config;
use microstack::crypto::Signer;
use microstack::crypto::pool::SigningPool;
use microstack::wire::agent_type::{self, CoreFamily};
use microstack::wire::id::NodeId;

use crate::accounts::{CookieKey, Gate, PasswordChecker};
use crate::agents::Shelf;
use crate::agents::programs::Programs;
use crate::data::Data;
use crate::live::Live;
use crate::model::{Audit, CoreChoice, Device, Event, Group, Scope, User, rights};
use crate::relay::recording::Vault;
use crate::server::Flusher;
use crate::users::power::Mac;

/// Everything shared. One per process, behind an [`Arc`].
pub struct House {
    /// What survives a restart.
    pub data: Arc<Data>,
    /// Who is connected.
    pub live: Live,
    /// Core bodies, one copy each.
    pub shelf: Shelf,
    /// Against password guessing.
    pub gate: Gate,
    /// Checks passwords off the chains.
    pub checker: PasswordChecker,
    /// Signs and verifies off the chains.
    pub pool: SigningPool,
    /// Brings writes to the disk off the chains.
    pub flusher: Flusher,
    /// Where sessions are recorded, if they are.
    pub recordings: Option<Vault>,
    /// Seals sign-in cookies.
    pub cookies: CookieKey,
    /// Signs as the server's identity towards agents; the only one in [`Config::identities`] so far.
    pub signers: Vec<Arc<dyn Signer>>,
    /// Programs of agents for download.
    pub programs: Programs,
    /// Wake packets go out from this machine too.
    pub wakes_devices: bool,
    /// Which TLS certificates agents may see, and who we are: replaced when a certificate changes.
    pub trust: Trust,
}

/// The server's identity and addresses, as clients are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Host name under which clients reach the server.
    pub name: String,
    /// Port of HTTPS.
    pub port: u16,
    /// Port of the plain redirect, 0 for none.
    pub redirect_port: u16,
    /// SHA-384 of the certificate clients see, upper-case hexadecimal.
    pub tls_hash: String,
    /// ServerID, base64 with `@ $`.
    pub server_id: String,
    /// The certificate was not issued by our own root: browsers may be told to insist on it.
    pub public_cert: bool,
    /// Subject, issuer, dates and hash of that certificate, in one line.
    pub cert_summary: String,
    /// End of that certificate's validity, milliseconds since 1970.
    pub cert_expires_ms: i64,
}

/// Identity values that change together when a certificate changes.
pub struct Trust {
    current: RwLock<(Arc<Facts>, Arc<Config>)>,
}

impl Trust {
    /// Starts with these.
    pub fn new(facts: Facts, config: Config) -> Trust {
        Trust { current: RwLock::new((Arc::new(facts), Arc::new(config))) }
    }

    /// What clients are told.
    pub fn facts(&self) -> Arc<Facts> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).0)
    }

    /// What handshakes use.
    pub fn handshake(&self) -> Arc<Config> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner).1)
    }

    /// Replaces both for everything that begins from now on.
    pub fn replace(&self, facts: Facts, config: Config) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = (Arc::new(facts), Arc::new(config));
    }
}

impl House {
    /// What clients are told.
    pub fn facts(&self) -> Arc<Facts> {
        self.trust.facts()
    }

    /// A device with its group, if the user has all of `wanted` over it, and any right at all.
    pub fn device_for(&self, user: &User, node: &NodeId, wanted: u32) -> Option<(Device, Arc<Group>)> {
        let device = match self.data.device(node) {
            Ok(device) => device?,
            Err(error) => {
                tracing::error!(%error, "a device could not be read");
                return None;
            }
        };
        let group = self.data.group(&device.group)?;
        let own = self.rights_over(user, &device, &group);
        (own != 0 && rights::has(own, wanted)).then_some((device, group))
    }

    /// Where sessions with devices of a group are recorded, if they are.
    pub fn recorded(&self, group: &Group) -> Option<&Vault> {
        let vault = self.recordings.as_ref()?;
        (vault.limits().all || group.flags & Group::RECORD != 0).then_some(vault)
    }

    /// The core a device shall run: its own choice, else its group's, else the server's own core.
    pub fn wanted_core(&self, agent_type: u32, own: CoreChoice, group: &Group) -> Wanted {
        let choice = if own == CoreChoice::Inherit { group.core } else { own };
        match choice {
            CoreChoice::Clear => Wanted::Nothing,
            CoreChoice::Custom(hash) => Wanted::Core(hash),
            CoreChoice::Inherit | CoreChoice::Default => match agent_type::lookup(agent_type) {
                Some(known) if known.core != CoreFamily::None => Wanted::Core(self.shelf.default_hash()),
                // Agents that bring their own core keep it; for an unknown type we have none.
                Some(_) => Wanted::Any,
                None => Wanted::Nothing,
            },
        }
    }

    /// Sends wake packets to the server's own network, if it was started so.
    ///
    /// Three times: nothing tells whether a sleeping card has heard.
    pub fn wake_from_here(&self, cards: &[Mac]) {
        if !self.wakes_devices {
            return;
        }
        let send = || -> std::io::Result<()> {
            let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
            socket.set_nonblocking(true)?;
            socket.set_broadcast(true)?;
            for _ in 0..3 {
                for card in cards {
                    socket.send_to(&card.packet(), (Ipv4Addr::BROADCAST, WAKE_PORT))?;
                }
            }
            Ok(())
        };
        if let Err(error) = send() {
            tracing::warn!(%error, "wake packets could not be sent from here");
        }
    }

    /// Keeps an event and tells the sessions of those who may know.
    pub fn announce(&self, event: &Event) {
        self.keep(event);
        let text: Arc<str> = event.to_live_message().to_string().into();
        if event.mesh.is_empty() {
            self.live.users.tell_all(&text, |seat| {
                let admin = || {
                    seat.limit.as_ref().is_none_or(|limit| limit.groups.is_empty())
                        && self.data.user(&seat.user_id).is_some_and(|user| user.is_site_admin())
                };
                seat.allows(Scope::EventsRead) && (seat.user_id == event.user || admin())
            });
            return;
        }
        let group = crate::model::parse_mesh(&event.mesh).and_then(|id| self.data.group(&id));
        let node = crate::model::parse_node(&event.node);
        if let Some(group) = group {
            self.live.users.tell_all(&text, |seat| self.may_be_told(seat, &group, node.as_ref()));
        }
    }

    /// Keeps an event and tells the sessions of these users.
    pub fn announce_to(&self, event: &Event, users: &[String]) {
        self.keep(event);
        let text: Arc<str> = event.to_live_message().to_string().into();
        self.live
            .users
            .tell_all(&text, |seat| seat.allows(Scope::EventsRead) && users.contains(&seat.user_id));
    }

    /// Keeps a line of the audit log.
    pub fn audit(&self, line: Audit) {
        let line = line.bounded();
        if let Err(error) = self.data.add_audit(&line) {
            tracing::error!(%error, action = line.action, "a line of the audit log could not be kept");
        }
    }

    fn keep(&self, event: &Event) {
        if event.transient {
            return;
        }
        if let Err(error) = self.data.add_event(event) {
            tracing::error!(%error, action = event.action, "an event could not be kept");
        }
    }
}

/// Where wake packets go; cards do not look at it, some switches do.
const WAKE_PORT: u16 = 9;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::data::tests::{data, device, group, user};

    /// A house with users anna (administrator, all rights in group 1 "lab") and bert (member of group 2 "shop" with
    /// all rights, none in lab), and devices 1 and 2 in lab, 3 in shop.
    pub(crate) fn house() -> (Arc<House>, tempfile::TempDir) {
        let (data, dir) = data();
        let data = Arc::new(data);
        for (name, site) in [("anna", rights::SITE_ALL), ("bert", 0)] {
            data.add_user(user(name, site)).unwrap();
        }
        for (id, name, member) in [(1, "lab", "anna"), (2, "shop", "bert")] {
            let mut group = group(id, name);
            group.admit_fully(&format!("user//{member}"), member);
            data.add_group(group).unwrap();
        }
        for (id, group) in [(1, 1), (2, 1), (3, 2)] {
            data.change_device(&NodeId([id; 48]), |_| Some(device(id, group))).unwrap();
        }
        let facts = Facts {
            name: "mesh.example".into(),
            port: 8443,
            redirect_port: 0,
            tls_hash: "AB".into(),
            server_id: "id".into(),
            public_cert: false,
            cert_summary: String::new(),
            cert_expires_ms: 5,
        };
        let house = House {
            shelf: Shelf::new(Arc::clone(&data)),
            live: Live::default(),
            gate: Gate::default(),
            checker: PasswordChecker::start().unwrap(),
            pool: SigningPool::new(1, 16),
            flusher: Flusher::start(Arc::clone(&data)).unwrap(),
            recordings: None,
            cookies: CookieKey::new(&[7; 32]).unwrap(),
            signers: Vec::new(),
            programs: Programs::start(dir.path().join("agents"), None).unwrap(),
            wakes_devices: false,
            trust: Trust::new(facts, Config { identities: Vec::new(), accepted_tls: Vec::new() }),
            data,
        };
        (Arc::new(house), dir)
    }

    #[test]
    fn a_device_is_seen_by_members_of_its_group_with_the_right() {
        let (house, _dir) = house();
        let (anna, bert) = (house.data.user("user//anna").unwrap(), house.data.user("user//bert").unwrap());
        let node = NodeId([1; 48]);
        assert!(house.device_for(&anna, &node, rights::ALL).is_some());
        assert!(house.device_for(&bert, &node, 0).is_none());
        assert!(house.device_for(&anna, &NodeId([9; 48]), 0).is_none());
        // Being administrator of the site opens no group by itself.
        assert!(house.device_for(&anna, &NodeId([3; 48]), 0).is_none());
    }

    #[test]
    fn the_core_is_the_devices_choice_then_the_groups_then_ours() {
        let (house, _dir) = house();
        let mut lab = Group::clone(&house.data.group_named("lab").unwrap());
        let own = Wanted::Core(house.shelf.default_hash());
        let pushed = microstack::wire::id::CoreHash([5; 48]);
        assert_eq!(house.wanted_core(6, CoreChoice::Inherit, &lab), own);
        assert_eq!(house.wanted_core(23, CoreChoice::Inherit, &lab), Wanted::Any);
        assert_eq!(house.wanted_core(4711, CoreChoice::Inherit, &lab), Wanted::Nothing);
        lab.core = CoreChoice::Custom(pushed);
        assert_eq!(house.wanted_core(6, CoreChoice::Inherit, &lab), Wanted::Core(pushed));
        assert_eq!(house.wanted_core(6, CoreChoice::Clear, &lab), Wanted::Nothing);
        assert_eq!(house.wanted_core(6, CoreChoice::Default, &lab), own);
    }
}
