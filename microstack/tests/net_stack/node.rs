//! Against Node's own TLS and HTTP.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::rc::Rc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use microstack::chain::Chain;
use microstack::http::Response;

use crate::harness::*;
use crate::http_client::{fetch, get};

fn node(script: &str, args: &[&str]) -> Child {
    let mut child = Command::new("node")
        .args(["-", "--"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is installed");
    child.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    child
}

fn pem(kind: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let lines: Vec<&str> =
        body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

#[test]
fn node_s_client_uses_our_server() {
    let script = r#"
        const https = require('https');
        const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
        const port = Number(process.argv[3]), version = process.argv[4];
        function ask(method, path, body, next) {
            const request = https.request({ host: '127.0.0.1', port, path, method, agent, rejectUnauthorized: false,
                minVersion: version, maxVersion: version }, (answer) => {
                let text = '';
                answer.on('data', (piece) => text += piece);
                answer.on('end', () => next(answer.statusCode + ' ' + text.length));
            });
            request.on('error', (e) => { console.log('error ' + e.message); process.exit(1); });
            if (body) { request.write(body.slice(0, 10)); request.write(body.slice(10)); }
            request.end();
        }
        ask('GET', '/one', null, (a) => ask('POST', '/two', 'x'.repeat(60000), (b) => ask('HEAD', '/three', null, (c) => {
            console.log([a, b, c].join('|'));
            process.exit(0);
        })));
    "#;
    for version in ["TLSv1.2", "TLSv1.3"] {
        for pair in [rsa(), p256()] {
            let chain = Chain::new().unwrap();
            let answer: Answer =
                Rc::new(|request| Response::text(200, "y".repeat(request.body.len() + 100_000)));
            let mut server = Server { answer, ..Server::default() };
            server.options.tls = Some(served(pair));
            let (addr, seen) = server.start(&chain);
            let port = addr.port().to_string();
            let output =
                with_peer(&chain, move || node(script, &[&port, version]).wait_with_output().unwrap());
            let said = String::from_utf8(output.stdout).unwrap();
            assert_eq!(said.trim(), "200 100000|200 160000|200 0", "{version}");
            assert_eq!(seen.borrow().requests[1].body.len(), 60_000, "chunked");
            assert_eq!(seen.borrow().accepted.len(), 1, "kept alive");
        }
    }
}

#[test]
fn our_client_uses_node_s_server() {
    let script = r#"
        const https = require('https');
        const [cert, key] = process.argv.slice(3).map((text) => text.replace(/~/g, '\n'));
        const server = https.createServer({ cert, key }, (request, answer) => {
            let size = 0;
            request.on('data', (piece) => size += piece.length);
            request.on('end', () => {
                answer.setHeader('X-Size', size);
                if (request.url === '/length') answer.setHeader('Content-Length', 300000);
                for (let n = 0; n < 30; n++) answer.write('z'.repeat(10000));
                answer.end();
            });
        });
        server.listen(0, '127.0.0.1', () => console.log(server.address().port));
    "#;
    for pair in [rsa(), p256()] {
        let cert = pem("CERTIFICATE", &pair.cert).replace('\n', "~");
        let key = pem("PRIVATE KEY", &pair.key).replace('\n', "~");
        let mut child = node(script, &[&cert, &key]);
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port: u16 = line.trim().parse().unwrap();
        let chain = Chain::new().unwrap();
        for path in ["/length", "/chunked"] {
            let mut options = get(url(([127, 0, 0, 1], port).into(), path));
            options.method = "POST".into();
            options.body = vec![1; 40_000].into();
            let got = fetch(&chain, options);
            assert!(got.end, "{path}: {:?}", got.failed);
            assert_eq!(got.body, vec![b'z'; 300_000], "{path}");
            assert_eq!(got.head.unwrap().headers.get("x-size"), Some("40000"));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
