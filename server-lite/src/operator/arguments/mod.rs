//! The command line.

mod cores;
mod manage;
mod run;
mod sessions;
mod switch;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser, Subcommand};

pub use cores::CoreAction;
pub use manage::{DeviceAction, GroupAction, PowerAction, ServiceAction, TokenAction, UserAction};
pub use run::RunArguments;
pub use sessions::{
    CopyArguments, E2e, ForwardArguments, LsArguments, PlayArguments, RmArguments, ShellArguments,
};
use switch::Switch;

/// Works with the devices of a Meshlite server.
#[derive(Debug, Parser)]
#[command(
    name = "meshlite",
    version,
    propagate_version = true,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 unreachable, 4 refused.\n\
                  ID is a device's id, the beginning of it, or its name; GROUP likewise."
)]
pub struct Arguments {
    /// Folder with the login [default: $MESHLITE_CONFIG, else $XDG_CONFIG_HOME/meshlite]
    #[arg(long, global = true, value_name = "DIR")]
    pub config: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Log in to a server and remember it
    Login(LoginArguments),
    /// Forget the login and end it on the server
    Logout,
    /// List devices
    Devices {
        /// Only those of this group
        #[arg(long)]
        group: Option<String>,
    },
    /// List device groups
    Groups,
    /// Send a line to the console of a device's core and print the answer
    Console {
        /// The device
        id: String,
        /// The line; without it lines are read from standard input
        #[arg(value_name = "CMD", allow_hyphen_values = true, trailing_var_arg = true)]
        line: Vec<String>,
        /// Seconds to wait for the first answer
        #[arg(long, value_name = "S", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=86_400))]
        timeout: u64,
    },
    /// Run a shell command on devices and print what it prints
    Run(RunArguments),
    /// Open a terminal on a device, or run a command with its input and output
    Shell(ShellArguments),
    /// Copy files to a device: put LOCAL… ID:REMOTE
    Put(CopyArguments),
    /// Copy files from a device: get ID:REMOTE… LOCAL
    Get(CopyArguments),
    /// List a folder of a device
    Ls(LsArguments),
    /// Remove files of a device
    Rm(RmArguments),
    /// Make a folder on a device
    Mkdir {
        /// The folder
        #[arg(value_name = "ID:PATH")]
        place: String,
    },
    /// Rename or move a file of a device
    Mv {
        /// The file
        #[arg(value_name = "ID:PATH")]
        from: String,
        /// Its new path on the same device
        #[arg(value_name = "PATH")]
        to: String,
    },
    /// Reach what a device reaches: local ports, or a SOCKS5 proxy, through it
    Forward(ForwardArguments),
    /// Show devices live: presence, load, memory, sessions
    Top {
        /// Only those of this group
        #[arg(long)]
        group: Option<String>,
        /// Print the table once
        #[arg(long)]
        once: bool,
        /// Seconds between looks at load and memory
        #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
        interval: u64,
    },
    /// List the processes of a device
    Ps {
        /// The device
        id: String,
    },
    /// End a process of a device
    Kill {
        /// The device
        id: String,
        /// Number of the process
        pid: u32,
    },
    /// List the services of a device
    Services {
        /// The device
        id: String,
    },
    /// Start, stop or restart a service of a device
    Service {
        /// What to do
        action: ServiceAction,
        /// The device
        id: String,
        /// The service
        name: String,
    },
    /// Switch a device off, restart it, send it to sleep, wake it
    Power {
        /// The device
        id: String,
        /// What to do
        action: PowerAction,
    },
    /// Show a message on the screen of a device
    Toast {
        /// The device
        id: String,
        /// Title
        title: String,
        /// Text
        text: String,
    },
    /// Change what the server knows of devices
    Device {
        /// What to do.
        #[command(subcommand)]
        action: DeviceAction,
    },
    /// Change groups and who may do what in them
    Group {
        /// What to do.
        #[command(subcommand)]
        action: GroupAction,
    },
    /// Change who may log in
    User {
        /// What to do.
        #[command(subcommand)]
        action: UserAction,
    },
    /// Login tokens of your own, for programs
    Token {
        /// What to do.
        #[command(subcommand)]
        action: TokenAction,
    },
    /// Play a recorded terminal
    Play(PlayArguments),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: CompletionShell,
    },
    /// Print names of devices, for completions
    #[command(hide = true)]
    CompleteNames,
    /// Write the manual pages into a folder
    Man {
        /// The folder
        #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
        folder: PathBuf,
    },
    /// Choose the core (the JavaScript program) that devices run
    Core {
        /// What to do.
        #[command(subcommand)]
        action: CoreAction,
    },
    /// List what happened, oldest first
    Events {
        /// Only about this device
        #[arg(long, value_name = "ID")]
        device: Option<String>,
        /// How many of the last ones
        #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=1000))]
        limit: u64,
        /// Go on with what happens now, until Ctrl-C
        #[arg(short, long)]
        follow: bool,
    },
}

