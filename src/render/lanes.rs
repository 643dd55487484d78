//! Commits as a graph of lines: one row a commit, children above their parents.

/// One commit.
pub(super) struct Row {
    /// The numbers of the rows of its parents, which all come later.
    pub parents: Vec<usize>,
    /// What stands for it.
    pub glyph: char,
    /// What stands beside it.
    pub label: String,
}

/// The characters that a graph is drawn with.
pub(super) struct Glyphs {
    commit: char,
    winner: char,
    base: char,
    line: char,
    across: char,
    /// Where a line ends in another, at the left.
    left: char,
    /// Where a line ends in another, at the right.
    right: char,
    /// Where a line ends, which came from above.
    ends: char,
    /// Where a line begins, which goes on below.
    begins: char,
}

impl Glyphs {
    pub const UNICODE: Self = Self {
        commit: '○',
        winner: '★',
        base: '◆',
        line: '│',
        across: '─',
        left: '├',
        right: '┤',
        ends: '╯',
        begins: '╮',
    };

    pub const ASCII: Self = Self {
        commit: 'o',
        winner: '*',
        base: '#',
        line: '|',
        across: '-',
        left: '+',
        right: '+',
        ends: '\'',
        begins: '.',
    };

    /// What stands for a commit.
    pub const fn node(&self, winner: bool, base: bool) -> char {
        if winner {
            self.winner
        } else if base {
            self.base
        } else {
            self.commit
        }
    }
}

/// The lines that are open: for each column, the row that its line leads to.
type Lanes = Vec<Option<usize>>;

/// Draws the rows, children above their parents.
///
/// At most one line leads to each row: another that would is joined to it at once, so that
/// many attempts on one base take no more columns than two.
pub(super) fn draw(rows: &[Row], glyphs: &Glyphs) -> String {
    let mut lanes: Lanes = Vec::new();
    let mut drawn = String::new();
    for (number, row) in rows.iter().enumerate() {
        let column = lane_to(&lanes, number).unwrap_or_else(|| free(&mut lanes, 0));
        set(&mut lanes, column, Some(number));
        let node = cells(&lanes, glyphs, |at| (at == column).then_some(row.glyph));
        line(&mut drawn, &format!("{node} {}", row.label));
        set(&mut lanes, column, None);
        let (first, others) = match row.parents.as_slice() {
            [first, others @ ..] => (Some(*first), others),
            [] => (None, &[][..]),
        };
        let meets = first.and_then(|first| lane_to(&lanes, first));
        set(&mut lanes, column, first);
        for parent in others {
            branch_off(&mut drawn, &mut lanes, glyphs, column, *parent);
        }
        if let Some(other) = meets {
            let (left, right) = (column.min(other), column.max(other));
            connect(
                &mut drawn,
                &lanes,
                glyphs,
                (left, right),
                (glyphs.left, glyphs.ends),
            );
            set(&mut lanes, right, None);
        }
        while lanes.last() == Some(&None) {
            lanes.pop();
        }
    }
    drawn
}

/// Draws the line to a further parent of the commit above.
fn branch_off(
    drawn: &mut String,
    lanes: &mut Lanes,
    glyphs: &Glyphs,
    column: usize,
    parent: usize,
) {
    let (other, end) = match lane_to(lanes, parent) {
        // Named twice.
        Some(other) if other == column => return,
        Some(other) => (other, glyphs.right),
        None => {
            let other = free(lanes, column + 1);
            set(lanes, other, Some(parent));
            (other, glyphs.begins)
        }
    };
    let span = (column.min(other), column.max(other));
    connect(drawn, lanes, glyphs, span, (glyphs.left, end));
}

/// Draws a row in which two columns are connected; lines between them pass behind.
fn connect(
    drawn: &mut String,
    lanes: &Lanes,
    glyphs: &Glyphs,
    (left, right): (usize, usize),
    (begin, end): (char, char),
) {
    let mut text = String::new();
    for (at, lane) in lanes.iter().enumerate() {
        let between = left < at && at < right;
        text.push(match lane {
            _ if at == left => begin,
            _ if at == right => end,
            Some(_) => glyphs.line,
            None if between => glyphs.across,
            None => ' ',
        });
        let on = left <= at && at < right;
        text.push(if on { glyphs.across } else { ' ' });
    }
    line(drawn, &text);
}

