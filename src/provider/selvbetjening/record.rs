//! The text of an enrolment: JSON of version 1, the same at every step.
//!
//! RFC 8259; the members are this library's own. Keys stand in it by the caller's name and their public part.
//! Refuses other versions, members it does not know, private members, and records of another environment.

use alloc::string::String;

use super::begun::Begun;
use super::draft::Draft;
use super::enrolment::Enrolment;
use super::key::{Key, PublicKey};
use super::{Environment, check_client_id};
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::text::decimal;
use crate::provider::table::join;

const VERSION: &str = "1";
const MAX_RECORD: usize = 1 << 16;
const MEMBERS: [&str; 11] =
    ["v", "environment", "clientId", "key", "keyExpiresAt", "next", "draft", "older", "within", "until", "confirmed"];

impl Enrolment {
    /// As text, to be stored. It holds no private key.
    pub fn serialize(&self) -> String {
        let mut json = Writer::new();
        json.raw("v", VERSION).string("environment", &name(&self.environment));
        if !self.client_id.is_empty() {
            json.string("clientId", &self.client_id);
        }
        json.raw("key", &write_key(&self.key));
        if let Some(time) = self.key_expires_at.and_then(|time| u64::try_from(time).ok()) {
            json.raw("keyExpiresAt", &decimal(time));
        }
        if let Some(next) = &self.next {
            json.raw("next", &write_key(next));
        }
        if let Some(begun) = &self.begun {
            json.raw("draft", &begun.draft).raw("within", &decimal(begun.within));
            if let Some(until) = begun.until {
                json.raw("until", &decimal(until));
            }
            for (name, is) in [("older", begun.older), ("confirmed", begun.confirmed)] {
                if is {
                    json.raw(name, "true");
                }
            }
        }
        json.take()
    }

    /// Reads what [`serialize`](Self::serialize) wrote, or a process gave to be stored.
    ///
    /// # Errors
    /// `transaction_missing` for an empty text, and for a draft that the service never answered
    /// ([`Drafting::again`](super::Drafting::again)); `transaction_malformed` for what is no record of this version;
    /// `transaction_mismatch` for one of another environment.
    pub fn parse(environment: &Environment, text: &str) -> Result<Self> {
        let kept = Self::read(environment, text)?;
        if kept.client_id.is_empty() {
            return Err(Error::new(&codes::TRANSACTION_MISSING).expected("a draft that the service answered"));
        }
        Ok(kept)
    }

    /// As [`parse`](Self::parse), also without a client id.
    pub(crate) fn read(environment: &Environment, text: &str) -> Result<Self> {
        if text.is_empty() {
            return Err(Error::new(&codes::TRANSACTION_MISSING));
        }
        let value = (text.len() <= MAX_RECORD).then(|| Value::parse(text)).flatten();
        let version = match value.as_ref().and_then(|value| value.get("v")) {
            Some(Value::Number(version)) => *version,
            _ => return Err(malformed()),
        };
        if version != VERSION {
            return Err(malformed().expected("a record of version 1").actual(crate::ground::error::shown::shown_text(version)));
        }
        let value = value.ok_or_else(malformed)?;
        let known = value.members().iter().all(|member| MEMBERS.contains(&&*member.name));
        let theirs = value.text("environment").filter(|_| known).ok_or_else(malformed)?;
        let ours = name(environment);
        if theirs != ours {
            return Err(Error::new(&codes::TRANSACTION_MISMATCH).expected(ours).actual(crate::ground::error::shown::shown_text(theirs)));
        }
        let kept = Self::members(environment, &value).ok_or_else(malformed)?;
        // A draft that was never answered has neither a client id nor a time, and nothing after them.
        let answered = !kept.client_id.is_empty();
        let whole = match &kept.begun {
            Some(begun) => begun.until.is_some() == answered && (answered || !begun.confirmed),
            None => answered,
        };
        if whole && (answered || kept.next.is_none()) { Ok(kept) } else { Err(malformed()) }
    }

    /// The members, each of its own type or absent.
    fn members(environment: &Environment, value: &Value<'_>) -> Option<Self> {
        let key = key(value.get("key")?)?;
        let next = match value.get("next") {
            Some(next) => Some(self::key(next)?),
            None => None,
        };
        let client_id = match value.get("clientId") {
            Some(id) => id.as_str().filter(|id| check_client_id(id).is_ok())?,
            None => "",
        };
        let number = |name: &str| match value.get(name) {
            Some(number) => number.as_integer().filter(|number| *number >= 0).map(Some),
            None => Some(None),
        };
        let flag = |name: &str| match value.get(name) {
            Some(flag) => flag.as_bool(),
            None => Some(false),
        };
        let (within, until) = (number("within")?, number("until")?);
        let (older, confirmed) = (flag("older")?, flag("confirmed")?);
        let raw = value.members().iter().find(|member| member.name == "draft").map(|member| member.raw);
        let begun = match raw {
            Some(raw) => {
                let draft = Draft::from_json(raw, key.public().clone()).ok()?;
                let begun = Begun::new(&draft, u64::try_from(within?).ok()?).ok()?;
                let until = until.and_then(|until| u64::try_from(until).ok());
                Some(Begun { older, confirmed, until, ..begun })
            }
            None if within.is_none() && until.is_none() && !older && !confirmed => None,
            None => return None,
        };
        let (environment, client_id) = (environment.clone(), client_id.into());
        Some(Self { environment, client_id, key, key_expires_at: number("keyExpiresAt")?, next, begun })
    }
}

fn name(environment: &Environment) -> String {
    join(&join(&environment.portal, " "), &environment.api)
}

fn write_key(key: &Key) -> String {
    Writer::new().string("reference", key.reference()).raw("public", key.public().json()).take()
}

fn key(value: &Value<'_>) -> Option<Key> {
    let [first, second] = value.members() else { return None };
    let public = [first, second].into_iter().find(|member| member.name == "public")?;
    Key::new(value.text("reference")?, PublicKey::parse(public.raw).ok()?).ok()
}

#[cold]
fn malformed() -> Error {
    Error::new(&codes::TRANSACTION_MALFORMED)
}
