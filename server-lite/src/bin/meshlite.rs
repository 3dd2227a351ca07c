//! The operator's tool. Everything is in [`server_lite::operator`].
#![forbid(unsafe_code)]

fn main() -> std::process::ExitCode {
    server_lite::operator::main()
}
