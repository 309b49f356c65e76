//! What processes keep of a target in a store they share: a token, and what went wrong since. One text in both languages.
//!
//! docs/formats.md, "Tokens". All times are whole milliseconds before the record's end, which the store counts by its own clock.
//! Refuses what is not such a text: a damaged store costs a question and no more. It holds no id_token and no refresh token.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Action, Error, OAuthError, Phase, codes};
use crate::ground::http::Response;
use crate::ground::json::{Value, Writer};
use crate::ground::lean::text;
use crate::ground::secret::Secret;
use crate::ground::text::{decimal, number};
use crate::protocol::token::{TokenType, Tokens};
use crate::protocol::token_cache::Millis;

/// What is kept of one target.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TokenRecord {
    /// The token, while more than [`tail`](Self::tail) is left.
    pub tokens: Option<Tokens>,
    /// What is left when the token ends.
    pub tail: Millis,
    /// What is left when the token is to be replaced.
    pub replace: Millis,
    /// What was left when an API last refused a token.
    pub refused: Option<Millis>,
    /// What is left when the server may be asked again.
    pub resume: Option<Millis>,
    /// How often in a row no token came.
    pub failures: u32,
    /// Why none came.
    pub error: Option<Error>,
    /// Whose credential was refused; none for trouble, which is everybody's.
    pub by: Option<String>,
}

impl TokenRecord {
    /// Its text: lines for a token without trouble, JSON else.
    ///
    /// ```
    /// use samtykke::Tokens;
    /// use samtykke::protocol::token::TokenType;
    /// use samtykke::protocol::token_record::TokenRecord;
    /// let mut record = TokenRecord::default();
    /// record.tokens = Some(Tokens::bare("x.y", TokenType::Bearer));
    /// record.replace = 60_000;
    /// assert_eq!(record.text().expose(), "60000\nBearer\n\n\n\n\nx.y");
    /// assert_eq!(TokenRecord::read(record.text().expose()).unwrap().replace, 60_000);
    /// ```
    pub fn text(&self) -> Secret {
        let Some(tokens) = &self.tokens else { return Secret::new(self.json(None)) };
        let mut others = Writer::new();
        for (name, json) in &tokens.others {
            others.raw(name, json.expose());
        }
        let others = if tokens.others.is_empty() { String::new() } else { others.take() };
        let plain = self.failures == 0 && self.refused.is_none() && tokens.scope.as_deref() != Some("");
        if plain {
            let life = tokens.expires_in.map(|seconds| decimal(u64::from(seconds))).unwrap_or_default();
            let scope = tokens.scope.as_deref().unwrap_or_default();
            let lines = [
                &decimal(self.replace),
                tokens.token_type.as_str(),
                &life,
                scope,
                &tokens.requested_scope,
                &others,
                tokens.access_token.expose(),
            ];
            if !lines.iter().any(|line| line.contains('\n')) {
                return Secret::new(lines.join("\n"));
            }
        }
        let mut json = Writer::new();
        json.string("accessToken", tokens.access_token.expose()).string("tokenType", tokens.token_type.as_str());
        if let Some(seconds) = tokens.expires_in {
            json.raw("expiresIn", &decimal(u64::from(seconds)));
        }
        json.some("scope", tokens.scope.as_deref()).string("requestedScope", &tokens.requested_scope);
        json.raw("others", if others.is_empty() { "{}" } else { &others });
        Secret::new(self.json(Some(&json.take())))
    }

    fn json(&self, tokens: Option<&str>) -> String {
        let mut json = Writer::new();
        json.raw("tail", &decimal(self.tail)).raw("replace", &decimal(self.replace)).raw("failures", &decimal(u64::from(self.failures)));
        for (name, value) in [("refused", self.refused), ("resume", self.resume)] {
            if let Some(value) = value {
                json.raw(name, &decimal(value));
            }
        }
        if let Some(error) = &self.error {
            json.raw("error", &facts(error));
        }
        json.some("by", self.by.as_deref());
        if let Some(tokens) = tokens {
            json.raw("tokens", tokens);
        }
        json.take()
    }

    /// Reads a text; nothing for one that is none, or has an error of a code that this version does not know.
    pub fn read(text: &str) -> Option<Self> {
        if !text.starts_with('{') {
            return lines(text);
        }
        let record = Value::parse(text)?;
        let maybe = |name: &str| match record.get(name) {
            None => Some(None),
            Some(value) => Millis::try_from(value.as_integer()?).ok().map(Some),
        };
        let error = match record.get("error") {
            None => None,
            Some(facts) => Some(error(facts)?),
        };
        let tokens = match record.get("tokens") {
            None => None,
            Some(tokens) => Some(members(tokens)?),
        };
        let resume = maybe("resume")?;
        if resume.is_some() && error.is_none() {
            return None;
        }
        Some(Self {
            tokens,
            tail: maybe("tail")??,
            replace: maybe("replace")??,
            refused: maybe("refused")?,
            resume,
            failures: u32::try_from(maybe("failures")??).ok()?,
            error,
            by: record.text("by").map(String::from),
        })
    }
}

