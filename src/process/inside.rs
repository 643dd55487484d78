//! Who works in a folder.

use std::fs;
use std::path::Path;

use super::leftovers::{Left, command_line, own_line};
use super::{mark, stat};

/// The processes whose current folder or program is at or below a folder, by their number; the
/// folder is absolute and without links.
///
/// Neither this process nor those that started it are among them. Of another user's processes
/// the system tells root alone.
#[must_use]
pub fn find(folder: &Path) -> Vec<Left> {
    let own = own_line();
    let mut found: Vec<Left> = stat::numbers()
        .filter(|pid| !own.contains(pid) && is_inside(*pid, folder))
        .filter_map(|pid| {
            let mark = mark::of(pid)?;
            let command = command_line(pid);
            Some(Left { mark, command })
        })
        .collect();
    found.sort_by_key(|left| left.mark.pid);
    found
}

fn is_inside(pid: u32, folder: &Path) -> bool {
    ["cwd", "exe"].into_iter().any(|what| {
        let link = fs::read_link(format!("/proc/{pid}/{what}"));
        link.is_ok_and(|target| target.starts_with(folder))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_inside_of_its_folder_and_of_those_above() {
        let folder = tempfile::tempdir().unwrap();
        let above = folder.path().canonicalize().unwrap();
        let inside = above.join("inside");
        fs::create_dir(&inside).unwrap();
        let mut child = Command::new("cat")
            .current_dir(&inside)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let pids = |folder: &Path| -> Vec<u32> {
            let found = find(folder).into_iter();
            found.map(|left| left.mark.pid).collect()
        };
        for folder in [&inside, &above] {
            assert_eq!(pids(folder), [child.id()]);
        }
        assert_eq!(pids(&above.join("ins")), [] as [u32; 0]);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(pids(&inside), [] as [u32; 0]);
        // This very process does not count, wherever it is.
        let own = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert!(!pids(&own).contains(&std::process::id()));
    }
}
