//! A damaged database is renamed, never deleted.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::StoreError;

/// Renames the database to `damaged-<moment>` in the same directory and says how it is named now.
pub(crate) fn move_aside(database: &Path) -> Result<PathBuf, StoreError> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    for attempt in 0..1000 {
        let aside = database.with_file_name(format!("damaged-{}", stamp(now.as_secs() + attempt)));
        if aside.exists() {
            continue;
        }
        std::fs::rename(database, &aside).map_err(|error| StoreError::io("move aside", database, error))?;
        return Ok(aside);
    }
    Err(StoreError::Corrupt(format!("there are too many damaged stores beside {}", database.display())))
}

/// A moment in UTC as it stands in file names, for example `20261121T080000Z`.
fn stamp(unix_seconds: u64) -> String {
    let (days, seconds) = (unix_seconds / 86_400, unix_seconds % 86_400);
    // Days to a date by the era method (Hinnant, "chrono-compatible low-level date algorithms").
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 { month_index + 3 } else { month_index - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    format!("{year:04}{month:02}{day:02}T{:02}{:02}{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_people_read_it() {
        assert_eq!(stamp(0), "19700101T000000Z");
        assert_eq!(stamp(951_827_696), "20000229T123456Z");
        assert_eq!(stamp(1_795_248_000), "20261121T080000Z");
    }

    #[test]
    fn two_damaged_databases_in_one_second_get_two_names() {
        let dir = tempfile::tempdir().unwrap();
        let database = dir.path().join("store.redb");
        let mut names = std::collections::BTreeSet::new();
        for content in ["first", "second"] {
            std::fs::write(&database, content).unwrap();
            let aside = move_aside(&database).unwrap();
            assert_eq!(std::fs::read_to_string(&aside).unwrap(), content);
            names.insert(aside);
        }
        assert_eq!(names.len(), 2);
        assert!(move_aside(&database).is_err(), "there is none");
    }
}
