//! The shapes of bodies and answers, as JSON Schema. Bodies are checked against them before a handler runs, answers
//! by a test.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};

/// All shapes by name.
pub fn all() -> &'static Map<String, Value> {
    static SHAPES: OnceLock<Map<String, Value>> = OnceLock::new();
    SHAPES.get_or_init(|| {
        let mut shapes = Map::new();
        for (name, shape) in bodies().into_iter().chain(answers()) {
            shapes.insert(name.to_owned(), shape);
        }
        shapes
    })
}

/// Checks a value against a shape.
///
/// # Errors
/// Says where it differs and how.
pub fn check(shape: &str, value: &Value) -> Result<(), String> {
    let known = all().get(shape).ok_or_else(|| format!("there is no shape {shape}"))?;
    check_schema(known, value, "the body")
}

/// The parts of JSON Schema that the shapes use: `$ref`, `type`, `enum`, `properties`, `required`,
/// `additionalProperties`, `items`, `maxItems`, `maxLength`, `minLength`, `minimum`, `maximum`, `minProperties`.
fn check_schema(schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap_or("");
        return check_schema(&all()[name], value, at);
    }
    if let Some(kinds) = schema.get("type") {
        let is = |kind: &Value| match kind.as_str().unwrap_or("") {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "boolean" => value.is_boolean(),
            "null" => value.is_null(),
            _ => false,
        };
        let fits = kinds.as_array().map_or_else(|| is(kinds), |kinds| kinds.iter().any(is));
        if !fits {
            return Err(format!("{at} must be of type {kinds}"));
        }
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        return Err(format!("{at} must be one of {}", schema["enum"]));
    }
    let bound = |key: &str| schema[key].as_u64();
    if let Some(text) = value.as_str() {
        let length = text.len() as u64;
        if bound("maxLength").is_some_and(|max| length > max)
            || bound("minLength").is_some_and(|min| length < min)
        {
            return Err(format!("{at} is too long or too short"));
        }
    }
    if value.is_number() {
        let number = value.as_i64().unwrap_or(i64::MAX);
        let (min, max) = (schema["minimum"].as_i64(), schema["maximum"].as_i64());
        if min.is_some_and(|min| number < min) || max.is_some_and(|max| number > max) {
            return Err(format!("{at} is too large or too small"));
        }
    }
    if let Some(items) = value.as_array() {
        if bound("maxItems").is_some_and(|max| items.len() as u64 > max) {
            return Err(format!("{at} has too many items"));
        }
        if let Some(each) = schema.get("items") {
            for (number, item) in items.iter().enumerate() {
                check_schema(each, item, &format!("{at}[{number}]"))?;
            }
        }
    }
    if let Some(fields) = value.as_object() {
        let known = schema["properties"].as_object();
        for (key, field) in fields {
            match known.and_then(|known| known.get(key)) {
                Some(inner) => check_schema(inner, field, &format!("{at}.{key}"))?,
                None => match &schema["additionalProperties"] {
                    Value::Bool(false) => return Err(format!("{at} knows no field {key:?}")),
                    inner @ Value::Object(_) => check_schema(inner, field, &format!("{at}.{key}"))?,
                    _ => {}
                },
            }
        }
        let needed = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        if let Some(missing) = needed.into_iter().find(|key| !fields.contains_key(*key)) {
            return Err(format!("{at} lacks {missing:?}"));
        }
        if bound("minProperties").is_some_and(|min| (fields.len() as u64) < min) {
            return Err(format!("{at} says nothing"));
        }
    }
    Ok(())
}

