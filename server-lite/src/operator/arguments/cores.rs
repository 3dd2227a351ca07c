//! The command lines of `core`.

use std::path::PathBuf;

use clap::Subcommand;

/// What to do with cores.
#[derive(Debug, Subcommand)]
pub enum CoreAction {
    /// Push a core of your own
    Push {
        /// Device or group
        #[arg(value_name = "ID|GROUP")]
        target: String,
        /// The JavaScript file
        file: PathBuf,
    },
    /// Stop the core and leave the device without one
    Clear {
        /// Device or group
        #[arg(value_name = "ID|GROUP")]
        target: String,
    },
    /// Go back to the server's own core
    Default {
        /// Device or group
        #[arg(value_name = "ID|GROUP")]
        target: String,
    },
    /// Let a device follow its group again
    Inherit {
        /// The device
        #[arg(value_name = "ID")]
        target: String,
    },
    /// Make a folder to begin a core in: core, test, typings
    New {
        /// The folder to make; its name is the core's
        #[arg(value_name = "NAME")]
        folder: PathBuf,
    },
    /// Say what is wrong with cores without running them
    Check {
        /// The JavaScript files
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Run the tests of a core on this machine
    Test {
        /// The folder with core.js and test/*.test.js, or one file of tests
        #[arg(value_name = "FOLDER")]
        place: PathBuf,
    },
    /// Try a core out on a device, anew after each save, until Ctrl-C
    Dev {
        /// The device
        #[arg(value_name = "ID")]
        target: String,
        /// The JavaScript file
        file: PathBuf,
    },
    /// End what `core dev` left behind when it could not end by itself
    Restore {
        /// The device
        #[arg(value_name = "ID")]
        target: String,
    },
}
