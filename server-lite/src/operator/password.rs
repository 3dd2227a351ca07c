//! Where the password comes from: a file, the environment, or a person. Never the command line, which other users
//! of the machine can read.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, isatty, tcgetattr, tcsetattr};

use super::error::OperatorError;

/// Longest password, in bytes.
const MAX_PASSWORD: usize = 4096;

/// The password from `--password-file`, else from `MESHLITE_PASSWORD`, else asked for on the terminal.
///
/// # Errors
/// [`OperatorError::Usage`] when there is none of them; [`OperatorError::File`] when the file cannot be read.
pub fn find(file: Option<&Path>, environment: Option<String>, user: &str) -> Result<String, OperatorError> {
    if let Some(path) = file {
        let stdin = path == Path::new("-");
        let read = if stdin { first_line(io::stdin().lock()) } else { File::open(path).and_then(first_line) };
        return read.map_err(|error| OperatorError::File {
            what: "read the password from",
            path: path.into(),
            error,
        });
    }
    if let Some(password) = environment.filter(|password| !password.is_empty()) {
        return Ok(password);
    }
    let prompt = format!("Password for {}: ", super::escape::escape_line(user));
    match File::options().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => ask(terminal, &prompt, false),
        Err(_) => Err(OperatorError::Usage(
            "there is no terminal to ask for the password on; use --password-file FILE or MESHLITE_PASSWORD"
                .into(),
        )),
    }
}

/// The code of a second factor from `MESHLITE_CODE`, else asked for on the terminal.
///
/// # Errors
/// [`OperatorError::Usage`] when there is neither.
pub fn find_code(environment: Option<String>, user: &str) -> Result<String, OperatorError> {
    if let Some(code) = environment.filter(|code| !code.is_empty()) {
        return Ok(code);
    }
    let prompt = format!("Code of the second factor of {}: ", super::escape::escape_line(user));
    match File::options().read(true).write(true).open("/dev/tty") {
        Ok(terminal) => ask(terminal, &prompt, true),
        Err(_) => Err(OperatorError::Usage(
            "this account has a second factor, and there is no terminal to ask for its code on; use MESHLITE_CODE"
                .into(),
        )),
    }
}

/// The user name, asked for on the terminal.
///
/// # Errors
/// [`OperatorError::Usage`] when there is no terminal.
pub fn ask_user() -> Result<String, OperatorError> {
    let terminal = File::options().read(true).write(true).open("/dev/tty");
    let terminal = terminal.map_err(|_| OperatorError::Usage("say who logs in with --user NAME".into()))?;
    ask(terminal, "User: ", true)
}

/// The first line, without its end.
fn first_line(from: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(MAX_PASSWORD as u64 + 1).read_to_end(&mut bytes)?;
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    if end > MAX_PASSWORD {
        return Err(io::Error::other(format!("it is longer than {MAX_PASSWORD} bytes")));
    }
    bytes.truncate(end);
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    match bytes.is_empty() {
        true => Err(io::Error::other("its first line is empty")),
        false => String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8")),
    }
}

/// Asks on a terminal. Without echo the terminal is read byte by byte, so that Ctrl-C is ours to handle and the
/// echo is on again whatever happens.
fn ask(terminal: File, prompt: &str, echo: bool) -> Result<String, OperatorError> {
    // Through a reference, because the guard holds one too.
    let mut screen = &terminal;
    screen.write_all(prompt.as_bytes())?;
    let _quiet = if echo { None } else { Some(Quiet::start(&terminal)?) };
    let mut line = Vec::new();
    let mut byte = [0u8; 1];
    loop {
        let ended = screen.read(&mut byte)? == 0;
        match byte[0] {
            _ if ended => break,
            b'\n' | b'\r' => break,
            3 if !echo => {
                screen.write_all(b"\n")?;
                return Err(OperatorError::Failed("interrupted".into()));
            }
            4 if !echo => break,
            8 | 127 if !echo => erase(&mut line),
            21 if !echo => line.clear(),
            byte if line.len() < MAX_PASSWORD => line.push(byte),
            _ => return Err(OperatorError::Usage(format!("more than {MAX_PASSWORD} bytes"))),
        }
    }
    if !echo {
        screen.write_all(b"\n")?;
    }
    match String::from_utf8(line) {
        Ok(line) if !line.is_empty() => Ok(line),
        Ok(_) => Err(OperatorError::Usage("nothing was typed".into())),
        Err(_) => Err(OperatorError::Usage("what was typed is not UTF-8".into())),
    }
}

