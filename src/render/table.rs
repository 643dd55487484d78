//! Aligned tables, cut to the terminal's width.
//!
//! On a terminal that is too narrow, columns that say the least are left out first, then texts are
//! cut. Numbers and the first column, which says what a row is about, are shown whole: half a
//! number is another number.

use std::borrow::Cow;

use comfy_table::{
    Cell, CellAlignment, ColumnConstraint, ContentArrangement, Row, Table, Width, presets,
};
use unicode_width::UnicodeWidthStr;

use super::output;
use super::style;

/// The space between two columns.
const GAP: u16 = 2;

/// What is left of a text that is cut, at least.
const LEAST: u16 = 12;

/// One column: its heading and whether it holds numbers.
#[derive(Clone, Copy)]
pub(super) struct Column {
    pub heading: &'static str,
    pub numbers: bool,
    /// Where there is no room for all, the column with the highest is left out first; with 0 it
    /// never is.
    leaves: u8,
}

impl Column {
    /// The column can be left out; those with a higher `order` go before it.
    pub const fn leaves(self, order: u8) -> Self {
        Self {
            leaves: order,
            ..self
        }
    }
}

pub(super) const fn text(heading: &'static str) -> Column {
    Column {
        heading,
        numbers: false,
        leaves: 0,
    }
}

pub(super) const fn number(heading: &'static str) -> Column {
    Column {
        heading,
        numbers: true,
        leaves: 0,
    }
}

