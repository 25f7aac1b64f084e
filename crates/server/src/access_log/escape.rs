//! A client's text, made safe to print: one line, printable ASCII, no quote that could end a field.

/// Bytes of a field that are logged; what is longer is cut and ends in `...`.
pub(crate) const FIELD_CAP: usize = 2_048;

/// Appends `field` with `"`, `\` and everything outside printable ASCII as `\xHH` (nginx's `escape=default`).
pub(crate) fn append(field: &[u8], line: &mut Vec<u8>) {
    append_with(field, line, |byte, line| {
        line.extend_from_slice(&[b'\\', b'x', hex(byte >> 4), hex(byte & 15)]);
    });
}

/// The same inside a JSON string: there the backslash itself is written twice.
pub(crate) fn append_json(field: &[u8], line: &mut Vec<u8>) {
    append_with(field, line, |byte, line| {
        line.extend_from_slice(&[b'\\', b'\\', b'x', hex(byte >> 4), hex(byte & 15)]);
    });
}

fn append_with(field: &[u8], line: &mut Vec<u8>, escape: impl Fn(u8, &mut Vec<u8>)) {
    let shown = &field[..field.len().min(FIELD_CAP)];
    if shown.iter().all(|byte| is_plain(*byte)) {
        line.extend_from_slice(shown);
    } else {
        for &byte in shown {
            if is_plain(byte) {
                line.push(byte);
            } else {
                escape(byte, line);
            }
        }
    }
    if shown.len() < field.len() {
        line.extend_from_slice(b"...");
    }
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

fn hex(nibble: u8) -> u8 {
    b"0123456789ABCDEF"[usize::from(nibble)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn escaped(field: &[u8]) -> String {
        let mut line = Vec::new();
        append(field, &mut line);
        String::from_utf8(line).unwrap()
    }

    fn unescaped(text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut rest = text.as_bytes();
        while let [first, tail @ ..] = rest {
            if let [b'\\', b'x', high, low, tail @ ..] = rest {
                bytes.push(
                    u8::from_str_radix(std::str::from_utf8(&[*high, *low]).unwrap(), 16).unwrap(),
                );
                rest = tail;
            } else {
                bytes.push(*first);
                rest = tail;
            }
        }
        bytes
    }

    #[test]
    fn quotes_controls_and_other_alphabets() {
        assert_eq!(escaped(b"a\"b\\c\r\n\x00\x7f"), r"a\x22b\x5Cc\x0D\x0A\x00\x7F");
        assert_eq!(escaped("é".as_bytes()), r"\xC3\xA9");
        assert_eq!(escaped(&[b'a'; FIELD_CAP]), "a".repeat(FIELD_CAP));
        assert_eq!(escaped(&[b'a'; FIELD_CAP + 1]), "a".repeat(FIELD_CAP) + "...");
    }

    proptest! {
        #[test]
        fn a_field_is_printable_and_can_be_read_back(field in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = escaped(&field);
            prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'"'));
            prop_assert_eq!(unescaped(&text), field);
        }

        #[test]
        fn json_carries_the_escaped_text(field in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut line = vec![b'"'];
            append_json(&field, &mut line);
            line.push(b'"');
            prop_assert_eq!(serde_json::from_slice::<String>(&line).unwrap(), escaped(&field));
        }
    }
}
