//! A server's metadata: where its endpoints are and what it can do, judged and joined with what the profile says.
//!
//! OIDC Discovery 1.0 sections 3 and 4, RFC 8414 sections 2 and 3, RFC 8705 section 5, RFC 9126 section 5, RFC 9207.
//! Refuses another issuer's document, endpoints that are not https on a public host, wrong types, and weak algorithms alone.

use alloc::string::String;
use alloc::vec::Vec;

use crate::answer::Answer;
use crate::callback::shown;
use crate::client::{Profile, Rules};
use crate::endpoint::{expected, is_endpoint, refused};
use crate::error::{Error, Result, codes};
use crate::http::Response;
use crate::jose::Algorithm;
use crate::json::{Member, Value, Writer, push_string};
use crate::profile::Endpoints;
use crate::uri::Uri;

/// What a server's metadata is judged by.
///
/// ```
/// use samtykke::metadata::Policy;
/// // HelseID names four client authentication methods and takes one; it calls PAR optional and demands it.
/// let profile = [("token_endpoint_auth_methods_supported", r#"["private_key_jwt"]"#), ("require_pushed_authorization_requests", "true")];
/// let policy = Policy { profile: &profile, ..Policy::default() };
/// # assert!(!policy.development);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy<'a> {
    /// Members that win over those of the document, whatever it says: name and JSON text; `null` for "not there".
    pub profile: &'a [(&'a str, &'a str)],
    /// The origins endpoints may be on beside the issuer's own; `None` for any public host.
    pub origins: Option<&'a [&'a str]>,
    /// Allows http to loopback, for a server on your own machine.
    pub development: bool,
}

/// Metadata that passed every check, joined with the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Name and JSON text.
    members: Vec<(String, String)>,
}

/// What a member must be.
enum Is {
    /// An endpoint: https on a public host.
    Endpoint,
    /// A list of texts.
    List,
    /// `true` or `false`.
    Flag,
    /// As a flag, or the same word as a text, which some servers write; nothing here depends on it.
    Word,
}

/// The members that are read, here or by callers, and their types. Unknown ones are kept and not judged.
const MEMBERS: &[(&str, Is)] = &[
    ("authorization_endpoint", Is::Endpoint),
    ("token_endpoint", Is::Endpoint),
    ("jwks_uri", Is::Endpoint),
    ("userinfo_endpoint", Is::Endpoint),
    ("pushed_authorization_request_endpoint", Is::Endpoint),
    ("introspection_endpoint", Is::Endpoint),
    ("revocation_endpoint", Is::Endpoint),
    ("end_session_endpoint", Is::Endpoint),
    ("device_authorization_endpoint", Is::Endpoint),
    ("registration_endpoint", Is::Endpoint),
    ("backchannel_authentication_endpoint", Is::Endpoint),
    ("scopes_supported", Is::List),
    ("response_types_supported", Is::List),
    ("response_modes_supported", Is::List),
    ("grant_types_supported", Is::List),
    ("acr_values_supported", Is::List),
    ("subject_types_supported", Is::List),
    ("code_challenge_methods_supported", Is::List),
    ("token_endpoint_auth_methods_supported", Is::List),
    ("token_endpoint_auth_signing_alg_values_supported", Is::List),
    ("introspection_endpoint_auth_methods_supported", Is::List),
    ("introspection_endpoint_auth_signing_alg_values_supported", Is::List),
    ("revocation_endpoint_auth_methods_supported", Is::List),
    ("revocation_endpoint_auth_signing_alg_values_supported", Is::List),
    ("id_token_signing_alg_values_supported", Is::List),
    ("userinfo_signing_alg_values_supported", Is::List),
    ("request_object_signing_alg_values_supported", Is::List),
    ("authorization_signing_alg_values_supported", Is::List),
    ("dpop_signing_alg_values_supported", Is::List),
    ("authorization_response_iss_parameter_supported", Is::Flag),
    ("require_pushed_authorization_requests", Is::Flag),
    ("require_signed_request_object", Is::Flag),
    ("request_parameter_supported", Is::Flag),
    ("request_uri_parameter_supported", Is::Flag),
    ("claims_parameter_supported", Is::Flag),
    ("tls_client_certificate_bound_access_tokens", Is::Flag),
    ("frontchannel_logout_supported", Is::Word),
    ("frontchannel_logout_session_supported", Is::Word),
    ("backchannel_logout_supported", Is::Word),
    ("backchannel_logout_session_supported", Is::Word),
];
const ALIASES: &str = "mtls_endpoint_aliases";
/// Lists in which `none` must not be (RFC 8414 section 2).
const NEVER_NONE: &[&str] = &[
    "token_endpoint_auth_signing_alg_values_supported",
    "introspection_endpoint_auth_signing_alg_values_supported",
    "revocation_endpoint_auth_signing_alg_values_supported",
];

