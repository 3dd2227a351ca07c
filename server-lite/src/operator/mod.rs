//! The operator's tool `meshlite`: works with the devices of a server from the command line.
//!
//! It talks to the user channel `/control.ashx` like any other program, with three differences to `meshctrl`: the
//! server proves its identity before it gets any secret, and on every connection ([`proof`]); what is kept between
//! calls is a token that `logout` ends, not the password ([`login_file`]); and text from devices is hostile
//! ([`escape`]).
//!
//! What it is **not**: a library. The commands print and give an exit code.

mod arguments;
mod connection;
mod console;
mod core;
mod directory;
mod error;
mod escape;
mod events;
mod lists;
mod login;
mod login_file;
mod output;
mod password;
mod proof;
mod run;
mod saves;
mod session;
mod table;
mod tunnel;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use error::OperatorError;
use login_file::Folder;
use output::Output;
use session::{Session, Stranger};

/// The program: reads the command line, does what it says, gives the exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::read();
    let output = Output::new(arguments.json);
    match perform(arguments, &output) {
        Ok(code) => code,
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

fn perform(arguments: Arguments, output: &Output) -> Result<ExitCode, OperatorError> {
    let look = |name: &str| std::env::var_os(name).map(Into::into);
    let folder = Folder::choose(arguments.config.as_deref(), look)?;
    match arguments.command {
        Command::Login(how) => login::login(&folder, &how, output),
        Command::Logout => login::logout(&folder, output),
        Command::Devices { group } => lists::devices(&mut open(&folder)?, group.as_deref(), output),
        Command::Groups => lists::groups(&mut open(&folder)?, output),
        Command::Console { id, line, timeout } => {
            console::console(&mut open(&folder)?, &id, &line.join(" "), timeout, output)
        }
        Command::Run { id, command, timeout, raw } => {
            return run::run(&mut open(&folder)?, &id, &command.join(" "), timeout, raw, output);
        }
        Command::Core { action } => return core::perform(|| open(&folder), &action, output),
        Command::Events { device, limit, follow } => {
            events::events(&mut open(&folder)?, device.as_deref(), limit, follow, output)
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

/// A session by the login that is kept. The server proves the identity it had at login before anything is sent.
fn open(folder: &Folder) -> Result<Session, OperatorError> {
    let login = folder.login()?;
    let (url, id) = login.server()?;
    Stranger::connect(&url)?.prove(Some(&id))?.sign_in(&login.name, &login.secret)
}