/// An object with these fields and no others; those in `required` are there.
fn object(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn text(max: u64) -> Value {
    json!({ "type": "string", "maxLength": max })
}

fn time() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn rights() -> Value {
    json!({ "type": "integer", "minimum": 0, "maximum": 4_294_967_295_u64 })
}

fn list_of(shape: &str) -> Value {
    json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{shape}") } })
}

fn bodies() -> Vec<(&'static str, Value)> {
    let scopes: Vec<&str> = crate::model::Scope::ALL.into_iter().map(crate::model::Scope::name).collect();
    let password = || text(1024);
    let edit = |properties: Value| {
        let mut shape = object(&[], properties);
        shape["minProperties"] = json!(1);
        shape
    };
    vec![
        (
            "SignIn",
            object(
                &["user", "password"],
                json!({ "user": text(128), "password": password(), "code": text(64), "newPassword": new_password() }),
            ),
        ),
        ("PasswordChange", object(&["old", "new"], json!({ "old": password(), "new": new_password() }))),
        ("Password", object(&["password"], json!({ "password": password() }))),
        ("Code", object(&["code"], json!({ "code": text(64) }))),
        ("PasswordOrCode", edit(json!({ "password": password(), "code": text(64) }))),
        (
            "NewToken",
            object(
                &["name", "scopes"],
                json!({
                    "name": text(64),
                    "scopes": { "type": "array", "maxItems": 16, "items": { "type": "string", "enum": scopes } },
                    "groups": { "type": "array", "maxItems": 64, "items": text(128) },
                    "expiresIn": { "type": "integer", "minimum": 1, "maximum": 3_153_600_000_u64 },
                }),
            ),
        ),
        (
            "DeviceEdit",
            edit(json!({
                "name": text(256), "description": text(1024), "group": text(128),
                "icon": { "type": "integer", "minimum": 1, "maximum": 8 },
                "tags": { "type": "array", "maxItems": 32, "items": text(64) },
            })),
        ),
        (
            "Command",
            object(
                &["command"],
                json!({
                    "command": { "type": "string", "minLength": 1, "maxLength": 65_535 },
                    "shell": { "type": "string", "enum": ["auto", "cmd", "powershell", "sh", "console"] },
                    "user": { "type": "string", "enum": ["agent", "signed-in", "signed-in-only"] },
                    "wait": { "type": "boolean" },
                }),
            ),
        ),
        (
            "PowerOrder",
            object(
                &["action"],
                json!({ "action": { "type": "string", "enum": ["off", "reset", "sleep", "wake"] } }),
            ),
        ),
        ("Rights", object(&["rights"], json!({ "rights": rights() }))),
        ("NewGroup", object(&["name"], json!({ "name": text(128), "description": text(1024) }))),
        ("GroupEdit", edit(json!({ "name": text(128), "description": text(1024) }))),
        (
            "NewUser",
            object(
                &["name", "password"],
                json!({
                    "name": text(64), "password": new_password(), "email": text(256), "realName": text(256),
                    "site": rights(), "mustChange": { "type": "boolean" },
                }),
            ),
        ),
        (
            "UserEdit",
            edit(json!({
                "password": new_password(), "email": text(256), "realName": text(256), "site": rights(),
                "mustChange": { "type": "boolean" },
            })),
        ),
    ]
}

fn answers() -> Vec<(&'static str, Value)> {
    let free = || json!({ "type": "object" });
    let string = || json!({ "type": "string" });
    let report = || object(&["time", "value"], json!({ "time": time(), "value": free() }));
    vec![
        ("Any", free()),
        ("Nothing", object(&[], json!({}))),
        (
            "Refusal",
            object(
                &["error"],
                json!({ "error": object(&["code", "message"], json!({ "code": string(), "message": string() })) }),
            ),
        ),
        ("Created", object(&["id"], json!({ "id": string() }))),
        (
            "Session",
            object(
                &["user", "expires", "via", "totp", "recoveryCodesLeft"],
                json!({
                    "user": object(&["id", "name", "site"], json!({ "id": string(), "name": string(), "site": rights() })),
                    "expires": time(), "via": { "type": "string", "enum": ["web", "token", "password"] },
                    "totp": { "type": "boolean" }, "recoveryCodesLeft": time(),
                    "scopes": { "type": "array", "items": string() },
                }),
            ),
        ),
        ("Sessions", object(&["sessions"], json!({ "sessions": list_of("Browser") }))),
        (
            "Browser",
            object(
                &["number", "created", "seen", "expires", "address", "program", "current"],
                json!({
                    "number": string(), "created": time(), "seen": time(), "expires": time(), "address": string(),
                    "program": string(), "current": { "type": "boolean" },
                }),
            ),
        ),
        ("TotpSecret", object(&["secret", "url"], json!({ "secret": string(), "url": string() }))),
        (
            "RecoveryCodes",
            object(&["recoveryCodes"], json!({ "recoveryCodes": { "type": "array", "items": string() } })),
        ),
        ("Tokens", object(&["tokens"], json!({ "tokens": list_of("Token") }))),
        ("Token", token(false)),
        ("CreatedToken", token(true)),
        ("Devices", object(&["devices", "total"], json!({ "devices": list_of("Device"), "total": time() }))),
        (
            "Device",
            object(
                &["id", "group", "name", "online", "agentType", "users"],
                json!({
                    "id": string(), "group": string(), "name": string(), "online": { "type": "boolean" },
                    "hostName": string(), "system": string(), "address": string(), "description": string(),
                    "tags": { "type": "array", "items": string() }, "icon": time(), "firstSeen": time(),
                    "connectedSince": time(), "core": string(), "coreTrouble": string(),
                    "people": { "type": "array", "items": string() }, "agentType": time(),
                    "users": { "type": "object", "additionalProperties": rights() },
                    "hardware": report(), "network": report(),
                }),
            ),
        ),
        ("Output", object(&["output"], json!({ "output": string(), "exitCode": { "type": "integer" } }))),
        ("PowerResult", object(&["result"], json!({ "result": string() }))),
        ("Groups", object(&["groups", "total"], json!({ "groups": list_of("Group"), "total": time() }))),
        (
            "Group",
            object(
                &["id", "name", "description", "created", "users"],
                json!({
                    "id": string(), "name": string(), "description": string(), "created": time(),
                    "users": {
                        "type": "object",
                        "additionalProperties": object(&["name", "rights"], json!({ "name": string(), "rights": rights() })),
                    },
                }),
            ),
        ),
        ("Users", object(&["users", "total"], json!({ "users": list_of("User"), "total": time() }))),
        (
            "User",
            object(
                &["id", "name", "site", "email", "realName", "created", "signedIn", "totp", "locked"],
                json!({
                    "id": string(), "name": string(), "site": rights(), "email": string(), "realName": string(),
                    "created": time(), "signedIn": time(), "totp": { "type": "boolean" }, "locked": { "type": "boolean" },
                }),
            ),
        ),
        ("Events", object(&["events"], json!({ "events": list_of("Event") }))),
        (
            "Event",
            object(
                &["time", "kind", "action", "device", "group", "user", "message"],
                json!({
                    "time": string(), "kind": string(), "action": string(), "device": string(), "group": string(),
                    "user": string(), "message": string(),
                }),
            ),
        ),
        ("Audit", object(&["audit"], json!({ "audit": list_of("AuditLine") }))),
        (
            "AuditLine",
            object(
                &["time", "user", "via", "viaName", "address", "action", "target", "result"],
                json!({
                    "time": string(), "user": string(), "via": string(), "viaName": string(), "address": string(),
                    "action": string(), "target": string(), "result": string(),
                }),
            ),
        ),
    ]
}

fn token(created: bool) -> Value {
    let string = || json!({ "type": "string" });
    let mut shape = object(
        &["id", "name", "created", "expires", "used", "scopes", "groups"],
        json!({
            "id": string(), "name": string(), "created": time(), "expires": time(), "used": time(),
            "scopes": { "type": ["array", "null"], "items": string() },
            "groups": { "type": "array", "items": string() },
        }),
    );
    if created {
        shape["properties"]["token"] = string();
        if let Some(required) = shape["required"].as_array_mut() {
            required.push(json!("token"));
        }
    }
    shape
}

/// What a new password must be: long enough, and short enough to hash.
fn new_password() -> Value {
    json!({ "type": "string", "minLength": 8, "maxLength": 1024 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_named() {
        let bad = |value: Value| check("NewToken", &value).unwrap_err();
        assert!(check("NewToken", &json!({"name": "ci", "scopes": ["run"], "expiresIn": 60})).is_ok());
        assert!(bad(json!({"name": "ci"})).contains("scopes"));
        assert!(bad(json!({"name": 5, "scopes": []})).contains("the body.name"));
        assert!(bad(json!({"name": "x".repeat(65), "scopes": []})).contains("too long"));
        assert!(bad(json!({"name": "ci", "scopes": ["all"]})).contains("the body.scopes[0]"));
        assert!(bad(json!({"name": "ci", "scopes": [], "more": 1})).contains("more"));
        assert!(bad(json!({"name": "ci", "scopes": [], "expiresIn": 0})).contains("too small"));
        assert!(bad(json!([])).contains("object"));
        assert!(check("DeviceEdit", &json!({})).is_err());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        fn walk(value: &Value) {
            match value {
                Value::Object(fields) => {
                    if let Some(name) = fields.get("$ref").and_then(Value::as_str) {
                        assert!(all().contains_key(name.rsplit('/').next().unwrap()), "{name}");
                    }
                    fields.values().for_each(walk);
                }
                Value::Array(items) => items.iter().for_each(walk),
                _ => {}
            }
        }
        all().values().for_each(walk);
    }
}
