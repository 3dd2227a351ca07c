//! Which calls of which modules need which permission, and where the text says for what.

use boa_engine::ast::expression::Expression;

use super::Names;

/// A permission, and its resource where the text says it.
type Needs = Vec<(&'static str, Option<String>)>;

const READS: &[&str] = &[
    "access",
    "createReadStream",
    "exists",
    "lstat",
    "opendir",
    "readdir",
    "readFile",
    "readlink",
    "realpath",
    "stat",
    "statfs",
    "watch",
    "watchFile",
];

const WRITES: &[&str] = &[
    "appendFile",
    "chmod",
    "chown",
    "createWriteStream",
    "lchown",
    "lutimes",
    "mkdir",
    "mkdtemp",
    "rm",
    "rmdir",
    "truncate",
    "unlink",
    "utimes",
    "writeFile",
];

/// The permissions that a call of `module`'s export `path` needs. The empty module has the globals.
pub(super) fn of_call(names: &Names<'_>, module: &str, path: &[String], args: &[Expression]) -> Needs {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let text = |at: usize| args.get(at).and_then(|arg| names.string(arg));
    match (module, path.as_slice()) {
        ("fs", ["promises", name]) | ("fs" | "fs/promises", [name]) => files(names, name, args),
        ("net" | "tls", ["connect" | "createConnection"]) => {
            vec![("net", socket(names, args))]
        }
        ("http" | "https", ["get" | "request"]) => vec![("net", address(names, args, module))],
        ("net" | "http" | "https" | "tls", ["createServer"]) | ("dgram", ["createSocket"]) => {
            vec![("net", None)]
        }
        ("", ["fetch"]) => vec![("net", address(names, args, "http"))],
        ("", ["WebSocket"]) => vec![("net", text(0).and_then(|url| host_of(&url)))],
        ("child_process", ["exec" | "execSync"]) => vec![("exec", Some("/bin/sh".to_owned()))],
        ("child_process", ["execFile" | "execFileSync" | "spawn" | "spawnSync"]) => vec![("exec", text(0))],
        ("ffi", ["open"]) => vec![("ffi", text(0))],
        ("_GenericMarshal", ["CreateNativeProxy"]) => vec![("ffi", text(0))],
        ("SimpleDataStore", ["Shared"]) => vec![("store", None)],
        ("meshlite-session", ["open"]) => vec![("identity", None)],
        ("SimpleDataStore", ["Create"]) => vec![("fs.read", text(0))],
        ("", ["process", "kill"]) | ("process", ["kill"]) => vec![("exec", Some("kill".to_owned()))],
        _ => Vec::new(),
    }
}

fn files(names: &Names<'_>, name: &str, args: &[Expression]) -> Needs {
    let text = |at: usize| args.get(at).and_then(|arg| names.string(arg));
    match name.strip_suffix("Sync").unwrap_or(name) {
        "open" => match text(1) {
            Some(flags) if flags.contains(['w', 'a', '+']) => vec![("fs.write", text(0))],
            _ => vec![("fs.read", text(0))],
        },
        "copyFile" | "cp" => vec![("fs.read", text(0)), ("fs.write", text(1))],
        "rename" | "link" => vec![("fs.write", text(0)), ("fs.write", text(1))],
        "symlink" => vec![("fs.write", text(1))],
        name if READS.contains(&name) => vec![("fs.read", text(0))],
        name if WRITES.contains(&name) => vec![("fs.write", text(0))],
        _ => Vec::new(),
    }
}

/// `connect(port[, host])`, `connect(path)`, `connect({ host, port })`.
fn socket(names: &Names<'_>, args: &[Expression]) -> Option<String> {
    let first = args.first()?;
    if let Some(port) = names.number(first) {
        let host = match args.get(1) {
            Some(host @ Expression::Literal(_)) => names.string(host)?,
            Some(Expression::FunctionExpression(_) | Expression::ArrowFunction(_)) | None => {
                "localhost".to_owned()
            }
            Some(_) => return None,
        };
        return Some(format!("{host}:{port}"));
    }
    if let Some(path) = names.string(first) {
        return Some(format!("unix:{path}"));
    }
    if let Some(path) = names.property(first, "path") {
        return Some(format!("unix:{}", names.string(path)?));
    }
    let port = names.property(first, "port").and_then(|port| names.number(port))?;
    let host = match names.property(first, "host") {
        Some(host) => names.string(host)?,
        None => "localhost".to_owned(),
    };
    Some(format!("{host}:{port}"))
}

/// The host of a URL or of an options object.
fn address(names: &Names<'_>, args: &[Expression], scheme: &str) -> Option<String> {
    let first = args.first()?;
    if let Some(url) = names.string(first) {
        return host_of(&url);
    }
    let host = names.property(first, "hostname").or_else(|| names.property(first, "host"))?;
    let port = match names.property(first, "port") {
        Some(port) => names.number(port)?,
        None if scheme == "https" => 443,
        None => 80,
    };
    Some(format!("{}:{port}", names.string(host)?))
}

/// `host:port` of an absolute URL.
fn host_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let port = match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        _ => return None,
    };
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    Some(if has_port { host.to_owned() } else { format!("{host}:{port}") })
}
