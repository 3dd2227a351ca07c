//! What supervisor and worker share: a memory file and a packet socket.
//!
//! The memory file holds the crash marker (written by the worker at any time, read by the supervisor after its end)
//! and the core history (written by the supervisor before each start). It needs no disk, so it works on a read-only
//! system, and it survives any death of the worker. The socket carries the few words of [`Word`]; its end tells the
//! worker that the supervisor is gone.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};

use microstack::wire::id::CoreHash;
use recovery_core::history::{self, Failure, History, HistoryError};
use recovery_core::marker::{self, Marker, MarkerError};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType,
};

/// What a worker tells its supervisor.
#[derive(Debug, PartialEq, Eq)]
pub enum Word {
    /// The configuration is sound and the chain runs.
    Up,
    /// A core was ended by a limit or an engine failure; the worker lives on.
    Failed(Failure),
    /// A core ran long enough to count as good.
    Good(CoreHash),
    /// The server cleared a core: its failures are forgotten.
    Forgiven(CoreHash),
}

/// Longest word in bytes.
pub const MAX_WORD: usize = 64;

impl Word {
    /// Writes the word as one packet.
    pub fn emit(&self) -> Vec<u8> {
        let (kind, body) = match self {
            Word::Up => (b'U', Vec::new()),
            Word::Failed(failure) => (b'F', failure.emit()),
            Word::Good(core) => (b'G', core.as_bytes().to_vec()),
            Word::Forgiven(core) => (b'C', core.as_bytes().to_vec()),
        };
        [vec![kind], body].concat()
    }

    /// Reads a packet; `None` when it is not a word of this version.
    pub fn parse(packet: &[u8]) -> Option<Word> {
        let (kind, body) = packet.split_first()?;
        let hash = || <[u8; 48]>::try_from(body).ok().map(CoreHash);
        match kind {
            b'U' if body.is_empty() => Some(Word::Up),
            b'F' => Failure::parse(body).ok().map(Word::Failed),
            b'G' => hash().map(Word::Good),
            b'C' => hash().map(Word::Forgiven),
            _ => None,
        }
    }
}

/// The memory file.
pub struct Record(OwnedFd);

impl Record {
    /// Makes an empty one.
    ///
    /// # Errors
    /// Fails when the kernel has no memory files (before Linux 3.17) or no memory.
    pub fn create() -> io::Result<Record> {
        let fd = rustix::fs::memfd_create("meshlite-record", rustix::fs::MemfdFlags::CLOEXEC)?;
        rustix::fs::ftruncate(&fd, SIZE)?;
        Ok(Record(fd))
    }

    /// Erases the marker and writes the history, before a worker starts.
    pub fn prepare(&self, history: &History) -> io::Result<()> {
        write_at(&self.0, &[0; marker::LEN], MARKER_AT)?;
        write_at(&self.0, &history.emit(), HISTORY_AT)
    }

    /// The history the supervisor wrote.
    pub fn history(&self) -> io::Result<Result<History, HistoryError>> {
        let mut bytes = vec![0; history::MAX_LEN];
        let got = rustix::io::pread(&self.0, &mut bytes, HISTORY_AT)?;
        Ok(History::parse(&bytes[..got]))
    }

    /// The last words of a worker.
    pub fn marker(&self) -> io::Result<Result<Marker, MarkerError>> {
        let mut bytes = [0; marker::LEN];
        let got = rustix::io::pread(&self.0, &mut bytes, MARKER_AT)?;
        Ok(Marker::parse(&bytes[..got]))
    }

    /// The descriptor, for who writes the marker.
    pub fn into_fd(self) -> OwnedFd {
        self.0
    }
}

/// The two ends of a control socket: the supervisor's and the worker's.
pub fn socket_pair() -> io::Result<(OwnedFd, OwnedFd)> {
    Ok(rustix::net::socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?)
}

/// Hands the memory file to the other end.
pub fn send_record(socket: &impl AsFd, record: &Record) -> io::Result<()> {
    let fds = [record.0.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    if !ancillary.push(SendAncillaryMessage::ScmRights(&fds)) {
        return Err(io::Error::other("no room for one descriptor"));
    }
    rustix::net::sendmsg(socket, &[io::IoSlice::new(b"R")], &mut ancillary, SendFlags::NOSIGNAL)?;
    Ok(())
}

/// Takes the memory file that the supervisor sent before it started this worker; it waits in the socket.
pub fn receive_record(socket: &impl AsFd) -> io::Result<Record> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0; 1];
    rustix::net::recvmsg(
        socket,
        &mut [io::IoSliceMut::new(&mut byte)],
        &mut ancillary,
        RecvFlags::CMSG_CLOEXEC | RecvFlags::DONTWAIT,
    )?;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(mut fds) = message
            && let Some(fd) = fds.next()
        {
            return Ok(Record(fd));
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "the supervisor sent no memory file"))
}

/// Writes everything at a place of a memory file.
pub fn write_at(fd: &impl AsFd, mut bytes: &[u8], mut at: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        let put = rustix::io::pwrite(fd, bytes, at)?;
        if put == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[put..];
        at += put as u64;
    }
    Ok(())
}

/// Where the marker begins.
pub const MARKER_AT: u64 = 0;
const HISTORY_AT: u64 = 512;
const SIZE: u64 = 8192;

#[cfg(test)]
mod tests {
    use super::*;
    use recovery_core::history::FailureReason;
    use recovery_core::marker::Activity;

    #[test]
    fn the_record_travels_through_the_socket_and_holds_marker_and_history() {
        let (ours, theirs) = socket_pair().unwrap();
        let record = Record::create().unwrap();
        let mut history = History::default();
        history.add_good(CoreHash([4; 48]));
        record.prepare(&history).unwrap();
        send_record(&ours, &record).unwrap();
        let worker = receive_record(&theirs).unwrap();
        assert_eq!(worker.history().unwrap(), Ok(history));
        assert_eq!(record.marker().unwrap(), Err(MarkerError::Empty));
        let marker = Marker::without_core(Activity::Idle, 5);
        write_at(&worker.into_fd(), &marker.emit(), MARKER_AT).unwrap();
        assert_eq!(record.marker().unwrap(), Ok(marker));
    }

    #[test]
    fn words_survive_the_socket_and_rubbish_is_no_word() {
        let core = CoreHash([9; 48]);
        let failure = Failure { core, at_unix_s: 7, reason: FailureReason::Limit };
        for word in [Word::Up, Word::Failed(failure), Word::Good(core), Word::Forgiven(core)] {
            let packet = word.emit();
            assert!(packet.len() <= MAX_WORD);
            assert_eq!(Word::parse(&packet), Some(word));
            assert_eq!(Word::parse(&packet[..packet.len() - 1]), None);
        }
        assert_eq!(Word::parse(b""), None);
        assert_eq!(Word::parse(b"X"), None);
    }
}
