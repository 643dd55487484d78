//! What an agent has asked of a terminal before, and is not to ask of another.
//!
//! A program asks a terminal what it is and where its cursor stands; the terminal types the answer.
//! When a log is shown again, nobody waits for that: the agent would take it for keys.

const ESC: u8 = 0x1b;

/// What was printed, without the questions in it.
pub(super) fn without_questions(printed: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(printed.len());
    let mut rest = printed;
    while let Some(at) = rest.iter().position(|byte| *byte == ESC) {
        let (before, from) = rest.split_at(at);
        kept.extend_from_slice(before);
        let length = length(from).unwrap_or(1).min(from.len());
        let (sequence, after) = from.split_at(length);
        if !is_question(sequence) {
            kept.extend_from_slice(sequence);
        }
        rest = after;
    }
    kept.extend_from_slice(rest);
    kept
}

/// How long the escape sequence is that begins here (ECMA-48); `None` when its end is not there.
fn length(from: &[u8]) -> Option<usize> {
    let body = from.get(2..)?;
    match from.get(1)? {
        b'[' => Some(body.iter().position(|byte| (0x40..=0x7e).contains(byte))? + 3),
        b']' | b'P' => {
            let bell = body.iter().position(|byte| *byte == 0x07);
            let st = body.windows(2).position(|two| two == b"\x1b\\");
            match (bell, st) {
                (Some(bell), Some(st)) if bell < st => Some(bell + 3),
                (_, Some(st)) => Some(st + 4),
                (bell, None) => Some(bell? + 3),
            }
        }
        _ => Some(2),
    }
}

fn is_question(sequence: &[u8]) -> bool {
    match sequence {
        // Its state and kind, its version, its keyboard; settings and capabilities.
        [_, b'[', .., b'n' | b'c']
        | [_, b'[', b'>', .., b'q']
        | [_, b'[', b'?', .., b'u']
        | [_, b'P', b'$' | b'+', b'q', ..] => true,
        // Its modes.
        [_, b'[', parameters @ .., b'p'] => parameters.ends_with(b"$"),
        // Its size and place.
        [_, b'[', b'1' | b'2', b'0'..=b'9', b't'] => {
            !matches!(sequence.get(2..4), Some(b"10" | b"22" | b"23"))
        }
        // Its colours and the like.
        [_, b']', text @ ..] => text.windows(2).any(|two| two == b";?"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_left_out_and_all_else_stays() {
        for question in [
            &b"\x1b[6n"[..],
            b"\x1b[c",
            b"\x1b[>c",
            b"\x1b[>0q",
            b"\x1b[?u",
            b"\x1b[?2026$p",
            b"\x1b[18t",
            b"\x1b]11;?\x07",
            b"\x1b]10;?\x1b\\",
            b"\x1bP+q544e\x1b\\",
        ] {
            let printed = [b"a", question, b"\x1b[1mb\r\n"].concat();
            let shown = without_questions(&printed);
            assert_eq!(shown, b"a\x1b[1mb\r\n", "{}", question.escape_ascii());
        }
        for other in [
            &b"\x1b[31mred\x1b[0m"[..],
            b"\x1b[22;0;0t",
            b"\x1b]0;title\x07",
            b"\x1b[2 q",
            b"\x1b(B\x1bM",
            b"\x1b[<u",
            b"cut \x1b[3",
            b"cut \x1b]0;",
            b"\x1b",
            b"",
        ] {
            assert_eq!(without_questions(other), other, "{}", other.escape_ascii());
        }
    }
}
