//! What passes from `hub attach` to the supervisor: keys, and the size of the window.
//!
//! A frame is its kind, the number of bytes that follow (two bytes, the higher first), and these.

const KEYS: u8 = b'k';
const SIZE: u8 = b'w';
const HEAD: usize = 3;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// What was typed.
    Keys(Vec<u8>),
    /// How many rows and columns there are.
    Size(u16, u16),
}

/// Something else than hub writes there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Appends keys.
pub(super) fn keys(keys: &[u8], frames: &mut Vec<u8>) {
    for part in keys.chunks(4096) {
        let length = u16::try_from(part.len()).unwrap_or_default();
        frames.push(KEYS);
        frames.extend_from_slice(&length.to_be_bytes());
        frames.extend_from_slice(part);
    }
}

/// Appends the size of a window.
pub(super) fn size(rows: u16, columns: u16, frames: &mut Vec<u8>) {
    frames.extend_from_slice(&[SIZE, 0, 4]);
    frames.extend_from_slice(&rows.to_be_bytes());
    frames.extend_from_slice(&columns.to_be_bytes());
}

/// Takes the first frame from what has come, once it is whole.
pub(super) fn next(came: &mut Vec<u8>) -> Result<Option<Frame>, Malformed> {
    let [kind, high, low, rest @ ..] = came.as_slice() else {
        return Ok(None);
    };
    let length = usize::from(u16::from_be_bytes([*high, *low]));
    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };
    let frame = match (*kind, body) {
        (KEYS, keys) => Frame::Keys(keys.to_vec()),
        (SIZE, &[a, b, c, d]) => {
            Frame::Size(u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]))
        }
        _ => return Err(Malformed),
    };
    came.drain(..HEAD + length);
    Ok(Some(frame))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_in_parts_and_in_their_order() {
        let mut sent = Vec::new();
        keys(b"ls\r", &mut sent);
        size(40, 120, &mut sent);
        keys(&[0; 5000], &mut sent);
        let (mut came, mut frames) = (Vec::new(), Vec::new());
        for byte in sent {
            came.push(byte);
            frames.extend(next(&mut came).unwrap());
        }
        let expected = [
            Frame::Keys(b"ls\r".to_vec()),
            Frame::Size(40, 120),
            Frame::Keys(vec![0; 4096]),
            Frame::Keys(vec![0; 904]),
        ];
        assert_eq!((frames.as_slice(), came.len()), (&expected[..], 0));
    }

    #[test]
    fn what_is_no_frame_is_told() {
        for bad in [&b"x\0\0"[..], b"w\0\x02ab"] {
            assert_eq!(next(&mut bad.to_vec()), Err(Malformed));
        }
        assert_eq!(next(&mut b"k\0\x05abc".to_vec()), Ok(None));
    }
}
