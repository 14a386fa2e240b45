//! What stands on the screen: text, made of a table, the controls and a size.

use std::cmp::Ordering;

use super::controls::{Controls, Tab};
use super::snapshot::Snapshot;
use super::table::{Cell, Table};

/// Columns and rows of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) rows: usize,
}

/// Head, titles and foot.
const FRAME_ROWS: usize = 3;

/// The lines of the screen, at most as many and as long as there is room for. Takes the controls back to what there is.
pub(super) fn render(
    table: &Table,
    controls: &mut Controls,
    snapshot: &Snapshot,
    problem: Option<&str>,
    size: Size,
) -> Vec<String> {
    controls.sorted_by = controls.sorted_by.min(table.columns.len() - 1);
    let shown = arranged(table, controls);
    let room = size.rows.saturating_sub(FRAME_ROWS);
    controls.scrolled = controls.scrolled.min(shown.rows.len().saturating_sub(room));
    let mut laid_out = shown.lines().into_iter();
    let titles = laid_out.next().unwrap_or_default();
    let mut lines = vec![head(controls.tab, snapshot), titles];
    lines.extend(laid_out.skip(controls.scrolled).take(room));
    lines.resize(size.rows.saturating_sub(1).max(2), String::new());
    lines.push(problem.map_or_else(|| foot(controls, table, shown.rows.len()), one_line));
    lines.truncate(size.rows);
    lines.iter().map(|line| harmless(line, size.columns)).collect()
}

/// The rows that are shown, in their order.
fn arranged(table: &Table, controls: &Controls) -> Table {
    let name = |row: &[Cell]| row.first().map(Cell::text).unwrap_or_default();
    let rows = table.rows.iter().filter(|row| name(row).contains(&controls.filter));
    let mut rows: Vec<Vec<Cell>> = rows.cloned().collect();
    // Stable: what is alike stays in the order of names.
    rows.sort_by(|left, right| {
        let by = controls.sorted_by;
        let order = left[by].partial_cmp(&right[by]).unwrap_or(Ordering::Equal);
        if controls.is_descending { order.reverse() } else { order }
    });
    Table { columns: table.columns, rows }
}

fn head(shown: Tab, snapshot: &Snapshot) -> String {
    let tabs = [("1 topics", Tab::Topics), ("2 partitions", Tab::Partitions), ("3 groups", Tab::Groups)];
    let tabs = tabs.map(|(name, tab)| if tab == shown { format!("[{name}]") } else { format!(" {name} ") });
    format!("{}  cluster {}, {} brokers", tabs.join(" "), snapshot.cluster_id, snapshot.brokers)
}

fn foot(controls: &Controls, table: &Table, count: usize) -> String {
    if controls.is_filtering {
        return format!("/{}_   enter keeps the filter, escape takes it away", controls.filter);
    }
    let order = if controls.is_descending { "falling" } else { "rising" };
    let by = table.columns[controls.sorted_by].title;
    let filter =
        if controls.filter.is_empty() { String::new() } else { format!(" with {:?}", controls.filter) };
    format!("{count} rows{filter} by {by}, {order}   <- -> column  r order  / filter  tab page  q quit")
}

fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

/// Names come from a cluster: they may not write over a person's terminal, nor over its edge.
fn harmless(line: &str, columns: usize) -> String {
    line.chars().map(|letter| if letter.is_control() { '?' } else { letter }).take(columns).collect()
}

#[cfg(test)]
mod tests {
    use super::super::controls::keys;
    use super::super::table::tests::looks;
    use super::*;

    fn drawn(sent: &str, size: Size) -> Vec<String> {
        let (before, after) = looks();
        let mut controls = Controls::default();
        for key in keys(sent.as_bytes()) {
            controls.press(key);
        }
        let table = Table::of(controls.tab, &before, &after);
        render(&table, &mut controls, &after, None, size)
    }

    const SIZE: Size = Size { columns: 80, rows: 6 };

    #[test]
    fn a_screen_has_a_head_rows_and_a_foot() {
        let expected = [
            "[1 topics]  2 partitions   3 groups   cluster c, 2 brokers",
            "TOPIC   PARTITIONS  RECORDS/S  BYTES  LAG  BEHIND  OFFLINE",
            "orders           1        5.0  10000   16       1        0",
            "stock            1          -      -    -       0        1",
            "",
            "2 rows by TOPIC, rising   <- -> column  r order  / filter  tab page  q quit",
        ];
        assert_eq!(drawn("", SIZE), expected);
    }

    #[test]
    fn rows_are_sorted_and_filtered_by_key() {
        let first = |sent: &str| drawn(sent, SIZE)[2].split(' ').next().map(str::to_owned);
        assert_eq!(first("r").as_deref(), Some("stock"));
        assert_eq!(first("\x1b[C\x1b[C").as_deref(), Some("stock"), "what is not known is the least");
        assert_eq!(first("\x1b[C\x1b[Cr").as_deref(), Some("orders"));
        assert_eq!(first("/toc\r").as_deref(), Some("stock"));
        let filtering = drawn("/toc", SIZE);
        assert_eq!(
            filtering.last().map(String::as_str),
            Some("/toc_   enter keeps the filter, escape takes it away")
        );
    }

    #[test]
    fn a_screen_is_never_larger_than_the_terminal() {
        for (columns, rows) in [(0, 0), (1, 1), (10, 2), (10, 3), (20, 4), (200, 50)] {
            let lines = drawn(
                "\x1b[6~\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C\x1b[C",
                Size { columns, rows },
            );
            assert_eq!(lines.len(), rows, "{columns} x {rows}");
            assert!(
                lines.iter().all(|line| line.chars().count() <= columns),
                "{columns} x {rows}: {lines:?}"
            );
        }
        assert!(drawn("\x1b[B", Size { columns: 80, rows: 4 })[2].starts_with("stock"), "scrolled");
        assert!(drawn("\x1b[B", SIZE)[2].starts_with("orders"), "there is nothing to scroll to");
    }

    #[test]
    fn what_a_cluster_sends_does_not_reach_the_terminal_as_it_is() {
        assert_eq!(harmless("a\x1b[2Jb", 80), "a?[2Jb");
        assert_eq!(one_line("error[x]: y\n  help"), "error[x]: y");
    }
}
