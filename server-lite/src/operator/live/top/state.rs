//! What `top` knows of the devices. No I/O.

use serde_json::{Value, json};

use crate::operator::directory::{Directory, count_sessions};
use crate::operator::table::Table;

/// The devices on the screen.
pub struct Board {
    rows: Vec<Row>,
    groups: Vec<(String, String)>,
    only: Option<String>,
}

struct Row {
    node: String,
    name: String,
    group: String,
    connected: bool,
    core: String,
    load: Option<f64>,
    memory: Option<f64>,
    sessions: u64,
}

/// Devices that are kept: the server lists no more.
const MAX_ROWS: usize = 20_000;

impl Board {
    /// All devices of a directory, or those of one group.
    pub fn new(directory: &Directory, only: Option<String>) -> Board {
        let rows = directory
            .devices
            .iter()
            .filter(|device| only.as_ref().is_none_or(|group| *group == device.group_id))
            .map(|device| Row {
                node: device.full_id.clone(),
                name: device.name.clone(),
                group: device.group_id.clone(),
                connected: device.connected,
                core: device.core.clone(),
                load: None,
                memory: None,
                sessions: device.sessions,
            })
            .collect();
        let groups =
            directory.groups.iter().map(|group| (group.full_id.clone(), group.name.clone())).collect();
        Board { rows, groups, only }
    }

    /// The connected devices.
    pub fn connected(&self) -> impl Iterator<Item = &str> {
        self.rows.iter().filter(|row| row.connected).map(|row| row.node.as_str())
    }

    /// True when every connected device has told its load.
    pub fn is_complete(&self) -> bool {
        self.rows.iter().all(|row| !row.connected || row.load.is_some())
    }

    /// Takes a message of the server in; true when something is to be drawn anew.
    pub fn take(&mut self, message: &Value) -> bool {
        if message["action"] == "msg" && message["type"] == "cpuinfo" {
            let Some(row) = self.row(&message["nodeid"]) else { return false };
            row.load = percent(&message["cpu"]["total"]);
            let memory = &message["memory"];
            row.memory = percent(&memory["percentConsumed"])
                .or_else(|| percent(&memory["percentFree"]).map(|free| 100.0 - free));
            return true;
        }
        if message["action"] != "event" {
            return false;
        }
        let event = &message["event"];
        match event["action"].as_str() {
            Some("nodeconnect") => {
                let Some(row) = self.row(&event["nodeid"]) else { return false };
                row.connected = event["conn"].as_u64().unwrap_or(0) & 1 != 0;
                if !row.connected {
                    (row.load, row.memory, row.sessions) = (None, None, 0);
                }
                true
            }
            Some("devicesessions") => {
                let Some(row) = self.row(&event["nodeid"]) else { return false };
                row.sessions = count_sessions(&event["sessions"]);
                true
            }
            Some("removenode") => {
                let before = self.rows.len();
                self.rows.retain(|row| event["nodeid"] != row.node.as_str());
                self.rows.len() != before
            }
            Some("changenode" | "addnode") => self.learn(event),
            _ => false,
        }
    }

