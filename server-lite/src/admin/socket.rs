//! The control socket of a running server: `control.sock` in its data directory, mode 0600, one JSON line each way.
//!
//! A running server holds the store's lock, so the command line asks it to do the work. Whoever may open the
//! socket may read the data directory: it gives nothing that files would not.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use super::requests::{AdminRequest, Desk};
use crate::certs::CertFolder;
use crate::house::House;

/// File name in the data directory.
pub const SOCKET_NAME: &str = "control.sock";

/// A listening control socket; dropping it ends its thread and removes the file.
pub struct ControlSocket {
    path: PathBuf,
    ending: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ControlSocket {
    /// Listens, and answers on a thread of its own.
    ///
    /// # Errors
    /// Fails when the socket cannot be made, for example because the path is over 107 bytes.
    pub fn open(data_dir: &Path, house: Arc<House>, folder: CertFolder) -> std::io::Result<ControlSocket> {
        let path = data_dir.join(SOCKET_NAME);
        // The store's lock is ours, so a file of that name is left over from a server that was killed.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        let ending = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ending);
        let thread = thread::Builder::new().name("control".into()).spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::Acquire) {
                    return;
                }
                if let Err(error) = serve(&stream, &house, &folder) {
                    tracing::debug!(%error, "a control request failed");
                }
            }
        })?;
        Ok(ControlSocket { path, ending, thread: Some(thread) })
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        self.ending.store(true, Ordering::Release);
        // The thread waits for a connection: give it one. Without one it cannot be joined.
        let woken = UnixStream::connect(&self.path).is_ok();
        let _ = fs::remove_file(&self.path);
        if let (true, Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

fn serve(stream: &UnixStream, house: &Arc<House>, folder: &CertFolder) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE)).read_line(&mut line)?;
    let answer = match serde_json::from_str::<AdminRequest>(&line) {
        Ok(request) => {
            let desk = Desk {
                data: &house.data,
                folder,
                announce: &|event| house.announce(event),
                end_sessions: &|user| house.end_user(user, "the password was changed"),
            };
            match desk.fulfil(request) {
                Ok(answer) => json!({ "ok": answer }),
                Err(error) => json!({ "error": error.to_string(), "code": error.exit_code() }),
            }
        }
        Err(error) => {
            json!({ "error": format!("the server does not know this request: {error}"), "code": 1 })
        }
    };
    let mut stream = stream;
    writeln!(stream, "{answer}")
}

/// Asks the server that runs on this data directory. `None` when none runs; `Some(Err(…))` with its words and the
/// exit code when it refuses.
pub fn ask_running(data_dir: &Path, request: &AdminRequest) -> Option<Result<Value, (String, u8)>> {
    let stream = UnixStream::connect(data_dir.join(SOCKET_NAME)).ok()?;
    Some(ask(&stream, request).unwrap_or_else(|error| {
        Err((format!("the running server gave no answer on its control socket: {error}"), 3))
    }))
}

fn ask(mut stream: &UnixStream, request: &AdminRequest) -> std::io::Result<Result<Value, (String, u8)>> {
    stream.set_read_timeout(Some(PATIENCE * 3))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    writeln!(stream, "{}", serde_json::to_string(request)?)?;
    let mut line = String::new();
    BufReader::new(stream.take(MAX_LINE)).read_line(&mut line)?;
    let answer: Value = serde_json::from_str(&line)?;
    Ok(match answer.get("ok") {
        Some(ok) => Ok(ok.clone()),
        None => {
            let code = answer["code"].as_u64().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
            Err((answer["error"].as_str().unwrap_or("unknown error").to_owned(), code))
        }
    })
}

const PATIENCE: Duration = Duration::from_secs(10);
const MAX_LINE: u64 = 4 << 20;
