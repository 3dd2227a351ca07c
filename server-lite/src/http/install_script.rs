//! `/meshagents?script=1&meshid=…`: a POSIX shell script that downloads the agent for a group, checks and starts it.

use std::fmt::Write as _;

use microstack::crypto::sha384;
use microstack::http::Response;
use microstack::wire::agent_type::{self, Os};
use microstack::wire::hex;
use microstack::wire::id::MeshId;

use crate::agents::programs::Listed;

/// Where the server is reached.
pub(super) struct Address {
    /// Host name or address.
    pub host: String,
    /// Port of HTTPS.
    pub port: u16,
}

/// What the server sends behind the program.
pub(super) struct Behind {
    /// The group whose settings these are.
    pub group: MeshId,
    /// The character for installers that is among them.
    pub flags: Option<String>,
    /// The settings, their length and the mark.
    pub bytes: Vec<u8>,
}

/// The script for the programs there are. Whatever stands in it is checked for its letters: it is run by a shell, often
/// as root.
pub(super) fn install_script(server: &Address, behind: &Behind, all: &[Listed]) -> Response {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    if server.host.is_empty() || !server.host.chars().all(plain) {
        tracing::error!(name = server.host, "the server's name cannot stand in a script");
        return Response::text(500, "The server's name cannot stand in a script; see its log.\n");
    }
    let host = match server.host.contains(':') && !server.host.starts_with('[') {
        true => format!("[{}]", server.host),
        false => server.host.clone(),
    };
    let mut cases = String::new();
    for listed in all {
        let Some(known) = agent_type::lookup(listed.number).filter(|known| known.os == Os::Linux) else {
            continue;
        };
        let Some(machines) = machines(known.number) else { continue };
        let loader = listed.loader.as_deref().unwrap_or("");
        let _ = writeln!(
            cases,
            "  {machines}) ID={} NAME={} SIZE={} SHA384={} LOADER='{loader}' ;;",
            listed.number,
            listed.name,
            listed.length,
            listed.sha384.to_lowercase(),
        );
    }
    // The same address must lead to the same settings.
    let flags = behind.flags.as_ref().map_or_else(String::new, |flags| format!("&installflags={flags}"));
    let script = TEMPLATE
        .replace("@SERVER@", &format!("https://{host}:{}", server.port))
        .replace("@FLAGS@", &flags)
        .replace("@SETTINGS@", &hex::upper(&sha384(&behind.bytes)).to_lowercase())
        .replace("@GROUP@", &behind.group.to_text64())
        .replace("@CASES@", &cases);
    Response::new(200)
        .with("Content-Type", "text/x-shellscript; charset=utf-8")
        .with("Content-Disposition", "attachment; filename=\"meshlite-agent.sh\"")
        .with_body(script)
}

/// What `uname -m` says on machines that run this type; types that only differ in what nobody can ask for are left out.
fn machines(number: u32) -> Option<&'static str> {
    Some(match number {
        5 => "i?86",
        6 => "x86_64",
        25 => "armv6l|armv7l|armv8l",
        26 => "aarch64",
        9 => "armv5*",
        7 => "mips",
        _ => return None,
    })
}

const TEMPLATE: &str = r#"#!/bin/sh
# Meshlite: puts this machine under the care of the server @SERVER@.
#
# What it does, and nothing else:
#   1. finds out which processor this is and downloads the agent for it into the current folder
#      (or into $MESHLITE_DIR), together with the settings of one device group;
#   2. compares the SHA-384 of the program, and that of the settings behind it, with those below, and removes the
#      file if one differs;
#   3. as root, and if the agent can: installs it as a service ("install");
#      otherwise: runs it in the foreground until Ctrl-C. With MESHLITE_DOWNLOAD_ONLY=1 it does neither.
# Whoever manages the server can then run commands on this machine.
set -eu

SERVER='@SERVER@'
GROUP='@GROUP@'
SETTINGS=@SETTINGS@

