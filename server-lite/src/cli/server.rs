//! `meshlite-server`.

use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use clap::{Args, Parser, Subcommand, ValueEnum};
use indicatif::ProgressBar;
use microstack::crypto::{ServerCertOptions, ServerCerts, WebKey};
use serde_json::Value;

use super::recordings::{RecordArgs, RecordingsCommand};
use super::{Failure, finish, read_password_file, start_logging};
use crate::admin::{AdminRequest, Desk, Settings, ask_running};
use crate::certs::{CertFolder, OuterSource, WebFiles};
use crate::data::Data;
use crate::model::text::clean_line;
use crate::server::{RunOptions, run_until_signal};

/// The mesh server: manages devices that run a mesh agent.
#[derive(Debug, Parser)]
#[command(
    name = "meshlite-server",
    version,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 unreachable, 4 refused.\nLog level: MESHLITE_LOG=debug (default info), on standard error."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the certificates and the first administrator; run again, set that administrator's password.
    Init(Init),
    /// Serve until SIGTERM or SIGINT; SIGHUP reads the certificates again.
    Run(Run),
    /// Groups of devices.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Who did what, newest first.
    Audit {
        #[command(flatten)]
        data: DataDir,
        /// Most lines.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: usize,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Certificates.
    #[command(subcommand)]
    Cert(CertCommand),
    /// Recorded sessions.
    #[command(subcommand)]
    Recordings(RecordingsCommand),
}

