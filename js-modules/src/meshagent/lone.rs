//! Scripts of the dialect without an agent: `meshlite-agent script --meshagent FILE.js`, and script containers.

use std::io;
use std::rc::Rc;

use microstack::chain::Chain;

use super::container::{ContainerSink, SWITCH};
use super::port::{AgentPort, AgentRequest, BuildInfo, DataStore, LogLevel, NOT_CONNECTED, ServerView};
use super::runtime::{CoreEvent, CoreRuntime};
use crate::host::{Budget, Permissions, Sink, TerminalSink, loader};

/// Runs a script of the dialect until it has nothing left to do or exits; returns its exit code.
///
/// The thread needs [`Budget::native_stack_bytes`] of stack.
///
/// # Errors
/// Fails when the chain or the engine cannot be made.
pub fn run_script(name: &str, source: &str, args: &[String], build: BuildInfo) -> io::Result<i32> {
    // As the real agent has it: a script finds its own folder by it.
    let path = std::path::absolute(name).ok().filter(|path| path.exists());
    let mut argv = vec![path.map_or_else(|| name.to_owned(), |path| path.display().to_string())];
    argv.extend(args.iter().cloned());
    let chain = Chain::new()?;
    let port = Rc::new(Lone { argv, build, sink: Rc::new(TerminalSink) });
    let mut runtime = runtime(&chain, port)?;
    if let Err(error) = runtime.host().load_core(name, source) {
        return Ok(match runtime.host().exit_code() {
            Some(code) => code,
            None => {
                eprintln!("Uncaught {error}");
                1
            }
        });
    }
    until_done(&chain, runtime)
}

/// Serves a `ScriptContainer` of another process on standard input and output; returns the exit code.
///
/// # Errors
/// Fails when the chain or the engine cannot be made.
pub fn run_container(build: BuildInfo) -> io::Result<i32> {
    let chain = Chain::new()?;
    let port = Rc::new(Lone { argv: vec![SWITCH.into()], build, sink: Rc::new(ContainerSink) });
    let mut runtime = runtime(&chain, port)?;
    let started =
        runtime.host().enter("container", |ctx| loader::require_internal(ctx, "internal/container"));
    started.map_err(io::Error::other)?;
    until_done(&chain, runtime)
}

fn runtime(chain: &Chain, port: Rc<Lone>) -> io::Result<CoreRuntime> {
    CoreRuntime::empty(chain, port, Budget::default(), Permissions::full()).map_err(io::Error::other)
}

fn until_done(chain: &Chain, mut runtime: CoreRuntime) -> io::Result<i32> {
    let mut code = None;
    chain.run_until(None, &mut |_| {
        runtime.drain();
        tell(&mut runtime);
        code = runtime.host().exit_code();
        if code.is_none() && runtime.host().is_idle() {
            code = runtime.host().finish();
            tell(&mut runtime);
        }
        code.is_some()
    })?;
    Ok(code.unwrap_or(1))
}

fn tell(runtime: &mut CoreRuntime) {
    for event in runtime.take_events() {
        match event {
            CoreEvent::Exception(error) => eprintln!("Uncaught {error}"),
            CoreEvent::Crashed(error) => eprintln!("The script was ended: {error}"),
            CoreEvent::Exited(_) => {}
        }
    }
}

/// A script's own program: no server, no store, no identity.
struct Lone {
    argv: Vec<String>,
    build: BuildInfo,
    sink: Rc<dyn Sink>,
}

impl AgentPort for Lone {
    fn send_text(&self, _: &str) -> i32 {
        NOT_CONNECTED
    }

    fn send_binary(&self, _: &[u8]) -> i32 {
        NOT_CONNECTED
    }

    fn server(&self) -> Option<ServerView> {
        None
    }

    fn core_hash(&self) -> Option<[u8; 48]> {
        None
    }

    fn arch_id(&self) -> u32 {
        0
    }

    fn msh(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn mesh_id_hex(&self) -> String {
        String::new()
    }

    fn server_id_hex(&self) -> String {
        String::new()
    }

    fn build(&self) -> BuildInfo {
        self.build.clone()
    }

    fn data_store(&self) -> Option<Rc<dyn DataStore>> {
        None
    }

    fn argv(&self) -> Vec<String> {
        self.argv.clone()
    }

    fn sink(&self) -> Rc<dyn Sink> {
        self.sink.clone()
    }

    fn request(&self, request: AgentRequest) {
        if let AgentRequest::ForceExit(code) = request {
            std::process::exit(code);
        }
    }

    fn log(&self, level: LogLevel, text: &str) {
        use crate::host::ConsoleLevel;
        let level = match level {
            LogLevel::Debug => ConsoleLevel::Debug,
            LogLevel::Info => ConsoleLevel::Info,
            LogLevel::Warn => ConsoleLevel::Warn,
            LogLevel::Error => ConsoleLevel::Error,
        };
        self.sink.console(level, text);
    }
}