/// Shells that completions are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum CompletionShell {
    /// bash
    Bash,
    /// zsh
    Zsh,
    /// fish
    Fish,
}

/// How to log in.
#[derive(Debug, Args)]
pub struct LoginArguments {
    /// The server: https://HOST[:PORT]
    pub url: String,
    /// The account; asked for when it is not given. A second factor's code is $MESHLITE_CODE, else asked for
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,
    /// File whose first line is the password, - for standard input [default: $MESHLITE_PASSWORD, else ask]
    #[arg(long, value_name = "FILE|-")]
    pub password_file: Option<PathBuf>,
    /// The identity the server must prove (as `meshlite-server` and .msh files show it)
    #[arg(long, value_name = "HEX")]
    pub server_id: Option<String>,
}

impl Arguments {
    /// Reads the command line of this process; prints help or what is wrong, and exits, as clap does.
    pub fn read() -> Arguments {
        match Arguments::read_from(std::env::args_os().collect()) {
            Ok(arguments) => arguments,
            Err(error) => error.exit(),
        }
    }

    /// Reads a command line. Our own switches are understood behind a device's command too, as people write them:
    /// `run ID 'df -h' --json`. After `--` nothing is ours.
    fn read_from(line: Vec<OsString>) -> Result<Arguments, clap::Error> {
        let literal = line.iter().any(|word| word == "--");
        let mut arguments = Arguments::try_parse_from(line)?;
        if let Command::Run(run) = &arguments.command
            && run.parts().1.trim().is_empty()
        {
            let text = "say which command to run: meshlite run ID CMD, or meshlite run --group GROUP CMD";
            return Err(Arguments::command().error(clap::error::ErrorKind::MissingRequiredArgument, text));
        }
        if literal {
            return Ok(arguments);
        }
        let mut json = arguments.json;
        match &mut arguments.command {
            Command::Run(run) => {
                while let Some(switch) = Switch::take_last(&mut run.command)? {
                    match switch {
                        Switch::Json => json = true,
                        Switch::Raw => run.raw = true,
                        Switch::Timeout(seconds) => run.timeout = seconds,
                    }
                }
            }
            Command::Console { line, timeout, .. } => {
                while let Some(switch) = Switch::take_last(line)? {
                    match switch {
                        Switch::Json | Switch::Raw => json = true,
                        Switch::Timeout(seconds) => *timeout = seconds,
                    }
                }
            }
            _ => {}
        }
        arguments.json = json;
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn parse(line: &[&str]) -> Result<Arguments, clap::Error> {
        Arguments::read_from(["meshlite"].iter().chain(line).map(OsString::from).collect())
    }

    fn run(line: &[&str]) -> (String, u64, bool, bool) {
        let arguments = parse(line).unwrap();
        let Command::Run(run) = arguments.command else { panic!("{line:?}") };
        (run.parts().1, run.timeout, run.raw, arguments.json)
    }

    #[test]
    fn the_description_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_command_for_the_device_keeps_its_own_switches() {
        let line = ["run", "--timeout", "5", "desk", "ls", "-l", "--color"];
        assert_eq!(run(&line), ("ls -l --color".into(), 5, false, false));
        assert_eq!(run(&["run", "desk", "--", "curl", "--json"]), ("curl --json".into(), 300, false, false));
    }

    #[test]
    fn a_command_for_many_devices_needs_no_id() {
        let line = ["run", "--group", "Office", "--parallel", "4", "uname", "-a"];
        let Command::Run(run) = parse(&line).unwrap().command else { panic!() };
        assert_eq!((run.parts(), run.is_fleet()), ((None, "uname -a".into()), true));
        let Command::Run(run) = parse(&["run", "--all", "df -h", "--json"]).unwrap().command else {
            panic!()
        };
        assert_eq!(run.parts(), (None, "df -h".into()));
        assert_eq!(parse(&["run", "--all"]).unwrap_err().exit_code(), 2);
    }

    #[test]
    fn our_switches_may_stand_at_the_end() {
        let line = ["run", "desk", "df -h", "--timeout", "9", "--json", "--raw"];
        assert_eq!(run(&line), ("df -h".into(), 9, true, true));
        assert_eq!(run(&["run", "desk", "df", "--timeout=9"]).1, 9);
        assert!(parse(&["console", "desk", "info", "--json"]).unwrap().json);
        assert!(parse(&["run", "desk", "df", "--timeout", "soon"]).is_err());
        assert_eq!(run(&["run", "desk", "--json-like"]).0, "--json-like");
    }

    #[test]
    fn a_password_has_no_place_on_the_command_line() {
        assert!(parse(&["login", "https://a", "--password", "x"]).is_err());
        assert!(parse(&["--json", "login", "https://a", "--user", "x"]).is_ok());
        assert!(parse(&["devices", "--json", "--config", "/x"]).unwrap().json);
    }

    #[test]
    fn wrong_lines_are_usage_errors() {
        for line in
            [&["run", "desk"][..], &[], &["core", "push", "desk"], &["run", "--timeout", "0", "a", "b"]]
        {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line:?}");
        }
    }
}