/// A token of the line's form.
fn lines(text: &str) -> Option<TokenRecord> {
    let mut lines = text.splitn(7, '\n');
    let mut line = || lines.next();
    let replace = number(line()?)?;
    let token_type = token_type(line()?)?;
    let life = line()?;
    let expires_in = if life.is_empty() { None } else { Some(u32::try_from(number(life)?).ok()?) };
    let scope = Some(line()?).filter(|scope| !scope.is_empty());
    let requested_scope = line()?.into();
    let others = line()?;
    let others = if others.is_empty() { Vec::new() } else { others_of(&Value::parse(others)?) };
    let mut tokens = Tokens::bare(Some(line()?).filter(|token| !token.is_empty())?, token_type);
    (tokens.expires_in, tokens.scope, tokens.requested_scope, tokens.others) =
        (expires_in, scope.map(String::from), requested_scope, others);
    Some(TokenRecord { tokens: Some(tokens), replace, ..TokenRecord::default() })
}

fn token_type(name: &str) -> Option<TokenType> {
    [TokenType::Bearer, TokenType::DPoP].into_iter().find(|known| known.as_str() == name)
}

fn others_of(value: &Value<'_>) -> Vec<(String, Secret)> {
    value.members().iter().map(|member| (String::from(&*member.name), Secret::new(member.raw))).collect()
}

/// A token of JSON's form.
fn members(value: &Value<'_>) -> Option<Tokens> {
    let mut tokens = Tokens::bare(value.text("accessToken").filter(|token| !token.is_empty())?, token_type(value.text("tokenType")?)?);
    tokens.expires_in = match value.get("expiresIn") {
        None => None,
        Some(seconds) => Some(u32::try_from(seconds.as_integer()?).ok()?),
    };
    tokens.scope = value.text("scope").map(String::from);
    tokens.requested_scope = value.text("requestedScope").unwrap_or_default().into();
    tokens.others = value.get("others").map(others_of).unwrap_or_default();
    Some(tokens)
}

/// An error as both languages keep it.
fn facts(error: &Error) -> String {
    let mut json = Writer::new();
    json.string("code", error.code()).string("phase", error.phase().as_str()).string("action", error.action().as_str());
    json.raw("retryable", if error.retryable() { "true" } else { "false" });
    let words = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    if let Some(oauth) = error.oauth() {
        let mut inner = Writer::new();
        inner.string("error", &words(oauth.error.as_ref()));
        inner.some("description", oauth.description.as_ref().map(|text| words(text.as_ref())).as_deref());
        json.raw("oauth", &inner.take());
    }
    if let Some(status) = error.status() {
        let mut inner = Writer::new();
        inner.raw("status", &decimal(u64::from(status)));
        if let Some(seconds) = error.retry_after() {
            inner.raw("retryAfter", &decimal(u64::from(seconds)));
        }
        json.raw("http", &inner.take());
    }
    json.some("expected", error.expected_value()).some("actual", error.actual_value());
    json.take()
}

/// The error that was kept so.
fn error(facts: &Value<'_>) -> Option<Error> {
    let code = facts.text("code")?;
    let kind = codes::ALL.iter().find(|kind| kind.code() == code)?;
    let mut error = Error::new(kind);
    if let Some(phase) = facts.text("phase").and_then(Phase::named) {
        error = error.at(phase);
    }
    if let Some(status) = facts.get("http").and_then(|http| http.get("status")?.as_integer()) {
        let mut response = Response::new(u16::try_from(status).ok()?, None, "");
        let seconds = facts.get("http").and_then(|http| http.get("retryAfter")?.as_integer());
        response.retry_after = seconds.and_then(|seconds| u64::try_from(seconds).ok()).map(decimal);
        error = error.http(&response);
    }
    if let Some(oauth) = facts.get("oauth").filter(|oauth| oauth.text("error").is_some()) {
        let words = |name: &str| oauth.text(name).map(|words| text(words.as_bytes()));
        error = error.oauth_error(OAuthError { error: words("error")?, description: words("description"), uri: None });
    }
    if let Some(expected) = facts.text("expected") {
        error = error.expected(expected);
    }
    if let Some(actual) = facts.text("actual") {
        error = error.actual(actual);
    }
    // Last, since what the server said changes them.
    if let Some(action) = facts.text("action").and_then(Action::named) {
        error = error.advise(action);
    }
    Some(error.retry(facts.get("retryable").and_then(Value::as_bool).unwrap_or_default()))
}
