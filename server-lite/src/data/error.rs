//! Why something could not be kept or found.

use microstack::store::StoreError;

/// Why something could not be kept or found.
#[non_exhaustive]
#[derive(Debug)]
pub enum DataError {
    /// The store below failed.
    Store(StoreError),
    /// A record cannot be read or written.
    Record {
        /// Its table.
        table: &'static str,
        /// What the decoder said.
        why: String,
    },
    /// A table is at its bound.
    Full {
        /// What there are too many of.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// Something of that name exists.
    Exists {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// There is nothing of that name.
    Missing {
        /// What kind of thing.
        what: &'static str,
        /// Its name.
        name: String,
    },
}

impl From<StoreError> for DataError {
    fn from(error: StoreError) -> DataError {
        DataError::Store(error)
    }
}

impl std::fmt::Display for DataError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            DataError::Store(error) => error.fmt(f),
            DataError::Record { table, why } => {
                write!(
                    f,
                    "a record of table {table} is unreadable ({why}); restore a backup of the data directory"
                )
            }
            DataError::Full { what, limit } => {
                write!(f, "there are {limit} {what} already, which is the limit; remove some first")
            }
            DataError::Exists { what, name } => write!(f, "a {what} named \"{name}\" exists already"),
            DataError::Missing { what, name } => write!(f, "there is no {what} named \"{name}\""),
        }
    }
}

impl std::error::Error for DataError {}
