//! Signed statements of a client's: the assertion that authenticates it, and the one it exchanges as a grant.
//!
//! RFC 7523 sections 2.1, 2.2 and 3, OIDC Core section 9 (`client_secret_jwt`), draft-ietf-oauth-rfc7523bis (one `aud`).
//! Refuses lifetimes over ten minutes, claims given twice, a key without what the header must name, and short secrets.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Result, codes};
use crate::ground::json::{Value, Writer, push_string};
use crate::ground::lean::NPM;
use crate::ground::secret::Secret;
use crate::ground::text::word;
use crate::ground::time::iso;
use crate::ground::uuid::uuid;
use crate::jose::{Algorithm, KeyInfo, Stamp, append_signature, hmac, signing_input};
use crate::protocol::profile::{AssertionRules, Audience, Presence};

/// `client_assertion_type` (RFC 7523 section 2.2).
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Seconds an assertion may live at most: the most any known provider takes.
pub const MAX_LIFETIME: u32 = 600;

/// Claims that the library sets itself.
const RESERVED: &str = "iss sub aud exp nbf iat jti";

/// What a header says of the key; borrowed.
pub(crate) struct KeyNames<'a> {
    pub(crate) alg: &'static Algorithm,
    pub(crate) kid: Option<&'a str>,
    pub(crate) x5t: Option<&'a str>,
    pub(crate) x5t_s256: Option<&'a str>,
    pub(crate) x5c: Vec<&'a str>,
    /// From when to when the certificate is valid. The npm package's shell, which fills in the time, looks at that itself.
    pub(crate) valid: Option<(i64, i64)>,
}

impl<'a> From<&'a KeyInfo> for KeyNames<'a> {
    fn from(key: &'a KeyInfo) -> Self {
        Self {
            alg: key.alg,
            kid: key.kid.as_deref(),
            x5t: key.x5t.as_deref(),
            x5t_s256: key.x5t_s256.as_deref(),
            x5c: key.x5c.iter().map(String::as_str).collect(),
            valid: key.valid,
        }
    }
}

/// How a statement looks, borrowed.
pub(crate) struct Shape<'a> {
    pub(crate) typ: Option<&'a str>,
    /// `kid`, `x5t`, `x5t#S256`, `x5c`.
    pub(crate) names: [Presence; 4],
    pub(crate) lifetime: u32,
    pub(crate) not_before: bool,
    pub(crate) claims: &'a [(String, String)],
    pub(crate) algorithms: Vec<&'a str>,
}

impl AssertionRules {
    pub(crate) fn shape(&self) -> Shape<'_> {
        Shape {
            typ: self.typ.as_deref(),
            names: [self.kid, self.x5t, self.x5t_s256, self.x5c],
            lifetime: self.lifetime,
            not_before: self.not_before,
            claims: &self.claims,
            algorithms: self.algorithms.iter().map(String::as_str).collect(),
        }
    }
}

/// Who states what to whom.
pub(crate) struct Statement<'a> {
    pub(crate) issuer: &'a str,
    pub(crate) subject: Option<&'a str>,
    pub(crate) audience: &'a str,
    pub(crate) stamp: Stamp<'a>,
    /// Claims of this one request, beside the rules' own.
    pub(crate) claims: &'a [(String, String)],
}

/// The `aud` of an assertion for a request to `endpoint`.
pub(crate) fn audience<'a>(rules: &'a AssertionRules, issuer: &'a str, endpoint: &'a str) -> &'a str {
    match &rules.audience {
        Audience::Issuer => issuer,
        Audience::Endpoint => endpoint,
        Audience::Literal(text) => text,
    }
}

/// What a key signs to make an assertion.
pub(crate) fn input(rules: &AssertionRules, key: &KeyNames<'_>, statement: &Statement<'_>) -> Result<String> {
    let [_, certificate @ ..] = rules.shape().names;
    if let (false, Some(valid), Stamp { now, .. }) = (NPM || certificate == [Presence::Never; 3], key.valid, statement.stamp) {
        in_time(valid, i64::try_from(now).unwrap_or(i64::MAX))?;
    }
    let [header, claims] = parts(&rules.shape(), key, statement)?;
    Ok(signing_input(&header, &claims))
}

/// Refuses to name a certificate out of its time: the server would, and say less.
fn in_time((start, end): (i64, i64), now: i64) -> Result<()> {
    if start <= now && now <= end {
        return Ok(());
    }
    let [start, end, now] = [start, end, now].map(iso);
    let error = Error::new(&codes::KEY_REFUSED).expected(alloc::format!("a certificate that is valid at {now}"));
    Err(error.actual(alloc::format!("one from {start} to {end}")))
}

