//! What the system says of users and groups.
//!
//! Not asked through the C library: that loads whatever the system is set up to ask (a directory
//! server, say) into this process, which a program that is linked statically must not let happen.
//! The system's own files come first, as they do for the C library nearly everywhere; what they
//! do not know, `getent` finds.

use std::fs;
use std::process::{Command, Stdio};

/// A group: its name, and who is in it beside those who have it as their first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// The names of its members.
    pub members: Vec<String>,
}

/// The login name of a user; `None` where nobody has that number.
pub(super) fn login_name(uid: u32) -> Option<String> {
    let line = line_of("passwd", uid)?;
    line.split(':').next().map(str::to_owned)
}

/// A group; `None` where none has that number.
pub(super) fn group(gid: u32) -> Option<Group> {
    let line = line_of("group", gid)?;
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let members = fields.nth(2).unwrap_or_default().split(',');
    let members = members.filter(|member| !member.is_empty());
    Some(Group {
        name,
        members: members.map(str::to_owned).collect(),
    })
}

/// The line of a database of the system that has a number; its form is that of passwd(5) and
/// group(5), whose third field is the number.
fn line_of(database: &str, number: u32) -> Option<String> {
    let file = fs::read(format!("/etc/{database}")).unwrap_or_default();
    find(&String::from_utf8_lossy(&file), number).or_else(|| {
        let mut getent = Command::new("getent");
        let getent = getent.arg(database).arg(number.to_string());
        let answer = getent.stdin(Stdio::null()).stderr(Stdio::null()).output();
        find(&String::from_utf8_lossy(&answer.ok()?.stdout), number)
    })
}

fn find(text: &str, number: u32) -> Option<String> {
    let number = number.to_string();
    let has_it = |line: &&str| line.split(':').nth(2) == Some(number.as_str());
    text.lines().find(has_it).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_field_is_the_number() {
        let text =
            "root:x:0:0:root:/root:/bin/sh\n# none\n1000:x:7:1000::/:\nada:x:1000:7:Ada:/:\n";
        let name =
            |number| find(text, number).and_then(|line| Some(line.split(':').next()?.to_owned()));
        assert_eq!(name(0).as_deref(), Some("root"));
        assert_eq!(name(1000).as_deref(), Some("ada"));
        assert_eq!(name(7).as_deref(), Some("1000"));
        assert_eq!(name(1), None);
    }

    #[test]
    fn the_superuser_is_known_and_nobody_has_the_last_number() {
        assert_eq!(login_name(0).as_deref(), Some("root"));
        let root = group(0).unwrap();
        assert_eq!(root.name, "root");
        assert_eq!(login_name(u32::MAX - 7), None);
        assert_eq!(group(u32::MAX - 7), None);
    }
}