impl Metadata {
    /// Judges an answer to the request for an issuer's metadata.
    ///
    /// # Errors
    /// `metadata_issuer_mismatch`, `metadata_malformed`, `endpoint_refused`, `invalid_configuration`; or the answer's status
    /// and media type.
    ///
    /// ```
    /// use samtykke::{Response, metadata::{Metadata, Policy}};
    /// let body = r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/a","token_endpoint":"https://op.example/t"}"#;
    /// let answer = Response::new(200, Some("application/json"), body);
    /// let metadata = Metadata::judge(&answer, "https://op.example", &Policy::default())?;
    /// assert_eq!(metadata.text("token_endpoint").as_deref(), Some("https://op.example/t"));
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn judge(response: &Response, issuer: &str, policy: &Policy<'_>) -> Result<Self> {
        check_issuer(issuer, policy.development)?;
        let answer = Answer { response, malformed: &codes::METADATA_MALFORMED };
        answer.check_status(&[200], false)?;
        let document = answer.object()?;
        let Some(found) = document.get("issuer").and_then(Value::as_str) else { return Err(answer.wrong("issuer: a text")) };
        if found != issuer {
            return Err(answer.fail(&codes::METADATA_ISSUER_MISMATCH).expected(String::from(issuer)).actual(shown(found)));
        }
        let judge = Judge { answer, issuer: Uri::parse(issuer), policy };
        let mut metadata = Self { members: Vec::new() };
        for Member { name, value, raw } in document.members() {
            if name != "issuer" && !policy.profile.iter().any(|(known, _)| name == known) {
                metadata.push(&judge, name, value, raw)?;
            }
        }
        for (name, raw) in policy.profile {
            let Some(value) = Value::parse(raw) else { return Err(answer.wrong(expected(name, " of the profile: JSON"))) };
            if *name != "issuer" && value != Value::Null {
                metadata.push(&judge, name, &value, raw)?;
            }
        }
        metadata.check(&answer)?;
        let mut json = String::new();
        push_string(&mut json, issuer);
        metadata.members.insert(0, ("issuer".into(), json));
        Ok(metadata)
    }

    /// Judges a member and keeps it.
    fn push(&mut self, judge: &Judge<'_, '_>, name: &str, value: &Value<'_>, raw: &str) -> Result<()> {
        let mut raw = raw;
        match MEMBERS.iter().find(|(known, _)| *known == name).map(|(_, is)| is) {
            Some(Is::Endpoint) => judge.endpoint(name, value)?,
            Some(Is::List) if list(value).is_none() => return Err(judge.answer.wrong(expected(name, ": a list of texts"))),
            Some(Is::Flag) if value.as_bool().is_none() => return Err(judge.answer.wrong(expected(name, ": true or false"))),
            Some(Is::Word) => match value.as_str() {
                Some("true") => raw = "true",
                Some("false") => raw = "false",
                None if value.as_bool().is_some() => {}
                _ => return Err(judge.answer.wrong(expected(name, ": true or false"))),
            },
            None if name == ALIASES => judge.aliases(value)?,
            _ => {}
        }
        self.members.push((name.into(), raw.into()));
        Ok(())
    }

