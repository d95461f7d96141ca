//! Reads `application/x-www-form-urlencoded` without losing a byte.
//!
//! A signature covers the bytes that the gateway sent, so nothing is replaced, trimmed, merged or
//! reordered here; only [`Form::text`] turns bytes into text. It does not check content types, and
//! it does not write forms (`form_urlencoded` does). Part of `gateway`: floor 2.

/// The fields of a form, decoded to bytes, in the order in which they came, repetitions included.
///
/// No `Debug`: the fields hold phone numbers and words.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form(Vec<(Vec<u8>, Vec<u8>)>);

impl Form {
    /// Reads a form body or a query string. Total: as in the WHATWG URL standard, section 5.1,
    /// empty fields are passed over, a field without `=` has an empty value, and a `%` that starts
    /// no escape stands for itself.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        let fields = raw.split(|&byte| byte == b'&').filter(|f| !f.is_empty());
        Self(
            fields
                .map(|field| match field.iter().position(|&byte| byte == b'=') {
                    Some(at) => (decode(&field[..at]), decode(&field[at + 1..])),
                    None => (decode(field), Vec::new()),
                })
                .collect(),
        )
    }

    /// The fields, as they came.
    #[must_use]
    pub fn fields(&self) -> &[(Vec<u8>, Vec<u8>)] {
        &self.0
    }

    /// The first field of this name, as text: bytes that are not UTF-8 become U+FFFD. `None` when
    /// there is no such field; nothing is trimmed.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        self.0
            .iter()
            .find(|(key, _)| key == name.as_bytes())
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    }

    /// As [`Form::text`], but an empty field counts as none.
    #[must_use]
    pub fn filled(&self, name: &str) -> Option<String> {
        self.text(name).filter(|value| !value.is_empty())
    }
}

/// Undoes `+` and percent-encoding.
fn decode(raw: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [first, tail @ ..] = rest {
        rest = tail;
        decoded.push(match (first, tail) {
            (b'+', _) => b' ',
            (b'%', [high, low, after @ ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    rest = after;
                    high << 4 | low
                }
                _ => b'%',
            },
            (other, _) => *other,
        });
    }
    decoded
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fields_keep_their_order_their_repetitions_and_their_spaces() {
        let form = Form::parse(b"b=2&a=1&&b=+3+&flag&=x&c=d=e");
        let fields: Vec<(&[u8], &[u8])> = form
            .fields()
            .iter()
            .map(|(k, v)| (k.as_slice(), v.as_slice()))
            .collect();
        let expected: [(&[u8], &[u8]); 6] = [
            (b"b", b"2"),
            (b"a", b"1"),
            (b"b", b" 3 "),
            (b"flag", b""),
            (b"", b"x"),
            (b"c", b"d=e"),
        ];
        assert_eq!(fields, expected);
    }

    #[test]
    fn escapes_are_decoded_and_what_is_no_escape_stands_for_itself() {
        for (raw, bytes) in [
            (&b"a=%F0%9F%98%94%20%26+x"[..], "😔 & x".as_bytes()),
            (b"a=%2B1%3d", b"+1="),
            (b"a=100%", b"100%"),
            (b"a=%4", b"%4"),
            (b"a=%zz%%41", b"%zz%A"),
            (b"a=caf%E9", b"caf\xe9"),
            (b"a=caf\xe9%00", b"caf\xe9\0"),
        ] {
            assert_eq!(Form::parse(raw).fields()[0].1, bytes, "{raw:?}");
        }
    }

    #[test]
    fn text_is_lossy_and_the_first_field_of_a_name_counts() {
        let form = Form::parse(b"Body=caf%E9&Body=second&Empty=");
        assert_eq!(form.text("Body").unwrap(), "caf\u{fffd}");
        assert_eq!(form.text("Empty").unwrap(), "");
        assert_eq!(form.filled("Empty"), None);
        assert_eq!(form.text("body"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(raw in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Form::parse(&raw);
        }

        #[test]
        fn what_another_writer_encodes_comes_back(fields in proptest::collection::vec(("\\PC{1,8}", ".{0,20}"), 0..6)) {
            let written = form_urlencoded::Serializer::new(String::new()).extend_pairs(&fields).finish();
            let form = Form::parse(written.as_bytes());
            let read: Vec<(String, String)> = form.fields().iter()
                .map(|(k, v)| (String::from_utf8(k.clone()).unwrap(), String::from_utf8(v.clone()).unwrap()))
                .collect();
            prop_assert_eq!(read, fields);
        }
    }
}
