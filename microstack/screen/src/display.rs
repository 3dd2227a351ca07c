//! Reaching an X server of this machine: its name, its socket, the cookie that lets us in.

use std::fs::File;
use std::io::{self, Read};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;

use x11rb::rust_connection::{DefaultStream, RustConnection};

use crate::Place;

const COOKIE: &[u8] = b"MIT-MAGIC-COOKIE-1";
const MOST_AUTHORITY: u64 = 1 << 20;

/// Connects; gives the connection and the number of its screen.
pub(crate) fn connect(place: &Place) -> Result<(RustConnection, usize), String> {
    let Some((number, screen)) = parse(&place.display) else {
        return Err(format!("{:?} is no display of this machine; give one as :0", place.display));
    };
    let socket = dial(number).map_err(|e| format!("no X server answers for display :{number}: {e}"))?;
    let (stream, _) = DefaultStream::from_unix_stream(socket).map_err(|e| e.to_string())?;
    let cookie = place.authority.as_deref().and_then(|path| cookie(path, number));
    let (name, data) = cookie.map_or((Vec::new(), Vec::new()), |data| (COOKIE.to_vec(), data));
    match RustConnection::connect_to_stream_with_auth_info(stream, screen, name, data) {
        Ok(connection) => Ok((connection, screen)),
        Err(error) => Err(format!("the X server of display :{number} refuses: {error}")),
    }
}

/// Number and screen of a local display; `None` for those of other machines.
fn parse(display: &str) -> Option<(u16, usize)> {
    let rest = display.strip_prefix("unix").unwrap_or(display).strip_prefix(':')?;
    let (number, screen) = rest.split_once('.').unwrap_or((rest, "0"));
    Some((number.parse().ok()?, screen.parse().ok()?))
}

/// The file first: another container's server may have the abstract name.
fn dial(number: u16) -> io::Result<UnixStream> {
    let path = format!("/tmp/.X11-unix/X{number}");
    UnixStream::connect(&path).or_else(|error| {
        let address = SocketAddr::from_abstract_name(path.as_bytes())?;
        UnixStream::connect_addr(&address).map_err(|_| error)
    })
}

fn cookie(path: &Path, number: u16) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST_AUTHORITY).read_to_end(&mut bytes).ok()?;
    find_cookie(&bytes, number)
}

/// Records of `u16 family`, then address, number, name and data, each behind its `u16` length.
fn find_cookie(mut bytes: &[u8], number: u16) -> Option<Vec<u8>> {
    fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
        let (length, rest) = bytes.split_first_chunk::<2>()?;
        let (part, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        *bytes = rest;
        Some(part)
    }
    let number = number.to_string();
    while let Some(rest) = bytes.get(2..) {
        bytes = rest;
        let (_, of, name, data) =
            (part(&mut bytes)?, part(&mut bytes)?, part(&mut bytes)?, part(&mut bytes)?);
        if (of.is_empty() || of == number.as_bytes()) && name == COOKIE {
            return Some(data.to_vec());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: &str, name: &str, data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![1, 0];
        for part in [b"host".as_slice(), number.as_bytes(), name.as_bytes(), data] {
            bytes.extend((part.len() as u16).to_be_bytes());
            bytes.extend(part);
        }
        bytes
    }

    #[test]
    fn only_displays_of_this_machine() {
        assert_eq!(parse(":0"), Some((0, 0)));
        assert_eq!(parse(":12.1"), Some((12, 1)));
        assert_eq!(parse("unix:3"), Some((3, 0)));
        for other in ["", "0", "localhost:10.0", "192.0.2.1:0", ":x", ":-1", ":99999", "unix", "wayland-0"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn the_cookie_of_the_display_is_found_in_a_file_cut_anywhere() {
        let mut file = record("1", "MIT-MAGIC-COOKIE-1", b"one");
        file.extend(record("0", "XDM-AUTHORIZATION-1", b"other"));
        file.extend(record("0", "MIT-MAGIC-COOKIE-1", b"zero"));
        assert_eq!(find_cookie(&file, 0).as_deref(), Some(b"zero".as_slice()));
        assert_eq!(find_cookie(&file, 1).as_deref(), Some(b"one".as_slice()));
        assert_eq!(find_cookie(&file, 2), None);
        for end in 0..file.len() {
            assert_eq!(find_cookie(&file[..end], 0), None);
        }
        // A record without a number is for every display.
        assert_eq!(
            find_cookie(&record("", "MIT-MAGIC-COOKIE-1", b"any"), 7).as_deref(),
            Some(b"any".as_slice())
        );
    }
}
