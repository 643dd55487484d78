//! Logs that grow beyond their limit.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::Limited;

/// What a log of this limit may take on the disk: both ends, what was written since the last
/// look of a supervisor that has to wait for the processor, and the line between them.
const MUCH: u64 = 1 << 20;

/// An agent that prints 200 MB in steps, and goes on only when its log has shrunk again: it
/// would never end if nobody cut it while it writes.
const LOUD: &str = "\
echo first
log=$HUB_DIR/sessions/$HUB_SESSION/agents/$HUB_AGENT/stdout.log
for n in $(seq 20); do
  yes 'the same line again and again' | head -c 10M
  while [ $(du -k \"$log\" | cut -f1) -gt 2048 ]; do sleep 0.01; done
done
echo
echo last";

#[test]
fn one_that_prints_200_mb_takes_no_more_than_its_limit() {
    let started = Limited::new(LOUD, &["--log-limit", "1M", "--timeout", "100"]);
    let waited = started.wait();
    assert_eq!(waited["status"], "succeeded", "{waited}");
    let log = started.file("stdout.log");
    let metadata = fs::metadata(&log).unwrap();
    assert!(metadata.blocks() * 512 <= MUCH + 8192, "{metadata:?}");
    let text = fs::read_to_string(&log).unwrap();
    assert!(!text.contains('\0'));
    assert!(text.starts_with("first\nthe same line"));
    assert!(text.ends_with("\nlast\n"));
    let cut: Vec<&str> = text.lines().filter(|line| line.contains("hub:")).collect();
    let [line] = cut[..] else {
        panic!("one line tells what was cut: {cut:?}")
    };
    let number = line.split(' ').nth(1).unwrap().parse::<u64>().unwrap();
    let note = line.len() as u64 + 2;
    let printed = 20 * (10 << 20) + "first\n\nlast\n".len() as u64;
    assert_eq!(number + metadata.len() - note, printed);
}

#[test]
fn a_log_within_its_limit_stays_as_it_is() {
    let started = Limited::new("printf 'one\\0two'", &["--log-limit", "7"]);
    started.wait();
    assert_eq!(fs::read(started.file("stdout.log")).unwrap(), b"one\0two");
}

#[test]
fn one_that_prints_binary_keeps_both_ends() {
    let script = "printf '\\377\\376head'; head -c 300000 /dev/urandom; printf 'tail\\377'";
    let started = Limited::new(script, &["--log-limit", "64K"]);
    assert_eq!(started.wait()["status"], "succeeded");
    let bytes = fs::read(started.file("stdout.log")).unwrap();
    assert!(bytes.starts_with(b"\xff\xfehead") && bytes.ends_with(b"tail\xff"));
    assert!(
        (32 << 10..66 << 10).contains(&bytes.len()),
        "{}",
        bytes.len()
    );
}

#[test]
fn both_logs_are_held_to_the_limit() {
    let script = "yes out | head -c 100000\nyes err | head -c 100000 >&2\nexit 3";
    let started = Limited::new(script, &["--log-limit", "8K"]);
    assert_eq!(started.wait()["last_lines"], "err\nerr\nerr\nerr\nerr");
    for name in ["stdout.log", "stderr.log"] {
        let text = started.repo.read(started.file(name));
        assert!(
            text.len() < 9000 && text.contains("[hub: "),
            "{name}: {text}"
        );
    }
}

#[test]
fn one_that_closes_or_empties_its_output_goes_on() {
    let script = "echo before; echo new >/dev/stdout; echo after; exec >&- 2>&-; exit 0";
    let started = Limited::new(script, &["--log-limit", "1M"]);
    assert_eq!(started.wait()["status"], "succeeded");
    let log = started.repo.read(started.file("stdout.log"));
    assert_eq!(
        log, "new\nafter\n",
        "what is written goes to the end, without a gap"
    );
}
