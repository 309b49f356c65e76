//! Signed request objects: an authorization request as a JWT.
//!
//! RFC 9101 sections 4, 5 and 10.8, OIDC Core section 6.1, FAPI 2.0 Message Signing section 5.3.
//! Refuses a subject, claims given twice, and a request object inside a request object.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::{Value, Writer, push_string};
use crate::ground::text::{decimal, form_decode, pairs, word};
use crate::jose::{KeyInfo, signing_input};
use crate::protocol::assertion::{self, KeyNames, push_claims};
use crate::protocol::client::Registration;
use crate::protocol::profile::Presence;

/// Claims that the library sets itself, and those that have no place in a request object (RFC 9101 sections 4 and 10.8).
const RESERVED: &str = "iss sub aud exp nbf iat jti client_id request request_uri";

/// Parameters whose value is JSON, and stays it inside a JWT (OIDC Core section 6.1, RFC 9396 section 2).
const JSON: &str = "claims authorization_details max_age";

/// How a request is signed.
///
/// ```
/// use samtykke::protocol::authorization::jar::RequestObject;
/// use samtykke::jose::{Algorithm, Jwk, KeyInfo};
/// let public = Jwk::parse(r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)?;
/// let key = KeyInfo::new(Algorithm::from_name("EdDSA").unwrap(), public)?;
/// let object = RequestObject::new(key).lifetime(300);
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RequestObject {
    pub(crate) key: KeyInfo,
    typ: String,
    lifetime: u32,
    claims: Vec<(String, String)>,
    pub(crate) beside: bool,
    pub(crate) outer: bool,
    parameters: String,
}

impl RequestObject {
    /// All parameters inside, `typ` `oauth-authz-req+jwt`, 60 seconds to live.
    pub fn new(key: KeyInfo) -> Self {
        let typ = String::from("oauth-authz-req+jwt");
        Self { key, typ, lifetime: 60, claims: Vec::new(), beside: false, outer: false, parameters: String::new() }
    }

    /// Another `typ`, where a server asks for it.
    #[must_use]
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = typ.into();
        self
    }

    /// Seconds from `nbf` to `exp`: 1 to 600.
    #[must_use]
    pub fn lifetime(mut self, seconds: u32) -> Self {
        self.lifetime = seconds;
        self
    }

    /// A further claim: a name and JSON.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, json: impl Into<String>) -> Self {
        self.claims.push((name.into(), json.into()));
        self
    }

    /// Leaves the parameters outside, beside the object, which then holds the client id and further claims alone: for
    /// servers that read both (RFC 9101 ignores what stands outside). Only for pushed requests.
    #[must_use]
    pub fn beside(mut self) -> Self {
        self.beside = true;
        self
    }

    /// Repeats `response_type` and `scope` beside the object, for servers that want them there as OpenID Connect Core section 6.1
    /// has it and RFC 9101 does not.
    #[must_use]
    pub fn outer_parameters(mut self) -> Self {
        self.outer = true;
        self
    }

    /// For these parameters, form-encoded.
    pub(crate) fn with(mut self, parameters: &str) -> Self {
        self.parameters = parameters.into();
        self
    }

    /// What the key signs.
    pub(crate) fn input(&self, client: &Registration, jti: &str, now: u64) -> Result<String> {
        let plan = Plan {
            typ: &self.typ,
            lifetime: self.lifetime,
            claims: &self.claims,
            issuer: &client.profile.issuer,
            client_id: &client.client_id,
            parameters: if self.beside { "" } else { &self.parameters },
        };
        plan.input(&KeyNames::from(&self.key), jti, now)
    }
}

/// What a request object says; borrowed.
pub(crate) struct Plan<'a> {
    pub(crate) typ: &'a str,
    pub(crate) lifetime: u32,
    pub(crate) claims: &'a [(String, String)],
    pub(crate) issuer: &'a str,
    pub(crate) client_id: &'a str,
    /// Form-encoded.
    pub(crate) parameters: &'a str,
}

impl Plan<'_> {
    /// What the key signs.
    pub(crate) fn input(&self, key: &KeyNames<'_>, jti: &str, now: u64) -> Result<String> {
        if !(1..=assertion::MAX_LIFETIME).contains(&self.lifetime) {
            let error = Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Authorization);
            return Err(error.expected("lifetime of a request object: 1 to 600 seconds"));
        }
        let names = [Presence::IfKnown, Presence::Never, Presence::Never, Presence::Never];
        let time = decimal(now);
        let mut json = Writer::new();
        json.string("iss", self.client_id).string("aud", self.issuer).string("client_id", self.client_id).string("jti", jti);
        json.raw("iat", &time).raw("nbf", &time).raw("exp", &decimal(now.saturating_add(u64::from(self.lifetime))));
        let inside = collect(self.parameters)?;
        push_claims(&mut json, RESERVED, &[&inside, self.claims]).map_err(|error| error.at(Phase::Authorization))?;
        Ok(signing_input(&assertion::header(Some(self.typ), names, key)?, &json.take()))
    }
}

/// Form-encoded parameters as claims: texts, but for those that are JSON; one that repeats becomes an array.
fn collect(parameters: &str) -> Result<Vec<(String, String)>> {
    let mut claims: Vec<(String, String)> = Vec::new();
    let mut repeated: Vec<String> = Vec::new();
    for (name, raw) in pairs(parameters) {
        let (Some(name), Some(value)) = (form_decode(name), form_decode(raw)) else {
            return Err(Error::new(&codes::INVALID_PARAMETER).expected("parameters that can be decoded"));
        };
        if name == "client_id" {
            continue;
        }
        let mut json = String::new();
        if word(JSON, name.as_bytes()).is_some() && Value::parse(&value).is_some() {
            json = value;
        } else {
            push_string(&mut json, &value);
        }
        match claims.iter_mut().find(|(earlier, _)| *earlier == name) {
            None => claims.push((name, json)),
            Some((_, held)) => {
                // `[a]` grows to `[a,b]`.
                let open = if repeated.contains(&name) { held.strip_suffix(']').unwrap_or(held).into() } else { join("[", held) };
                *held = join(&join(&join(&open, ","), &json), "]");
                repeated.push(name);
            }
        }
    }
    Ok(claims)
}

fn join(one: &str, two: &str) -> String {
    let mut text = String::from(one);
    text.push_str(two);
    text
}
