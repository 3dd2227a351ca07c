//! Aligned columns for people.

use super::escape::escape_line;

/// Rows of text under headings. Cells are escaped when they are added.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    pub fn new(headings: &[&str]) -> Table {
        Table { rows: vec![headings.iter().map(|&heading| heading.to_owned()).collect()] }
    }

    /// Adds a row. Empty cells are shown as `-`, so that columns can be told apart by programs too.
    pub fn row(&mut self, cells: &[&str]) {
        let shown = |cell: &&str| match cell.trim() {
            "" => "-".to_owned(),
            text => escape_line(text),
        };
        self.rows.push(cells.iter().map(shown).collect());
    }

    /// The whole table; each line ends with a line break and without blanks.
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            self.rows
                .iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        let mut out = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (cell, width) in row.iter().zip(&widths) {
                line.push_str(&format!("{cell:<width$}  "));
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_by_characters() {
        let mut table = Table::new(&["NAME", "ID"]);
        table.row(&["größe", "1"]);
        table.row(&["a", "22"]);
        table.row(&["", "3"]);
        assert_eq!(table.render(), "NAME   ID\ngröße  1\na      22\n-      3\n");
    }

    #[test]
    fn a_cell_cannot_forge_a_row() {
        let mut table = Table::new(&["NAME"]);
        table.row(&["a\nforged  online"]);
        assert_eq!(table.render().lines().count(), 2);
    }
}
