//! Aligned tables, cut to the terminal's width.

use comfy_table::{Cell, CellAlignment, ContentArrangement, Row, Table, presets};

use super::output;
use super::style;

/// One column: its heading and whether it holds numbers.
pub(super) struct Column {
    pub heading: &'static str,
    pub numbers: bool,
}

pub(super) const fn text(heading: &'static str) -> Column {
    Column {
        heading,
        numbers: false,
    }
}

pub(super) const fn number(heading: &'static str) -> Column {
    Column {
        heading,
        numbers: true,
    }
}

/// Draws rows under their headings, one line each; the last column gives way to a narrow terminal.
pub(super) fn draw(columns: &[Column], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    if let Some(width) = output::width() {
        table.set_width(width);
        table.set_content_arrangement(ContentArrangement::Dynamic);
    }
    let headings = columns
        .iter()
        .map(|column| aligned(column, &style::paint(style::HEADER, column.heading)));
    table.set_header(headings);
    for row in rows {
        let cells = columns
            .iter()
            .zip(&row)
            .map(|(column, cell)| aligned(column, cell));
        let mut row = Row::from(cells.collect::<Vec<_>>());
        row.max_height(1);
        table.add_row(row);
    }
    let last = columns.len().saturating_sub(1);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index == last { 0 } else { 2 }));
    }
    let mut drawn = String::new();
    for line in table.lines() {
        drawn.push_str(line.trim_end());
        drawn.push('\n');
    }
    drawn
}

fn aligned(column: &Column, text: &str) -> Cell {
    let alignment = if column.numbers {
        CellAlignment::Right
    } else {
        CellAlignment::Left
    };
    Cell::new(text).set_alignment(alignment)
}
