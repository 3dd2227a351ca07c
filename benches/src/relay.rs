//! Relays beside each other: ours, MeshCentral's, and two proxies that do no more than TLS on both sides.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use meshlite_tests::certificate::Certificate;
use meshlite_tests::meshctrl::Account;
use meshlite_tests::server::Options;
use meshlite_tests::{Operator, RealServer, Server};
use tempfile::TempDir;

use crate::proc;
use crate::tunnels::{Tunnels, Way};

/// How much to measure.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Bytes for each size of messages.
    pub bytes: u64,
    /// Time of the echo.
    pub echo: Duration,
    /// Tunnels open at once.
    pub open: usize,
}

/// What was read off one relay.
#[derive(Debug, Clone)]
struct Figures {
    /// CPU per GB at each of [`SIZES`].
    cpu: Vec<Duration>,
    /// Median and 99th percentile.
    echo: [Duration; 2],
    /// kB for both ends of one open tunnel.
    each_kb: f64,
}

const SIZES: [(usize, &str, &str); 3] =
    [(64 << 10, "64 kB", "0.9 s"), (16 << 10, "16 kB", "1.2 s"), (1 << 10, "1 kB", "4 s")];

/// The page of all of them.
pub fn page(machine: &str, real: Option<&Path>, extent: Extent) -> Result<String, String> {
    println!("our relay");
    let ours = {
        let server = Server::with(Options { full_keys: true, ..Options::default() });
        let way = relayed(&server.account());
        measure(server.pid(), &way, Tunnels::new()?, extent)?
    };
    let theirs = match real {
        Some(dir) => {
            println!("MeshCentral's relay");
            let server = RealServer::start(dir);
            let way = relayed(&server.account());
            Some(measure(server.pid(), &way, Tunnels::new()?, extent)?)
        }
        None => None,
    };
    let proxies = ["nginx", "haproxy"].map(|name| {
        println!("{name}");
        let measured = proxied(name, extent);
        if let Err(why) = &measured {
            println!("{name} is left out: {why}");
        }
        measured.ok()
    });
    let all = [Some(ours), theirs, proxies[0].clone(), proxies[1].clone()];
    Ok(table(machine, &all, extent))
}

fn measure(pid: u32, way: &Way, mut tunnels: Tunnels, extent: Extent) -> Result<Figures, String> {
    tunnels.open(way, 20)?;
    let mut cpu = Vec::new();
    for (size, name, _) in SIZES {
        println!("  copying in messages of {name}");
        tunnels.copy(size, extent.bytes / 16)?; // warm
        let before = proc::cpu_of_tree(pid);
        tunnels.copy(size, extent.bytes)?;
        let used = proc::cpu_of_tree(pid).saturating_sub(before);
        cpu.push(used.mul_f64(1e9 / extent.bytes as f64));
    }
    println!("  echo over 20 tunnels");
    let trips = tunnels.echo(Duration::from_millis(50), extent.echo)?;
    let echo = [trips[trips.len() / 2], trips[trips.len() * 99 / 100]];
    println!("  {} tunnels open", extent.open);
    tunnels.run_for(Duration::from_secs(2))?;
    let before = proc::pss_of_tree(pid);
    tunnels.open(way, 20 + extent.open)?;
    tunnels.run_for(Duration::from_secs(5))?;
    let each_kb = (proc::pss_of_tree(pid) as f64 - before as f64) / extent.open as f64;
    Ok(Figures { cpu, echo, each_kb })
}

/// Two ends of one user: both servers join them, and no device is needed.
fn relayed(account: &Account) -> Way {
    let mut operator = Operator::sign_in(account);
    let cookie = operator.cookie();
    let url = account.url.clone();
    let run = std::process::id();
    Way::Both(Box::new(move |number| {
        let end = |side: &str| format!("{url}/meshrelay.ashx?{side}id=bench{run}x{number}&auth={cookie}");
        [end("browser=1&"), end("")]
    }))
}

fn proxied(name: &str, extent: Extent) -> Result<Figures, String> {
    let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
    let certificate = Certificate::p256("127.0.0.1");
    let file = dir.path().join("both.pem");
    fs::write(&file, format!("{}{}", certificate.pem, certificate.key_pem)).map_err(|e| e.to_string())?;
    let tunnels = Tunnels::new()?;
    let behind = tunnels.listen(certificate.server_config())?;
    let port = free_port()?;
    let config = match name {
        "nginx" => nginx_config(dir.path(), &file, port, &behind.to_string()),
        _ => haproxy_config(&file, port, &behind.to_string()),
    };
    let path = dir.path().join("proxy.conf");
    fs::write(&path, config).map_err(|e| e.to_string())?;
    let proxy = Proxy::start(name, &path, port, dir)?;
    let way = Way::Through(format!("wss://127.0.0.1:{port}/"));
    measure(proxy.child.id(), &way, tunnels, extent)
}

