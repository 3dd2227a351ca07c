//! The server's own core: its files put together into one text.
//!
//! A core is one text and runs in one function scope. It is written in files by concept, and this is their order:
//! `opening.js` opens the function, `closing.js` ends it and starts everything.

macro_rules! core_of {
    ($($file:literal),+ $(,)?) => {
        /// Pushed to agents unless an operator chooses another.
        pub const OWN_CORE: &str = concat!($(include_str!(concat!("../../cores/", $file)), "\n"),+);
        /// Its files, in the order in which they make the text.
        pub const OWN_CORE_FILES: &[&str] = &[$($file),+];
    };
}

core_of![
    "opening.js",
    "device.js",
    "reports.js",
    "commands.js",
    "processes.js",
    "console.js",
    "people.js",
    "tunnel.js",
    "sessions.js",
    "secure.js",
    "consent.js",
    "terminal.js",
    "desktop.js",
    "files.js",
    "uploads.js",
    "downloads.js",
    "archives.js",
    "forward.js",
    "services.js",
    "clipboard.js",
    "wake.js",
    "messages.js",
    "closing.js",
];

/// The text to push: in debug builds made of the files in the folder that `MESHLITE_CORE_SOURCES` names, so that a
/// change needs no build; the built-in one otherwise.
///
/// # Panics
/// In debug builds, when a file of that folder cannot be read: the developer has named it.
pub fn own_core() -> String {
    let folder = std::env::var_os("MESHLITE_CORE_SOURCES").filter(|_| cfg!(debug_assertions));
    let Some(folder) = folder else { return OWN_CORE.to_owned() };
    let read = |file: &&str| {
        let path = std::path::Path::new(&folder).join(file);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|e| panic!("MESHLITE_CORE_SOURCES: {}: {e}", path.display()))
            + "\n"
    };
    OWN_CORE_FILES.iter().map(read).collect()
}
