//! The command lines of sessions with devices.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// Whether the server may read a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum E2e {
    /// Encrypt from here to the device where its core can
    #[default]
    Auto,
    /// Refuse a session that cannot be encrypted so
    Required,
    /// Do not
    Off,
}

/// `shell`.
#[derive(Debug, Args)]
pub struct ShellArguments {
    /// The device
    #[arg(value_hint = clap::ValueHint::Other)]
    pub id: String,
    /// Run as this user of the device [default: the agent's own, usually root]
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// Encrypt from here to the device, so that the server cannot read along
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub e2e: E2e,
    /// A command instead of the user's shell
    #[arg(value_name = "CMD", allow_hyphen_values = true, trailing_var_arg = true)]
    pub command: Vec<String>,
}

/// `put` and `get`.
#[derive(Debug, Args)]
pub struct CopyArguments {
    /// From where, one or more, and last to where
    #[arg(value_name = "PLACE", required = true, num_args = 2.., value_hint = clap::ValueHint::AnyPath)]
    pub places: Vec<String>,
    /// Folders too, with all that is in them
    #[arg(short, long)]
    pub recursive: bool,
    /// Go on where an earlier transfer of the same files was interrupted
    #[arg(long, conflicts_with = "no_clobber")]
    pub resume: bool,
    /// Leave files alone that exist already
    #[arg(short, long)]
    pub no_clobber: bool,
    /// No progress and no summary
    #[arg(short, long)]
    pub quiet: bool,
    /// Encrypt from here to the device, so that the server cannot read along
    #[arg(long, value_name = "WHEN", value_enum, default_value_t)]
    pub e2e: E2e,
}

/// `forward`.
#[derive(Debug, Args)]
pub struct ForwardArguments {
    /// The device that connects on
    pub id: String,
    /// Listen here, and have the device connect there
    #[arg(value_name = "[ADDR:]PORT:HOST:HOSTPORT")]
    pub forwards: Vec<String>,
    /// The same for datagrams
    #[arg(short, long, value_name = "[ADDR:]PORT:HOST:HOSTPORT")]
    pub udp: Vec<String>,
    /// Be a SOCKS5 proxy here: every connection goes through the device
    #[arg(long, value_name = "[ADDR:]PORT")]
    pub socks: Vec<String>,
    /// End when the first connection has ended
    #[arg(long)]
    pub once: bool,
}

/// `ls`.
#[derive(Debug, Args)]
pub struct LsArguments {
    /// The folder
    #[arg(value_name = "ID:PATH")]
    pub place: String,
    /// Size and time too
    #[arg(short, long)]
    pub long: bool,
}

/// `rm`.
#[derive(Debug, Args)]
pub struct RmArguments {
    /// What to remove
    #[arg(value_name = "ID:PATH", required = true)]
    pub places: Vec<String>,
    /// Folders too, with all that is in them
    #[arg(short, long)]
    pub recursive: bool,
}

/// `play`.
#[derive(Debug, Args)]
pub struct PlayArguments {
    /// The recording (asciicast version 2)
    #[arg(value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
    /// How many times as fast
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub speed: f64,
    /// Longest pause to keep, in seconds
    #[arg(long, value_name = "S")]
    pub idle: Option<f64>,
}
