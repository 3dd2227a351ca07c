//! `/meshagents`: programs of agents with the settings of a group behind them (user-channel specification 5).
//!
//! The disk is read on a thread of its own, one piece at a time, when the client has taken the one before. So neither a
//! slow client nor many of them cost more memory than a piece each.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use microstack::chain::Cx;
use microstack::http::{Request, Response, ServerConn};
use microstack::wire::{agent_type, trailer};
use microstack::ws::Bytes;
use serde_json::json;

use super::install_script::{Address as ServerAddress, Behind, install_script};
use super::pages::{install_flags, settings_of};
use crate::agents::programs::{Listed, Opened, Slot};
use crate::house::House;
use crate::live::Address;
use crate::model::parse_mesh;

/// Mail for a download.
pub(super) enum ToDownload {
    /// The whole answer: a list, a script.
    Answer(Response),
    /// The program is open, or not.
    Opened(io::Result<Opened>),
    /// The next piece.
    Piece(io::Result<Bytes>),
}

/// One answer of `/meshagents` that is under way.
pub(super) struct Download {
    address: Address,
    _slot: Slot,
    /// What follows the program: settings, their length and the mark.
    settings: Option<Vec<u8>>,
    body: Option<Body>,
    begun: Instant,
}

struct Body {
    file: Arc<File>,
    at: u64,
    length: u64,
    tail: Bytes,
    /// A piece has been asked for and is not here yet.
    reading: bool,
}

/// Bytes read at once.
const PIECE: usize = 128 * 1024;
/// The longest a download may take, however steadily it trickles.
const LONGEST: Duration = Duration::from_secs(3600);

impl Download {
    /// Begins with a request.
    ///
    /// # Errors
    /// The answer, when it is known at once.
    pub(super) fn begin(cx: &Cx<'_>, house: &House, request: &Request) -> Result<Download, Response> {
        let programs = &house.programs;
        let busy =
            || Response::text(503, "Too many downloads at once; try again.\n").with("Retry-After", "5");
        let slot = programs.slot().ok_or_else(busy)?;
        let address = Address::new(cx.mailbox(), cx.id());
        let post = address.clone();
        let mut download = Download { address, _slot: slot, settings: None, body: None, begun: cx.now() };
        let group = request.query_value("meshid");
        let flags = install_flags(request);
        // The script names the hash of these bytes, so both are made here.
        let settings = match &group {
            Some(id) => {
                let group = parse_mesh(id).and_then(|id| house.data.group(&id));
                let settings = group.and_then(|group| settings_of(house, &group, flags.as_deref()));
                let settings = settings.ok_or_else(|| Response::text(404, "There is no such group.\n"))?;
                Some(trailer::append(&[], &settings))
            }
            None => None,
        };
        if request.query_value("script").is_some() {
            let (Some(group), Some(bytes)) = (group.as_deref().and_then(parse_mesh), settings) else {
                return Err(Response::text(400, "A script needs a group: meshid=…\n"));
            };
            let behind = Behind { group, flags, bytes };
            let facts = house.facts();
            let server = ServerAddress { host: facts.name.clone(), port: facts.port };
            programs
                .list(move |all| {
                    let _ = post.post(ToDownload::Answer(install_script(&server, &behind, &all)));
                })
                .map_err(|_| busy())?;
            return Ok(download);
        }
        let Some(id) = request.query_value("id").filter(|id| !id.is_empty()) else {
            programs
                .list(move |all| {
                    let _ = post.post(ToDownload::Answer(list(&all)));
                })
                .map_err(|_| busy())?;
            return Ok(download);
        };
        let number = id.parse().ok().filter(|number| agent_type::lookup(*number).is_some());
        let number = number.ok_or_else(|| Response::text(404, "There is no agent type of this number.\n"))?;
        download.settings = settings;
        programs
            .open(number, move |opened| {
                let _ = post.post(ToDownload::Opened(opened));
            })
            .map_err(|_| busy())?;
        Ok(download)
    }

