//! The OpenAPI 3.1 description, made from the table of addresses.

use serde_json::{Map, Value, json};

use super::answer::json_answer;
use super::call::{Ctx, Outcome};
use super::routes::{API, ApiRoute, Need};
use super::shapes;

/// `GET /api/v1/openapi.json`.
pub(super) fn openapi(_: &Ctx) -> Outcome {
    Outcome::Answer(json_answer(200, &document()))
}

/// The whole description.
pub fn document() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in API {
        let at = paths.entry(route.path.to_owned()).or_insert_with(|| json!({}));
        at[route.method.to_lowercase()] = operation(route);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Meshlite",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Devices, groups, accounts, events and the audit log of a Meshlite server. \
                Times are milliseconds since 1970 unless they are text.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": shapes::all(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "bearerFormat": "mlt_…" },
                "cookie": { "type": "apiKey", "in": "cookie", "name": crate::accounts::WEB_COOKIE },
            },
        },
    })
}

fn operation(route: &ApiRoute) -> Value {
    let in_path =
        route.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).map(
            |name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }),
        );
    let in_query = route.query.iter().map(|param| {
        json!({ "name": param.name, "in": "query", "description": param.about, "schema": param.schema() })
    });
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let mut responses = Map::new();
    for (status, shape) in route.answers {
        let content = match *shape {
            "text" => json!({ "text/plain": { "schema": { "type": "string" } } }),
            shape => json!({ "application/json": { "schema": reference(shape) } }),
        };
        responses.insert(status.to_string(), json!({ "description": "Done.", "content": content }));
    }
    let refusal = json!({ "application/json": { "schema": reference("Refusal") } });
    responses
        .insert("default".into(), json!({ "description": "Refused, with the reason.", "content": refusal }));
    let security = match route.need {
        Need::Nothing => json!([]),
        Need::SignedIn => json!([{ "token": [] }, { "cookie": [] }]),
        Need::Scope(scope) => json!([{ "token": [scope.name()] }, { "cookie": [] }]),
        Need::LocalOr(scope) => json!([{}, { "token": [scope.name()] }, { "cookie": [] }]),
    };
    let mut operation = json!({
        "operationId": route.id, "summary": route.about, "parameters": parameters,
        "responses": responses, "security": security,
    });
    if let Some(shape) = route.body {
        let content = json!({ "application/json": { "schema": reference(shape) } });
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

fn reference(shape: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{shape}") })
}