/// The header and the claims of an assertion, as JSON.
pub(crate) fn parts(rules: &Shape<'_>, key: &KeyNames<'_>, statement: &Statement<'_>) -> Result<[String; 2]> {
    if !rules.algorithms.is_empty() && !rules.algorithms.iter().any(|name| key.alg.is(name)) {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).expected(rules.algorithms.join(" ")).actual(key.alg.name));
    }
    Ok([header(rules.typ, rules.names, key)?, claims(rules, statement)?])
}

/// An assertion with a shared secret, whole: HS256, the secret at least as long as the hash (RFC 7518 section 3.2).
pub(crate) fn secret_jwt(rules: &Shape<'_>, secret: &str, statement: &Statement<'_>) -> Result<Secret> {
    let mut header = Writer::new();
    header.string("alg", "HS256").some("typ", rules.typ);
    let input = signing_input(&header.take(), &claims(rules, statement)?);
    let signature = hmac::sign_256(secret.as_bytes(), input.as_bytes())?;
    Ok(append_signature(&input, &signature))
}

/// A fresh `jti` of 16 random octets: a UUID, which some providers' documents ask for.
pub(crate) fn jti(random: &[u8]) -> String {
    let mut octets = [0; 16];
    octets.iter_mut().zip(random).for_each(|(octet, own)| *octet = *own);
    uuid(&octets)
}

/// A statement's header.
pub(crate) fn header(typ: Option<&str>, [kid, x5t, x5t_s256, x5c]: [Presence; 4], key: &KeyNames<'_>) -> Result<String> {
    let mut json = Writer::new();
    json.string("alg", key.alg.name).some("typ", typ);
    for (presence, name, value) in [(kid, "kid", key.kid), (x5t, "x5t", key.x5t), (x5t_s256, "x5t#S256", key.x5t_s256)] {
        if sends(presence, value.is_some(), name)? {
            json.some(name, value);
        }
    }
    if sends(x5c, !key.x5c.is_empty(), "x5c")? {
        let mut list = String::new();
        for certificate in &key.x5c {
            list.push_str(if list.is_empty() { "[" } else { "," });
            push_string(&mut list, certificate);
        }
        list.push_str("]");
        json.raw("x5c", &list);
    }
    Ok(json.take())
}

fn sends(presence: Presence, known: bool, name: &'static str) -> Result<bool> {
    match presence {
        Presence::Never => Ok(false),
        Presence::IfKnown => Ok(known),
        Presence::Always if known => Ok(true),
        Presence::Always => Err(Error::new(&codes::INVALID_CONFIGURATION).expected("a key with what its header must name").actual(name)),
    }
}

fn claims(rules: &Shape<'_>, statement: &Statement<'_>) -> Result<String> {
    if !(1..=MAX_LIFETIME).contains(&rules.lifetime) {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("lifetime of an assertion: 1 to 600 seconds"));
    }
    if statement.audience.is_empty() || statement.issuer.is_empty() {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("iss and aud of an assertion: not empty"));
    }
    let [jti, now, end] = statement.stamp.texts(rules.lifetime);
    let mut json = Writer::new();
    json.string("iss", statement.issuer).some("sub", statement.subject).string("aud", statement.audience).raw("jti", &jti);
    json.raw("iat", &now).raw("exp", &end);
    if rules.not_before {
        json.raw("nbf", &now);
    }
    push_claims(&mut json, RESERVED, &[rules.claims, statement.claims])?;
    Ok(json.take())
}

/// Adds a caller's claims: JSON, none twice, none of ours.
pub(crate) fn push_claims(json: &mut Writer, reserved: &str, lists: &[&[(String, String)]]) -> Result<()> {
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in lists.iter().copied().flatten() {
        if word(reserved, name.as_bytes()).is_some() || seen.contains(&name.as_str()) {
            return Err(Error::new(&codes::RESERVED_PARAMETER)
                .expected("claims that are given once, and not set here")
                .actual(name.clone()));
        }
        if name.is_empty() || Value::parse(value).is_none() {
            return Err(Error::new(&codes::INVALID_PARAMETER).expected("claims: a name, and JSON").actual(name.clone()));
        }
        seen.push(name);
        json.raw(name, value);
    }
    Ok(())
}
