//! Scripts without a channel: `script FILE.js`, `eval`, `repl`, `-exec`, as `node` would run them.

mod core_check;
mod core_test;
mod dialect;
mod options;

use std::ffi::OsString;
use std::io::{self, Read};
use std::path::PathBuf;
use std::rc::Rc;

use js_modules::host::{Host, HostEvent, HostOptions, Permissions, TerminalSink, on_big_stack, read_script};
use microstack::chain::Chain;

use crate::cli::UsageError;
use crate::exit;

pub use core_check::check_core;
pub use core_test::test_core;
pub use dialect::{run_container, run_dialect};
pub use options::ScriptOptions;

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A file, or `-` for standard input.
    File(PathBuf),
    /// A text as a main module (`-exec`).
    Text(String),
    /// A text in the global scope (`-e`).
    Evaluate(String),
    /// The same, and its value is printed as it is (`-p`).
    Print(String),
    /// The same, but promises are waited for (`eval`).
    Show(String),
    /// Lines as somebody types them.
    Repl,
}

/// Runs what the options say and returns the script's exit code.
pub fn run(options: &ScriptOptions) -> i32 {
    dialect::ended(on_big_stack(|| run_here(options)))
}

/// As [`run`] for a file with arguments.
pub fn run_file(file: &OsString, args: &[OsString]) -> i32 {
    run(&ScriptOptions { args: args.to_vec(), ..ScriptOptions::of(Program::File(PathBuf::from(file))) })
}

/// As [`run`] for a text of the command line.
///
/// # Errors
/// The text is no UTF-8.
pub fn run_text(text: &OsString, args: &[OsString]) -> Result<i32, UsageError> {
    let program = Program::Text(options::text(text)?);
    Ok(run(&ScriptOptions { args: args.to_vec(), ..ScriptOptions::of(program) }))
}

/// Largest text that is read from standard input.
const MAX_INPUT: u64 = 64 << 20;

fn read_input() -> io::Result<String> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_INPUT + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_INPUT {
        return Err(io::Error::other(format!("the script on standard input is over {MAX_INPUT} bytes")));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn run_here(options: &ScriptOptions) -> io::Result<i32> {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("meshlite-agent"));
    let program = program.display().to_string();
    let (name, source) = match &options.program {
        Program::File(file) if file.as_os_str() == "-" => ("[stdin]".to_owned(), read_input()?),
        Program::File(file) => (file.display().to_string(), read_script(file).map_err(io::Error::other)?),
        Program::Text(text) => ("[exec]".to_owned(), text.clone()),
        Program::Evaluate(text) | Program::Print(text) | Program::Show(text) => (String::new(), text.clone()),
        Program::Repl => (String::new(), String::new()),
    };
    let mut argv = vec![program.clone()];
    if matches!(options.program, Program::File(_) | Program::Text(_)) && name != "[stdin]" {
        argv.push(
            std::path::absolute(&name).map_or_else(|_| name.clone(), |path| path.display().to_string()),
        );
    } else if name == "[stdin]" {
        argv.push("-".to_owned());
    }
    argv.extend(options.args.iter().map(|arg| arg.to_string_lossy().into_owned()));
    let chain = Chain::new()?;
    let permissions = match &options.permissions {
        Some(file) => options::permissions(file).map_err(io::Error::other)?,
        None => Permissions::full(),
    };
    let host = HostOptions {
        argv,
        exec_path: program,
        cwd: std::env::current_dir()?,
        env: std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect(),
        sink: Rc::new(TerminalSink),
        permissions,
        ..HostOptions::default()
    };
    let mut host = Host::new(chain.clone(), host).map_err(io::Error::other)?;
    match &options.program {
        Program::File(_) | Program::Text(_) => host.run_script(&name, &source),
        Program::Evaluate(_) => host.run_builtin("internal/eval", "run", &[&source, "run"]),
        Program::Print(_) => host.run_builtin("internal/eval", "run", &[&source, "print"]),
        Program::Show(_) => host.run_builtin("internal/eval", "run", &[&source, "show"]),
        Program::Repl => host.run_builtin("repl", "_main", &[env!("CARGO_PKG_VERSION")]),
    }
    let mut code = None;
    chain.run_until(None, &mut |_| {
        host.drain();
        tell(&mut host);
        code = host.exit_code();
        if code.is_none() && host.is_idle() {
            code = host.finish();
            tell(&mut host);
        }
        code.is_some()
    })?;
    Ok(code.unwrap_or(exit::FAILED))
}

/// Shows what a script could not handle itself.
fn tell(host: &mut Host) {
    for event in host.events() {
        match event {
            HostEvent::UncaughtException(error) | HostEvent::UnhandledRejection(error) => {
                eprintln!("Uncaught {error}");
            }
            HostEvent::CoreCrashed { reason } => eprintln!("meshlite-agent: the script was ended: {reason}"),
            _ => {}
        }
    }
}
