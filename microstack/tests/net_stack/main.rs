//! Net, TLS, HTTP and WebSocket components on a real chain over loopback, against each other and against raw peers.

mod harness;

mod close;
mod dial;
mod flow;
mod http_client;
mod http_pieces;
mod http_server;
mod messages;
mod node;
mod proxy;
mod tls;
