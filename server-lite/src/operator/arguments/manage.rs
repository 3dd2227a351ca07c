//! The command lines that change what the server knows.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with a service of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum ServiceAction {
    /// Start it
    Start,
    /// Stop it
    Stop,
    /// Stop and start it
    Restart,
}

/// What to do with the power of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum PowerAction {
    /// Shut down
    Off,
    /// Restart
    Reset,
    /// Suspend
    Sleep,
    /// Have other devices and the server wake it (wake-on-LAN)
    Wake,
}

/// What to do with devices.
#[derive(Debug, Subcommand)]
pub enum DeviceAction {
    /// Give a device another name
    Rename {
        /// The device
        id: String,
        /// Its new name
        name: String,
    },
    /// Set the labels of a device; none takes all away
    Tag {
        /// The device
        id: String,
        /// All its labels
        tags: Vec<String>,
    },
    /// Move devices to another group
    Move {
        /// The devices
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// The group
        #[arg(long, value_name = "GROUP")]
        to: String,
    },
    /// Forget devices. One whose agent still runs comes back
    Remove {
        /// The devices
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
}

/// What to do with groups.
#[derive(Debug, Subcommand)]
pub enum GroupAction {
    /// Make a group
    Add {
        /// Its name
        name: String,
        /// Free text
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
    /// Give a group another name
    Rename {
        /// The group
        group: String,
        /// Its new name
        name: String,
    },
    /// Remove a group with its devices
    Remove {
        /// The group
        group: String,
    },
    /// List who may do what in a group
    Members {
        /// The group
        group: String,
    },
    /// Let a user into a group
    Admit {
        /// The group
        group: String,
        /// The user
        user: String,
        /// What he may do: all, or some of edit, users, devices, control, console, wake, notes, view, notify, uninstall,
        /// run, power, details, forward, or a number
        #[arg(long, value_name = "RIGHTS", default_value = "all")]
        rights: String,
    },
    /// Take a user out of a group
    Expel {
        /// The group
        group: String,
        /// The user
        user: String,
    },
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// List accounts
    List,
    /// Make an account
    Add {
        /// Its name
        name: String,
        /// File whose first line is the password, - for standard input [default: ask]
        #[arg(long, value_name = "FILE|-")]
        password_file: Option<PathBuf>,
        /// E-mail address
        #[arg(long)]
        email: Option<String>,
        /// May do everything on the server
        #[arg(long)]
        admin: bool,
    },
    /// Remove an account
    Remove {
        /// Its name
        name: String,
    },
}

/// What to do with login tokens.
#[derive(Debug, Subcommand)]
pub enum TokenAction {
    /// List your login tokens
    List,
    /// Make a login token; it is shown this once
    Add {
        /// What it is for
        name: String,
        /// Minutes until it ends [default: never]
        #[arg(long, value_name = "MIN", default_value_t = 0)]
        minutes: u64,
    },
    /// End a login token
    Remove {
        /// Its name, or the user name it has
        name: String,
    },
}
