//! The `meshlite-agent` program. Everything is in the library; this file names the allocator and leaves.

/// Counts what the worker allocates, so that a core cannot take the whole device (see `agent::memory`).
#[global_allocator]
static MEMORY: agent::memory::Limited = agent::memory::Limited;

fn main() {
    let args: Vec<std::ffi::OsString> = std::env::args_os().skip(1).collect();
    std::process::exit(agent::main(&args));
}
