//! SHA-256 as hub writes it: 64 hex digits in lower case.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// The SHA-256 of all parts, one behind the other.
pub(super) fn sha256(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part);
    }
    let mut hex = String::with_capacity(64);
    for byte in hash.finalize() {
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

/// Whether a text is hex digits in lower case alone.
pub(super) fn is_hex(text: &str) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.bytes().all(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_hashed_as_one_text() {
        // FIPS 180-2, appendix B.1.
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        for parts in [&[&b"abc"[..]][..], &[b"a", b"", b"bc"]] {
            assert_eq!(sha256(parts), expected);
        }
        assert!(is_hex(expected));
        assert!(!is_hex("AB"));
        assert!(!is_hex("xyz"));
    }
}
