//! JSON (RFC 8259), read from front to back without trust: as much of it as headers of weight files hold. Floor 3.
//!
//! Written here because a library's way to read any type is some fifty kilobytes of every program.

/// Values inside one another that are skipped at most.
const DEEPEST: usize = 100;

/// A place in a text.
pub(super) struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    /// At the beginning.
    pub(super) fn new(text: &'a [u8]) -> Json<'a> {
        Json { text, at: 0 }
    }

    /// `what` was expected here.
    fn expected<T>(&self, what: &str) -> Result<T, String> {
        let found = match self.text.get(self.at) {
            None => "its end".to_owned(),
            Some(byte) => format!("`{}`", byte.escape_ascii()),
        };
        Err(format!("expected {what}, found {found} at byte {}", self.at))
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.text.get(self.at) {
            self.at += 1;
        }
        self.text.get(self.at).copied()
    }

    /// Passes a byte if it is the next.
    fn passes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn pass(&mut self, byte: u8, what: &str) -> Result<(), String> {
        if self.passes(byte) { Ok(()) } else { self.expected(what) }
    }

    /// That nothing follows.
    pub(super) fn end(&mut self) -> Result<(), String> {
        if self.peek().is_none() { Ok(()) } else { self.expected("its end") }
    }

    /// An object: calls `each` with every name, to read its value. `what` says what the object is.
    pub(super) fn object(
        &mut self,
        what: &str,
        each: &mut dyn FnMut(&mut Json<'a>, String) -> Result<(), String>,
    ) -> Result<(), String> {
        self.pass(b'{', what)?;
        if self.passes(b'}') {
            return Ok(());
        }
        loop {
            let name = self.string("a name in quotes")?;
            self.pass(b':', "`:`")?;
            each(self, name)?;
            if !self.passes(b',') {
                return self.pass(b'}', "`,` or `}`");
            }
        }
    }

    /// An array: calls `each` to read every value.
    pub(super) fn array(&mut self, what: &str, each: &mut dyn FnMut(&mut Json<'a>) -> Result<(), String>) -> Result<(), String> {
        self.pass(b'[', what)?;
        if self.passes(b']') {
            return Ok(());
        }
        loop {
            each(self)?;
            if !self.passes(b',') {
                return self.pass(b']', "`,` or `]`");
            }
        }
    }

    /// A number that counts something.
    pub(super) fn count(&mut self) -> Result<usize, String> {
        self.peek();
        let digits = &self.text[self.at..];
        let n_digits = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_whole = !matches!(digits.get(n_digits), Some(b'.' | b'e' | b'E'));
        let is_plain = n_digits == 1 || digits.first() != Some(&b'0');
        let number = std::str::from_utf8(&digits[..n_digits]).ok().and_then(|digits| digits.parse().ok());
        match number.filter(|_| is_whole && is_plain) {
            Some(number) => {
                self.at += n_digits;
                Ok(number)
            }
            None => self.expected("a whole number of at most 64 bits, not negative"),
        }
    }

    /// A text in quotes.
    pub(super) fn string(&mut self, what: &str) -> Result<String, String> {
        self.pass(b'"', what)?;
        let mut bytes = Vec::new();
        loop {
            match self.text.get(self.at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    let mut buffer = [0; 4];
                    bytes.extend_from_slice(self.escaped()?.encode_utf8(&mut buffer).as_bytes());
                }
                Some(&byte @ b' '..) => {
                    self.at += 1;
                    bytes.push(byte);
                }
                _ => return self.expected("a character or a closing quote"),
            }
        }
        match String::from_utf8(bytes) {
            Ok(text) => {
                self.at += 1;
                Ok(text)
            }
            Err(_) => Err(format!("the text that ends at byte {} is no UTF-8", self.at)),
        }
    }

    /// The character that an escape stands for.
    fn escaped(&mut self) -> Result<char, String> {
        self.at += 1;
        let plain = match self.text.get(self.at) {
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => {
                let first = self.unit()?;
                // Two units are one character beyond the first plane.
                let code = match first {
                    0xd800..0xdc00 if self.text[self.at..].starts_with(b"\\u") => {
                        self.at += 1;
                        let second = self.unit()?;
                        if !(0xdc00..0xe000).contains(&second) {
                            return self.expected("the second half of a pair of surrogates before this");
                        }
                        0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)
                    }
                    _ => first,
                };
                return match char::from_u32(code) {
                    Some(character) => Ok(character),
                    None => self.expected("both halves of a pair of surrogates before this"),
                };
            }
            _ => return self.expected("an escape"),
        };
        self.at += 1;
        Ok(char::from(plain))
    }

    /// The four hexadecimal digits behind a `u`.
    fn unit(&mut self) -> Result<u32, String> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            match self.text.get(self.at).and_then(|&byte| char::from(byte).to_digit(16)) {
                Some(digit) => unit = unit << 4 | digit,
                None => return self.expected("a hexadecimal digit"),
            }
            self.at += 1;
        }
        Ok(unit)
    }

    /// Passes a value of any kind.
    pub(super) fn skip(&mut self) -> Result<(), String> {
        self.skip_within(DEEPEST)
    }

    fn skip_within(&mut self, depth: usize) -> Result<(), String> {
        if depth == 0 {
            return self.expected("values less deep inside one another");
        }
        match self.peek() {
            Some(b'{') => self.object("an object", &mut |json, _| json.skip_within(depth - 1)),
            Some(b'[') => self.array("an array", &mut |json| json.skip_within(depth - 1)),
            Some(b'"') => self.string("a text").map(drop),
            Some(b'-' | b'0'..=b'9') => self.skip_number(),
            _ => {
                for word in ["true", "false", "null"] {
                    if self.text[self.at..].starts_with(word.as_bytes()) {
                        self.at += word.len();
                        return Ok(());
                    }
                }
                self.expected("a value")
            }
        }
    }

    fn skip_number(&mut self) -> Result<(), String> {
        let digits = |json: &mut Json<'a>| {
            let start = json.at;
            while json.text.get(json.at).is_some_and(u8::is_ascii_digit) {
                json.at += 1;
            }
            if json.at > start { Ok(json.at - start) } else { json.expected("a digit") }
        };
        self.passes(b'-');
        let is_zero = self.text.get(self.at) == Some(&b'0');
        if digits(self)? > 1 && is_zero {
            return self.expected("a number that does not begin with 0 before this");
        }
        if self.text.get(self.at) == Some(&b'.') {
            self.at += 1;
            digits(self)?;
        }
        if let Some(b'e' | b'E') = self.text.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.text.get(self.at) {
                self.at += 1;
            }
            digits(self)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether all of it is a value.
    fn is_json(text: &[u8]) -> bool {
        let mut json = Json::new(text);
        json.skip().and_then(|()| json.end()).is_ok()
    }

    #[test]
    fn what_is_json_is_what_a_library_takes_for_it() {
        let seeds = [
            r#" {"a": [1, -2.5e+10, 0, 0.25, 1E5], "b\n\u00e9\ud83d\ude00": {"c": null, "d": [true, false, {}], "": []}, "é": "x\/y"} "#,
            r#"[[[["\\", "\"", "\b\f\r\t"]]], -0, 10]"#,
            r#"{"x":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}"#,
        ];
        let mut state = 1_u64;
        let mut random = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        let bytes = b"{}[]\",:\\u0019-+.eE \n\ttrufalsn/\xc3\xa9\xff\x00\x1fd8";
        let (mut n_json, n) = (0, 60_000);
        for i in 0..n {
            let mut text = seeds[i % seeds.len()].as_bytes().to_vec();
            for _ in 0..random(4) {
                let at = random(text.len());
                match random(3) {
                    0 => text[at] = bytes[random(bytes.len())],
                    1 => text.insert(at, bytes[random(bytes.len())]),
                    _ => drop(text.remove(at)),
                }
            }
            let theirs = serde_json::from_slice::<serde_json::Value>(&text);
            // A number that no float holds is a number.
            if theirs.as_ref().is_err_and(|error| error.to_string().contains("out of range")) {
                continue;
            }
            n_json += usize::from(theirs.is_ok());
            assert_eq!(is_json(&text), theirs.is_ok(), "{} {theirs:?}", text.escape_ascii());
        }
        assert!((n / 10..n * 9 / 10).contains(&n_json), "{n_json} of {n}");
    }

    #[test]
    fn strings_are_read_as_a_library_reads_them() {
        for text in [r#""""#, r#""a\"b\\\/\b\f\n\r\tc""#, r#""\u0041\u00e9\u20ac\ud83d\ude00""#, "\"é€😀\u{7f}\""] {
            let theirs: String = serde_json::from_str(text).unwrap();
            assert_eq!(Json::new(text.as_bytes()).string("a text"), Ok(theirs), "{text}");
        }
        for text in
            [r#""\ud83d""#, r#""\ude00""#, r#""\ud83dx""#, r#""\ud83d\u0041""#, r#""\u12g4""#, r#""\x""#, "\"a", "\"\n\"", "\""]
        {
            assert!(serde_json::from_str::<String>(text).is_err(), "{text}");
            assert!(Json::new(text.as_bytes()).string("a text").is_err(), "{text}");
        }
    }

    #[test]
    fn counts_are_whole_and_fit() {
        for (text, expected) in [("0", Some(0)), (" 12 ", Some(12)), (usize::MAX.to_string().as_str(), Some(usize::MAX))] {
            assert_eq!(Json::new(text.as_bytes()).count().ok(), expected, "{text}");
        }
        for text in ["18446744073709551616", "-1", "01", "1.0", "1e3", "", "x", "\"1\""] {
            assert!(Json::new(text.as_bytes()).count().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_deep_is_refused() {
        assert!(is_json(format!("{}{}", "[".repeat(99), "]".repeat(99)).as_bytes()));
        assert!(!is_json("[".repeat(1_000_000).as_bytes()));
    }
}
