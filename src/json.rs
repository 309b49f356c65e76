//! A strict, small JSON reader and a string writer (RFC 8259).
//!
//! Kept here because the standard crate accepts duplicate members and costs more than everything else in the wasm.
//! Refuses duplicate members, nesting beyond 32, over 256 members in an object, and anything after the value.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

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
    Array(Vec<Value<'a>>),
    /// An object; names are unique.
    Object(Vec<Member<'a>>),
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
    ///
    /// ```
    /// use samtykke::json::Value;
    /// let value = Value::parse(r#"{"a":[1,"x"]}"#).unwrap();
    /// assert!(value.get("a").is_some());
    /// assert!(Value::parse(r#"{"a":1,"a":2}"#).is_none()); // duplicate member
    /// assert!(Value::parse("{}{}").is_none());
    /// ```
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut reader = Reader { rest: text.strip_prefix('\u{feff}').unwrap_or(text) };
        reader.space();
        let value = reader.value(MAX_DEPTH)?;
        reader.space();
        reader.rest.is_empty().then_some(value)
    }

    /// A member of an object; `None` when this is no object or has no such member.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.members().iter().find(|member| member.name == name).map(|member| &member.value)
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
    ///
    /// ```
    /// use samtykke::json::Value;
    /// assert_eq!(Value::parse("3600.0").unwrap().as_integer(), Some(3600));
    /// assert_eq!(Value::parse("1.5").unwrap().as_integer(), None);
    /// assert_eq!(Value::parse("1e400").unwrap().as_integer(), None);
    /// ```
    pub fn as_integer(&self) -> Option<i64> {
        self.scaled(false)
    }

    /// A NumericDate (RFC 7519 section 2): a number of seconds, a fraction counting as the next whole second.
    ///
    /// ```
    /// use samtykke::json::Value;
    /// assert_eq!(Value::parse("1700000300.5").unwrap().as_seconds(), Some(1_700_000_301));
    /// assert_eq!(Value::parse("1e400").unwrap().as_seconds(), None);
    /// ```
    // Upwards, so that `exp > now` and `nbf <= now` are exact for a clock of whole seconds.
    pub fn as_seconds(&self) -> Option<i64> {
        self.scaled(true)
    }

    fn scaled(&self, round: bool) -> Option<i64> {
        let Self::Number(text) = self else { return None };
        let (negative, text) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, *text),
        };
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, exponent.strip_prefix('+').unwrap_or(exponent).parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let mut rest = false;
        let fraction = match fraction.get(..6) {
            // What is finer than a microsecond cannot matter, but must not overflow.
            Some(short) if round && exponent == 0 => {
                rest = fraction.len() > 6;
                short
            }
            _ => fraction,
        };
        // The decimal point moves right by `exponent`; what then lies behind it must be nothing, or is rounded.
        let mut shift = exponent.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        let mut value: i64 = 0;
        for digit in whole.bytes().chain(fraction.bytes()) {
            value = value.checked_mul(10)?.checked_add(i64::from(digit.wrapping_sub(b'0')))?;
        }
        while shift > 0 && value != 0 {
            value = value.checked_mul(10)?;
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

struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    fn space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    fn value(&mut self, depth: u32) -> Option<Value<'a>> {
        match self.rest.bytes().next()? {
            b'{' => self.object(depth.checked_sub(1)?),
            b'[' => self.array(depth.checked_sub(1)?),
            b'"' => self.string().map(Value::String),
            b't' => self.take("true").map(|()| Value::Bool(true)),
            b'f' => self.take("false").map(|()| Value::Bool(false)),
            b'n' => self.take("null").map(|()| Value::Null),
            _ => self.number(),
        }
    }

    fn object(&mut self, depth: u32) -> Option<Value<'a>> {
        self.take("{")?;
        let mut members: Vec<Member<'a>> = Vec::new();
        self.space();
        if self.take("}").is_some() {
            return Some(Value::Object(members));
        }
        loop {
            self.space();
            let name = self.string()?;
            if members.len() >= MAX_MEMBERS || members.iter().any(|member| member.name == name) {
                return None;
            }
            self.space();
            self.take(":")?;
            self.space();
            let before = self.rest;
            let value = self.value(depth)?;
            let raw = before.get(..before.len().checked_sub(self.rest.len())?)?;
            members.push(Member { name, value, raw });
            self.space();
            if self.take(",").is_none() {
                self.take("}")?;
                return Some(Value::Object(members));
            }
        }
    }

    fn array(&mut self, depth: u32) -> Option<Value<'a>> {
        self.take("[")?;
        let mut items = Vec::new();
        self.space();
        if self.take("]").is_some() {
            return Some(Value::Array(items));
        }
        loop {
            self.space();
            items.push(self.value(depth)?);
            self.space();
            if self.take(",").is_none() {
                self.take("]")?;
                return Some(Value::Array(items));
            }
        }
    }

    fn number(&mut self) -> Option<Value<'a>> {
        let start = self.rest;
        let _ = self.take("-");
        // RFC 8259 section 6: no leading zero.
        if self.take("0").is_none() {
            self.digits()?;
        }
        if self.take(".").is_some() {
            self.digits()?;
        }
        if self.take("e").or_else(|| self.take("E")).is_some() {
            let _ = self.take("+").or_else(|| self.take("-"));
            self.digits()?;
        }
        start.get(..start.len().checked_sub(self.rest.len())?).map(Value::Number)
    }

    fn digits(&mut self) -> Option<()> {
        let rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let found = rest.len() < self.rest.len();
        self.rest = rest;
        found.then_some(())
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.take("\"")?;
        let mut owned: Option<String> = None;
        loop {
            let at = self.rest.find(|c: char| c == '"' || c == '\\' || c < ' ')?;
            let (plain, rest) = self.rest.split_at_checked(at)?;
            if let Some(rest) = rest.strip_prefix('"') {
                self.rest = rest;
                return Some(match owned {
                    Some(mut text) => {
                        text.push_str(plain);
                        Cow::Owned(text)
                    }
                    None => Cow::Borrowed(plain),
                });
            }
            self.rest = rest.strip_prefix('\\')?;
            let text = owned.get_or_insert_default();
            text.push_str(plain);
            let escaped = self.escape()?;
            text.push(escaped);
        }
    }

    fn escape(&mut self) -> Option<char> {
        let letter = self.rest.chars().next()?;
        self.rest = self.rest.get(letter.len_utf8()..)?;
        Some(match letter {
            '"' | '\\' | '/' => letter,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let unit = self.unit()?;
                if unit & 0xfc00 == 0xd800 {
                    self.take("\\u")?;
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

    fn unit(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        self.rest = rest;
        u32::from_str_radix(digits, 16).ok()
    }
}

/// Appends `text` as a JSON string, quotes included.
///
/// ```
/// let mut out = String::new();
/// samtykke::json::push_string(&mut out, "a\"b\n");
/// assert_eq!(out, r#""a\"b\u000a""#);
/// ```
pub fn push_string(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if control < ' ' => {
                out.push_str(if control < '\u{10}' { "\\u000" } else { "\\u001" });
                out.push(char::from_digit(u32::from(control) & 15, 16).unwrap_or('0'));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// A JSON object being written, member by member.
pub struct Writer {
    text: String,
}

impl Default for Writer {
    fn default() -> Self {
        Self::new()
    }
}

impl Writer {
    /// An empty object.
    pub fn new() -> Self {
        Self { text: String::from("{") }
    }

    /// Adds a member whose value is already JSON.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        push_string(&mut self.text, name);
        self.text.push(':');
        self.text.push_str(json);
        self
    }

    /// Adds a string member.
    pub fn string(&mut self, name: &str, value: &str) -> &mut Self {
        let mut json = String::new();
        push_string(&mut json, value);
        self.raw(name, &json)
    }

    /// Adds a string member when there is a value.
    pub fn some(&mut self, name: &str, value: Option<&str>) -> &mut Self {
        if let Some(value) = value {
            self.string(name, value);
        }
        self
    }

    /// The finished text; the writer is empty afterwards.
    pub fn take(&mut self) -> String {
        let mut text = core::mem::replace(&mut self.text, String::from("{"));
        text.push('}');
        text
    }
}
