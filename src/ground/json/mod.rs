//! A strict, small JSON reader and a string writer (RFC 8259).
//!
//! Kept here because the standard crate accepts duplicate members and costs more than everything else in the wasm.
//! Refuses duplicate members, nesting beyond 32, over 256 members in an object, and anything after the value.

mod write;

use write::plain;
pub(crate) use write::{Writer, push_string};

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::lean::{Many, many};
use crate::ground::text::{cut, number};

const MAX_DEPTH: u32 = 32;
// Bounds the duplicate check, so that reading stays linear in the input.
const MAX_MEMBERS: usize = 256;

/// A JSON value that borrows from its text.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as written.
    Number(&'a str),
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// An array.
    Array(Many<Value<'a>>),
    /// An object; names are unique.
    Object(Many<Member<'a>>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// Its name, unescaped.
    pub name: Cow<'a, str>,
    /// Its value.
    pub value: Value<'a>,
    /// The value's own text, for members that are handed on unread.
    pub raw: &'a str,
}

impl<'a> Value<'a> {
    /// Reads one JSON text; a UTF-8 byte order mark before it is ignored (RFC 8259 section 8.1).
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut reader = Reader { text: text.strip_prefix('\u{feff}').unwrap_or(text), at: 0, lenient: false };
        reader.space();
        let value = reader.value(MAX_DEPTH)?;
        reader.space();
        (reader.at == reader.text.len()).then_some(value)
    }

    /// The text of this name in an object whose other members may be wrong, or stand there twice; nothing where the text itself
    /// stands there twice and differs.
    pub(crate) fn newest(text: &'a str, name: &str) -> Option<String> {
        let mut reader = Reader { text: text.strip_prefix('\u{feff}').unwrap_or(text), at: 0, lenient: true };
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
                Value::String(text) if member == name => match &found {
                    Some(other) if *other != *text => return None,
                    _ => found = Some(text.into()),
                },
                _ => {}
            }
            more = !reader.ends(b'}')?;
        }
        found
    }

    /// A member of an object; `None` when this is no object or has no such member.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.members().iter().find(|member| member.name == name).map(|member| &member.value)
    }

    /// A member that is a text.
    #[inline(never)]
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The members of an object; none when this is something else.
    pub fn members(&self) -> &[Member<'a>] {
        match self {
            Self::Object(members) => members,
            _ => &[],
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Value<'a>]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// A number that is an integer of at most 2^53 - 1 either way; `3600.0` and `36e2` count as 3600.
    pub fn as_integer(&self) -> Option<i64> {
        self.scaled(false)
    }

    /// A NumericDate (RFC 7519 section 2): a number of seconds, a fraction counting as the next whole second.
    // Upwards, so that `exp > now` and `nbf <= now` are exact for a clock of whole seconds.
    pub fn as_seconds(&self) -> Option<i64> {
        self.scaled(true)
    }

    #[inline(never)]
    fn scaled(&self, round: bool) -> Option<i64> {
        let Self::Number(text) = self else { return None };
        let (digits, exponent) = match cut(text, b'e') {
            (_, None) => cut(text, b'E'),
            parts => parts,
        };
        let (whole, fraction) = cut(digits, b'.');
        let mut fraction = fraction.unwrap_or_default();
        while let Some(shorter) = fraction.strip_suffix('0') {
            fraction = shorter;
        }
        let mut rest = false;
        let fraction = match fraction.get(..6) {
            // What is finer than a microsecond cannot matter, but must not overflow.
            Some(short) if round && exponent.is_none() => {
                rest = fraction.len() > 6;
                short
            }
            _ => fraction,
        };
        let (negative, exponent) = (whole.starts_with('-'), exponent.map_or(Some(0), signed)?);
        // The decimal point moves right by `exponent`; what then lies behind it must be nothing, or is rounded.
        let mut shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let mut value: i64 = 0;
        for digit in whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit) {
            value = tenfold(value)?.wrapping_add(i64::from(digit.wrapping_sub(b'0')));
        }
        while shift > 0 && value != 0 {
            value = tenfold(value)?;
            shift = shift.wrapping_sub(1);
        }
        while shift < 0 && value != 0 {
            rest |= value % 10 != 0;
            value /= 10;
            shift = shift.wrapping_add(1);
        }
        if rest && !round {
            return None;
        }
        // Towards the later second: a negative one is there already.
        value = value.wrapping_add(i64::from(rest && !negative));
        (value <= 9_007_199_254_740_991).then_some(if negative { value.wrapping_neg() } else { value })
    }
}

/// Ten times a number, with room for one more digit; a checked multiplication of 64 bits is one of 128 in wasm.
fn tenfold(value: i64) -> Option<i64> {
    (value < i64::MAX / 16).then_some(value.wrapping_mul(10))
}

/// The digits of an exponent, with or without a sign.
fn signed(text: &str) -> Option<i32> {
    let digits = text.strip_prefix('+').or_else(|| text.strip_prefix('-')).unwrap_or(text);
    let size = i32::try_from(number(digits)?).ok()?;
    Some(if text.starts_with('-') { size.wrapping_neg() } else { size })
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Takes objects with doubled members.
    lenient: bool,
}

impl<'a> Reader<'a> {
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
        let mut members: Vec<Member<'a>> = Vec::with_capacity(8);
        self.space();
        if self.eat(b'}') {
            return Some(Value::Object(many(members)));
        }
        loop {
            self.space();
            let name = self.string()?;
            if members.len() >= MAX_MEMBERS || !self.lenient && members.iter().any(|member| member.name == name) {
                return None;
            }
            self.space();
            self.eat(b':').then_some(())?;
            self.space();
            let start = self.at;
            let value = self.value(depth)?;
            let raw = self.since(start)?;
            members.push(Member { name, value, raw });
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

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.eat(b'"').then_some(())?;
        let mut owned: Option<String> = None;
        loop {
            let start = self.at;
            self.at = start.wrapping_add(plain(self.text.get(start..)?));
            let plain = self.since(start)?;
            if self.eat(b'"') {
                return Some(match owned {
                    Some(mut text) => {
                        text.push_str(plain);
                        Cow::Owned(text)
                    }
                    None => Cow::Borrowed(plain),
                });
            }
            self.eat(b'\\').then_some(())?;
            let text = owned.get_or_insert_default();
            text.push_str(plain);
            text.push(self.escape()?);
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
