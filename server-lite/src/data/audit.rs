//! The audit log: two tables that lose their oldest rows. Failed sign-ins have one of their own, so that whoever
//! makes many cannot push out what users did.

use microstack::store::Capped;

use super::history::{newest_first, with};
use super::{AUDIT, AUDIT_SIGN_INS, Data, DataError, EVENTS, POWER, decode, encode};
use crate::model::Audit;

/// Rows and bytes of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub table: &'static str,
    /// Rows.
    pub rows: usize,
    /// Bytes of their content.
    pub bytes: usize,
}

impl Data {
    /// How large the tables are that grow by themselves.
    ///
    /// # Errors
    /// The store's.
    pub fn history_sizes(&self) -> Result<Vec<TableSize>, DataError> {
        let (history, limits) = (&self.history, &self.history.limits);
        [
            (&history.events, EVENTS, limits.events),
            (&history.power, POWER, limits.power),
            (&history.audit, AUDIT, limits.audit),
            (&history.audit_sign_ins, AUDIT_SIGN_INS, limits.audit_sign_ins),
        ]
        .into_iter()
        .map(|(table, name, limits)| {
            let size =
                |table: &mut Capped| Ok(TableSize { table: name, rows: table.len(), bytes: table.bytes() });
            with(&self.store, table, name, limits, size)
        })
        .collect()
    }

    /// Keeps a line.
    ///
    /// # Errors
    /// The store's.
    pub fn add_audit(&self, line: &Audit) -> Result<(), DataError> {
        let row = encode(line)?;
        let is_guess = line.action == "sign-in" && !line.succeeded();
        let (table, name) = match is_guess {
            true => (&self.history.audit_sign_ins, AUDIT_SIGN_INS),
            false => (&self.history.audit, AUDIT),
        };
        let limits = if is_guess { self.history.limits.audit_sign_ins } else { self.history.limits.audit };
        with(&self.store, table, name, limits, |table| Ok(table.append(line.time_ms, &row).map(|_| ())?))
    }

    /// The newest lines that `wanted` accepts, newest first, at most `limit`.
    ///
    /// # Errors
    /// The store's.
    pub fn audit(&self, limit: usize, wanted: impl Fn(&Audit) -> bool) -> Result<Vec<Audit>, DataError> {
        let mut found: Vec<Audit> = Vec::new();
        for (table, name, limits) in [
            (&self.history.audit, AUDIT, self.history.limits.audit),
            (&self.history.audit_sign_ins, AUDIT_SIGN_INS, self.history.limits.audit_sign_ins),
        ] {
            let before = found.len();
            with(&self.store, table, name, limits, |table| {
                newest_first(table, |entry| {
                    let line: Audit = decode(name, &entry.content)?;
                    if wanted(&line) {
                        found.push(line);
                    }
                    Ok(found.len() - before < limit)
                })
            })?;
        }
        found.sort_by_key(|line| std::cmp::Reverse(line.time_ms));
        found.truncate(limit);
        Ok(found)
    }
}
