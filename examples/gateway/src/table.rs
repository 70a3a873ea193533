//! Text in columns.

use anstyle::{AnsiColor, Style};

/// What a heading looks like.
pub(crate) const HEADING: Style = Style::new().bold();
/// What good news look like.
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();
/// What bad news look like.
pub(crate) const BAD: Style = AnsiColor::Red.on_default();
/// What warnings look like.
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();

/// Rows of cells, each column as wide as its widest cell.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    headings: [&'static str; N],
    rows: Vec<[Cell; N]>,
}

/// A text and its looks.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text that looks like `style`.
    pub(crate) fn new(text: impl Into<String>, style: Style) -> Self {
        Self {
            text: text.into(),
            style,
        }
    }

    /// The text.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Its looks.
    #[cfg(test)]
    pub(crate) fn style(&self) -> Style {
        self.style
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Style::new())
    }
}

impl<const N: usize> Table<N> {
    /// A table without rows.
    pub(crate) fn new(headings: [&'static str; N]) -> Self {
        Self {
            headings,
            rows: Vec::new(),
        }
    }

    /// Adds a row at the end.
    pub(crate) fn push(&mut self, row: [Cell; N]) {
        self.rows.push(row);
    }

    /// The table as text with escape codes; nothing when there are no rows. At most `limit` rows,
    /// then how many are left out.
    pub(crate) fn render(&self, limit: usize) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let shown = &self.rows[..self.rows.len().min(limit)];
        let headings = self.headings.map(|heading| Cell::new(heading, HEADING));
        let rows: Vec<_> = std::iter::once(&headings).chain(shown).collect();
        let width = |n: usize| rows.iter().map(|row| row[n].text.chars().count()).max();
        let widths: [usize; N] = std::array::from_fn(|n| width(n).unwrap_or(0));
        let mut text: String = rows.iter().map(|row| line(row, &widths)).collect();
        if shown.len() < self.rows.len() {
            text += &format!("... and {} more\n", self.rows.len() - shown.len());
        }
        text
    }
}

fn line<const N: usize>(row: &[Cell; N], widths: &[usize; N]) -> String {
    let mut line = String::new();
    // Blanks are written before a cell, so that no line ends in them.
    let mut blanks = 0;
    for (Cell { text, style }, width) in row.iter().zip(widths) {
        if !text.is_empty() {
            line.extend(std::iter::repeat_n(' ', blanks));
            line += &format!("{style}{text}{style:#}");
            blanks = 0;
        }
        blanks += width - text.chars().count() + 2;
    }
    line + "\n"
}

#[cfg(test)]
mod tests {
    use super::{BAD, Cell, Table};

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["NAME", "STATE"]);
        assert_eq!(table.render(9), "");
        table.push(["longest".into(), Cell::new("bad", BAD)]);
        table.push(["ä".into(), "".into()]);
        table.push(["third".into(), "good".into()]);
        let plain = anstream::adapter::strip_str(&table.render(2)).to_string();
        assert_eq!(plain, "NAME     STATE\nlongest  bad\nä\n... and 1 more\n");
    }
}