    /// What the members say together.
    fn check(&self, answer: &Answer<'_>) -> Result<()> {
        let lacks = |name| self.raw(name).is_none();
        // Without a list of its own, a server is taken to offer the code grant (RFC 8414 section 2).
        let grants = self.list("grant_types_supported");
        let front = grants.is_none_or(|grants| grants.iter().any(|grant| matches!(grant.as_str(), "authorization_code" | "implicit")));
        let wrong = if lacks("token_endpoint") {
            "token_endpoint"
        } else if front && lacks("authorization_endpoint") {
            "authorization_endpoint"
        } else if lacks("jwks_uri") && !lacks("id_token_signing_alg_values_supported") {
            "jwks_uri, without which no id_token can be verified"
        } else if lacks("pushed_authorization_request_endpoint") && self.flag("require_pushed_authorization_requests") {
            "pushed_authorization_request_endpoint, without which no request can be pushed"
        } else if self.list("code_challenge_methods_supported").is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            "code_challenge_methods_supported: S256 among them"
        } else if self.list("id_token_signing_alg_values_supported").is_some_and(|algs| algs.iter().all(|alg| alg == "none")) {
            "id_token_signing_alg_values_supported: an algorithm that signs"
        } else if NEVER_NONE.iter().any(|name| self.supports(name, "none")) {
            "signing algorithms for client assertions: none is not one"
        } else {
            return Ok(());
        };
        Err(answer.wrong(wrong))
    }

    /// The JSON text of a member.
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, raw)| raw.as_str())
    }

    /// A member that is a text, such as an endpoint.
    pub fn text(&self, name: &str) -> Option<String> {
        Value::parse(self.raw(name)?)?.as_str().map(String::from)
    }

    /// A member that is a list of texts, such as `scopes_supported`.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        list(&Value::parse(self.raw(name)?)?)
    }

    /// Whether a list is there and holds a value.
    pub fn supports(&self, name: &str, value: &str) -> bool {
        self.list(name).is_some_and(|values| values.iter().any(|known| known == value))
    }

    /// Whether a member is there and `true`.
    pub fn flag(&self, name: &str) -> bool {
        self.raw(name) == Some("true")
    }

    /// Names and JSON texts, the issuer first; unknown members are among them.
    pub fn members(&self) -> &[(String, String)] {
        &self.members
    }

    /// All members as one JSON object.
    pub fn to_json(&self) -> String {
        let mut json = Writer::new();
        for (name, raw) in &self.members {
            json.raw(name, raw);
        }
        json.take()
    }

    /// The addresses a client needs, with a provider's rules.
    ///
    /// ```
    /// # use samtykke::{Response, client::STANDARD, metadata::{Metadata, Policy}};
    /// # let body = r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/a","token_endpoint":"https://op.example/t"}"#;
    /// # let metadata = Metadata::judge(&Response::new(200, Some("application/json"), body), "https://op.example", &Policy::default())?;
    /// let profile = metadata.profile(&STANDARD, false);
    /// assert_eq!(profile.authorization_endpoint, "https://op.example/a");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn profile(&self, rules: &'static Rules, development: bool) -> Profile {
        let text = |name| self.text(name).unwrap_or_default();
        let mut profile = Profile::new(&text("issuer"), &text("authorization_endpoint"), &text("token_endpoint"));
        profile.rules = rules;
        profile.iss_parameter = self.flag("authorization_response_iss_parameter_supported");
        profile.development = development;
        profile.endpoints = Endpoints {
            pushed_authorization_request: self.text("pushed_authorization_request_endpoint"),
            device_authorization: self.text("device_authorization_endpoint"),
            jwks_uri: self.text("jwks_uri"),
            userinfo: self.text("userinfo_endpoint"),
            introspection: self.text("introspection_endpoint"),
            revocation: self.text("revocation_endpoint"),
            end_session: self.text("end_session_endpoint"),
            mtls_aliases: self.aliases(),
        };
        profile.requests.pushed = self.flag("require_pushed_authorization_requests");
        profile.requests.request_object = self.flag("require_signed_request_object");
        profile.requests.signing_algorithms = self.signing_algorithms();
        profile
    }

    /// Names and addresses of the endpoints for clients with a TLS certificate (RFC 8705 section 5).
    pub fn aliases(&self) -> Vec<(String, String)> {
        let aliases = self.raw(ALIASES).and_then(Value::parse).unwrap_or(Value::Null);
        let texts = aliases.members().iter().map(|member| Some((String::from(&*member.name), String::from(member.value.as_str()?))));
        texts.flatten().collect()
    }

    /// Algorithms the server names for id_tokens, as far as the library verifies them.
    pub fn signing_algorithms(&self) -> Vec<String> {
        let mut names = self.list("id_token_signing_alg_values_supported").unwrap_or_default();
        names.retain(|name| Algorithm::named(name).is_some());
        names
    }
}

struct Judge<'a, 'r> {
    answer: Answer<'r>,
    issuer: Option<Uri<'a>>,
    policy: &'a Policy<'a>,
}

impl Judge<'_, '_> {
    fn endpoint(&self, name: &str, value: &Value<'_>) -> Result<()> {
        let Some(url) = value.as_str() else { return Err(self.answer.wrong(expected(name, ": a URL"))) };
        if !is_endpoint(url, self.policy.development) {
            return Err(refused(name));
        }
        let Some(origins) = self.policy.origins else { return Ok(()) };
        let same = |uri: &Uri<'_>| Uri::parse(url).is_some_and(|endpoint| endpoint.same_origin(uri));
        if self.issuer.as_ref().is_some_and(same) || origins.iter().filter_map(|origin| Uri::parse(origin)).any(|origin| same(&origin)) {
            return Ok(());
        }
        Err(Error::new(&codes::ENDPOINT_REFUSED).expected(expected(name, ": the issuer's origin, or one that is allowed")))
    }

    fn aliases(&self, value: &Value<'_>) -> Result<()> {
        if !matches!(value, Value::Object(_)) {
            return Err(self.answer.wrong("mtls_endpoint_aliases: an object"));
        }
        let known = |name: &str| MEMBERS.iter().any(|(member, is)| *member == name && matches!(is, Is::Endpoint));
        value.members().iter().filter(|member| known(&member.name)).try_for_each(|member| self.endpoint(&member.name, &member.value))
    }
}

pub(crate) fn list(value: &Value<'_>) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|item| item.as_str().map(String::from)).collect()
}

/// An issuer identifier: https on a public host, no query, no fragment (RFC 8414 section 2).
pub(crate) fn check_issuer(issuer: &str, development: bool) -> Result<()> {
    if is_endpoint(issuer, development) && Uri::parse(issuer).is_some_and(|uri| uri.query.is_none()) {
        return Ok(());
    }
    Err(Error::new(&codes::INVALID_CONFIGURATION).expected("issuer: an https URL of a public host, without query or fragment"))
}
