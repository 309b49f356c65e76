//! A request for a token: the claims of the grant, exactly those that are documented.
//!
//! RFC 7523 section 2.1; docs.digdir.no `maskinporten_protocol_jwtgrant`, `maskinporten_func_{audience,pid}_restricted_tokens`.
//! Refuses an empty scope, a life over 120 seconds, a key with both id and certificate or neither, one's own organisation as consumer.

use alloc::string::String;
use alloc::vec::Vec;

use super::details::AuthorizationDetails;
use super::organisation::OrganisationNumber;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::push_string;
use crate::ground::secret::Secret;
use crate::jose::KeyInfo;
use crate::protocol::assertion::KeyNames;
use crate::protocol::grant::JwtBearer;
use crate::protocol::profile::{AssertionRules, Presence};
use crate::protocol::syntax::check_scope;

/// Seconds an assertion may live at most; also what it lives unless asked otherwise, as that forgives a slow clock most.
pub const MAX_LIFETIME: u32 = 120;

/// What a token is asked for. Every member is a documented claim; there is no place for others, which Maskinporten refuses.
///
/// ```
/// use samtykke::provider::maskinporten::{Environment, TokenRequest, profile};
/// use samtykke::{ClientAuthentication, Exchange, Registration};
/// # use samtykke::jose::{Algorithm, Jwk, KeyInfo};
/// # let modulus = format!("u{}w", "7".repeat(340));
/// # let public = Jwk::parse(&format!(r#"{{"kty":"RSA","e":"AQAB","n":"{modulus}","kid":"key-1"}}"#))?;
/// # let key = KeyInfo::new(Algorithm::from_name("RS256").unwrap(), public)?;
/// let client = Registration::new(profile(&Environment::test()), "238259d7-f0ab-4bd5-b253-0f0159375096", "")?;
/// let grant = TokenRequest::new("difitest:api3").resource("https://api.example.no/").grant(key)?;
/// let exchange = Exchange::jwt_bearer(&client, &ClientAuthentication::None, &grant)?; // a new one for each attempt
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokenRequest {
    scope: String,
    resources: Vec<String>,
    resource_as_text: bool,
    consumer: Option<OrganisationNumber>,
    on_behalf_of: Option<String>,
    own: Option<OrganisationNumber>,
    pid: Option<Secret>,
    details: Option<AuthorizationDetails>,
    lifetime: u32,
}

impl TokenRequest {
    /// For a scope; several have single spaces between them, though one for each token is advised.
    pub fn new(scope: impl Into<String>) -> Self {
        Self {
            scope: scope.into(),
            resources: Vec::new(),
            resource_as_text: false,
            consumer: None,
            on_behalf_of: None,
            own: None,
            pid: None,
            details: None,
            lifetime: MAX_LIFETIME,
        }
    }

