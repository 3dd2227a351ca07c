//! `/metrics`, in the text form that Prometheus reads.

use std::fmt::Write;

use microstack::http::Response;

use super::call::{Ctx, Outcome};
use crate::data::TableSize;

/// What the server has and does at this moment.
pub(super) fn metrics(ctx: &Ctx) -> Outcome {
    let (live, data) = (&ctx.house.live, &ctx.house.data);
    let devices = match data.device_count() {
        Ok(count) => count,
        Err(error) => return Outcome::Answer(super::answer::failed("metrics", &error)),
    };
    let mut text = String::new();
    let mut put = |name: &str, kind: &str, about: &str, value: u64| {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "# HELP meshlite_{name} {about}\n# TYPE meshlite_{name} {kind}\nmeshlite_{name} {value}"
        );
    };
    let size = |count: usize| count as u64;
    put("agents_connected", "gauge", "Agents connected.", size(live.agent_count()));
    put("agents_held", "gauge", "Refused agents kept in silence.", size(live.holds.len()));
    put("user_sessions", "gauge", "Signed-in sessions on the user channel.", size(live.users.len()));
    put(
        "web_sessions",
        "gauge",
        "Signed-in browsers, ended ones not yet cleared away included.",
        size(data.web_session_count()),
    );
    put(
        "tunnels",
        "gauge",
        "Tunnels of the relay, and ends that wait for the other.",
        size(live.tunnels.len()),
    );
    put("devices", "gauge", "Devices kept.", size(devices));
    put("groups", "gauge", "Groups of devices.", size(data.groups().len()));
    put("users", "gauge", "Accounts.", size(data.users().len()));
    put("tokens", "gauge", "Login and API tokens.", size(data.tokens().len()));
    put("mail_lost_total", "counter", "Messages between threads lost to overload.", live.lost_mail());
    put(
        "sign_ins_refused_total",
        "counter",
        "Sign-ins refused unseen, after too many failures.",
        ctx.house.gate.refused(),
    );
    let sizes = match data.history_sizes() {
        Ok(sizes) => sizes,
        Err(error) => return Outcome::Answer(super::answer::failed("metrics", &error)),
    };
    for (name, about, of) in [
        ("table_rows", "Rows kept of what happened.", (|size| size.rows) as fn(&TableSize) -> usize),
        ("table_bytes", "Bytes kept of what happened.", |size| size.bytes),
    ] {
        let _ = writeln!(text, "# HELP meshlite_{name} {about}\n# TYPE meshlite_{name} gauge");
        for size in &sizes {
            let _ = writeln!(text, "meshlite_{name}{{table=\"{}\"}} {}", size.table, of(size));
        }
    }
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    Outcome::Answer(Response::new(200).with("Content-Type", kind).with_body(text))
}