say() { printf 'meshlite: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(uname -s)" = Linux ] || fail "this script is for Linux; this is $(uname -s)"
MACHINE=$(uname -m)
# A 32-bit system on a 64-bit processor runs 32-bit programs only.
if [ "$MACHINE" = aarch64 ] && [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 32 ]; then MACHINE=armv7l; fi
if [ "$MACHINE" = x86_64 ] && [ "$(getconf LONG_BIT 2>/dev/null || echo 64)" = 32 ]; then MACHINE=i686; fi
case "$MACHINE" in
@CASES@  *) fail "the server has no agent for the processor $MACHINE" ;;
esac
if [ -n "$LOADER" ] && [ ! -e "$LOADER" ]; then
  fail "the agent is built for systems with $LOADER (another C library), which is missing here"
fi

DIR=${MESHLITE_DIR:-.}
FILE=$DIR/$NAME
[ ! -e "$FILE" ] || fail "$FILE exists already; remove it first"
mkdir -p "$DIR"
umask 077
PART=$(mktemp "$DIR/.meshlite.XXXXXX") || fail "no file can be made in $DIR"
trap 'rm -f "$PART"' EXIT
trap 'exit 1' HUP INT TERM

# The certificate is not checked: servers often have one of their own. What counts is SHA-384, of every byte: the
# settings too, since they say whom the agent obeys.
URL="$SERVER/meshagents?id=$ID&meshid=$GROUP@FLAGS@"
if command -v curl >/dev/null 2>&1; then
  curl -fsSk --retry 5 --connect-timeout 20 -o "$PART" "$URL" || fail "the download failed: $URL"
elif command -v wget >/dev/null 2>&1; then
  wget -q --no-check-certificate -O "$PART" "$URL" || fail "the download failed: $URL"
else
  fail "neither curl nor wget is here"
fi

if command -v sha384sum >/dev/null 2>&1; then
  sum() { sha384sum | cut -d ' ' -f 1; }
elif command -v openssl >/dev/null 2>&1; then
  sum() { openssl dgst -sha384 -r | cut -d ' ' -f 1; }
else
  fail "neither sha384sum nor openssl is here: the program cannot be checked"
fi
[ "$(head -c "$SIZE" "$PART" | sum)" = "$SHA384" ] ||
  fail "the program is not the one the server named; it was removed"
[ "$(tail -c +$((SIZE + 1)) "$PART" | sum)" = "$SETTINGS" ] ||
  fail "the settings are not those the server named (if the group was changed, get this script anew); it was removed"
chmod 700 "$PART"
mv "$PART" "$FILE"
trap - EXIT
say "downloaded and checked: $FILE"

if [ "${MESHLITE_DOWNLOAD_ONLY:-0}" = 1 ]; then exit 0; fi
case "$("$FILE" version 2>/dev/null || true)" in
  meshlite-agent*) ;;
  *) say "this is another agent; install it by its own means, such as: sudo $FILE -install"; exit 0 ;;
esac
if [ "$(id -u)" = 0 ] && "$FILE" help 2>/dev/null | grep -q '^  meshlite-agent install'; then
  say "installing it as a service"
  exec "$FILE" install
fi
say "starting it in the foreground; Ctrl-C stops it"
exec "$FILE" run
"#;

#[cfg(test)]
mod tests {
    use super::*;
    use microstack::wire::trailer;

    const PROGRAM: &[u8] = b"program";
    const SETTINGS: &[u8] = b"\r\nMeshName=lab\r\n";

    fn script(host: &str, loader: Option<&str>) -> Response {
        script_with(host, loader, None)
    }

    fn script_with(host: &str, loader: Option<&str>, flags: Option<&str>) -> Response {
        let listed = Listed {
            number: 6,
            name: "meshlite-agent".into(),
            length: PROGRAM.len() as u64,
            sha384: hex::upper(&sha384(PROGRAM)),
            loader: loader.map(str::to_owned),
        };
        let windows = Listed { number: 4, ..listed.clone() };
        let behind = Behind {
            group: MeshId([0xFB; 48]),
            flags: flags.map(str::to_owned),
            bytes: trailer::append(&[], SETTINGS),
        };
        install_script(&Address { host: host.into(), port: 8443 }, &behind, &[windows, listed])
    }

