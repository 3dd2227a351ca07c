//! The command line: what was asked for, and the help that says so.

mod id;
mod options;

use std::ffi::OsString;
use std::path::Path;

pub use options::{AFTER_CRASH, IdOptions, RunOptions, UsageError};

use crate::script::{Program, ScriptOptions};
use crate::{Args, exit, script, status, supervisor, worker};

/// The hidden command by which the supervisor starts its worker.
pub const WORKER: &str = "--worker";

/// Runs the program with the arguments after its name and returns its exit code.
///
/// `run` is looked at first: the supervisor must not pay for what the other commands need.
pub fn main(args: &Args) -> i32 {
    let Some((command, rest)) = args.split_first() else {
        eprint!("{USAGE}");
        return exit::USAGE;
    };
    let outcome = match command.to_str().unwrap_or("") {
        "run" | "connect" => options::run_options(args).map(|options| supervisor::run(&options, args)),
        WORKER => options::run_options(rest).map(|options| worker::main(&options)),
        "id" => options::id_options(rest).map(|options| id::show(&options)),
        "-nodeid" => options::id_options(rest).map(|options| id::node_id_only(&options)),
        "status" | "-state" => options::id_options(rest).map(|options| status::show(&options)),
        "script" if rest.first().is_some_and(|word| word == "--meshagent") => match &rest[1..] {
            [file, args @ ..] => Ok(script::run_dialect(Path::new(file), args)),
            [] => {
                Err(UsageError::new("script needs a file: meshlite-agent script --meshagent FILE.js [args…]"))
            }
        },
        "script" => ScriptOptions::of_script(rest).map(|options| script::run(&options)),
        "eval" => ScriptOptions::of_eval(rest, Program::Show).map(|options| script::run(&options)),
        "-e" | "--eval" => {
            ScriptOptions::of_eval(rest, Program::Evaluate).map(|options| script::run(&options))
        }
        "-p" | "--print" | "-pe" => {
            ScriptOptions::of_eval(rest, Program::Print).map(|options| script::run(&options))
        }
        "repl" => ScriptOptions::of_repl(rest).map(|options| script::run(&options)),
        "core-check" => match rest {
            [file] if file != "--json" => Ok(script::check_core(Path::new(file), false)),
            [json, file] if json == "--json" => Ok(script::check_core(Path::new(file), true)),
            _ => {
                Err(UsageError::new("core-check needs one file: meshlite-agent core-check [--json] core.js"))
            }
        },
        "core-test" => match rest {
            [place] => Ok(script::test_core(Path::new(place))),
            _ => {
                Err(UsageError::new("core-test needs the folder of a core: meshlite-agent core-test FOLDER"))
            }
        },
        "-exec" => match rest.split_first() {
            Some((text, args)) => script::run_text(text, args),
            None => Err(UsageError::new("-exec needs a script: meshlite-agent -exec 'console.log(6*7)'")),
        },
        "--script-container" => no_more(rest).map(|()| script::run_container()),
        "-agentHash" => no_more(rest).map(|()| id::agent_hash(Some(16))),
        "-agentFullHash" => no_more(rest).map(|()| id::agent_hash(None)),
        "help" | "--help" | "-h" => {
            print!("{USAGE}");
            Ok(exit::DONE)
        }
        "version" | "--version" | "-V" => {
            println!("meshlite-agent {}", env!("CARGO_PKG_VERSION"));
            Ok(exit::DONE)
        }
        name if name.ends_with(".js") => Ok(script::run_file(command, rest)),
        name if OLD_SWITCHES.contains(&name) => Err(UsageError::new(format!(
            "{name} is a switch of MeshAgent that this version does not have; start the agent in the foreground \
             with: meshlite-agent run --msh FILE"
        ))),
        _ => Err(UsageError::new(format!("there is no command {command:?}"))),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("meshlite-agent: {error}\nTry: meshlite-agent help");
        exit::USAGE
    })
}

fn no_more(rest: &[OsString]) -> Result<(), UsageError> {
    match rest.first() {
        None => Ok(()),
        Some(extra) => Err(UsageError::new(format!("unexpected argument {extra:?}"))),
    }
}

/// Switches of MeshAgent that installers may still use (agent-channel specification 2.3).
const OLD_SWITCHES: [&str; 18] = [
    "start",
    "stop",
    "-d",
    "-s",
    "-fullinstall",
    "-finstall",
    "-install",
    "-fulluninstall",
    "-funinstall",
    "-uninstall",
    "-name",
    "-info",
    "-licenses",
    "-updaterversion",
    "-b64exec",
    "-export",
    "-recovery",
    "-nocertstore",
];

const USAGE: &str = "\
meshlite-agent: connects this device to a MeshCentral or Meshlite server.

  meshlite-agent run [--msh FILE] [--state DIR]   stay connected, in the foreground; Ctrl-C stops
  meshlite-agent connect [...]                    the same, as a temporary device
  meshlite-agent id [--state DIR] [--json]        this device's id, and how it is derived
  meshlite-agent status [--state DIR] [--json]    what a running agent is doing
  meshlite-agent script FILE.js|- [args...]       run a script, as `node FILE.js` would
  meshlite-agent script --meshagent FILE.js       run it with the modules of MeshAgent, as `meshagent FILE.js` would
  meshlite-agent eval CODE                        run a text and print its value; -e CODE, -p CODE as with node
  meshlite-agent repl                             run lines as they are typed
  meshlite-agent core-check [--json] FILE         read a core without running it, and say what is wrong
  meshlite-agent core-test FOLDER|FILE            run the tests of a core, with a test in the server's place
  meshlite-agent help | version

The .msh file names the server and the group; get it from the server's console (\"Add agent\").
Without --msh it is looked for beside the program (<program>.msh), then inside the program (as /meshagents of a
server puts it there), then as /etc/meshlite/agent.msh.
State is kept in --state DIR, else $STATE_DIRECTORY, else /var/lib/meshlite for root, else
$XDG_STATE_HOME/meshlite or ~/.local/state/meshlite.

Further options of run and connect:
  --turn-budget SECONDS   end the worker when one turn of its event loop takes longer (default 10)
  --memory-limit MIB      most heap memory of the worker (default 512; 0 for no limit)
  --pace MILLISECONDS     upper bound of all waits between connections; for tests only
  --log LEVEL             error, warn, info (default), debug or trace; to standard error

Further options of script, eval and repl, before the file or text:
  --permissions FILE      grant only what the manifest (JSON, see docs/cores.md) lists

Switches of MeshAgent that also work: -nodeid, -state, -exec SCRIPT, FILE.js, -agentHash, -agentFullHash,
and --key=value for values that scripts read (getStartupOptions).

Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 unreachable, 4 refused.
";
