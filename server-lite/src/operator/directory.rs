//! The devices and groups of a server, and which one a person means.

use serde_json::Value;

use super::error::{Candidate, OperatorError};

/// A device, as the server lists it. All text is the device's or another operator's: hostile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// `node/<domain>/<64 characters>`.
    pub full_id: String,
    /// Shown name.
    pub name: String,
    /// Full id of its group.
    pub group_id: String,
    /// Its agent is connected now.
    pub connected: bool,
    /// Operating system.
    pub system: String,
    /// Name of the running core.
    pub core: String,
    /// What went wrong with its core, if anything.
    pub trouble: String,
    /// Last address.
    pub address: String,
    /// Since when it is connected, milliseconds since 1970; 0 if it is not.
    pub connected_ms: u64,
    /// Its core speaks the end-to-end encryption of docs/secure-sessions.md.
    pub secure: bool,
    /// Its core says that it is a newer one of ours.
    pub extended: bool,
    /// Labels.
    pub tags: Vec<String>,
    /// Sessions of all kinds and users that are open on it.
    pub sessions: u64,
}

/// A device group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// `mesh/<domain>/<64 characters>`.
    pub full_id: String,
    /// Shown name.
    pub name: String,
    /// Free text.
    pub description: String,
}

/// What a command works on.
#[derive(Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// One device.
    Device(&'a Device),
    /// All devices of a group.
    Group(&'a Group),
}

/// Everything the account may see.
#[derive(Debug, Default)]
pub struct Directory {
    /// By group, then by name.
    pub devices: Vec<Device>,
    /// By name.
    pub groups: Vec<Group>,
}

impl Directory {
    /// Reads the answers to `meshes` and `nodes`. What is no device or group is left out.
    pub fn read(meshes: &Value, nodes: &Value) -> Directory {
        let mut groups: Vec<Group> = list(&meshes["meshes"]).iter().filter_map(Group::read).collect();
        groups.sort_by_key(|group| group.name.to_lowercase());
        let mut devices: Vec<Device> = nodes["nodes"]
            .as_object()
            .into_iter()
            .flatten()
            .flat_map(|(group, nodes)| list(nodes).iter().filter_map(|node| Device::read(group, node)))
            .collect();
        let place = |device: &Device| groups.iter().position(|group| group.full_id == device.group_id);
        devices.sort_by_key(|device| (place(device), device.name.to_lowercase(), device.full_id.clone()));
        Directory { devices, groups }
    }

    /// The device that `text` names: its id in full, its name, or the beginning of its id, in this order.
    ///
    /// # Errors
    /// [`OperatorError::Unknown`] and [`OperatorError::Ambiguous`].
    pub fn device(&self, text: &str) -> Result<&Device, OperatorError> {
        one(text, "device", find(&self.devices, text))
    }

    /// The group that `text` names, as for [`Directory::device`].
    ///
    /// # Errors
    /// [`OperatorError::Unknown`] and [`OperatorError::Ambiguous`].
    pub fn group(&self, text: &str) -> Result<&Group, OperatorError> {
        one(text, "group", find(&self.groups, text))
    }

    /// The device or group that `text` names. A name that both have fits more than one.
    ///
    /// # Errors
    /// [`OperatorError::Unknown`] and [`OperatorError::Ambiguous`].
    pub fn target(&self, text: &str) -> Result<Target<'_>, OperatorError> {
        let (devices, groups) = (find(&self.devices, text), find(&self.groups, text));
        let best = devices.fit.max(groups.fit);
        let mut found: Vec<Target<'_>> = Vec::new();
        if devices.fit == best {
            found.extend(devices.items.into_iter().map(Target::Device));
        }
        if groups.fit == best {
            found.extend(groups.items.into_iter().map(Target::Group));
        }
        match found.len() {
            0 => Err(OperatorError::Unknown { kind: "device", text: format!("{text} (nor a group has)") }),
            1 => Ok(found.swap_remove(0)),
            _ => Err(OperatorError::Ambiguous {
                text: text.to_owned(),
                candidates: found
                    .iter()
                    .map(|target| match target {
                        Target::Device(device) => candidate(*device),
                        Target::Group(group) => candidate(*group),
                    })
                    .collect(),
            }),
        }
    }

    /// Takes in the device that an event shows, so that later events have its name.
    pub fn learn(&mut self, event: &Value) {
        let group = event["meshid"].as_str().unwrap_or("");
        let Some(device) = Device::read(group, &event["node"]) else { return };
        match self.devices.iter_mut().find(|known| known.full_id == device.full_id) {
            Some(known) => known.name = device.name,
            None => self.devices.push(device),
        }
    }

    /// The name of a device's group.
    pub fn group_name(&self, device: &Device) -> &str {
        self.groups.iter().find(|group| group.full_id == device.group_id).map_or("", |group| &group.name)
    }

    /// How many characters of the ids tell all devices apart, 8 at least.
    pub fn short_id_len(&self) -> usize {
        let mut ids: Vec<&str> = self.devices.iter().map(|device| device.id()).collect();
        ids.sort_unstable();
        let shared = |pair: &[&str]| pair[0].bytes().zip(pair[1].bytes()).take_while(|(a, b)| a == b).count();
        ids.windows(2).map(|pair| shared(pair) + 1).max().unwrap_or(0).clamp(8, 64)
    }
}

