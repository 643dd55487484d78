use proptest::prelude::*;

use super::*;

/// A journal of so many lines of this hub's behind so many of an older one's.
fn journal(older: usize, newer: usize) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for seq in 1..=older + newer {
        let line = match lines.last().map(|line| LineHash::of(line)) {
            _ if seq <= older => format!(r#"{{"seq":{seq},"operation":"update"}}"#),
            None => format!(r#"{{"seq":{seq},"operation":"init","previous":null}}"#),
            Some(hash) => format!(r#"{{"seq":{seq},"operation":"update","previous":"{hash}"}}"#),
        };
        lines.push(line.into_bytes());
    }
    lines
}

fn head_at(lines: &[Vec<u8>]) -> Option<Head> {
    let slices: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    end_of(&slices, None)
}

fn checked(lines: &[Vec<u8>], head: Option<&Head>) -> Vec<Broken> {
    check(lines.iter().map(Vec::as_slice), head)
}

/// The lines with one more, as hub writes it behind them.
fn gone_on_with(lines: &[Vec<u8>], head: Option<&Head>) -> (Vec<Vec<u8>>, Option<Head>) {
    let slices: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
    let end = end_of(&slices, head).unwrap();
    let line = format!(r#"{{"seq":{},"previous":"{}"}}"#, end.seq + 1, end.hash);
    let mut lines = lines.to_vec();
    lines.push(line.into_bytes());
    let head = Head {
        seq: end.seq + 1,
        hash: LineHash::of(lines.last().unwrap()),
    };
    (lines, Some(head))
}

#[test]
fn a_hash_is_that_of_the_standard() {
    // FIPS 180-2, appendix B.1.
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(LineHash::of(b"abc").as_str(), abc);
    assert_eq!(abc.parse(), Ok(LineHash::of(b"abc")));
    for bad in ["", "abc", &abc[1..], &abc.to_uppercase()] {
        assert!(bad.parse::<LineHash>().is_err(), "{bad}");
    }
}

#[test]
fn a_head_is_read_as_it_was_written() {
    let head = Head {
        seq: 7,
        hash: LineHash::of(b"abc"),
    };
    let text = head.to_string();
    assert_eq!(text.len(), 97);
    assert_eq!(Head::read(text.as_bytes()), Some(head.clone()));
    let next = Head {
        seq: 8,
        hash: LineHash::of(b"abd"),
    };
    let next = next.to_string();
    // Nothing, or what a torn write leaves: the beginning of the next one over this one.
    for bad in ["", "x", "7 abc\n", text.trim_end(), &text.to_uppercase()] {
        assert_eq!(Head::read(bad.as_bytes()), None, "{bad}");
    }
    for torn in 20..text.len() - 1 {
        let torn = format!("{}{}", &next[..torn], &text[torn..]);
        assert_eq!(Head::read(torn.as_bytes()), None, "{torn}");
    }
}

#[test]
fn a_journal_that_nobody_touched_is_whole() {
    for (older, newer) in [(0, 0), (0, 1), (0, 9), (3, 0), (1, 1), (4, 5)] {
        let lines = journal(older, newer);
        let head = head_at(&lines);
        for head in [None, head] {
            assert_eq!(checked(&lines, head.as_ref()), [], "{older} {newer}");
        }
        for behind in 1..lines.len() {
            let head = head_at(&lines[..behind]);
            assert_eq!(
                checked(&lines, head.as_ref()),
                [],
                "{behind} of {}",
                lines.len()
            );
        }
    }
}

#[test]
fn each_break_is_told_with_its_line() {
    let lines = journal(0, 6);
    let head = head_at(&lines);
    let changed = |at: usize| {
        let mut lines = lines.clone();
        lines[at].push(b' ');
        lines
    };
    assert_eq!(
        checked(&changed(2), head.as_ref()),
        [Broken::Changed { line: 3 }]
    );
    assert_eq!(
        checked(&changed(5), head.as_ref()),
        [Broken::OtherEnd { line: 6 }]
    );
    let mut missing = lines.clone();
    missing.drain(2..4);
    let gap = Broken::Missing {
        line: 3,
        from: 3,
        to: 4,
    };
    assert_eq!(checked(&missing, head.as_ref()), [gap]);
    let cut = Broken::Cut {
        last: 4,
        written: 6,
    };
    assert_eq!(checked(&lines[..4], head.as_ref()), [cut]);
    let nothing_left = Broken::Cut {
        last: 0,
        written: 6,
    };
    assert_eq!(checked(&[], head.as_ref()), [nothing_left]);
    let mut twice = lines.clone();
    twice.insert(3, lines[1].clone());
    let found = checked(&twice, head.as_ref());
    assert_eq!(found[0], Broken::OutOfOrder { line: 4, seq: 2 });
    let mut unchained = lines.clone();
    unchained.push(br#"{"seq":7}"#.to_vec());
    let found = checked(&unchained, head.as_ref());
    assert_eq!(found, [Broken::Unchained { line: 7 }]);
    let mut empty = lines.clone();
    empty[1].clear();
    let found = checked(&empty, head.as_ref());
    assert_eq!(found[0], Broken::NotAnEvent { line: 2 });
}

#[test]
fn what_is_written_behind_a_break_does_not_hide_it() {
    let lines = journal(0, 6);
    let head = head_at(&lines);
    let (more, more_head) = gone_on_with(&lines[..4], head.as_ref());
    let gap = Broken::Missing {
        line: 5,
        from: 5,
        to: 6,
    };
    assert_eq!(checked(&more, more_head.as_ref()), [gap]);
    let mut changed = lines.clone();
    changed[5].push(b' ');
    let (more, more_head) = gone_on_with(&changed, head.as_ref());
    assert_eq!(
        checked(&more, more_head.as_ref()),
        [Broken::Changed { line: 6 }]
    );
    let (more, more_head) = gone_on_with(&lines, head.as_ref());
    assert_eq!(checked(&more, more_head.as_ref()), []);
}

/// One blow by somebody who does not know of the chain.
#[derive(Clone, Debug)]
enum Blow {
    Change(prop::sample::Index, prop::sample::Index, u8),
    Remove(prop::sample::Index),
    Swap(prop::sample::Index, prop::sample::Index),
    Truncate(prop::sample::Index),
    Double(prop::sample::Index),
}

fn blows() -> impl Strategy<Value = Blow> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        (at(), at(), 1u8..=255).prop_map(|(line, byte, by)| Blow::Change(line, byte, by)),
        at().prop_map(Blow::Remove),
        (at(), at()).prop_map(|(one, other)| Blow::Swap(one, other)),
        at().prop_map(Blow::Truncate),
        at().prop_map(Blow::Double),
    ]
}

proptest! {
    #[test]
    fn every_blow_is_found_and_stays_found(count in 1usize..12, blow in blows()) {
        let whole = journal(0, count);
        let head = head_at(&whole);
        let mut lines = whole.clone();
        match blow {
            Blow::Change(line, byte, by) => {
                let line = line.get_mut(&mut lines);
                let at = byte.index(line.len());
                line[at] ^= by;
            }
            Blow::Remove(line) => {
                lines.remove(line.index(count));
            }
            Blow::Swap(one, other) => lines.swap(one.index(count), other.index(count)),
            Blow::Truncate(at) => lines.truncate(at.index(count)),
            Blow::Double(at) => lines.insert(at.index(count), lines[at.index(count)].clone()),
        }
        prop_assume!(lines != whole);
        prop_assert!(!checked(&lines, head.as_ref()).is_empty());
        let (more, more_head) = gone_on_with(&lines, head.as_ref());
        prop_assert!(!checked(&more, more_head.as_ref()).is_empty());
    }

    #[test]
    fn no_bytes_are_too_much(lines in prop::collection::vec(any::<Vec<u8>>(), 0..5), head: Vec<u8>) {
        let slices: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        let head = Head::read(head.as_ref());
        let _ = (checked(&lines, head.as_ref()), end_of(&slices, head.as_ref()));
    }
}