/// Takes the last character off, whatever its length.
fn erase(line: &mut Vec<u8>) {
    while let Some(byte) = line.pop() {
        if byte & 0xC0 != 0x80 {
            break;
        }
    }
}

/// A terminal without echo, lines and signals, until dropped.
struct Quiet<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Quiet<'a> {
    fn start(terminal: &'a File) -> io::Result<Quiet<'a>> {
        if !isatty(terminal) {
            return Err(io::Error::other("not a terminal"));
        }
        let before = tcgetattr(terminal.as_fd())?;
        let mut quiet = before.clone();
        quiet.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        tcsetattr(terminal.as_fd(), OptionalActions::Flush, &quiet)?;
        Ok(Quiet { terminal, before })
    }
}

impl Drop for Quiet<'_> {
    fn drop(&mut self) {
        // If this fails the terminal is gone.
        let _ = tcsetattr(self.terminal.as_fd(), OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::OpenOptionsExt;

    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

    use super::*;

    #[test]
    fn a_file_gives_its_first_line() {
        assert_eq!(first_line(&b"secret\nmore"[..]).unwrap(), "secret");
        assert_eq!(first_line(&b"with blank \r\n"[..]).unwrap(), "with blank ");
        assert_eq!(first_line(&b"no end"[..]).unwrap(), "no end");
        for bad in [&b""[..], b"\n", b"\xff\n", &[b'x'; MAX_PASSWORD + 1]] {
            assert!(first_line(bad).is_err());
        }
    }

    #[test]
    fn the_environment_comes_after_the_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "from the file\n").unwrap();
        let found = find(Some(file.path()), Some("from outside".into()), "a").unwrap();
        assert_eq!(found, "from the file");
        assert_eq!(find(None, Some("from outside".into()), "a").unwrap(), "from outside");
        assert!(find(Some(Path::new("/nonexistent/x")), None, "a").is_err());
    }

    /// Types `keys` on a terminal that asks for a password; gives the answer and what the screen showed.
    fn typed(keys: &[u8]) -> (Result<String, OperatorError>, String) {
        let person = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        let name = ptsname(&person, Vec::new()).unwrap();
        let mut options = File::options();
        options.read(true).write(true).custom_flags(libc::O_NOCTTY);
        let terminal = options.open(name.to_str().unwrap()).unwrap();
        let kept_open = terminal.try_clone().unwrap();
        let asked = std::thread::spawn(move || ask(terminal, "Password: ", false));
        let mut person = File::from(person);
        let mut shown = vec![0u8; 256];
        // The prompt comes before the echo goes off, and keys typed before that would be flushed away.
        let n = person.read(&mut shown).unwrap();
        shown.truncate(n);
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while tcgetattr(&kept_open).unwrap().local_modes.contains(LocalModes::ECHO) {
            assert!(std::time::Instant::now() < deadline, "the echo stays on");
            std::thread::yield_now();
        }
        person.write_all(keys).unwrap();
        let answer = asked.join().unwrap();
        assert!(tcgetattr(&kept_open).unwrap().local_modes.contains(LocalModes::ECHO), "the echo stays off");
        let mut rest = [0u8; 256];
        let n = person.read(&mut rest).unwrap();
        shown.extend_from_slice(&rest[..n]);
        (answer, String::from_utf8(shown).unwrap())
    }

    #[test]
    fn a_typed_password_is_not_shown() {
        let (answer, shown) = typed("hüsh\n".as_bytes());
        assert_eq!(answer.unwrap(), "hüsh");
        assert_eq!(shown, "Password: \r\n");
    }

    #[test]
    fn typing_errors_can_be_taken_back() {
        assert_eq!(typed("hü\u{7f}ush\r".as_bytes()).0.unwrap(), "hush");
        assert_eq!(typed("wrong\u{15}right\n".as_bytes()).0.unwrap(), "right");
    }

    #[test]
    fn an_interrupt_leaves_the_terminal_as_it_was() {
        assert!(matches!(typed(b"hus\x03").0, Err(OperatorError::Failed(_))));
        assert!(matches!(typed(b"\n").0, Err(OperatorError::Usage(_))));
    }
}