    /// Takes mail. Gives the whole answer, if that is what came.
    pub(super) fn note(
        &mut self,
        cx: &mut Cx<'_>,
        conn: &mut ServerConn,
        note: ToDownload,
        hardened: impl Fn(Response) -> Response,
    ) -> Option<Response> {
        match note {
            ToDownload::Answer(response) => Some(hardened(response)),
            ToDownload::Opened(Ok(opened)) => {
                if opened.is_windows && self.settings.is_some() {
                    let why = "This server does not put settings into Windows programs; download the program without \
                               meshid, and /meshsettings?id=GROUP beside it.\n";
                    return Some(hardened(Response::text(501, why)));
                }
                let tail = Bytes::from(self.settings.take().unwrap_or_default());
                let head = Response::new(200)
                    .with("Content-Type", "application/octet-stream")
                    .with("Content-Disposition", format!("attachment; filename=\"{}\"", opened.name));
                conn.respond_in_pieces(cx, hardened(head), opened.length + tail.len() as u64);
                self.body =
                    Some(Body { file: opened.file, at: 0, length: opened.length, tail, reading: false });
                None
            }
            ToDownload::Opened(Err(error)) if error.kind() == io::ErrorKind::NotFound => {
                let why = "This server has no program for this agent type; put one into its agents folder.\n";
                Some(hardened(Response::text(404, why)))
            }
            ToDownload::Opened(Err(error)) => {
                tracing::error!(%error, "a program of agents cannot be read");
                Some(hardened(Response::text(
                    500,
                    "The program cannot be read; see the log of the server.\n",
                )))
            }
            ToDownload::Piece(piece) => {
                let body = self.body.as_mut()?;
                body.reading = false;
                match piece {
                    Ok(piece) if !piece.is_empty() => {
                        body.at += piece.len() as u64;
                        conn.push(cx, piece);
                    }
                    // The length was promised: only the end of the connection says that it is not kept.
                    Ok(_) => {
                        tracing::error!("a program of agents became shorter while it was downloaded");
                        conn.close(cx);
                    }
                    Err(error) => {
                        tracing::error!(%error, "a program of agents cannot be read");
                        conn.close(cx);
                    }
                }
                None
            }
        }
    }

    /// When it must be over: also if the disk never answers.
    pub(super) fn deadline(&self) -> Instant {
        self.begun + LONGEST
    }

    /// Goes on if the client has taken what there was; `true` when nothing more is to be done.
    pub(super) fn pump(&mut self, cx: &mut Cx<'_>, conn: &mut ServerConn, house: &House) -> bool {
        if cx.now() >= self.deadline() {
            tracing::warn!("a download was ended: it took too long");
            conn.close(cx);
            return true;
        }
        let Some(body) = &mut self.body else { return false };
        if body.reading || !conn.wants_piece() {
            return false;
        }
        let left = body.length - body.at;
        if left == 0 {
            conn.push(cx, std::mem::take(&mut body.tail));
            return true;
        }
        let most = usize::try_from(left).map_or(PIECE, |left| left.min(PIECE));
        let post = self.address.clone();
        let asked = house.programs.read(&body.file, body.at, most, move |piece| {
            let _ = post.post(ToDownload::Piece(piece));
        });
        match asked {
            Ok(()) => body.reading = true,
            Err(_) => {
                tracing::warn!("a download was ended: too many reads wait");
                conn.close(cx);
                return true;
            }
        }
        false
    }
}

/// `id=` alone: which programs there are.
fn list(all: &[Listed]) -> Response {
    let rows: Vec<_> = all
        .iter()
        .map(|listed| {
            json!({
                "id": listed.number,
                "type": agent_type::lookup(listed.number).map_or("", |known| known.name),
                "name": listed.name,
                "size": listed.length,
                "sha384": listed.sha384,
            })
        })
        .collect();
    Response::json(200, json!({ "agents": rows }).to_string())
}
