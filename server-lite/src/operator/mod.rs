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
mod files;
mod fleet;
mod forward;
mod guide;
mod lists;
mod live;
mod login;
mod login_file;
mod manage;
mod output;
mod password;
mod play;
mod proof;
mod run;
mod saves;
mod session;
mod shell;
mod table;
mod tunnel;

use std::process::ExitCode;

use microstack::chain::Chain;

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
    let open = || open(&folder, &Chain::new()?);
    match arguments.command {
        Command::Login(how) => login::login(&folder, &how, output),
        Command::Logout => login::logout(&folder, output),
        Command::Devices { group } => lists::devices(&mut open()?, group.as_deref(), output),
        Command::Groups => lists::groups(&mut open()?, output),
        Command::Console { id, line, timeout } => {
            console::console(&mut open()?, &id, &line.join(" "), timeout, output)
        }
        Command::Run(how) if how.is_fleet() => return fleet::run(&mut open()?, &how, output),
        Command::Run(how) => return run::run(&mut open()?, &how, output),
        Command::Shell(how) => return shell::shell(&mut open()?, &how, output),
        Command::Put(how) => files::put(&mut open()?, &how, output),
        Command::Get(how) => files::get(&mut open()?, &how, output),
        Command::Ls(how) => files::list(&mut open()?, &how, output),
        Command::Rm(how) => files::remove(&mut open()?, &how, output),
        Command::Mkdir { place } => files::make(&mut open()?, &place, output),
        Command::Mv { from, to } => files::rename(&mut open()?, &from, &to, output),
        Command::Forward(how) => forward::forward(&|chain| self::open(&folder, chain), &how, output),
        Command::Top { group, once, interval } => {
            live::top(&mut open()?, group.as_deref(), once, interval, output)
        }
        Command::Ps { id } => live::processes(&mut open()?, &id, output),
        Command::Kill { id, pid } => live::kill(&mut open()?, &id, pid, output),
        Command::Services { id } => live::services(&mut open()?, &id, output),
        Command::Service { action, id, name } => {
            live::change_service(&mut open()?, &id, &name, action, output)
        }
        Command::Power { id, action } => live::power(&mut open()?, &id, action, output),
        Command::Toast { id, title, text } => live::toast(&mut open()?, &id, &title, &text, output),
        Command::Device { action } => manage::device(&mut open()?, &action, output),
        Command::Group { action } => manage::group(&mut open()?, &action, output),
        Command::User { action } => manage::user(open, &action, output),
        Command::Token { action } => manage::token(&mut open()?, &action, output),
        Command::Play(how) => play::play(&how, output),
        Command::Completions { shell } => guide::completions(shell, output),
        Command::CompleteNames => guide::names(open, output),
        Command::Man { folder } => guide::man(&folder, output),
        Command::Core { action } => return core::perform(open, &action, output),
        Command::Events { device, limit, follow } => {
            events::events(&open, device.as_deref(), limit, follow, output)
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

/// A session by the login that is kept. The server proves the identity it had at login before anything is sent.
fn open(folder: &Folder, chain: &Chain) -> Result<Session, OperatorError> {
    let login = folder.login()?;
    let (url, id) = login.server()?;
    Stranger::connect_on(chain, &url)?.prove(Some(&id))?.sign_in(&login.name, &login.secret, None)
}
