//! The command line of `run`.

use clap::Args;

/// `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// The device; with --group, --tag or --all the command begins here
    #[arg(value_name = "ID")]
    pub id: String,
    /// The command, for /bin/sh
    #[arg(value_name = "CMD", allow_hyphen_values = true, trailing_var_arg = true)]
    pub command: Vec<String>,
    /// On the devices of this group
    #[arg(long, value_name = "GROUP", conflicts_with_all = ["all"])]
    pub group: Option<String>,
    /// On devices with this label
    #[arg(long, value_name = "TAG")]
    pub tag: Option<String>,
    /// On all devices
    #[arg(long)]
    pub all: bool,
    /// On how many devices at a time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub parallel: u16,
    /// Seconds to wait for the end of a command
    #[arg(long, value_name = "S", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,
    /// Seconds to wait for devices that are offline
    #[arg(long, value_name = "S", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=604_800))]
    pub wait: u64,
    /// Print the output as it is, control characters included
    #[arg(long)]
    pub raw: bool,
}

impl RunArguments {
    /// Several devices are meant.
    pub fn is_fleet(&self) -> bool {
        self.all || self.group.is_some() || self.tag.is_some()
    }

    /// The device, when one is named, and the command.
    pub fn parts(&self) -> (Option<&str>, String) {
        let command = self.command.join(" ");
        match (self.is_fleet(), command.is_empty()) {
            (false, _) => (Some(&self.id), command),
            (true, true) => (None, self.id.clone()),
            (true, false) => (None, format!("{} {command}", self.id)),
        }
    }
}
