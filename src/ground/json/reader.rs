//! The reader: one pass over the text, nothing reserved before it is needed.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::json::value::{Member, Text, Value};
use crate::ground::json::write::plain;
use crate::ground::lean::many;
use crate::ground::secret::Secret;

const MAX_DEPTH: u32 = 32;
// Bounds the duplicate check, so that reading stays linear in the input.
const MAX_MEMBERS: usize = 256;
// Bounds the memory that a text can take: `[{},{},…]` is a value for every three octets. Real documents of 1 MiB have fewer.
const MAX_VALUES: u32 = 1 << 16;

impl<'a> Value<'a> {
    /// Reads one JSON text; a UTF-8 byte order mark before it is ignored (RFC 8259 section 8.1).
    pub fn parse(text: &'a str) -> Option<Self> {
        Reader::new(text).whole()
    }

    /// As [`parse`](Self::parse), for the claims of a JWT: one that is repeated with an equal value counts once (RFC 7519 section 4
    /// allows it, and there are servers that do it), in the outermost object alone. Also says whether one was.
    ///
    /// # Errors
    /// The name of a claim that is repeated with another value; an empty one for what is no JSON.
    pub(crate) fn parse_claims(text: &'a str) -> core::result::Result<(Self, bool), &'a str> {
        let mut reader = Reader::new(text);
        reader.repeats = true;
        match reader.whole() {
            Some(value) => Ok((value, reader.repeated)),
            None => Err(reader.conflict),
        }
    }

    /// The text of this name in an object whose other members may be wrong, or stand there twice; nothing where the text itself
    /// stands there twice and differs.
    pub(crate) fn newest(text: &'a str, name: &str) -> Option<String> {
        let mut reader = Reader::new(text);
        reader.lenient = true;
        reader.space();
        let mut found: Option<String> = None;
        let mut more = reader.eat(b'{');
        while more {
            reader.space();
            let member = reader.string()?;
            reader.space();
            reader.eat(b':').then_some(())?;
            reader.space();
            match reader.value(MAX_DEPTH)? {
                Value::String(text) if *member == *name => match &found {
                    Some(other) if **other != *text => return None,
                    _ => found = Some(String::from(&*text)),
                },
                _ => {}
            }
            more = !reader.ends(b'}')?;
        }
        found
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Values that may yet come.
    left: u32,
    /// Takes objects with doubled members.
    lenient: bool,
    /// Whether members of the outermost object may be repeated, whether one was, and the name of one whose values differ.
    repeats: bool,
    repeated: bool,
    conflict: &'a str,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { text, at: 0, left: MAX_VALUES, lenient: false, repeats: false, repeated: false, conflict: "" }
    }

    /// One value, and nothing after it.
    fn whole(&mut self) -> Option<Value<'a>> {
        self.space();
        let value = self.value(MAX_DEPTH)?;
        self.space();
        (self.at == self.text.len()).then_some(value)
    }

    /// The next octet; 0, which no JSON text holds, at the end.
    fn peek(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or_default()
    }

    fn step(&mut self) {
        self.at = self.at.wrapping_add(1);
    }

    fn eat(&mut self, octet: u8) -> bool {
        let there = self.peek() == octet;
        if there {
            self.step();
        }
        there
    }

