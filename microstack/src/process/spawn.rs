//! What to start, and how.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustix::io::fcntl_dupfd_cloexec;

use super::MAX_STDIN_BACKLOG;
use super::terminal::{Master, Terminal};

/// A child may be given descriptors below this number.
pub const MAX_DESCRIPTORS: RawFd = 64;

/// A program to start, with everything it gets. Built by chained calls.
#[derive(Debug, Clone)]
pub struct Spawn {
    program: OsString,
    argv0: Option<OsString>,
    args: Vec<OsString>,
    environment: Environment,
    folder: Option<PathBuf>,
    uid: Option<u32>,
    gid: Option<u32>,
    own_group: bool,
    stdin: Pipe,
    stdout: Pipe,
    stderr: Pipe,
    given: Vec<(RawFd, Arc<OwnedFd>)>,
    terminal: Option<Terminal>,
    max_stdin_backlog: usize,
}

/// Where a child's environment comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Environment {
    /// The environment of this process.
    #[default]
    Inherit,
    /// These variables and no others.
    Replace(Vec<(OsString, OsString)>),
}

/// What one of a child's three standard streams is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pipe {
    /// A pipe to this process.
    #[default]
    Piped,
    /// Nothing: reads end at once, writes vanish.
    Null,
    /// The stream of this process.
    Inherit,
}

