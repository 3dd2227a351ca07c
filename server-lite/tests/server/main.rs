//! The real server in this process, driven through real TLS and WebSockets.

mod accounts;
mod agents;
mod http;
mod interop;
mod lab;
mod life;
mod offload;
mod peers;
mod relay;
mod rest;
mod users;
mod walk;
