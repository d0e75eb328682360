//! Tables that fit their terminal.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

/// Cells are what is printed: harmless already, possibly styled.
pub(crate) struct Table {
    pub(crate) headers: &'static [&'static str],
    /// The column that gives way where the terminal is narrow.
    pub(crate) flexible: usize,
    pub(crate) rows: Vec<Vec<String>>,
}

const GAP: usize = 2;
const NARROWEST: usize = 6;

impl Table {
    /// The lines, the headers first; `width` is that of the terminal, where there is one.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let mut widths: Vec<usize> = self.headers.iter().map(|it| measure_text_width(it)).collect();
        for row in &self.rows {
            for (column, cell) in row.iter().enumerate() {
                widths[column] = widths[column].max(measure_text_width(cell));
            }
        }
        let whole = widths.iter().sum::<usize>() + GAP * (widths.len() - 1);
        if let Some(width) = width
            && whole > width
        {
            let flexible = &mut widths[self.flexible];
            *flexible = flexible.saturating_sub(whole - width).max(NARROWEST);
        }
        let line = |cells: &mut dyn Iterator<Item = &str>| {
            let mut line = String::new();
            for (column, cell) in cells.enumerate() {
                line.push_str(&pad_str(cell, widths[column], Alignment::Left, Some("…")));
                line.push_str(&" ".repeat(GAP));
            }
            let line = line.trim_end();
            width.map_or_else(
                || line.to_owned(),
                |width| truncate_str(line, width, "…").into_owned(),
            )
        };
        let mut lines = vec![line(&mut self.headers.iter().copied())];
        lines.extend(self.rows.iter().map(|row| line(&mut row.iter().map(String::as_str))));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let row = |id: &str, step: &str| vec![id.to_owned(), step.to_owned(), "3/7".to_owned()];
        Table {
            headers: &["ID", "STEP", "DONE"],
            flexible: 1,
            rows: vec![row("1", "a rather long name"), row("22", "日本")],
        }
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        assert_eq!(
            table().lines(None),
            [
                "ID  STEP                DONE",
                "1   a rather long name  3/7",
                "22  日本                3/7"
            ]
        );
    }

    #[test]
    fn the_flexible_column_gives_way() {
        assert_eq!(
            table().lines(Some(20)),
            ["ID  STEP        DONE", "1   a rather …  3/7", "22  日本        3/7"]
        );
        assert!(table().lines(Some(9)).iter().all(|line| measure_text_width(line) <= 9));
    }
}
