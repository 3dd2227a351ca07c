//! `meshlite-agent script FILE.js` and `-exec`: scripts without a channel, as `node` would run them.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use js_modules::host::{Host, HostEvent, HostOptions, TerminalSink, on_big_stack, read_script};
use js_modules::meshagent;
use microstack::chain::Chain;

use crate::channel::build;
use crate::exit;

/// Runs a file and returns the script's exit code.
pub fn run_file(file: &Path, args: &[OsString]) -> i32 {
    match read_script(file) {
        Ok(source) => run(&file.display().to_string(), &source, args),
        Err(text) => {
            eprintln!("meshlite-agent: {text}");
            exit::FAILED
        }
    }
}

/// Runs a file with the dialect of MeshAgent and returns the script's exit code.
pub fn run_dialect(file: &Path, args: &[OsString]) -> i32 {
    let args: Vec<String> = args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
    match read_script(file) {
        Ok(source) => {
            let name = file.display().to_string();
            ended(on_big_stack(|| meshagent::run_script(&name, &source, &args, build())))
        }
        Err(text) => {
            eprintln!("meshlite-agent: {text}");
            exit::FAILED
        }
    }
}

/// Serves a `ScriptContainer` of another process and returns the exit code.
pub fn run_container() -> i32 {
    ended(on_big_stack(|| meshagent::run_container(build())))
}

fn ended(outcome: io::Result<io::Result<i32>>) -> i32 {
    match outcome {
        Ok(Ok(code)) => code,
        Ok(Err(error)) | Err(error) => {
            eprintln!("meshlite-agent: {error}");
            exit::FAILED
        }
    }
}

/// Runs a text given on the command line.
pub fn run_text(text: &OsString, args: &[OsString]) -> i32 {
    match text.to_str() {
        Some(text) => run("[exec]", text, args),
        None => {
            eprintln!("meshlite-agent: the script is not UTF-8");
            exit::USAGE
        }
    }
}

fn run(name: &str, source: &str, args: &[OsString]) -> i32 {
    ended(on_big_stack(|| run_here(name, source, args)))
}

fn run_here(name: &str, source: &str, args: &[OsString]) -> io::Result<i32> {
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("meshlite-agent"));
    let program = program.display().to_string();
    let mut argv = vec![program.clone()];
    argv.push(std::path::absolute(name).map_or_else(|_| name.to_owned(), |path| path.display().to_string()));
    argv.extend(args.iter().map(|arg| arg.to_string_lossy().into_owned()));
    let chain = Chain::new()?;
    let options = HostOptions {
        argv,
        exec_path: program,
        cwd: std::env::current_dir()?,
        env: std::env::vars_os()
            .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
            .collect(),
        sink: Rc::new(TerminalSink),
        ..HostOptions::default()
    };
    let mut host = Host::new(chain.clone(), options).map_err(io::Error::other)?;
    host.run_script(name, source);
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
