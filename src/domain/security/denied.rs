//! What the kernel says of accesses that Landlock denied: records of its audit, as text.
//!
//! A denied access names the domain (the walls of one process and of all that it starts) that
//! denied it. Behind the first one of a domain comes who made that, and when the domain is gone,
//! how many it denied in all. Paths and names in it are an agent's own words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::domain::text::visible;

/// The kinds of records, as the kernel numbers them (linux/audit.h).
const ACCESS: u16 = 1423;
const DOMAIN: u16 = 1424;

/// How many characters of a path or a name are kept.
const LONGEST: usize = 300;

/// The number of a domain; the kernel gives none twice.
pub type DomainId = u64;

/// A record that tells of Landlock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    /// An access was denied.
    Denied {
        /// By whose walls.
        domain: DomainId,
        /// What it was.
        access: Access,
    },
    /// Who made a domain.
    Made {
        /// The domain.
        domain: DomainId,
        /// The process that put up the walls.
        process: u32,
    },
    /// Nobody is behind these walls any more.
    Gone {
        /// The domain.
        domain: DomainId,
        /// How many accesses it denied, told or not.
        denials: u64,
    },
}

/// An access that was denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The rights that were missing, in the kernel's words, such as `fs.read_file`.
    pub blockers: Vec<String>,
    /// To what.
    pub target: Target,
}

/// What an access was to. What of it is an agent's own text is shown, never obeyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    /// A file, a folder or a socket.
    Path {
        /// Its path.
        path: String,
    },
    /// A process.
    Process {
        /// Its number.
        process: u32,
        /// Its name.
        name: String,
    },
    /// A TCP port.
    Port {
        /// The address; null where it is any.
        address: Option<String>,
        /// The port; 0 where it is any.
        port: u16,
    },
    /// Nothing that the kernel names.
    Unnamed {},
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Where nothing is allowed a link to elsewhere lacks every right that there is.
        const NAMED: usize = 3;
        let named: Vec<&str> = self
            .blockers
            .iter()
            .take(NAMED)
            .map(String::as_str)
            .collect();
        f.write_str(&named.join(","))?;
        if let more @ 1.. = self.blockers.len().saturating_sub(NAMED) {
            write!(f, " and {more} more")?;
        }
        match &self.target {
            Target::Path { path } => write!(f, " {path}"),
            Target::Process { process, name } => write!(f, " process {process} ({name})"),
            Target::Port {
                address: Some(address),
                port,
            } => write!(f, " {address} port {port}"),
            Target::Port {
                address: None,
                port,
            } => write!(f, " port {port}"),
            Target::Unnamed {} => Ok(()),
        }
    }
}

