//! The web console: the files that `build.rs` embeds, with their caching.

use std::io::Read;

use flate2::read::GzDecoder;
use microstack::http::{Request, Response};

use crate::house::House;

/// One embedded file.
struct File {
    /// Exact path on this server; the page itself is `/`.
    path: &'static str,
    /// `Content-Type`.
    kind: &'static str,
    /// Its `ETag`, quotes included.
    tag: &'static str,
    /// Bytes when unpacked.
    length: usize,
    /// The gzip form: what nearly every browser asks for.
    gzip: &'static [u8],
}

const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/console.rs"));

/// `/` and everything the page loads.
pub(super) fn file(_: &House, request: &Request) -> Response {
    let Some(file) = FILES.iter().find(|file| file.path == request.path()) else {
        return match request.path() {
            "/" => Response::new(200)
                .with("Content-Type", "text/html; charset=utf-8")
                .with("Cache-Control", "no-store")
                .with_body(MISSING),
            _ => Response::text(404, "There is nothing at this address.\n"),
        };
    };
    // Names of assets hold a hash of their content; the page and the icon keep their names.
    let hashed = file.path.starts_with("/assets/");
    let caching = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response = Response::new(200)
        .with("Content-Type", file.kind)
        .with("Cache-Control", caching)
        .with("ETag", file.tag)
        .with("Vary", "Accept-Encoding");
    if file.path == "/" {
        response = response.with("Content-Security-Policy", PAGE_POLICY);
    }
    if request.header("if-none-match").is_some_and(|known| known.split(',').any(|tag| tag.trim() == file.tag))
    {
        response.status = 304;
        return response;
    }
    if takes_gzip(request) {
        return response.with("Content-Encoding", "gzip").with_body(file.gzip);
    }
    let mut body = Vec::with_capacity(file.length);
    match GzDecoder::new(file.gzip).read_to_end(&mut body) {
        Ok(_) => response.with_body(body),
        Err(error) => {
            tracing::error!(%error, path = file.path, "an embedded file could not be unpacked");
            Response::text(500, "This file could not be unpacked; see the log of the server.\n")
        }
    }
}

/// `Accept-Encoding` names gzip and does not refuse it.
fn takes_gzip(request: &Request) -> bool {
    request.header("accept-encoding").unwrap_or("").split(',').any(|offer| {
        let (name, parameters) = offer.split_once(';').unwrap_or((offer, ""));
        let refused = parameters.trim().strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0_f32));
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

/// What the page may load: its own files, pictures it makes itself, and its own server by fetch and WebSocket.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
    font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const MISSING: &str = "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Meshlite server</title></head>\n\
<body>\n<h1>Meshlite server</h1>\n<p>This server was built without its web console, on a machine that has no Node.js. \
It works; use the command line tool <code>meshlite</code> or <code>meshctrl</code>.</p>\n</body>\n</html>\n";

#[cfg(test)]
mod tests {
    use super::*;
    use microstack::http::Headers;

    fn accepting(value: &str) -> bool {
        let mut headers = Headers::new();
        headers.push("Accept-Encoding", value);
        takes_gzip(&Request {
            method: "GET".into(),
            target: "/".into(),
            is_http_1_1: true,
            headers,
            body: Vec::new(),
        })
    }

    #[test]
    fn gzip_goes_only_to_those_who_take_it() {
        assert!(accepting("gzip") && accepting("br, GZIP;q=0.5, deflate"));
        assert!(
            !accepting("")
                && !accepting("br, xgzip")
                && !accepting("gzip;q=0, br")
                && !accepting("gzip; q=0.0")
        );
    }

    #[test]
    fn each_file_unpacks_to_its_length_and_the_page_has_nothing_inline() {
        for file in FILES {
            let mut body = Vec::new();
            GzDecoder::new(file.gzip).read_to_end(&mut body).unwrap();
            assert_eq!(body.len(), file.length, "{}", file.path);
            assert!(file.path == "/" || file.path == "/favicon.svg" || file.path.starts_with("/assets/"));
            if file.path == "/" {
                let page = String::from_utf8(body).unwrap();
                assert!(!page.contains("<style") && !page.contains("style=") && !page.contains("<script>"));
            }
        }
        // The whole console stays below its budget.
        assert!(FILES.iter().map(|file| file.gzip.len()).sum::<usize>() < 1 << 20);
    }
}
