//! The server.
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    server_lite::cli::server::main()
}
