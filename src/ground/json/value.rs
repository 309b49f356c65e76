//! The values of JSON, and what is asked of them.

use crate::ground::lean::Many;
use crate::ground::secret::Secret;
use crate::ground::text::{cut, number};

/// A string of a JSON text: a piece of it, or what its escapes stand for, which is wiped from memory when it is dropped.
#[derive(Clone, Debug)]
pub enum Text<'a> {
    /// A string without escapes.
    Plain(&'a str),
    /// A string that was unescaped.
    Unescaped(Secret),
}

impl core::ops::Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Unescaped(text) => text.expose(),
        }
    }
}

impl<T: AsRef<str> + ?Sized> PartialEq<T> for Text<'_> {
    fn eq(&self, other: &T) -> bool {
        **self == *other.as_ref()
    }
}

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        self
    }
}

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
    String(Text<'a>),
    /// An array.
    Array(Many<Value<'a>>),
    /// An object; names are unique.
    Object(Many<Member<'a>>),
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Member<'a> {
    /// Its name, unescaped.
    pub name: Text<'a>,
    /// Its value.
    pub value: Value<'a>,
    /// The value's own text, for members that are handed on unread.
    pub raw: &'a str,
}

impl Member<'_> {
    /// Whether a value is this one's: the same text, the same whole number, or else written alike.
    pub(crate) fn is_repeated(&self, value: &Value<'_>, raw: &str) -> bool {
        match value {
            Value::String(text) => self.value.as_str() == Some(text),
            _ => self.raw == raw || (value.as_integer().is_some() && value.as_integer() == self.value.as_integer()),
        }
    }
}

impl<'a> Value<'a> {
    /// A member of an object; `None` when this is no object or has no such member. One that is `null` counts as absent, as many
    /// servers write it; [`members`](Self::members) has it.
    pub fn get(&self, name: &str) -> Option<&Value<'a>> {
        self.member(name).filter(|value| !matches!(value, Self::Null))
    }

    /// As [`get`](Self::get), a `null` included: where it means something of its own.
    pub(crate) fn member(&self, name: &str) -> Option<&Value<'a>> {
        self.members().iter().find(|member| member.name == *name).map(|member| &member.value)
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
        self.scale(false)
    }

    /// A NumericDate (RFC 7519 section 2): a number of seconds, a fraction counting as the next whole second.
    // Upwards, so that `exp > now` and `nbf <= now` are exact for a clock of whole seconds.
    pub fn as_seconds(&self) -> Option<i64> {
        self.scale(true)
    }

    #[inline(never)]
    fn scale(&self, round: bool) -> Option<i64> {
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
        let (negative, exponent) = (whole.starts_with('-'), exponent.map_or(Some(0), parse_exponent)?);
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
fn parse_exponent(text: &str) -> Option<i32> {
    let digits = text.strip_prefix('+').or_else(|| text.strip_prefix('-')).unwrap_or(text);
    let size = i32::try_from(number(digits)?).ok()?;
    Some(if text.starts_with('-') { size.wrapping_neg() } else { size })
}
