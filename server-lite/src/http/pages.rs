//! The plain answers, and the header fields all answers have.

use microstack::http::{Request, Response};
use microstack::wire::ServerUrl;
use microstack::wire::id::ServerId;

use crate::admin::group_settings;
use crate::house::{Facts, House};
use crate::model::{Group, parse_mesh};

/// The process runs.
pub(super) fn health(_: &House, _: &Request) -> Response {
    Response::text(200, "ok")
}

/// The store answers, so requests can be served.
pub(super) fn ready(house: &House, _: &Request) -> Response {
    match house.data.meta::<String>("ready") {
        Ok(_) => Response::text(200, "ok"),
        Err(error) => {
            tracing::error!(%error, "not ready");
            Response::text(503, "the store does not answer; see the log of the server")
        }
    }
}

/// `/meshsettings?id=`: the `.msh` file of a group (agent-channel specification 2.1).
pub(super) fn settings(house: &House, request: &Request) -> Response {
    let group = request.query_value("id").and_then(|id| parse_mesh(&id)).and_then(|id| house.data.group(&id));
    let flags = install_flags(request);
    let Some(settings) = group.and_then(|group| settings_of(house, &group, flags.as_deref())) else {
        return Response::text(401, "Unauthorized: there is no such group");
    };
    Response::new(200)
        .with("Content-Type", "application/octet-stream")
        .with("Content-Disposition", "attachment; filename=\"meshagent.msh\"")
        .with_body(settings)
}

/// One character that installers read, if it is one of those they know.
pub(super) fn install_flags(request: &Request) -> Option<String> {
    request.query_value("installflags").filter(|flags| matches!(flags.as_str(), "0" | "1" | "2"))
}

/// The `.msh` file of a group, with what [`install_flags`] found.
pub(super) fn settings_of(house: &House, group: &Group, flags: Option<&str>) -> Option<Vec<u8>> {
    let facts = house.facts();
    let server_id = ServerId::from_text64(&facts.server_id).ok()?;
    let url = ServerUrl {
        tls: true,
        host: facts.name.clone(),
        port: facts.port,
        path_and_query: "/agent.ashx".into(),
    };
    let mut settings = group_settings(group, server_id, &url);
    if let Some(flags) = flags {
        settings = settings.text("InstallFlags", flags);
    }
    Some(settings.emit())
}

/// The answer of the plain HTTP port: the same address by HTTPS.
pub(super) fn redirect(facts: &Facts, request: &Request) -> Response {
    let asked = request.header("host").unwrap_or("");
    let host = asked
        .rsplit_once(':')
        .map_or(asked, |(host, port)| if port.bytes().all(|b| b.is_ascii_digit()) { host } else { asked });
    let usable = !host.is_empty()
        && host.len() <= 255
        && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._[]:".contains(&b));
    let host = if usable { host } else { &facts.name };
    let port = if facts.port == 443 { String::new() } else { format!(":{}", facts.port) };
    let target = if request.target.starts_with('/') { request.target.as_str() } else { "/" };
    Response::redirect(308, format!("https://{host}{port}{target}"))
}

/// Adds what every answer has, where the answer itself does not say otherwise: nothing is framed, cached or allowed to
/// load anything.
pub(super) fn hardened(facts: &Facts, mut response: Response) -> Response {
    for (name, value) in HARDENING {
        if response.headers.get(name).is_none() {
            response = response.with(name, value);
        }
    }
    // With a certificate of our own root, insisting would lock people out for a year.
    if facts.public_cert { response.with("Strict-Transport-Security", "max-age=31536000") } else { response }
}

const HARDENING: [(&str, &str); 8] = [
    (
        "Content-Security-Policy",
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Permissions-Policy", "camera=(), microphone=(), geolocation=()"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use microstack::http::Headers;

    fn facts() -> Facts {
        Facts {
            name: "mesh.example".into(),
            port: 8443,
            redirect_port: 80,
            tls_hash: String::new(),
            server_id: String::new(),
            public_cert: false,
            cert_summary: String::new(),
            cert_expires_ms: 0,
        }
    }

    fn location(host: Option<&str>, target: &str) -> String {
        let mut headers = Headers::new();
        if let Some(host) = host {
            headers.push("Host", host);
        }
        let request = Request {
            method: "GET".into(),
            target: target.into(),
            is_http_1_1: true,
            headers,
            body: Vec::new(),
        };
        redirect(&facts(), &request).headers.get("location").unwrap().to_owned()
    }

    #[test]
    fn redirects_keep_host_and_path() {
        assert_eq!(location(Some("10.0.0.1:80"), "/a?b=c"), "https://10.0.0.1:8443/a?b=c");
        assert_eq!(location(Some("[::1]:80"), "/"), "https://[::1]:8443/");
        assert_eq!(location(None, "*"), "https://mesh.example:8443/");
        assert_eq!(location(Some("evil\"><x"), "/"), "https://mesh.example:8443/");
    }

    #[test]
    fn hsts_only_with_a_public_certificate() {
        let own = hardened(&facts(), Response::text(200, ""));
        assert_eq!(own.headers.get("strict-transport-security"), None);
        assert_eq!(own.headers.get("x-frame-options"), Some("DENY"));
        let public = hardened(&Facts { public_cert: true, ..facts() }, Response::text(200, ""));
        assert!(public.headers.get("strict-transport-security").is_some());
    }
}