impl Record {
    /// Reads a record of this kind; `None` for one that tells of something else.
    #[must_use]
    pub fn read(kind: u16, text: &[u8]) -> Option<Self> {
        let fields = Fields(text.trim_ascii_end());
        match kind {
            ACCESS => Some(Self::Denied {
                domain: fields.domain()?,
                access: Access {
                    blockers: blockers(fields.plain("blockers")?)?,
                    target: fields.target(),
                },
            }),
            DOMAIN => {
                let domain = fields.domain()?;
                match fields.plain("status")? {
                    "allocated" => Some(Self::Made {
                        domain,
                        process: fields.number("pid")?,
                    }),
                    "deallocated" => Some(Self::Gone {
                        domain,
                        denials: fields.number("denials")?,
                    }),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The words of a record: `name=value`. A value with a space in it is written in digits, so that
/// no path can make itself look like another field.
struct Fields<'t>(&'t [u8]);

impl<'t> Fields<'t> {
    fn field(&self, name: &str) -> Option<&'t [u8]> {
        let mut words = self.0.split(|byte| *byte == b' ');
        words.find_map(|word| word.strip_prefix(name.as_bytes())?.strip_prefix(b"="))
    }

    fn plain(&self, name: &str) -> Option<&'t str> {
        std::str::from_utf8(self.field(name)?).ok()
    }

    fn number<T: FromStr>(&self, name: &str) -> Option<T> {
        self.plain(name)?.parse().ok()
    }

    fn domain(&self) -> Option<DomainId> {
        DomainId::from_str_radix(self.plain("domain")?, 16).ok()
    }

    /// Text that whoever was denied may have chosen: in quotes, or in hexadecimal digits.
    fn foreign(&self, name: &str) -> Option<String> {
        let value = self.field(name)?;
        let quoted = value
            .strip_prefix(b"\"")
            .and_then(|v| v.strip_suffix(b"\""));
        Some(match quoted {
            Some(text) => shown(text),
            None => shown(&from_digits(value)?),
        })
    }

    /// `127.0.0.1`, `2001:db8::1`
    fn address(&self, name: &str) -> Option<String> {
        const LONGEST: usize = 45;
        let of_address = |byte: u8| byte.is_ascii_hexdigit() || b".:".contains(&byte);
        let text = self.plain(name)?;
        let is_one = (1..=LONGEST).contains(&text.len()) && text.bytes().all(of_address);
        is_one.then(|| text.to_owned())
    }

    fn target(&self) -> Target {
        // A mount point is named by its last part alone.
        if let Some(path) = self.foreign("path").or_else(|| self.foreign("name")) {
            return Target::Path { path };
        }
        if let Some((process, name)) = self.number("opid").zip(self.foreign("ocomm")) {
            return Target::Process { process, name };
        }
        // Of a connection it is the other end, of a listener the own one.
        for (address, port) in [("daddr", "dest"), ("saddr", "src")] {
            let (address, port) = (self.address(address), self.number(port));
            if address.is_some() || port.is_some() {
                return Target::Port {
                    address,
                    port: port.unwrap_or_default(),
                };
            }
        }
        Target::Unnamed {}
    }
}

fn from_digits(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |[high, low]: &[u8; 2]| u8::try_from(digit(*high)? * 16 + digit(*low)?).ok();
    let bytes: Option<Vec<u8>> = pairs.iter().map(byte).collect();
    bytes.filter(|bytes| !bytes.is_empty() && rest.is_empty())
}

/// On one line, without anything that a terminal obeys, and not too long.
fn shown(text: &[u8]) -> String {
    let text = visible(&String::from_utf8_lossy(text)).replace('\n', "\u{240a}");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// `fs.make_reg,fs.refer`
fn blockers(list: &str) -> Option<Vec<String>> {
    const MOST: usize = 32;
    let is_word = |word: &str| {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b);
        (1..=64).contains(&word.len()) && word.bytes().all(plain)
    };
    let words = list.split(',').take(MOST);
    words
        .map(|word| is_word(word).then(|| word.to_owned()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn denied(text: &str) -> (DomainId, String) {
        match Record::read(ACCESS, text.as_bytes()) {
            Some(Record::Denied { domain, access }) => (domain, access.to_string()),
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn denied_accesses_are_read_as_the_kernel_writes_them() {
        for (text, expected) in [
            (
                r#"blockers=fs.refer path="/usr/bin" dev="vda2" ino=351"#,
                "fs.refer /usr/bin",
            ),
            (
                r#"blockers=fs.make_reg,fs.refer path="/usr/local" dev="vda2" ino=365"#,
                "fs.make_reg,fs.refer /usr/local",
            ),
            (
                "blockers=fs.read_file path=2F746D702F61206220633D2263 dev=\"vda\" ino=7",
                "fs.read_file /tmp/a b c=\"c",
            ),
            (
                r#"blockers=fs.ioctl_dev path="/dev/tty0" dev="devtmpfs" ino=20 ioctlcmd=0x5401"#,
                "fs.ioctl_dev /dev/tty0",
            ),
            (
                r#"blockers=fs.change_topology name="/" dev="tmpfs" ino=1"#,
                "fs.change_topology /",
            ),
            (
                r#"blockers=scope.signal opid=1 ocomm="systemd""#,
                "scope.signal process 1 (systemd)",
            ),
            (
                "blockers=ptrace opid=9 ocomm=6120622022",
                "ptrace process 9 (a b \")",
            ),
            (
                "blockers=scope.abstract_unix_socket path=00666F6F",
                "scope.abstract_unix_socket \u{2400}foo",
            ),
            (
                "blockers=net.connect_tcp daddr=127.0.0.1 dest=80",
                "net.connect_tcp 127.0.0.1 port 80",
            ),
            (
                "blockers=net.connect_tcp daddr=2001:db8::1 dest=443",
                "net.connect_tcp 2001:db8::1 port 443",
            ),
            ("blockers=net.bind_tcp src=1024", "net.bind_tcp port 1024"),
            ("blockers=fs.read_file path=(null)", "fs.read_file"),
            ("blockers=unknown", "unknown"),
            (
                r#"blockers=fs.execute,fs.write_file,fs.read_file,fs.read_dir,fs.refer path="/x""#,
                "fs.execute,fs.write_file,fs.read_file and 2 more /x",
            ),
        ] {
            let text = format!("audit(1732186800.349:44): domain=195ba459b {text}");
            assert_eq!(
                denied(&text),
                (0x1_95ba_459b, expected.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn domains_have_a_maker_and_an_end() {
        let domain = 0x1_95ba_459b;
        let made = br#"audit(1732186800.349:44): domain=195ba459b status=allocated mode=enforcing pid=300 uid=0 exe="/root/sandboxer" comm="sandboxer""#;
        assert_eq!(
            Record::read(DOMAIN, made),
            Some(Record::Made {
                domain,
                process: 300
            })
        );
        let seen = br#"audit(1795308862.461:5): domain=19acdaf0c status=allocated mode=enforcing pid=13427 uid=0 exe="/usr/bin/hub" comm="exe""#;
        assert!(matches!(
            Record::read(DOMAIN, seen),
            Some(Record::Made { process: 13427, .. })
        ));
        let gone = b"audit(1732186800.393:46): domain=195ba459b status=deallocated denials=2\n";
        assert_eq!(
            Record::read(DOMAIN, gone),
            Some(Record::Gone { domain, denials: 2 })
        );
    }

    #[test]
    fn what_is_no_such_record_is_passed_over() {
        for (kind, text) in [
            (ACCESS, "audit(1.1:1): domain=1"),
            (ACCESS, "audit(1.1:1): blockers=fs.read_file path=\"/x\""),
            (ACCESS, "audit(1.1:1): domain=xyz blockers=fs.read_file"),
            (ACCESS, "audit(1.1:1): domain=1 blockers=fs.read\u{1b}[2J"),
            (ACCESS, "audit(1.1:1): domain=1 blockers="),
            (ACCESS, ""),
            (DOMAIN, "audit(1.1:1): domain=1 status=paused pid=3"),
            (DOMAIN, "audit(1.1:1): domain=1 status=allocated pid=-3"),
            (DOMAIN, "audit(1.1:1): domain=1 status=deallocated"),
            (1300, "audit(1.1:1): domain=1 blockers=fs.read_file"),
        ] {
            assert_eq!(Record::read(kind, text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_path_is_one_line_that_nothing_obeys_and_not_too_long() {
        let digits = |bytes: &[u8]| {
            let two = bytes.iter().map(|byte| format!("{byte:02X}"));
            two.collect::<Vec<_>>().concat()
        };
        let of = |path: &[u8]| denied(&format!("domain=1 blockers=b path={}", digits(path))).1;
        assert_eq!(of(b"/a\x1b[2J\nb\xff"), "b /a\u{241b}[2J\u{240a}b\u{fffd}");
        let long = of("/ä".repeat(2000).as_bytes());
        assert_eq!(long.chars().count(), "b ".len() + LONGEST + 1);
        assert!(long.ends_with('…'));
        // A path that looks like fields is none of them.
        let sly = of(b"/x pid=1 domain=2 opid=1 ocomm=\"init\"");
        assert_eq!(sly, "b /x pid=1 domain=2 opid=1 ocomm=\"init\"");
    }

    /// Words of records, put together at random.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let words: Vec<&[u8]> = vec![
            b"domain=1",
            b"blockers=fs.read_file",
            b"path=",
            b"\"/x\"",
            b"2F",
            b" ",
            b"=",
            b"\"",
            b"opid=1",
            b"ocomm=",
            b"daddr=::1",
            b"dest=99999",
            b"status=allocated",
            b"pid=",
            b"\xff\x1b\n",
        ];
        let piece = proptest::sample::select(words).prop_map(<[u8]>::to_vec);
        let any = proptest::collection::vec(any::<u8>(), 0..4);
        let one = prop_oneof![6 => piece, 1 => any];
        proptest::collection::vec(one, 0..24).prop_map(|all| all.concat())
    }

    proptest! {
        #[test]
        fn no_bytes_do_harm(text in pieces(), kind in ACCESS..=DOMAIN) {
            if let Some(Record::Denied { access, .. }) = Record::read(kind, &text) {
                let shown = access.to_string();
                prop_assert!(shown.chars().all(|c| !c.is_control()), "{shown:?}");
                prop_assert!(shown.len() < 8192);
            }
        }
    }
}