impl Device {
    fn read(group: &str, node: &Value) -> Option<Device> {
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        let live = node["conn"].as_u64().unwrap_or(0) & 1 != 0;
        Some(Device {
            full_id: full_id(&node["_id"], "node/")?,
            name: text(&node["name"]),
            group_id: group.to_owned(),
            connected: live,
            system: text(&node["osdesc"]),
            core: text(&node["agent"]["core"]),
            trouble: text(&node["coretrouble"]),
            address: text(&node["ip"]),
            connected_ms: if live { node["agct"].as_u64().unwrap_or(0) } else { 0 },
            secure: node["meshlite"]["secure"] == 1,
            extended: node["meshlite"].is_object(),
            sessions: count_sessions(&node["sessions"]),
            tags: list(&node["tags"]).iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        })
    }

    /// The 64 characters of the id.
    pub fn id(&self) -> &str {
        bare(&self.full_id)
    }

    /// Its core is the one that servers of ours push: it knows what we added to sessions.
    pub fn is_ours(&self) -> bool {
        self.extended || self.core.starts_with("Meshlite core")
    }
}

impl Group {
    fn read(mesh: &Value) -> Option<Group> {
        let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
        Some(Group {
            full_id: full_id(&mesh["_id"], "mesh/")?,
            name: text(&mesh["name"]),
            description: text(&mesh["desc"]),
        })
    }

    /// The 64 characters of the id.
    pub fn id(&self) -> &str {
        bare(&self.full_id)
    }
}

trait Named {
    fn full_id(&self) -> &str;
    fn name(&self) -> &str;
}

impl Named for Device {
    fn full_id(&self) -> &str {
        &self.full_id
    }
    fn name(&self) -> &str {
        &self.name
    }
}

impl Named for Group {
    fn full_id(&self) -> &str {
        &self.full_id
    }
    fn name(&self) -> &str {
        &self.name
    }
}

/// How well a text fits; the later, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Nothing,
    IdBeginning,
    NameButForCase,
    Name,
    Id,
}

struct Found<'a, T> {
    fit: Fit,
    items: Vec<&'a T>,
}

/// All that fit best.
fn find<'a, T: Named>(all: &'a [T], text: &str) -> Found<'a, T> {
    let mut found = Found { fit: Fit::Nothing, items: Vec::new() };
    for item in all {
        let fit = fit_of(item, text);
        if fit > found.fit {
            found = Found { fit, items: vec![item] };
        } else if fit == found.fit && fit != Fit::Nothing {
            found.items.push(item);
        }
    }
    found
}

fn fit_of(item: &impl Named, text: &str) -> Fit {
    let (full, id) = (item.full_id(), bare(item.full_id()));
    if text.is_empty() {
        Fit::Nothing
    } else if text == full || text == id {
        Fit::Id
    } else if text == item.name() {
        Fit::Name
    } else if text.to_lowercase() == item.name().to_lowercase() {
        Fit::NameButForCase
    } else if id.starts_with(text) || (text.len() > "node//".len() && full.starts_with(text)) {
        Fit::IdBeginning
    } else {
        Fit::Nothing
    }
}

fn one<'a, T: Named>(text: &str, kind: &'static str, found: Found<'a, T>) -> Result<&'a T, OperatorError> {
    match found.items[..] {
        [] => Err(OperatorError::Unknown { kind, text: text.to_owned() }),
        [item] => Ok(item),
        _ => Err(OperatorError::Ambiguous {
            text: text.to_owned(),
            candidates: found.items.into_iter().map(candidate).collect(),
        }),
    }
}

fn candidate<T: Named>(item: &T) -> Candidate {
    Candidate { id: item.full_id().to_owned(), name: item.name().to_owned() }
}

/// Only what looks like an id is taken for one: it is shown unescaped and sent back.
fn full_id(value: &Value, kind: &str) -> Option<String> {
    let text = value.as_str()?;
    let (domain, id) = text.strip_prefix(kind)?.split_once('/')?;
    let sound = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b"@$-_.".contains(&b));
    (id.len() == 64 && domain.len() <= 128 && sound(id) && sound(domain)).then(|| text.to_owned())
}

pub(super) fn bare(full: &str) -> &str {
    full.rsplit('/').next().unwrap_or(full)
}