    fn text(response: &Response) -> String {
        String::from_utf8(response.body.to_vec()).unwrap()
    }

    #[test]
    fn the_script_names_what_there_is_and_a_shell_can_read_it() {
        let made = text(&script("mesh.example", Some("/lib64/ld-linux-x86-64.so.2")));
        assert!(made.contains("SERVER='https://mesh.example:8443'"));
        assert!(made.contains("  x86_64) ID=6 NAME=meshlite-agent SIZE=7 SHA384="));
        assert!(!made.contains('@') || !made.contains("@CASES@"), "a place was not filled");
        assert!(!made.contains("ID=4 "), "no Windows program runs on Linux");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("script");
        std::fs::write(&file, made).unwrap();
        let read = std::process::Command::new("sh").arg("-n").arg(&file).status().unwrap();
        assert!(read.success());
    }

    #[test]
    fn the_settings_are_asked_for_as_they_were_hashed() {
        let made = text(&script_with("mesh.example", None, Some("2")));
        assert!(made.contains("&meshid=$GROUP&installflags=2\"\n"), "{made}");
        assert!(text(&script("mesh.example", None)).contains("&meshid=$GROUP\"\n"));
        let whole = trailer::append(PROGRAM, SETTINGS);
        let hash = hex::upper(&sha384(&whole[PROGRAM.len()..])).to_lowercase();
        assert!(made.contains(&format!("\nSETTINGS={hash}\n")), "{made}");
    }

    #[test]
    fn neither_another_program_nor_other_settings_get_through() {
        // In place of the network and of what machine this is.
        let stand_ins = "uname() { case $1 in -s) echo Linux ;; *) echo x86_64 ;; esac; }\n\
            getconf() { echo 64; }\n\
            curl() { while [ \"$1\" != -o ]; do shift; done; cat \"$SOURCE\" >\"$2\"; }\n";
        let dir = tempfile::tempdir().unwrap();
        let (file, source) = (dir.path().join("script"), dir.path().join("source"));
        std::fs::write(&file, format!("{stand_ins}{}", text(&script("mesh.example", None)))).unwrap();
        let run = |sent: &[u8], folder: &str| {
            std::fs::write(&source, sent).unwrap();
            let folder = dir.path().join(folder);
            let mut shell = std::process::Command::new("sh");
            shell.arg(&file).env("SOURCE", &source).env("MESHLITE_DIR", &folder);
            let done = shell.env("MESHLITE_DOWNLOAD_ONLY", "1").output().unwrap();
            let left = std::fs::read_dir(&folder).unwrap().count();
            (done.status.code(), left, String::from_utf8_lossy(&done.stderr).into_owned())
        };
        let good = trailer::append(PROGRAM, SETTINGS);
        let (code, left, said) = run(&good, "good");
        assert_eq!((code, left), (Some(0), 1), "{said}");
        let twice = trailer::append(&[&good[..], &b"x"[..]].concat(), SETTINGS);
        for (sent, what) in [
            (trailer::append(b"another", SETTINGS), "the program"),
            (trailer::append(PROGRAM, b"\r\nMeshName=his\r\n"), "the settings"),
            (twice, "the settings"),
            (PROGRAM.to_vec(), "the settings"),
        ] {
            let (code, left, said) = run(&sent, "bad");
            assert_eq!((code, left), (Some(1), 0), "{said}");
            assert!(said.contains(what) && said.contains("it was removed"), "{said}");
        }
    }

    #[test]
    fn a_name_that_a_shell_would_run_stands_in_no_script() {
        for host in ["", "a';reboot;'", "a b", "$(x)", "a\nb"] {
            assert_eq!(script(host, None).status, 500, "{host}");
        }
        assert!(text(&script("::1", None)).contains("'https://[::1]:8443'"));
    }
}