fn cells(lanes: &Lanes, glyphs: &Glyphs, node: impl Fn(usize) -> Option<char>) -> String {
    let cell = |(at, lane): (usize, &Option<usize>)| {
        let line = lane.map_or(' ', |_| glyphs.line);
        [node(at).unwrap_or(line), ' ']
    };
    lanes.iter().enumerate().flat_map(cell).collect()
}

fn line(drawn: &mut String, text: &str) {
    drawn.push_str(text.trim_end());
    drawn.push('\n');
}

fn lane_to(lanes: &Lanes, row: usize) -> Option<usize> {
    lanes.iter().position(|lane| *lane == Some(row))
}

/// The first column from `start` on that no line is in.
fn free(lanes: &mut Lanes, start: usize) -> usize {
    while lanes.len() < start {
        lanes.push(None);
    }
    let found = lanes.iter().skip(start).position(Option::is_none);
    found.map_or(lanes.len(), |at| start + at)
}

fn set(lanes: &mut Lanes, column: usize, value: Option<usize>) {
    if lanes.len() <= column {
        lanes.resize(column + 1, None);
    }
    if let Some(lane) = lanes.get_mut(column) {
        *lane = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(parents: &[&[usize]], glyphs: &Glyphs) -> String {
        let last = parents.len() - 1;
        let rows: Vec<Row> = parents
            .iter()
            .enumerate()
            .map(|(at, parents)| Row {
                parents: parents.to_vec(),
                glyph: glyphs.node(false, at == last),
                label: at.to_string(),
            })
            .collect();
        draw(&rows, glyphs)
    }

    #[test]
    fn one_line() {
        assert_eq!(
            drawn(&[&[1], &[2], &[]], &Glyphs::UNICODE),
            "○  0\n○  1\n◆  2\n"
        );
    }

    #[test]
    fn attempts_side_by_side_on_one_base() {
        assert_eq!(
            drawn(&[&[4], &[2], &[4], &[4], &[]], &Glyphs::UNICODE),
            "○  0\n│ ○  1\n│ ○  2\n├─╯\n│ ○  3\n├─╯\n◆  4\n"
        );
    }

    #[test]
    fn a_merge_in_an_attempt() {
        assert_eq!(
            drawn(&[&[1, 2], &[3], &[3], &[]], &Glyphs::UNICODE),
            "○  0\n├─╮\n○ │  1\n│ ○  2\n├─╯\n◆  3\n"
        );
        assert_eq!(
            drawn(&[&[1, 2, 3], &[4], &[4], &[4], &[]], &Glyphs::ASCII),
            "o  0\n+-.\n+-|-.\no | |  1\n| o |  2\n+-' |\n|   o  3\n+---'\n#  4\n"
        );
    }

    #[test]
    fn a_merge_of_what_another_attempt_stands_on() {
        assert_eq!(
            drawn(&[&[2], &[3, 2], &[4], &[4], &[]], &Glyphs::UNICODE),
            "○  0\n│ ○  1\n├─┤\n○ │  2\n│ ○  3\n├─╯\n◆  4\n"
        );
    }

    #[test]
    fn histories_that_are_apart() {
        assert_eq!(drawn(&[&[], &[]], &Glyphs::ASCII), "o  0\n#  1\n");
    }

    #[test]
    fn a_thousand_attempts_take_two_columns() {
        let base: &[usize] = &[1000];
        let mut parents = vec![base; 1000];
        parents.push(&[]);
        let text = drawn(&parents, &Glyphs::ASCII);
        assert_eq!(text.lines().count(), 1001 + 999);
        assert!(text.lines().all(|line| line.len() <= 8), "{text}");
    }
}