/// Of `{kind: {user: count}}`.
pub(super) fn count_sessions(sessions: &Value) -> u64 {
    let kinds = sessions.as_object().into_iter().flatten();
    let users = kinds.flat_map(|(_, users)| users.as_object().into_iter().flatten());
    users.map(|(_, count)| count.as_u64().unwrap_or(0)).fold(0, u64::saturating_add)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    fn id(beginning: &str) -> String {
        format!("{beginning:0<64}")
    }

    pub(in super::super) fn sample() -> Directory {
        let (mesh, other) = (format!("mesh//{}", id("mA")), format!("mesh//{}", id("mB")));
        let node =
            |beginning: &str, name: &str| json!({ "_id": format!("node//{}", id(beginning)), "name": name });
        let meshes = json!({ "meshes": [
            { "_id": other, "name": "Shop" },
            { "_id": mesh, "name": "Office", "desc": "upstairs" },
            { "_id": "mesh//short", "name": "broken" }, 7,
        ]});
        let mut online = node("aab", "desk");
        online["conn"] = json!(1);
        online["agct"] = json!(1000);
        online["agent"] = json!({ "core": "Meshlite core 0.1.0" });
        let nodes = json!({ "nodes": {
            &other: [node("b1", "till"), node("b2", "till"), node("c", "Office")],
            &mesh: [online, node("aac", "b"), node("d\u{1b}", "evil"), "x"],
        }});
        Directory::read(&meshes, &nodes)
    }

    #[test]
    fn what_is_no_device_is_left_out_and_the_rest_sorted() {
        let directory = sample();
        let names: Vec<&str> = directory.devices.iter().map(|device| device.name.as_str()).collect();
        assert_eq!(names, ["b", "desk", "Office", "till", "till"]);
        assert_eq!(directory.groups.len(), 2);
        assert_eq!(directory.group_name(&directory.devices[0]), "Office");
        let desk = directory.device("desk").unwrap();
        assert!(desk.connected && desk.connected_ms == 1000 && desk.core == "Meshlite core 0.1.0");
        assert!(!directory.devices[0].connected);
    }

    #[test]
    fn a_device_is_found_by_id_name_and_beginning() {
        let directory = sample();
        let name = |text: &str| directory.device(text).map(|device| device.id()[..3].to_owned());
        assert_eq!(name(&id("aab")).unwrap(), "aab");
        assert_eq!(name(&format!("node//{}", id("aab"))).unwrap(), "aab");
        assert_eq!(name("desk").unwrap(), "aab");
        assert_eq!(name("DESK").unwrap(), "aab");
        assert_eq!(name("aac").unwrap(), "aac");
        // A name goes before the beginning of an id.
        assert_eq!(name("b").unwrap(), "aac");
        assert_eq!(name("node//aab").unwrap(), "aab");
    }

    #[test]
    fn what_fits_nothing_or_too_much_is_said() {
        let directory = sample();
        for text in ["", "zz", "node//", &id("zz")] {
            assert!(matches!(directory.device(text), Err(OperatorError::Unknown { .. })), "{text}");
        }
        let Err(OperatorError::Ambiguous { candidates, .. }) = directory.device("till") else { panic!() };
        assert_eq!(candidates.len(), 2);
        assert!(candidates[0].id.starts_with("node//b1"));
        assert!(matches!(directory.device("aa"), Err(OperatorError::Ambiguous { .. })));
    }

    #[test]
    fn a_target_that_is_both_must_be_told_apart() {
        let directory = sample();
        assert!(matches!(directory.target("Shop"), Ok(Target::Group(_))));
        assert!(matches!(directory.target("desk"), Ok(Target::Device(_))));
        assert!(matches!(directory.target("mA"), Ok(Target::Group(_))));
        let Err(OperatorError::Ambiguous { candidates, .. }) = directory.target("Office") else { panic!() };
        assert!(candidates.iter().any(|one| one.id.starts_with("mesh//mA")));
        assert!(candidates.iter().any(|one| one.id.starts_with("node//c")));
        assert!(matches!(directory.target("none"), Err(OperatorError::Unknown { .. })));
        assert!(matches!(directory.target(&format!("mesh//{}", id("mA"))), Ok(Target::Group(_))));
    }

    #[test]
    fn events_teach_new_names() {
        let mut directory = sample();
        let node =
            |beginning: &str, name: &str| json!({ "_id": format!("node//{}", id(beginning)), "name": name });
        directory.learn(&json!({ "node": node("aab", "renamed") }));
        directory.learn(&json!({ "node": node("new", "newcomer"), "meshid": "mesh//x" }));
        directory.learn(&json!({ "action": "nodeconnect" }));
        assert_eq!(directory.device("renamed").unwrap().id(), id("aab"));
        assert!(directory.device("newcomer").is_ok());
        assert_eq!(directory.devices.len(), 6);
    }

    #[test]
    fn short_ids_tell_all_devices_apart() {
        assert_eq!(sample().short_id_len(), 8);
        let mut directory = Directory::default();
        assert_eq!(directory.short_id_len(), 8);
        for last in ["1", "2"] {
            let node = json!({ "_id": format!("node//{:0<63}{last}", "a"), "name": "x" });
            directory.devices.push(Device::read("g", &node).unwrap());
        }
        assert_eq!(directory.short_id_len(), 64);
    }
}