    #[inline(never)]
    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.step();
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        for octet in word.bytes() {
            self.eat(octet).then_some(())?;
        }
        Some(())
    }

    fn since(&self, start: usize) -> Option<&'a str> {
        self.text.get(start..self.at)
    }

    fn value(&mut self, depth: u32) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        match self.peek() {
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.array(depth.checked_sub(1)?),
            b'"' => self.string().map(Value::String),
            b't' => self.word("true").map(|()| Value::Bool(true)),
            b'f' => self.word("false").map(|()| Value::Bool(false)),
            b'n' => self.word("null").map(|()| Value::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: u32) -> Option<Value<'a>> {
        self.step();
        self.space();
        if self.eat(b'}') {
            return Some(Value::Object(many(Vec::new())));
        }
        let outermost = depth == MAX_DEPTH - 1;
        // Room for the whole document's own members at once; the many small objects in it take no more than they need.
        let mut members: Vec<Member<'a>> = Vec::with_capacity(if outermost { 8 } else { 1 });
        loop {
            self.space();
            let name = self.string()?;
            let before = if self.lenient { None } else { members.iter().position(|member| *member.name == *name) };
            if members.len() >= MAX_MEMBERS || (before.is_some() && !(outermost && self.repeats)) {
                return None;
            }
            self.space();
            self.eat(b':').then_some(())?;
            self.space();
            let start = self.at;
            let value = self.value(depth)?;
            let raw = self.since(start)?;
            match before.and_then(|at| members.get(at)) {
                None => members.push(Member { name, value, raw }),
                Some(before) if before.is_repeated(&value, raw) => self.repeated = true,
                Some(Member { name: Text::Plain(name), .. }) => {
                    self.conflict = name;
                    return None;
                }
                _ => return None,
            }
            if self.ends(b'}')? {
                return Some(Value::Object(many(members)));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<Value<'a>> {
        self.step();
        let mut items = Vec::new();
        self.space();
        if self.eat(b']') {
            return Some(Value::Array(many(items)));
        }
        loop {
            self.space();
            items.push(self.value(depth)?);
            if self.ends(b']')? {
                return Some(Value::Array(many(items)));
            }
        }
    }

    /// After an item: whether the end follows; `None` when neither that nor a comma does.
    #[inline(never)]
    fn ends(&mut self, end: u8) -> Option<bool> {
        self.space();
        if self.eat(b',') {
            return Some(false);
        }
        self.eat(end).then_some(true)
    }

    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let _ = self.eat(b'-');
        // RFC 8259 section 6: no leading zero.
        if !self.eat(b'0') {
            self.digits()?;
        }
        if self.eat(b'.') {
            self.digits()?;
        }
        if self.eat(b'e') || self.eat(b'E') {
            let _ = self.eat(b'+') || self.eat(b'-');
            self.digits()?;
        }
        self.since(start).map(Value::Number)
    }

    #[inline(never)]
    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_ascii_digit() {
            self.step();
        }
        (self.at > start).then_some(())
    }

    fn string(&mut self) -> Option<Text<'a>> {
        self.eat(b'"').then_some(())?;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = self.at.wrapping_add(plain(self.text.get(self.at..)?));
            if self.peek() != b'\\' {
                break;
            }
            escaped = true;
            self.at = self.at.wrapping_add(2);
        }
        let raw = self.since(start)?;
        self.eat(b'"').then_some(())?;
        if !escaped {
            return Some(Text::Plain(raw));
        }
        // No escape is shorter than what it stands for: the text never grows, so it leaves no copy of itself behind.
        let mut text = Secret::with_capacity(raw.len());
        Reader { text: raw, left: 0, ..Reader::new("") }.unescape(&mut text).then_some(Text::Unescaped(text))
    }

    /// Appends what a string's inside stands for; `false` for an escape that there is not.
    fn unescape(&mut self, text: &mut Secret) -> bool {
        loop {
            let start = self.at;
            self.at = start.wrapping_add(plain(self.text.get(start..).unwrap_or_default()));
            text.push_str(self.since(start).unwrap_or_default());
            if !self.eat(b'\\') {
                return true;
            }
            let Some(letter) = self.escape() else { return false };
            text.push_str(letter.encode_utf8(&mut [0; 4]));
        }
    }

    fn escape(&mut self) -> Option<char> {
        let letter = self.peek();
        self.step();
        Some(match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                if unit & 0xfc00 == 0xd800 {
                    self.word("\\u")?;
                    let low = self.unit()?;
                    if low & 0xfc00 != 0xdc00 {
                        return None;
                    }
                    char::from_u32(0x10000u32.wrapping_add((unit & 0x3ff) << 10 | (low & 0x3ff)))?
                } else {
                    // A lone low surrogate is no character.
                    char::from_u32(unit)?
                }
            }
            _ => return None,
        })
    }

    #[inline(never)]
    fn unit(&mut self) -> Option<u32> {
        let mut unit = 0u32;
        for _ in 0..4 {
            unit = unit << 4 | char::from(self.peek()).to_digit(16)?;
            self.step();
        }
        Some(unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_unescaped_never_grew() {
        // Growing would leave a copy of a token behind, where nothing wipes it.
        for raw in ["\\u0061", "a\\\\b", "\\ud83d\\ude00\\n", "e\\u0079J.\\/x"] {
            let json = alloc::format!("\"{raw}\"");
            let room = match Value::parse(&json) {
                Some(Value::String(Text::Unescaped(text))) => text.capacity(),
                _ => 0,
            };
            assert_eq!(room, raw.len(), "{raw}");
        }
        assert!(matches!(Value::parse("\"plain\""), Some(Value::String(Text::Plain("plain")))));
    }
}