    /// For programs.
    pub fn value(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            json!({
                "id": crate::operator::directory::bare(&row.node), "name": row.name,
                "group": self.group_name(&row.group), "connected": row.connected, "load": row.load,
                "memory": row.memory, "sessions": row.sessions, "core": row.core,
            })
        });
        rows.collect()
    }

    /// For people; cut to a screen of so many columns and rows if one is given.
    pub fn table(&self, screen: Option<(u16, u16)>) -> String {
        let online = self.rows.iter().filter(|row| row.connected).count();
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| {
            let busy = |row: &Row| row.load.unwrap_or(-1.0);
            b.connected
                .cmp(&a.connected)
                .then(busy(b).total_cmp(&busy(a)))
                .then_with(|| a.name.to_lowercase().cmp(&b.name.to_lowercase()))
        });
        let mut table = Table::new(&["NAME", "GROUP", "STATE", "LOAD", "MEMORY", "SESSIONS", "CORE"]);
        for row in rows {
            let percent = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.0} %"));
            let sessions = if row.sessions == 0 { String::new() } else { row.sessions.to_string() };
            table.row(&[
                &row.name,
                self.group_name(&row.group),
                if row.connected { "online" } else { "offline" },
                &percent(row.load),
                &percent(row.memory),
                &sessions,
                &row.core,
            ]);
        }
        let head = format!("{online} of {} devices online", self.rows.len());
        let Some((columns, rows)) = screen else { return format!("{head}\n{}", table.render()) };
        let text = format!("{head}    q quits\n{}", table.render());
        let lines = text.lines().take(usize::from(rows).saturating_sub(1).max(2));
        lines.map(|line| line.chars().take(usize::from(columns)).collect::<String>() + "\n").collect()
    }

    fn row(&mut self, node: &Value) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| *node == row.node.as_str())
    }

    /// A device that changed, or that is new.
    fn learn(&mut self, event: &Value) -> bool {
        let node = &event["node"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let live = node["conn"].as_u64().unwrap_or(0) & 1 != 0;
        if let Some(row) = self.row(&event["nodeid"]) {
            row.name = text(&node["name"]).unwrap_or_else(|| row.name.clone());
            row.core = text(&node["agent"]["core"]).unwrap_or_else(|| row.core.clone());
            return true;
        }
        let (Some(id), Some(group)) = (text(&node["_id"]), text(&event["meshid"])) else { return false };
        let wanted = self.only.as_ref().is_none_or(|only| *only == group);
        if !wanted || self.rows.len() >= MAX_ROWS || self.rows.iter().any(|row| row.node == id) {
            return false;
        }
        self.rows.push(Row {
            node: id,
            name: text(&node["name"]).unwrap_or_default(),
            group,
            connected: live,
            core: text(&node["agent"]["core"]).unwrap_or_default(),
            load: None,
            memory: None,
            sessions: 0,
        });
        true
    }

    fn group_name(&self, id: &str) -> &str {
        self.groups.iter().find(|(group, _)| group == id).map_or("", |(_, name)| name)
    }
}

/// A number or the text of one, between 0 and 100.
fn percent(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().trim_end_matches('%').parse().ok())?;
    number.is_finite().then(|| number.clamp(0.0, 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operator::directory::tests::sample;

    #[test]
    fn devices_come_and_go_and_tell_their_load() {
        let directory = sample();
        let desk = directory.device("desk").unwrap().full_id.clone();
        let mut board = Board::new(&directory, None);
        assert!(!board.is_complete());
        let info = json!({
            "action": "msg", "type": "cpuinfo", "nodeid": desk, "cpu": { "total": 12.4 },
            "memory": { "percentFree": "75" },
        });
        assert!(board.take(&info) && board.is_complete());
        let used = json!({ "terminal": { "user//a": 1, "user//b": 2 }, "x": 7 });
        let sessions = json!({ "action": "event", "event": { "action": "devicesessions", "nodeid": desk, "sessions": used } });
        assert!(board.take(&sessions));
        let first = board.table(None).lines().nth(2).unwrap().to_owned();
        let cells: Vec<&str> = first.split_whitespace().collect();
        assert_eq!(cells[..8], ["desk", "Office", "online", "12", "%", "25", "%", "3"], "{first}");
        let gone =
            json!({ "action": "event", "event": { "action": "nodeconnect", "nodeid": desk, "conn": 0 } });
        assert!(board.take(&gone) && board.connected().next().is_none());
        assert!(
            !board.take(&json!({ "action": "event", "event": { "action": "nodeconnect", "nodeid": "x" } }))
        );
    }

    #[test]
    fn the_screen_is_never_overrun() {
        let board = Board::new(&sample(), None);
        let shown = board.table(Some((20, 4)));
        assert_eq!(shown.lines().count(), 3);
        assert!(shown.lines().all(|line| line.chars().count() <= 20));
    }
}
