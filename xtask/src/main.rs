//! The project's own commands. `cargo xtask` lists them.
#![forbid(unsafe_code)]

mod arch;
mod bench;
mod ci;
mod demo;
mod docs;
mod fuzz;
mod node_tests;
mod run;
mod setup;
mod soak;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  demo [--once]   install what is missing, build, start a server and an agent on this machine, show a device
                  doing something; stays until Ctrl-C (--once: cleans up and exits)
  test            install what is missing, then every check and every test
  setup           only install what is missing (Debian packages as root, npm packages for the interop tests)
  arch            check that dependencies between our crates point down only
  docs            check the book's links and, where mdbook is installed, build it
  bench [NAME]    measure; writes docs/benchmarks.md, -js.md and -relay.md (release build, minutes)
  fuzz [TARGET] [--seconds N]
                  coverage-guided fuzzing (installs cargo-fuzz)
  node-tests [GROUP or FILE…] [--update] [--full]
                  Node's own tests on the script host, against the recorded table (fetches them first)
  soak [--short]  thousands of reconnects, kills and failed connects; the full form takes about an hour
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["demo", rest @ ..] => demo::run(rest),
        ["test"] => ci::test(),
        ["setup"] => setup::install(),
        ["arch"] => arch::check(),
        ["docs"] => docs::check(),
        ["bench", rest @ ..] => bench::run(rest),
        ["fuzz", rest @ ..] => fuzz::run(rest),
        ["node-tests", rest @ ..] => node_tests::run(rest),
        ["soak", rest @ ..] => soak::run(rest),
        [] | ["help" | "-h" | "--help"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprint!("xtask: no such command: {}\n\n{USAGE}", args.join(" "));
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