#[derive(Debug, Args)]
struct Init {
    #[command(flatten)]
    data: DataDir,
    /// User name of the administrator.
    #[arg(long, value_name = "NAME")]
    admin: String,
    /// File with the administrator's password; - reads standard input.
    #[arg(long, value_name = "FILE|-")]
    password_file: PathBuf,
    /// Host name or IP address under which agents and users reach the server [default: this machine's name].
    #[arg(long, value_name = "HOST")]
    name: Option<String>,
    /// RSA 2048 instead of 3072: faster to make, for tests and small machines.
    #[arg(long)]
    fastcert: bool,
    /// Key of the web certificate: rsa, or p256 for cheaper handshakes.
    #[arg(long, alias = "web-cert", value_name = "KIND", default_value = "rsa")]
    web_key: WebKeyKind,
    #[command(flatten)]
    web: WebArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum WebKeyKind {
    Rsa,
    P256,
}

#[derive(Debug, Args)]
struct Run {
    #[command(flatten)]
    data: DataDir,
    /// Where agents and users connect; with port 0 the system chooses, and the ready line says which.
    #[arg(long, value_name = "ADDR:PORT")]
    listen: SocketAddr,
    /// Answer plain HTTP there with the HTTPS address.
    #[arg(long, value_name = "ADDR:PORT")]
    redirect: Option<SocketAddr>,
    /// Host name or IP address, instead of the one given to init.
    #[arg(long, value_name = "HOST")]
    name: Option<String>,
    /// Threads that serve connections [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    /// Serve plain HTTP behind a TLS terminator (reverse proxy); needs --outer-cert.
    #[arg(long, requires = "outer_cert")]
    tls_offload: bool,
    /// The terminator's certificate: a PEM file (watched), or https://HOST[:PORT] where it is shown (fetched each minute).
    #[arg(long, value_name = "FILE|URL", requires = "tls_offload")]
    outer_cert: Option<String>,
    /// Port under which clients reach the terminator [default: 443 with --tls-offload, else that of --listen].
    #[arg(long, value_name = "PORT")]
    public_port: Option<u16>,
    /// Believe X-Forwarded-For of a terminator at this address (loopback is always believed); may be repeated.
    #[arg(long, value_name = "ADDR", requires = "tls_offload")]
    proxy: Vec<IpAddr>,
    /// Folder with the agents' programs for download, named NUMBER-NAME by agent type, such as 26-meshlite-agent
    /// [default: agents in the data directory; the meshlite-agent beside this program serves for this machine's type].
    #[arg(long, value_name = "DIR")]
    agents: Option<PathBuf>,
    /// Send wake packets from this machine too: for a server on the network of its devices.
    #[arg(long)]
    wake_lan: bool,
    #[command(flatten)]
    record: RecordArgs,
    #[command(flatten)]
    web: WebArgs,
}

#[derive(Debug, Subcommand)]
enum GroupCommand {
    /// Make a group; the administrators become its members.
    Add {
        /// Name of the group.
        name: String,
        #[command(flatten)]
        data: DataDir,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List the groups.
    List {
        #[command(flatten)]
        data: DataDir,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print the settings file (.msh) for agents of a group.
    Msh {
        /// Name or id of the group.
        name: String,
        #[command(flatten)]
        data: DataDir,
        /// Address agents connect to: wss://HOST:PORT/agent.ashx.
        #[arg(long, value_name = "URL")]
        url: String,
        /// Write to a file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
enum CertCommand {
    /// Show the certificates, how long they last, and which outer ones agents may report.
    Status {
        #[command(flatten)]
        data: DataDir,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Args)]
struct DataDir {
    /// Data directory of the server.
    #[arg(long = "data", value_name = "DIR")]
    dir: PathBuf,
}

#[derive(Debug, Args)]
struct WebArgs {
    /// Your own web certificate, PEM, leaf first.
    #[arg(long, value_name = "FILE", requires = "web_key_file")]
    web_cert_file: Option<PathBuf>,
    /// Its private key, PEM, readable by the server's user only.
    #[arg(long, value_name = "FILE", requires = "web_cert_file")]
    web_key_file: Option<PathBuf>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse(); // ends with 2 on a usage error
    let result = match cli.command {
        Command::Init(init) => init.run(),
        Command::Run(run) => run.run(),
        Command::Group(group) => group.run(),
        Command::Recordings(command) => {
            start_logging("warn");
            command.run()
        }
        Command::Audit { data, limit, json } => audit(&data.dir, limit, json),
        Command::Cert(CertCommand::Status { data, json }) => cert_status(&data.dir, json),
    };
    finish("meshlite-server", result)
}

impl Init {
    fn run(self) -> Result<(), Failure> {
        start_logging("warn");
        let password = read_password_file(&self.password_file).map_err(Failure::failed)?;
        let dir = &self.data.dir;
        make_private(dir).map_err(|error| Failure::failed(format!("{}: {error}", dir.display())))?;
        let web = self.web.files()?;
        let own = CertFolder::new(dir, None);
        let before = Settings::load(dir).ok();
        let name = self.name.clone().or(before.as_ref().map(|before| before.name.clone()));
        let name = name
            .unwrap_or_else(|| rustix::system::uname().nodename().to_str().unwrap_or("localhost").to_owned());
        if own.exists() {
            eprintln!("certificates exist and are kept");
        } else {
            own.save(&make_certs(&name, self.fastcert, self.web_key)?).map_err(Failure::failed)?;
        }
        let settings = Settings { name, web: web.or(before.and_then(|before| before.web)) };
        // The operator's own certificate is looked at now, not when the server starts at night.
        let folder = CertFolder::new(dir, settings.web.clone());
        let certs = folder.load().map_err(Failure::failed)?;
        settings.save(dir).map_err(Failure::failed)?;
        let answer = ask(dir, &folder, AdminRequest::SetAdmin { name: self.admin.clone(), password })?;
        let what = if answer["created"] == true { "created" } else { "exists; its password was set" };
        println!("administrator {} {what}", self.admin);
        println!("server id {}", certs.server_id().to_hex());
        Ok(())
    }
}

impl Run {
    fn run(self) -> Result<(), Failure> {
        start_logging("info");
        let outer = match &self.outer_cert {
            Some(text) => Some(OuterSource::parse(text).map_err(Failure::usage)?),
            None => None,
        };
        let options = RunOptions {
            data_dir: self.data.dir,
            listen: self.listen,
            redirect: self.redirect,
            name: self.name,
            web: self.web.files()?,
            workers: self.workers.map(usize::from),
            outer,
            public_port: self.public_port,
            agents: self.agents,
            wake_lan: self.wake_lan,
            proxies: self.proxy,
            recordings: self.record.limits(),
        };
        run_until_signal(&options).map_err(Failure::failed)
    }
}

impl GroupCommand {
    fn run(self) -> Result<(), Failure> {
        start_logging("warn");
        match self {
            GroupCommand::Add { name, data, json } => {
                let answer = request(&data.dir, AdminRequest::GroupAdd { name })?;
                if json {
                    println!("{answer}");
                } else {
                    println!("{}", plain(&answer["id"]).trim_start_matches("mesh//"));
                }
            }
            GroupCommand::List { data, json } => {
                let answer = request(&data.dir, AdminRequest::GroupList)?;
                if json {
                    println!("{}", answer["groups"]);
                } else {
                    for group in answer["groups"].as_array().into_iter().flatten() {
                        println!(
                            "{}  {}",
                            plain(&group["id"]).trim_start_matches("mesh//"),
                            plain(&group["name"])
                        );
                    }
                }
            }
            GroupCommand::Msh { name, data, url, out } => {
                let answer = request(&data.dir, AdminRequest::GroupMsh { name, url })?;
                let text = plain(&answer["msh"]);
                match out {
                    Some(path) => std::fs::write(&path, text)
                        .map_err(|error| Failure::failed(format!("{}: {error}", path.display())))?,
                    None => print!("{text}"),
                }
            }
        }
        Ok(())
    }
}

impl WebArgs {
    fn files(&self) -> Result<Option<WebFiles>, Failure> {
        let (Some(cert), Some(key)) = (&self.web_cert_file, &self.web_key_file) else {
            return Ok(None);
        };
        // Settings outlive the directory this was called in.
        let full = |path: &PathBuf| {
            std::path::absolute(path).map_err(|error| Failure::failed(format!("{}: {error}", path.display())))
        };
        Ok(Some(WebFiles { cert: full(cert)?, key: full(key)? }))
    }
}

fn audit(dir: &Path, limit: usize, json: bool) -> Result<(), Failure> {
    start_logging("warn");
    let answer = request(dir, AdminRequest::Audit { limit })?;
    if json {
        println!("{}", answer["audit"]);
        return Ok(());
    }
    for line in answer["audit"].as_array().into_iter().flatten() {
        // Names and targets are other people's words: one line each, without what a terminal would act on.
        let text = |key: &str| clean_line(plain(&line[key]), 512);
        let via = [text("via"), text("viaName")].join(" ");
        println!(
            "{}  {:<16} {:<24} {}  {}  {}: {}",
            text("time"),
            text("user").trim_start_matches("user//"),
            via.trim_end(),
            text("address"),
            text("action"),
            text("target"),
            text("result")
        );
    }
    Ok(())
}

fn cert_status(dir: &Path, json: bool) -> Result<(), Failure> {
    start_logging("warn");
    let answer = request(dir, AdminRequest::CertStatus)?;
    if json {
        println!("{answer}");
        return Ok(());
    }
    println!("server id  {}", plain(&answer["serverId"]));
    for row in answer["certificates"].as_array().into_iter().flatten() {
        println!("{:<6} {} days left  {}", plain(&row["name"]), row["daysLeft"], plain(&row["text"]));
    }
    for cert in answer["accepted"].as_array().into_iter().flatten() {
        let until = match cert["until_ms"].as_u64() {
            Some(until) => format!("accepted until {}", crate::model::time::iso8601(until)),
            None => "shown to agents".to_owned(),
        };
        println!("outer  {until}  {}", plain(&cert["summary"]));
    }
    Ok(())
}

fn make_certs(name: &str, fast: bool, web: WebKeyKind) -> Result<ServerCerts, Failure> {
    let options = ServerCertOptions {
        name: name.to_owned(),
        more_names: vec!["127.0.0.1".to_owned()],
        fast,
        web_key: match web {
            WebKeyKind::Rsa => WebKey::Rsa,
            WebKeyKind::P256 => WebKey::P256,
        },
    };
    let bar = ProgressBar::new_spinner(); // shown on a terminal only
    bar.enable_steady_tick(Duration::from_millis(120));
    let certs = ServerCerts::create_with(&options, SystemTime::now(), &|step| bar.set_message(step));
    bar.finish_and_clear();
    certs.map_err(Failure::failed)
}

/// A directory that only its owner can look into.
fn make_private(dir: &Path) -> std::io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)
}

/// Asks the server that runs on this directory, or works on its data if none runs.
fn request(dir: &Path, request: AdminRequest) -> Result<Value, Failure> {
    let settings = Settings::load(dir).map_err(Failure::failed)?;
    ask(dir, &CertFolder::new(dir, settings.web), request)
}

fn ask(dir: &Path, folder: &CertFolder, request: AdminRequest) -> Result<Value, Failure> {
    if let Some(answer) = ask_running(dir, &request) {
        return answer.map_err(|(message, code)| Failure { message, code });
    }
    let data = Data::open(&dir.join("store")).map_err(Failure::failed)?;
    let keep = |event: &crate::model::Event| {
        if let Err(error) = data.add_event(event) {
            tracing::error!(%error, "an event could not be kept");
        }
    };
    let desk = Desk { data: &data, folder, announce: &keep, end_sessions: &|_| {} };
    desk.fulfil(request).map_err(|error| Failure { message: error.to_string(), code: error.exit_code() })
}

fn plain(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}
