//! What the self-service API keeps: clients, scopes, grants, as it sent them.
//!
//! docs.digdir.no `oidc_api_admin`: its fields and values grow, so members that are not known here are kept.
//! Refuses what is no JSON object. `Debug` shows nothing, as a client can hold its secret.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Kind, Phase, Result, codes};
use crate::ground::json::{Value, Writer, push_string};
use crate::ground::secret::Secret;
use crate::ground::time::seconds;

/// An object of the API's, every member as it came.
///
/// ```
/// use samtykke::provider::maskinporten::Record;
/// let scope = Record::parse(r#"{"name":"difi:api3","state_of_tomorrow":[1]}"#)?.text_member("description", "Third API");
/// assert_eq!(scope.text("name").as_deref(), Some("difi:api3"));
/// assert_eq!(scope.json(), r#"{"name":"difi:api3","state_of_tomorrow":[1],"description":"Third API"}"#);
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone)]
pub struct Record(Secret);

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl Record {
    /// Without members.
    pub fn new() -> Self {
        Self(Secret::new("{}"))
    }

    /// From JSON.
    ///
    /// # Errors
    /// `invalid_parameter` unless it is one object, no member twice.
    pub fn parse(json: &str) -> Result<Self> {
        match Value::parse(json) {
            Some(Value::Object(_)) => Ok(Self(Secret::new(json.strip_prefix('\u{feff}').unwrap_or(json)))),
            _ => Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("one JSON object, no member twice")),
        }
    }

    pub(crate) fn value(&self) -> Value<'_> {
        Value::parse(self.json()).unwrap_or(Value::Null)
    }

    /// The JSON.
    pub fn json(&self) -> &str {
        self.0.expose()
    }

    /// A member that is a text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value().get(name).and_then(Value::as_str).map(String::from)
    }

    /// A member that is true or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value().get(name).and_then(Value::as_bool)
    }

    /// A member that is a whole number.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.value().get(name).and_then(Value::as_integer)
    }

    /// A member that is a time, in seconds since 1970; every documented form is read.
    pub fn time(&self, name: &str) -> Option<i64> {
        self.value().get(name).and_then(seconds)
    }

    /// A member that is an array of texts; other items are left out.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let value = self.value();
        let items = value.get(name).and_then(Value::as_array).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(String::from).collect()
    }

    /// A member's JSON.
    pub fn raw(&self, name: &str) -> Option<String> {
        self.value().members().iter().find(|member| member.name == name).map(|member| String::from(member.raw))
    }

    /// With a member, instead of one of that name.
    ///
    /// # Errors
    /// `invalid_parameter` for what is no JSON.
    pub fn member(self, name: &str, json: &str) -> Result<Self> {
        if Value::parse(json).is_none() {
            return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected("a member as JSON"));
        }
        Ok(self.set(name, json))
    }

    /// With a member that is a text.
    #[must_use]
    pub fn text_member(self, name: &str, text: &str) -> Self {
        let mut json = String::new();
        push_string(&mut json, text);
        self.set(name, &json)
    }

    /// With a member that is an array of texts.
    #[must_use]
    pub fn texts_member(self, name: &str, texts: &[&str]) -> Self {
        let mut json = String::from("[");
        for (at, text) in texts.iter().enumerate() {
            if at > 0 {
                json.push_str(",");
            }
            push_string(&mut json, text);
        }
        json.push_str("]");
        self.set(name, &json)
    }

    /// Without members of these names.
    #[must_use]
    pub fn without(self, names: &[&str]) -> Self {
        let mut json = Writer::new();
        for member in self.value().members().iter().filter(|member| !names.contains(&&*member.name)) {
            json.raw(&member.name, member.raw);
        }
        Self(Secret::new(json.take()))
    }

    /// In the place it has, or as the last one.
    fn set(self, name: &str, value: &str) -> Self {
        let mut json = Writer::new();
        let mut there = false;
        for member in self.value().members() {
            there |= member.name == name;
            json.raw(&member.name, if member.name == name { value } else { member.raw });
        }
        if !there {
            json.raw(name, value);
        }
        Self(Secret::new(json.take()))
    }
}

impl core::fmt::Debug for Record {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Record(…)")
    }
}

/// The objects of a list.
pub(super) fn records(json: &str) -> Result<Vec<Record>> {
    let list = Value::parse(json);
    list.as_ref().and_then(Value::as_array).unwrap_or_default().iter().map(object).collect()
}

/// An object of an array, as JSON of its own.
pub(crate) fn object(value: &Value<'_>) -> Result<Record> {
    if !matches!(value, Value::Object(_)) {
        return Err(refusal(&codes::INVALID_PARAMETER, "an array of objects"));
    }
    let mut json = Writer::new();
    for member in value.members() {
        json.raw(&member.name, member.raw);
    }
    Record::parse(&json.take())
}

pub(super) fn refusal(kind: &'static Kind, expected: &'static str) -> Error {
    Error::new(kind).at(Phase::Api).expected(expected)
}
