//! The audit log and events.

use serde_json::{Value, json};

use super::answer::{failed, json_answer, refusal};
use super::call::{Ctx, Outcome};
use super::command::command;
use crate::model::{Audit, node_text, parse_node};

/// `GET /api/v1/audit`: for administrators, newest first.
pub(super) fn audit(ctx: &Ctx) -> Outcome {
    if !ctx.user().is_site_admin() {
        return Outcome::Answer(refusal(403, "denied", "the audit log is for administrators"));
    }
    let limit = limit(ctx);
    let user = ctx.query("user").map(super::users::id_in);
    let (action, before) = (ctx.query("action"), ctx.query("before").and_then(|ms| ms.parse::<u64>().ok()));
    let wanted = |line: &Audit| {
        user.as_deref().is_none_or(|user| line.user == user)
            && action.is_none_or(|action| line.action == action)
            && before.is_none_or(|before| line.time_ms < before)
    };
    match ctx.house.data.audit(limit, wanted) {
        Ok(lines) => {
            let rows: Vec<Value> = lines.iter().map(Audit::to_message).collect();
            Outcome::Answer(json_answer(200, &json!({ "audit": rows })))
        }
        Err(error) => Outcome::Answer(failed("audit", &error)),
    }
}

/// `GET /api/v1/events`: what the caller may know, newest first.
pub(super) fn events(ctx: &Ctx) -> Outcome {
    let mut ask = json!({ "action": "events", "limit": limit(ctx) });
    if let Some(device) = ctx.query("device") {
        ask["nodeid"] = json!(parse_node(device).map_or_else(|| device.to_owned(), |node| node_text(&node)));
    }
    if let Some(user) = ctx.query("user") {
        ask["userid"] = json!(super::users::id_in(user));
    }
    command(ctx, ask, |_, answer| {
        let row = |event: &Value| {
            json!({
                "time": event["time"], "kind": event["etype"], "action": event["action"],
                "device": event["nodeid"].as_str().unwrap_or(""), "group": event["meshid"].as_str().unwrap_or(""),
                "user": event["userid"].as_str().unwrap_or(""), "message": event["msg"].as_str().unwrap_or(""),
            })
        };
        let rows: Vec<Value> = answer["events"].as_array().into_iter().flatten().map(row).collect();
        json_answer(200, &json!({ "events": rows }))
    })
}

fn limit(ctx: &Ctx) -> usize {
    ctx.query("limit").and_then(|text| text.parse().ok()).unwrap_or(100).clamp(1, 1000)
}