/// One worker that proxies a TLS stream into another, and nothing else.
fn nginx_config(dir: &Path, pem: &Path, port: u16, behind: &str) -> String {
    let (dir, pem) = (dir.display(), pem.display());
    format!(
        "load_module /usr/lib/nginx/modules/ngx_stream_module.so;\n\
         daemon off; master_process off; worker_processes 1; pid {dir}/pid; error_log {dir}/errors;\n\
         events {{ worker_connections 8192; }}\n\
         stream {{\n  tcp_nodelay on;\n  server {{\n    listen 127.0.0.1:{port} ssl;\n    ssl_certificate {pem};\n    \
         ssl_certificate_key {pem};\n    proxy_pass {behind};\n    proxy_ssl on;\n    proxy_ssl_verify off;\n    \
         proxy_timeout 1h;\n  }}\n}}\n"
    )
}

fn haproxy_config(pem: &Path, port: u16, behind: &str) -> String {
    let pem = pem.display();
    format!(
        "global\n  maxconn 8192\n  nbthread 1\ndefaults\n  mode tcp\n  timeout connect 10s\n  timeout client 1h\n  \
         timeout server 1h\nfrontend near\n  bind 127.0.0.1:{port} ssl crt {pem}\n  default_backend far\n\
         backend far\n  server one {behind} ssl verify none\n"
    )
}

fn free_port() -> Result<u16, String> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").map_err(|e| e.to_string())?;
    listener.local_addr().map(|at| at.port()).map_err(|e| e.to_string())
}

struct Proxy {
    child: Child,
    _dir: TempDir,
}

impl Proxy {
    fn start(name: &str, config: &Path, port: u16, dir: TempDir) -> Result<Proxy, String> {
        let program = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"].map(|place| format!("{place}/{name}"));
        let program = program
            .into_iter()
            .find(|path| Path::new(path).exists())
            .ok_or("it is not installed; apt-get install nginx-light libnginx-mod-stream haproxy")?;
        let mut command = Command::new(program);
        match name {
            "nginx" => command.arg("-c").arg(config).arg("-p").arg(dir.path()),
            _ => command.arg("-f").arg(config),
        };
        let log = fs::File::create(dir.path().join("log")).map_err(|e| e.to_string())?;
        let child = command.stdout(Stdio::null()).stderr(log).spawn().map_err(|e| e.to_string())?;
        let mut proxy = Proxy { child, _dir: dir };
        let until = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if proxy.child.try_wait().is_ok_and(|end| end.is_some()) || Instant::now() >= until {
                let log = fs::read_to_string(proxy._dir.path().join("log")).unwrap_or_default();
                return Err(format!("it did not start: {}", log.trim()));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(proxy)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn table(machine: &str, all: &[Option<Figures>; 4], extent: Extent) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(
        out,
        "{machine}\n\n| figure | Meshlite | MeshCentral 1.1.55 | nginx | HAProxy | target |\n|---|---|---|---|---|---|"
    );
    let mut row = |figure: String, read: &dyn Fn(&Figures) -> String, target: &str| {
        let _ = write!(out, "| {figure} ");
        for figures in all {
            let _ = write!(out, "| {} ", figures.as_ref().map_or_else(|| "not run".to_owned(), read));
        }
        let _ = writeln!(out, "| {target} |");
    };
    for (at, (_, name, target)) in SIZES.into_iter().enumerate() {
        let read = move |f: &Figures| format!("{:.2} s", f.cpu[at].as_secs_f64());
        row(format!("CPU per GB, messages of {name}"), &read, target);
    }
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1e3);
    row("echo of 1 kB over 20 paced tunnels, median".into(), &|f| ms(f.echo[0]), "0.2 ms");
    row("the same, 99 of 100".into(), &|f| ms(f.echo[1]), "1 ms");
    let open = format!("memory per open tunnel, both ends, {} open", extent.open);
    row(open, &|f| format!("{:.1} kB", f.each_kb), "40 kB");
    out.push_str(FOOT);
    out
}

const HEAD: &str = "\
# Relay benchmarks

Written by `cargo xtask bench relay`: all columns from one run, one after the other.

";

const FOOT: &str = "
How it is measured: both ends of all tunnels are in the measuring process, over TLS 1.3 on loopback. CPU is that of the
relay's processes, user and system, for one copy in one direction. nginx (stream module) and HAProxy (TCP mode) pass the
same WebSocket bytes from one TLS connection to another with one thread; they neither know who is who nor look at frames.
Memory is the growth of the proportional set size.
";
