//! Tables and pages for people: columns as wide as their widest cell, numbers to the right. Never a colour.

use super::Value;

/// A column of a table, or a line of a page's head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    key: &'static str,
    is_wide: bool,
}

/// A column that is always shown.
pub(crate) const fn column(title: &'static str, key: &'static str) -> Column {
    Column { title, key, is_wide: false }
}

/// A column that `-o wide` adds.
pub(crate) const fn wide(title: &'static str, key: &'static str) -> Column {
    Column { title, key, is_wide: true }
}

/// How many columns of a table are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    Normal,
    Wide,
}

pub(super) fn shown(columns: &[Column], width: Width) -> impl Iterator<Item = &Column> {
    columns.iter().filter(move |column| width == Width::Wide || !column.is_wide)
}

/// A line for each row under a line of titles; nothing where there are no rows.
pub(super) fn write(out: &mut String, columns: &[Column], rows: &[Value], width: Width) {
    if rows.is_empty() {
        return;
    }
    let columns: Vec<&Column> = shown(columns, width).collect();
    let mut lines = vec![columns.iter().map(|column| column.title.to_owned()).collect::<Vec<_>>()];
    lines.extend(rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect()));
    let is_number: Vec<bool> = columns
        .iter()
        .map(|column| {
            let cells = || rows.iter().filter_map(|row| row.at(column.key));
            cells().any(Value::is_number)
                && cells().all(|value| value.is_number() || matches!(value, Value::Null))
        })
        .collect();
    let widths: Vec<usize> = (0..columns.len())
        .map(|index| lines.iter().map(|line| line[index].chars().count()).max().unwrap_or(0))
        .collect();
    for line in &lines {
        let mut text = String::new();
        for (index, cell) in line.iter().enumerate() {
            if index > 0 {
                text.push_str("  ");
            }
            let width = widths[index];
            match is_number[index] {
                true => text.push_str(&format!("{cell:>width$}")),
                false => text.push_str(&format!("{cell:<width$}")),
            }
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
}

/// A line for each of these of one item: what it is, and its value.
pub(super) fn write_facts(out: &mut String, facts: &[Column], item: &Value, width: Width) {
    let title_width = facts.iter().map(|fact| fact.title.chars().count()).max().unwrap_or(0);
    for fact in shown(facts, width) {
        out.push_str(&format!("{:<title_width$}  {}", fact.title, cell(item, fact)));
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
}

fn cell(row: &Value, column: &Column) -> String {
    match row.at(column.key).map(Value::plain) {
        Some(text) if !text.is_empty() => one_line(&text),
        _ => "-".to_owned(),
    }
}

/// What comes from a cluster may not write over a person's terminal.
fn one_line(text: &str) -> String {
    text.chars()
        .flat_map(|letter| {
            let escaped = letter.is_control().then(|| letter.escape_default());
            let kept = (!letter.is_control()).then_some(letter);
            kept.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}
