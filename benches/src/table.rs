//! The report: a table in Markdown, our figures beside those of the real programs from the same run.

use std::fmt::Write as _;
use std::time::Duration;

/// One figure.
#[derive(Debug, Clone)]
pub struct Row {
    pub figure: String,
    pub ours: String,
    pub real: String,
    pub target: &'static str,
}

impl Row {
    /// A figure of ours; the real program's is added by [`Row::beside`].
    pub fn new(figure: impl Into<String>, ours: impl Into<String>, target: &'static str) -> Row {
        Row { figure: figure.into(), ours: ours.into(), real: "not run".to_owned(), target }
    }

    /// Adds the real program's figure.
    pub fn beside(mut self, real: Option<String>) -> Row {
        if let Some(real) = real {
            self.real = real;
        }
        self
    }
}

/// The whole page.
pub fn page(machine: &str, rows: &[Row]) -> String {
    let mut out = String::from(HEAD);
    let _ = writeln!(
        out,
        "{machine}\n\n| figure | Meshlite | MeshCentral, MeshAgent 1.1.55 | target |\n|---|---|---|---|"
    );
    for row in rows {
        let _ = writeln!(out, "| {} | {} | {} | {} |", row.figure, row.ours, row.real, row.target);
    }
    out.push_str(FOOT);
    out
}

/// `12.3 ms`.
pub fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// `1.2 MB` from kB.
pub fn mb(kb: u64) -> String {
    format!("{:.1} MB", kb as f64 / 1000.0)
}

/// The middle one of an odd number of measurements, the upper middle of an even one.
pub fn median(mut values: Vec<Duration>) -> Duration {
    values.sort();
    values.get(values.len() / 2).copied().unwrap_or_default()
}

const HEAD: &str = "\
# Benchmarks

Written by `cargo xtask bench`, which measures our programs and, where they are installed, the real ones side by side in
one run on loopback. Machines differ and are noisy: read the ratios. Times are medians. Memory is the proportional set
size (PSS) with all child processes. CPU is user and system time of the server or agent process alone, as the kernel
counts it; the load generator (real TLS, real WebSocket, the true handshake) runs beside it and is not counted.

";

const FOOT: &str = "
How to read it:

* *Full handshake* is a connection of an agent that has no pin: TCP, TLS, WebSocket, both RSA-3072 signatures of the
  server's side (TLS and identity), one verification. *Skip path* saves the identity signature. TLS sessions are never
  resumed.
* *Memory per agent* is the growth of the server's resident memory divided by the number of idle agents.
* *Wake-ups* are voluntary context switches of all threads, the supervisor's included.
* The agent runs the core that our server pushes, the real agent the same one. The real meshcore is much larger.
";
