//! Whether the kernel tells hub what it denies.

/// What stands between the kernel's denials and the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hearing {
    /// Nothing: they are told.
    Told,
    /// The kernel's Landlock, of this version, tells nobody.
    Landlock(u32),
    /// The kernel was built without audit.
    NoAudit,
    /// hub runs in a container, where the kernel's records and numbers of processes are others.
    Contained,
    /// hub may not read them.
    NoRight,
    /// Audit is off.
    Off,
    /// hub may read them, and may not ask whether audit is on.
    MayBeOff,
    /// The system gave another reason.
    Refused(String),
}

/// The first version of Landlock's interface that tells what it denies.
pub const TELLS: u32 = 7;

impl Hearing {
    /// Whether they are told; `None` where that is not known.
    #[must_use]
    pub fn told(&self) -> Option<bool> {
        match self {
            Self::Told => Some(true),
            Self::MayBeOff => None,
            _ => Some(false),
        }
    }

    /// What is needed for it; `None` where they are told.
    #[must_use]
    pub fn needs(&self) -> Option<String> {
        Some(match self {
            Self::Told => return None,
            Self::Landlock(0) => format!("Landlock {TELLS}"),
            Self::Landlock(found) => format!("Landlock {TELLS} (this kernel has {found})"),
            Self::NoAudit => "a kernel with audit".to_owned(),
            Self::Contained => "hub outside of a container".to_owned(),
            Self::NoRight => "the right to read the audit log (CAP_AUDIT_READ)".to_owned(),
            Self::Off => "audit, which is off (auditctl -e 1)".to_owned(),
            Self::MayBeOff => "audit; whether it is on, hub may not ask".to_owned(),
            Self::Refused(reason) => format!("a socket for the audit log: {reason}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_has_a_reason() {
        for hearing in [
            Hearing::Landlock(0),
            Hearing::Landlock(6),
            Hearing::NoAudit,
            Hearing::Contained,
            Hearing::NoRight,
            Hearing::Off,
            Hearing::MayBeOff,
            Hearing::Refused("no".to_owned()),
        ] {
            assert_ne!(hearing.told(), Some(true));
            assert!(hearing.needs().is_some(), "{hearing:?}");
        }
        assert_eq!(Hearing::Told.told(), Some(true));
        assert_eq!(Hearing::Told.needs(), None);
    }
}