    /// A service the token is for: it becomes the token's `aud`.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resources.push(resource.into());
        self
    }

    /// Sends the one resource as a text and not, as documented, in an array.
    #[must_use]
    pub fn resource_as_text(mut self) -> Self {
        self.resource_as_text = true;
        self
    }

    /// The customer who delegated the scope to you in Altinn (`consumer_org`).
    #[must_use]
    pub fn consumer(mut self, organisation: &OrganisationNumber) -> Self {
        self.consumer = Some(organisation.clone());
        self
    }

    /// One on whose behalf this client acts, by the id that the self-service API knows (`iss_onbehalfof`). The documentation calls it
    /// deprecated, and takes it only without a consumer.
    #[must_use]
    pub fn on_behalf_of(mut self, id: impl Into<String>) -> Self {
        self.on_behalf_of = Some(id.into());
        self
    }

    /// Your own organisation, which is never a consumer.
    #[must_use]
    pub fn own_organisation(mut self, organisation: &OrganisationNumber) -> Self {
        self.own = Some(organisation.clone());
        self
    }

    /// The person the token is about: 11 digits. The person has not logged in.
    #[must_use]
    pub fn person(mut self, pid: impl Into<String>) -> Self {
        self.pid = Some(Secret::new(pid));
        self
    }

    /// A system user or a consent.
    #[must_use]
    pub fn details(mut self, details: AuthorizationDetails) -> Self {
        self.details = Some(details);
        self
    }

    /// Seconds the assertion lives: 1 to 120. A shorter life only makes a slow clock fail sooner; the token's own life does
    /// not follow it.
    #[must_use]
    pub fn lifetime(mut self, seconds: u32) -> Self {
        self.lifetime = seconds;
        self
    }

    /// The grant, signed by this key. Its machine makes one assertion; make a new machine for each attempt.
    ///
    /// # Errors
    /// `invalid_scope`, `invalid_parameter`; `invalid_configuration` for a lifetime and for keys that do not fit.
    pub fn grant(&self, key: KeyInfo) -> Result<JwtBearer> {
        let rules = self.rules(&KeyNames::from(&key))?;
        Ok(JwtBearer::sign_with(key, rules).with_scope(self.scope.clone()))
    }

    /// How the assertion looks; the claims of the request are part of it.
    pub(crate) fn rules(&self, key: &KeyNames<'_>) -> Result<AssertionRules> {
        let algorithms: Vec<String> = ["RS256", "RS384", "RS512"].map(String::from).into();
        if !algorithms.iter().any(|name| name == key.alg.name) {
            return Err(setting("an RSA key with RS256, RS384 or RS512").actual(key.alg.name));
        }
        let presence = |sent| if sent { Presence::Always } else { Presence::Never };
        let (kid, x5c) = (key.kid.is_some(), !key.x5c.is_empty());
        if kid == x5c {
            return Err(setting("a key with an id, for a client with registered keys, or with a certificate; not both"));
        }
        // Standard base64, padding included: a PEM text or base64url gives MP-123.
        if key.x5c.iter().any(|text| text.len() % 4 != 0 || !text.trim_end_matches('=').bytes().all(is_base64)) {
            return Err(setting("x5c: base64 of DER"));
        }
        if !(1..=MAX_LIFETIME).contains(&self.lifetime) {
            return Err(setting("lifetime of an assertion: 1 to 120 seconds"));
        }
        Ok(AssertionRules {
            kid: presence(kid),
            x5c: presence(x5c),
            typ: None,
            lifetime: self.lifetime,
            algorithms,
            claims: self.claims()?,
            ..AssertionRules::default()
        })
    }

    fn claims(&self) -> Result<Vec<(String, String)>> {
        check_scope(&self.scope).map_err(|error| error.at(Phase::Token))?;
        if self.scope.is_empty() {
            return Err(Error::new(&codes::INVALID_SCOPE).at(Phase::Token).expected("at least one scope"));
        }
        let mut claims = Vec::new();
        let mut claim = |name: &str, json: String| claims.push((String::from(name), json));
        claim("scope", text(&self.scope));
        if let Some(first) = self.resources.first() {
            if self.resources.iter().any(|resource| !crate::protocol::grant::is_text(resource)) {
                return Err(parameter("resource: texts, not empty"));
            }
            if self.resource_as_text && self.resources.len() > 1 {
                return Err(parameter("one resource, where it is sent as a text"));
            }
            claim("resource", if self.resource_as_text { text(first) } else { list(&self.resources) });
        }
        if let Some(consumer) = &self.consumer {
            if self.own.as_ref() == Some(consumer) {
                return Err(parameter("consumer_org: another organisation than your own"));
            }
            claim("consumer_org", text(consumer.as_str()));
        }
        if let Some(id) = &self.on_behalf_of {
            if self.consumer.is_some() || !crate::protocol::grant::is_text(id) {
                return Err(parameter("iss_onbehalfof: a text, not empty, and no consumer_org beside it"));
            }
            claim("iss_onbehalfof", text(id));
        }
        if let Some(pid) = &self.pid {
            if pid.expose().len() != 11 || !pid.expose().bytes().all(|octet| octet.is_ascii_digit()) {
                return Err(parameter("pid: 11 digits"));
            }
            claim("pid", text(pid.expose()));
        }
        if let Some(details) = &self.details {
            claim("authorization_details", details.json().into());
        }
        Ok(claims)
    }
}

fn is_base64(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'+' || octet == b'/'
}

fn text(value: &str) -> String {
    let mut json = String::new();
    push_string(&mut json, value);
    json
}

fn list(values: &[String]) -> String {
    let mut json = String::new();
    for value in values {
        json.push_str(if json.is_empty() { "[" } else { "," });
        push_string(&mut json, value);
    }
    json.push_str("]");
    json
}

fn parameter(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_PARAMETER).at(Phase::Token).expected(expected)
}

fn setting(expected: &'static str) -> Error {
    Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected(expected)
}
