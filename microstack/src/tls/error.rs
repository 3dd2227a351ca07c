//! What can go wrong on a TLS stream.

use std::fmt;
use std::io;

/// Why a TLS stream ended or never began.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// The peer speaks no TLS; `first` is the first byte it sent. Usual cause: a wrong port, or `http` for `https`.
    NotTls {
        /// The first byte received.
        first: u8,
    },
    /// The peer ended the connection before the handshake was done.
    Eof,
    /// The peer refused with an alert, broke the protocol, or shares no version or cipher suite with us.
    Protocol(rustls::Error),
    /// The connection below failed.
    Io(io::Error),
    /// A certificate or key cannot be used; the text says why.
    Config(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::NotTls { .. } => f.write_str("the other side does not speak TLS; check the port"),
            TlsError::Eof => f.write_str("the other side hung up during the TLS handshake"),
            TlsError::Protocol(rustls::Error::AlertReceived(alert)) => {
                write!(f, "the other side refused the TLS connection ({alert:?})")
            }
            TlsError::Protocol(e) => write!(f, "TLS failed: {e}"),
            TlsError::Io(e) => write!(f, "the connection failed during TLS: {e}"),
            TlsError::Config(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for TlsError {}

impl From<TlsError> for io::Error {
    fn from(e: TlsError) -> Self {
        match e {
            TlsError::Io(e) => e,
            TlsError::Eof => io::ErrorKind::UnexpectedEof.into(),
            other => io::Error::new(io::ErrorKind::InvalidData, other),
        }
    }
}
