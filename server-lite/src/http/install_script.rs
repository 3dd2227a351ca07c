//! `/meshagents?script=1&meshid=…`: a POSIX shell script that downloads the agent for a group, checks and starts it.

use std::fmt::Write as _;

use microstack::http::Response;
use microstack::wire::agent_type::{self, Os};
use microstack::wire::id::MeshId;

use crate::agents::programs::Listed;

/// Where the server is reached.
pub(super) struct Address {
    /// Host name or address.
    pub host: String,
    /// Port of HTTPS.
    pub port: u16,
}

/// The script for the programs there are. Whatever stands in it is checked for its letters: it is run by a shell, often
/// as root.
pub(super) fn install_script(server: &Address, group: &MeshId, all: &[Listed]) -> Response {
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
    let script = TEMPLATE
        .replace("@SERVER@", &format!("https://{host}:{}", server.port))
        .replace("@GROUP@", &group.to_text64())
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
#   2. compares the program's SHA-384 with the one below, and removes the file if they differ;
#   3. as root, and if the agent can: installs it as a service ("install");
#      otherwise: runs it in the foreground until Ctrl-C. With MESHLITE_DOWNLOAD_ONLY=1 it does neither.
# Whoever manages the server can then run commands on this machine.
set -eu

SERVER='@SERVER@'
GROUP='@GROUP@'

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

# The certificate is not checked: servers often have one of their own. What counts is the SHA-384 below.
URL="$SERVER/meshagents?id=$ID&meshid=$GROUP"
if command -v curl >/dev/null 2>&1; then
  curl -fsSk --retry 5 --connect-timeout 20 -o "$PART" "$URL" || fail "the download failed: $URL"
elif command -v wget >/dev/null 2>&1; then
  wget -q --no-check-certificate -O "$PART" "$URL" || fail "the download failed: $URL"
else
  fail "neither curl nor wget is here"
fi

if command -v sha384sum >/dev/null 2>&1; then
  SUM=$(head -c "$SIZE" "$PART" | sha384sum | cut -d ' ' -f 1)
elif command -v openssl >/dev/null 2>&1; then
  SUM=$(head -c "$SIZE" "$PART" | openssl dgst -sha384 -r | cut -d ' ' -f 1)
else
  fail "neither sha384sum nor openssl is here: the program cannot be checked"
fi
[ "$SUM" = "$SHA384" ] || fail "the program is not the one the server named; it was removed"
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

    fn script(host: &str, loader: Option<&str>) -> Response {
        let listed = Listed {
            number: 6,
            name: "meshlite-agent".into(),
            length: 7,
            sha384: "AB".repeat(48),
            loader: loader.map(str::to_owned),
        };
        let windows = Listed { number: 4, ..listed.clone() };
        install_script(&Address { host: host.into(), port: 8443 }, &MeshId([0xFB; 48]), &[windows, listed])
    }

    fn text(response: &Response) -> String {
        String::from_utf8(response.body.to_vec()).unwrap()
    }

    #[test]
    fn the_script_names_what_there_is_and_a_shell_can_read_it() {
        let made = text(&script("mesh.example", Some("/lib64/ld-linux-x86-64.so.2")));
        assert!(made.contains("SERVER='https://mesh.example:8443'"));
        assert!(made.contains("  x86_64) ID=6 NAME=meshlite-agent SIZE=7 SHA384=abab"));
        assert!(!made.contains('@') || !made.contains("@CASES@"), "a place was not filled");
        assert!(!made.contains("ID=4 "), "no Windows program runs on Linux");
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("script");
        std::fs::write(&file, made).unwrap();
        let read = std::process::Command::new("sh").arg("-n").arg(&file).status().unwrap();
        assert!(read.success());
    }

    #[test]
    fn a_name_that_a_shell_would_run_stands_in_no_script() {
        for host in ["", "a';reboot;'", "a b", "$(x)", "a\nb"] {
            assert_eq!(script(host, None).status, 500, "{host}");
        }
        assert!(text(&script("::1", None)).contains("'https://[::1]:8443'"));
    }
}