impl Spawn {
    /// A program by path, or by name to be looked up in `PATH`.
    pub fn new(program: impl Into<OsString>) -> Self {
        Spawn {
            program: program.into(),
            argv0: None,
            args: Vec::new(),
            environment: Environment::Inherit,
            folder: None,
            uid: None,
            gid: None,
            own_group: false,
            stdin: Pipe::Piped,
            stdout: Pipe::Piped,
            stderr: Pipe::Piped,
            given: Vec::new(),
            terminal: None,
            max_stdin_backlog: MAX_STDIN_BACKLOG,
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    pub fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// What the program sees as its own name, when it is not the path.
    pub fn argv0(mut self, name: impl Into<OsString>) -> Self {
        self.argv0 = Some(name.into());
        self
    }

    /// Sets the environment.
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// The folder it starts in, when not that of this process.
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Runs it as another user. Supplementary groups are dropped when this process is root.
    pub fn uid(mut self, uid: u32) -> Self {
        self.uid = Some(uid);
        self
    }

    /// Runs it under another group.
    pub fn gid(mut self, gid: u32) -> Self {
        self.gid = Some(gid);
        self
    }

    /// Gives it a process group of its own, so that signals reach all it starts, and none meant for us reaches it.
    pub fn own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    /// Says what its three standard streams are: input, output, error.
    pub fn streams(mut self, stdin: Pipe, stdout: Pipe, stderr: Pipe) -> Self {
        (self.stdin, self.stdout, self.stderr) = (stdin, stdout, stderr);
        self
    }

    /// Gives the child a copy of a descriptor under the number `number`, in place of what [`Spawn::streams`] says for
    /// numbers 0 to 2. Numbers from [`MAX_DESCRIPTORS`] on are an error at the start.
    pub fn descriptor(mut self, number: RawFd, fd: impl Into<Arc<OwnedFd>>) -> Self {
        self.given.push((number, fd.into()));
        self
    }

    /// Runs it on a new terminal, in a session of its own. [`Spawn::streams`] then says nothing.
    pub fn terminal(mut self, terminal: Terminal) -> Self {
        self.terminal = Some(terminal);
        self
    }

    /// Bounds the queue of its standard input, in bytes. The default is [`MAX_STDIN_BACKLOG`].
    pub fn max_stdin_backlog(mut self, bytes: usize) -> Self {
        self.max_stdin_backlog = bytes.max(1);
        self
    }

    pub(super) fn open_terminal(&self) -> Result<Option<(Master, OwnedFd)>, SpawnError> {
        let opened = self.terminal.as_ref().map(|terminal| terminal.open(self.uid)).transpose();
        opened.map_err(|error| SpawnError::Terminal { program: self.program_text(), error })
    }

    pub(super) fn start(&self, terminal: Option<&OwnedFd>) -> Result<std::process::Child, SpawnError> {
        let mut command = self.prepared()?;
        let os = |error| SpawnError::Os { program: self.program_text(), error };
        if let Some(terminal) = terminal {
            let copy = || terminal.try_clone().map(Stdio::from).map_err(os);
            command.stdin(copy()?).stdout(copy()?).stderr(copy()?);
            super::terminal::control(&mut command);
        } else {
            if self.own_group {
                command.process_group(0);
            }
            command.stdin(self.stdin.stdio()).stdout(self.stdout.stdio()).stderr(self.stderr.stdio());
        }
        let _kept = self.give(&mut command).map_err(os)?;
        command.spawn().map_err(|error| self.explain(error))
    }

    /// Becomes the program: this process goes on as it, with the same standard streams. Returns only when that fails.
    pub fn replace_this_process(&self) -> SpawnError {
        match self.prepared() {
            Ok(mut command) => self.explain(command.exec()),
            Err(error) => error,
        }
    }

    fn prepared(&self) -> Result<Command, SpawnError> {
        let has_nul = |text: &OsStr| text.as_encoded_bytes().contains(&0);
        if self.program.is_empty() || has_nul(&self.program) || self.args.iter().any(|a| has_nul(a)) {
            return Err(SpawnError::BadText { program: self.program_text() });
        }
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        if let Some(argv0) = &self.argv0 {
            command.arg0(argv0);
        }
        if let Environment::Replace(variables) = &self.environment {
            command.env_clear().envs(variables.iter().map(|(k, v)| (k, v)));
        }
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        if let Some(gid) = self.gid {
            command.gid(gid);
        }
        if let Some(uid) = self.uid {
            command.uid(uid);
        }
        Ok(command)
    }

    /// Arranges for the given descriptors. What it returns must live until the child is started.
    fn give(&self, command: &mut Command) -> io::Result<Vec<OwnedFd>> {
        let mut moves: Vec<(OwnedFd, RawFd)> = Vec::new();
        for (number, fd) in &self.given {
            let copy = || fcntl_dupfd_cloexec(&**fd, MAX_DESCRIPTORS).map_err(io::Error::from);
            match *number {
                0 => drop(command.stdin(copy()?)),
                1 => drop(command.stdout(copy()?)),
                2 => drop(command.stderr(copy()?)),
                3..MAX_DESCRIPTORS => moves.push((copy()?, *number)),
                _ => return Err(io::Error::from_raw_os_error(libc::EBADF)),
            }
        }
        let Some(top) = moves.iter().map(|(_, number)| *number).max() else { return Ok(Vec::new()) };
        // The standard library reports a failed exec through a descriptor of its own, the lowest free one. It must not
        // be one that the child is about to cover: so none of those is free now.
        let mut kept = Vec::new();
        let null = std::fs::File::open("/dev/null")?;
        while let Ok(filler) = fcntl_dupfd_cloexec(null.as_fd(), 3) {
            let done = std::os::fd::AsRawFd::as_raw_fd(&filler) > top;
            kept.push(filler);
            if done {
                break;
            }
        }
        super::terminal::place(command, moves);
        Ok(kept)
    }

    pub(super) fn program_text(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }

    pub(super) fn has_own_group(&self) -> bool {
        // A session is a group as well.
        self.own_group || self.terminal.is_some()
    }

    pub(super) fn stdin_backlog(&self) -> usize {
        self.max_stdin_backlog
    }

    fn explain(&self, error: io::Error) -> SpawnError {
        // The same ENOENT stands for three different faults.
        if let Some(folder) = &self.folder
            && !folder.is_dir()
        {
            return SpawnError::Folder { folder: folder.clone(), error };
        }
        let program = self.program_text();
        match error.kind() {
            io::ErrorKind::NotFound if Path::new(&self.program).is_file() => {
                SpawnError::Interpreter { program, error }
            }
            io::ErrorKind::NotFound => SpawnError::NotFound { program, error },
            io::ErrorKind::PermissionDenied => SpawnError::Denied { program, error },
            _ => SpawnError::Os { program, error },
        }
    }
}

impl Pipe {
    fn stdio(self) -> Stdio {
        match self {
            Pipe::Piped => Stdio::piped(),
            Pipe::Null => Stdio::null(),
            Pipe::Inherit => Stdio::inherit(),
        }
    }
}

/// Why a program was not started.
#[derive(Debug)]
#[non_exhaustive]
pub enum SpawnError {
    /// There is no such program.
    NotFound {
        /// As given.
        program: String,
        /// As the operating system said it.
        error: io::Error,
    },
    /// The file exists, but the interpreter or loader it names does not: usually a program for another C library.
    Interpreter {
        /// As given.
        program: String,
        /// As the operating system said it.
        error: io::Error,
    },
    /// It may not be run: no execute permission, or no right to change the user.
    Denied {
        /// As given.
        program: String,
        /// As the operating system said it.
        error: io::Error,
    },
    /// The folder to start in is missing or no folder.
    Folder {
        /// As given.
        folder: PathBuf,
        /// As the operating system said it.
        error: io::Error,
    },
    /// The program's name is empty, or the name or an argument holds a NUL byte.
    BadText {
        /// As given.
        program: String,
    },
    /// It was started and ended again, because the chain could not watch it: usually no descriptors are left.
    Watch {
        /// As given.
        program: String,
        /// As the operating system said it.
        error: io::Error,
    },
    /// There is no terminal to be had: usually `/dev/pts` is not mounted, or all are in use.
    Terminal {
        /// As given.
        program: String,
        /// As the operating system said it.
        error: io::Error,
    },
    /// Anything else: usually no memory, processes or descriptors are left.
    Os {
        /// As given.
        program: String,
        /// As the operating system said it.
        error: io::Error,
    },
}

impl SpawnError {
    /// The operating system's error, when it gave one.
    pub fn os_error(&self) -> Option<&io::Error> {
        match self {
            SpawnError::BadText { .. } => None,
            SpawnError::NotFound { error, .. }
            | SpawnError::Interpreter { error, .. }
            | SpawnError::Denied { error, .. }
            | SpawnError::Folder { error, .. }
            | SpawnError::Watch { error, .. }
            | SpawnError::Terminal { error, .. }
            | SpawnError::Os { error, .. } => Some(error),
        }
    }
}

impl std::fmt::Display for SpawnError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SpawnError::NotFound { program, .. } => {
                write!(f, "program `{program}` was not found; check the path, or PATH for a bare name")
            }
            SpawnError::Interpreter { program, .. } => write!(
                f,
                "program `{program}` exists, but the interpreter or loader it names does not; install that"
            ),
            SpawnError::Denied { program, error } => {
                write!(
                    f,
                    "program `{program}` may not be run this way: {error}; check its mode and the wanted user"
                )
            }
            SpawnError::Folder { folder, .. } => {
                write!(f, "cannot start in `{}`: it is missing or no folder", folder.display())
            }
            SpawnError::BadText { program } => {
                write!(f, "program `{program}`: the name is empty, or it or an argument holds a NUL byte")
            }
            SpawnError::Watch { program, error } => write!(
                f,
                "program `{program}` was started but cannot be watched ({error}), so it was ended; raise the descriptor limit"
            ),
            SpawnError::Terminal { program, error } => write!(
                f,
                "program `{program}` was not started, there is no terminal for it ({error}); check that /dev/pts is mounted"
            ),
            SpawnError::Os { program, error } => write!(f, "program `{program}` was not started: {error}"),
        }
    }
}

impl std::error::Error for SpawnError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.os_error().map(|e| e as _)
    }
}