/// Draws rows under their headings, one line each.
pub(super) fn draw(columns: &[Column], mut rows: Vec<Vec<String>>) -> String {
    // What is shown in place of something else has another width: not after the columns are made.
    for cell in rows.iter_mut().flatten() {
        if let Cow::Owned(safe) = output::only_styles(cell) {
            *cell = safe;
        }
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    let (shown, widths) = match output::width() {
        Some(width) => {
            table.set_width(width);
            table.set_content_arrangement(ContentArrangement::Dynamic);
            arrange(columns, &rows, width)
        }
        None => ((0..columns.len()).collect(), None),
    };
    let line = |cells: Vec<String>| {
        let cells = columns.iter().zip(cells).enumerate();
        let cells = cells.filter(|(index, _)| shown.contains(index));
        let cells = cells.map(|(_, (column, cell))| aligned(column, &cell));
        let mut line = Row::from(cells.collect::<Vec<_>>());
        line.max_height(1);
        line
    };
    let headings = columns.iter();
    let headings = headings.map(|column| style::paint(style::HEADER, column.heading));
    table.set_header(line(headings.collect()));
    table.add_rows(rows.into_iter().map(line));
    let last = shown.len().saturating_sub(1);
    let mut widths = widths.into_iter().flatten();
    for (index, column) in table.column_iter_mut().enumerate() {
        let gap = if index == last { 0 } else { GAP };
        column.set_padding((0, gap));
        if let Some(width) = widths.next() {
            let width = Width::Fixed(width.saturating_add(gap));
            column.set_constraint(ColumnConstraint::Absolute(width));
        }
    }
    let mut drawn = String::new();
    for line in table.lines() {
        drawn.push_str(line.trim_end());
        drawn.push('\n');
    }
    drawn
}

/// Which columns are shown in a width, and how wide; `None` where there is no room for them
/// although all that can be left out are.
fn arrange(columns: &[Column], rows: &[Vec<String>], width: u16) -> (Vec<usize>, Option<Vec<u16>>) {
    let natural: Vec<u16> = (0..columns.len())
        .map(|index| natural_width(columns, rows, index))
        .collect();
    let is_cut = |index: usize| index > 0 && columns.get(index).is_some_and(|c| !c.numbers);
    let natural_of = |index: usize| natural.get(index).copied().unwrap_or_default();
    let least_of = |index: usize| match natural_of(index) {
        natural if is_cut(index) => natural.min(LEAST),
        natural => natural,
    };
    let room = |shown: &[usize]| {
        let gaps = u16::try_from(shown.len().saturating_sub(1)).unwrap_or(u16::MAX);
        width.saturating_sub(gaps.saturating_mul(GAP))
    };
    let needed = |shown: &[usize]| {
        let least = shown.iter().map(|index| least_of(*index));
        least.fold(0, u16::saturating_add)
    };
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    while needed(&shown) > room(&shown) {
        let order = |index: usize| columns.get(index).map_or(0, |column| column.leaves);
        let Some(next) = shown.iter().copied().max_by_key(|index| order(*index)) else {
            break;
        };
        if order(next) == 0 {
            return (shown, None);
        }
        shown.retain(|index| *index != next);
    }
    let mut widths: Vec<u16> = shown.iter().map(|index| least_of(*index)).collect();
    let mut left = room(&shown).saturating_sub(needed(&shown));
    // What is left goes to those that are cut, a column at a time, so that none is much narrower.
    loop {
        let before = left;
        for (index, width) in shown.iter().zip(&mut widths) {
            if left > 0 && *width < natural_of(*index) {
                *width += 1;
                left -= 1;
            }
        }
        if left == before {
            return (shown, Some(widths));
        }
    }
}

/// How wide a column is where nothing is cut.
fn natural_width(columns: &[Column], rows: &[Vec<String>], index: usize) -> u16 {
    let heading = columns
        .get(index)
        .map_or(0, |column| column.heading.width());
    let cells = rows.iter().filter_map(|row| row.get(index));
    let widest = cells.map(|cell| anstream::adapter::strip_str(cell).to_string().width());
    let natural = widest.fold(heading, usize::max);
    u16::try_from(natural).unwrap_or(u16::MAX)
}

fn aligned(column: &Column, text: &str) -> Cell {
    let alignment = if column.numbers {
        CellAlignment::Right
    } else {
        CellAlignment::Left
    };
    Cell::new(text).set_alignment(alignment)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns() -> [Column; 5] {
        [
            text("AGENT"),
            text("BRANCH").leaves(2),
            number("AHEAD"),
            number("FILES").leaves(1),
            text("SUBJECT"),
        ]
    }

    fn arranged(width: u16) -> (Vec<usize>, Option<Vec<u16>>) {
        let row = [
            "agent-1",
            "a-branch-of-20-chars",
            "1",
            "2",
            "thirty characters of a subject",
        ];
        arrange(&columns(), &[row.map(str::to_owned).to_vec()], width)
    }

    #[test]
    fn what_fits_is_shown_whole() {
        let whole = Some(vec![7, 20, 5, 5, 30]);
        assert_eq!(arranged(75), (vec![0, 1, 2, 3, 4], whole.clone()));
        assert_eq!(arranged(200).1, whole);
    }

    #[test]
    fn texts_are_cut_before_columns_are_left_out() {
        assert_eq!(
            arranged(60),
            (vec![0, 1, 2, 3, 4], Some(vec![7, 18, 5, 5, 17]))
        );
        assert_eq!(arranged(49).1, Some(vec![7, 12, 5, 5, 12]));
    }

    #[test]
    fn columns_are_left_out_in_their_order_and_numbers_are_never_cut() {
        assert_eq!(arranged(48), (vec![0, 2, 3, 4], Some(vec![7, 5, 5, 25])));
        assert_eq!(arranged(34), (vec![0, 2, 4], Some(vec![7, 5, 18])));
        assert_eq!(arranged(28).1, Some(vec![7, 5, 12]));
        assert_eq!(arranged(27), (vec![0, 2, 4], None));
    }

    #[test]
    fn colours_take_no_room_and_wide_characters_take_two() {
        let rows = [vec!["\x1b[32mrunning\x1b[0m".to_owned(), "日本".to_owned()]];
        let (_, widths) = arrange(&[text("A"), text("B")], &rows, 80);
        assert_eq!(widths, Some(vec![7, 4]));
    }

    #[test]
    fn a_table_without_columns_is_empty() {
        assert_eq!(arrange(&[], &[], 80), (vec![], Some(vec![])));
    }
}
