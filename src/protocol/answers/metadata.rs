//! A server's metadata: where its endpoints are and what it can do, judged and joined with what the profile says.
//!
//! OIDC Discovery 1.0 sections 3 and 4, RFC 8414 sections 2 and 3, RFC 8705 section 5, RFC 9126 section 5, RFC 9207.
//! Refuses another issuer's document; of the members that the library reads: endpoints that are not https on a public host, wrong
//! types, and weak algorithms alone. All others are handed on as they came.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::shown::shown_text;
use crate::ground::error::{Error, Result, codes};
use crate::ground::http::Response;
use crate::ground::json::{Member, Value, Writer};
use crate::ground::text::word;
use crate::ground::uri::Uri;
use crate::jose::Algorithm;
use crate::protocol::answer::Answer;
use crate::protocol::endpoint::{LOCAL, Local, expectation, is_endpoint, is_local, refusal};
use crate::protocol::profile::Endpoints;
use crate::protocol::profile::{Profile, Rules};

/// What a server's metadata is judged by.
///
/// ```
/// use samtykke::protocol::metadata::Policy;
/// // HelseID names three client authentication methods and takes one; it calls PAR optional and demands it.
/// let profile = r#"{"token_endpoint_auth_methods_supported":["private_key_jwt"],"require_pushed_authorization_requests":true}"#;
/// let policy = Policy { profile, ..Policy::default() };
/// # assert!(policy.origins.is_none());
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Policy<'a> {
    /// A JSON object of members that win over those of the document, whatever it says; `null` for "not there". May be empty.
    pub profile: &'a str,
    /// The origins endpoints may be on beside the issuer's own; `None` for any public host.
    pub origins: Option<&'a [&'a str]>,
    /// Which servers are taken for development: those of this machine, by http too, and those at origins that are named.
    pub development: Local<'a>,
}

/// Metadata that passed every check, joined with the profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata {
    json: String,
}

/// What a member must be.
#[derive(Clone, Copy)]
enum Is {
    /// An endpoint: https on a public host.
    Endpoint,
    /// A list of texts.
    List,
    /// A list of texts, `none` not among them (RFC 8414 section 2).
    Signing,
    /// As a list that signs, with an algorithm in it that is no shared secret's (RFC 9449 section 5.1).
    Proving,
    /// `true` or `false`.
    Flag,
}

/// The members that the library reads, and what they are. Others are handed on and not judged: what a server says wrongly of things
/// that nobody here uses is no reason to refuse it.
const READ: &[(&str, Is)] = &[
    (
        "authorization_endpoint token_endpoint userinfo_endpoint introspection_endpoint revocation_endpoint end_session_endpoint \
         pushed_authorization_request_endpoint device_authorization_endpoint jwks_uri",
        Is::Endpoint,
    ),
    ("code_challenge_methods_supported grant_types_supported response_modes_supported id_token_signing_alg_values_supported", Is::List),
    ("dpop_signing_alg_values_supported", Is::Proving),
    ("authorization_response_iss_parameter_supported require_pushed_authorization_requests require_signed_request_object", Is::Flag),
];
const ALIASES: &str = "mtls_endpoint_aliases";

fn kind(name: &str) -> Option<Is> {
    // Those of the token, the introspection and the revocation endpoint.
    if name.ends_with("_endpoint_auth_signing_alg_values_supported") {
        return Some(Is::Signing);
    }
    READ.iter().find(|(names, _)| word(names, name.as_bytes()).is_some()).map(|(_, is)| *is)
}

impl Metadata {
    /// Judges an answer to the request for an issuer's metadata.
    ///
    /// # Errors
    /// `metadata_issuer_mismatch`, `metadata_malformed`, `endpoint_refused`, `invalid_configuration`; or the answer's status
    /// and media type.
    ///
    /// ```
    /// use samtykke::Response;
    /// use samtykke::protocol::metadata::{Metadata, Policy};
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
        let found = document.text("issuer").unwrap_or_default();
        if found != issuer {
            return Err(answer.fail(&codes::METADATA_ISSUER_MISMATCH).expected(String::from(issuer)).actual(shown_text(found)));
        }
        let profile = if policy.profile.is_empty() { "{}" } else { policy.profile };
        let Some(profile @ Value::Object(_)) = Value::parse(profile) else {
            return Err(answer.wrong("metadata of the profile: an object"));
        };
        // The issuer first; then what the profile leaves as it is, and what the profile says.
        let mut json = Writer::new();
        json.string("issuer", issuer);
        for (own, members) in [(false, document.members()), (true, profile.members())] {
            for Member { name, value, raw } in members {
                // In a profile `null` says that there is no such member; in a document it says nothing.
                let absent = matches!(value, Value::Null) && (own || is_read(name));
                let skipped = absent || (!own && profile.member(name).is_some());
                if name != "issuer" && !skipped {
                    json.raw(name, raw);
                }
            }
        }
        drop(document);
        let json = json.take();
        let members = Value::parse(&json).unwrap_or(Value::Null);
        let judge = Judge { answer, issuer: Uri::parse(issuer), policy };
        for member in members.members() {
            judge.member(&member.name, &member.value)?;
        }
        // What the caller asks for and the server does not publish is no fault of the document's.
        let own = profile.get("require_pushed_authorization_requests").and_then(Value::as_bool) == Some(true);
        if own && members.get("pushed_authorization_request_endpoint").is_none() {
            return Err(Error::new(&codes::ENDPOINT_MISSING).expected("pushed_authorization_request_endpoint"));
        }
        judge.together(&members)?;
        drop(members);
        Ok(Self { json })
    }

    /// All members as one JSON object, the issuer first; unknown ones are among them.
    pub fn json(&self) -> &str {
        &self.json
    }

    fn read<T>(&self, name: &str, read: impl FnOnce(&Value<'_>) -> Option<T>) -> Option<T> {
        Value::parse(&self.json)?.get(name).and_then(read)
    }

    /// A member that is a text, such as an endpoint.
    pub fn text(&self, name: &str) -> Option<String> {
        self.read(name, |value| value.as_str().map(String::from))
    }

    /// A member that is a list of texts, such as `scopes_supported`.
    pub fn list(&self, name: &str) -> Option<Vec<String>> {
        self.read(name, list)
    }

    /// Whether a list is there and holds a value.
    pub fn supports(&self, name: &str, wanted: &str) -> bool {
        self.list(name).is_some_and(|values| values.iter().any(|value| value == wanted))
    }

    /// Whether a member is there and `true`, or the same word as a text, which some servers write where nothing is judged.
    pub fn flag(&self, name: &str) -> bool {
        self.read(name, |value| Some(value.as_bool() == Some(true) || value.as_str() == Some("true"))).unwrap_or_default()
    }

    /// The addresses a client needs, with a provider's rules. What the server signs with stays RS256 (OIDC Registration section 2)
    /// unless you name others in [`Requests::signing_algorithms`](crate::protocol::profile::Requests::signing_algorithms): a list of
    /// the server's never widens what a client takes.
    ///
    /// ```
    /// # use samtykke::Response;
    /// # use samtykke::protocol::{profile::STANDARD, metadata::{Metadata, Policy}};
    /// # let body = r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/a","token_endpoint":"https://op.example/t"}"#;
    /// # let metadata = Metadata::judge(&Response::new(200, Some("application/json"), body), "https://op.example", &Policy::default())?;
    /// let profile = metadata.profile(&STANDARD, false);
    /// assert_eq!(profile.authorization_endpoint, "https://op.example/a");
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn profile<'l>(&self, rules: &'static Rules, development: impl Into<Local<'l>>) -> Profile {
        // Read once, however long the document is.
        let members = Value::parse(&self.json).unwrap_or(Value::Null);
        let some = |name| members.text(name).map(String::from);
        let text = |name| some(name).unwrap_or_default();
        let flag = |name| members.get(name).and_then(Value::as_bool).unwrap_or_default();
        let mut profile = Profile::new(&text("issuer"), &text("authorization_endpoint"), &text("token_endpoint"));
        profile.rules = rules;
        profile.iss_parameter = flag("authorization_response_iss_parameter_supported");
        profile.development = development.into().into();
        profile.endpoints = Endpoints {
            pushed_authorization_request: some("pushed_authorization_request_endpoint"),
            device_authorization: some("device_authorization_endpoint"),
            jwks_uri: some("jwks_uri"),
            userinfo: some("userinfo_endpoint"),
            introspection: some("introspection_endpoint"),
            revocation: some("revocation_endpoint"),
            end_session: some("end_session_endpoint"),
            mtls_aliases: members.get(ALIASES).map(aliases).unwrap_or_default(),
        };
        let names = |name| members.get(name).and_then(list).unwrap_or_default();
        profile.requests.dpop_algorithms = names("dpop_signing_alg_values_supported");
        profile.requests.response_modes = names("response_modes_supported");
        profile.requests.assertion.algorithms = names("token_endpoint_auth_signing_alg_values_supported");
        profile.requests.pushed = flag("require_pushed_authorization_requests");
        profile.requests.request_object = flag("require_signed_request_object");
        profile
    }

    /// Names and addresses of the endpoints for clients with a TLS certificate (RFC 8705 section 5).
    pub fn aliases(&self) -> Vec<(String, String)> {
        self.read(ALIASES, |value| Some(aliases(value))).unwrap_or_default()
    }

    /// Algorithms the server names for id_tokens, as far as the library verifies them.
    pub fn signing_algorithms(&self) -> Vec<String> {
        self.read(ID_TOKEN_ALGORITHMS, |value| Some(signing_algorithms(value))).unwrap_or_default()
    }
}

const ID_TOKEN_ALGORITHMS: &str = "id_token_signing_alg_values_supported";

fn aliases(value: &Value<'_>) -> Vec<(String, String)> {
    let texts = value.members().iter().map(|member| Some((String::from(&*member.name), String::from(member.value.as_str()?))));
    texts.flatten().collect()
}

fn signing_algorithms(value: &Value<'_>) -> Vec<String> {
    let mut names = list(value).unwrap_or_default();
    names.retain(|name| Algorithm::from_name(name).is_some());
    names
}

struct Judge<'a, 'r> {
    answer: Answer<'r>,
    issuer: Option<Uri<'a>>,
    policy: &'a Policy<'a>,
}

impl Judge<'_, '_> {
    fn member(&self, name: &str, value: &Value<'_>) -> Result<()> {
        let what = match kind(name) {
            Some(Is::Endpoint) => return self.endpoint(name, value),
            Some(Is::List) if !is_list(value) => ": a list of texts",
            Some(Is::Signing | Is::Proving) if !is_list(value) || has(value, "none") => ": a list of algorithms that sign",
            Some(Is::Proving) if !signs(value) => ": a list with an algorithm that signs with a private key",
            Some(Is::Flag) if value.as_bool().is_none() => ": true or false",
            None if name == ALIASES => match value {
                Value::Object(aliases) => {
                    // What is no endpoint's name is not used either.
                    for Member { name, value, .. } in aliases.iter() {
                        if matches!(kind(name), Some(Is::Endpoint)) && !matches!(value, Value::Null) {
                            self.endpoint(name, value)?;
                        }
                    }
                    return Ok(());
                }
                _ => ": an object",
            },
            _ => return Ok(()),
        };
        Err(self.answer.wrong(expectation(name, what)))
    }

    fn endpoint(&self, name: &str, value: &Value<'_>) -> Result<()> {
        let Some(url) = value.as_str() else { return Err(self.answer.wrong(expectation(name, ": a URL"))) };
        if !is_endpoint(url, self.policy.development) {
            return Err(refusal(name));
        }
        let Some(origins) = self.policy.origins else { return Ok(()) };
        let same = |uri: &Uri<'_>| Uri::parse(url).is_some_and(|endpoint| endpoint.same_origin(uri));
        if self.issuer.as_ref().is_some_and(same) || origins.iter().filter_map(|origin| Uri::parse(origin)).any(|origin| same(&origin)) {
            return Ok(());
        }
        Err(Error::new(&codes::ENDPOINT_REFUSED).expected(expectation(name, ": the issuer's origin, or one that is allowed")))
    }

    /// What the members say together.
    fn together(&self, members: &Value<'_>) -> Result<()> {
        let lacks = |name| members.get(name).is_none();
        let named = |name, wanted: &[&str]| members.get(name).is_none_or(|list| wanted.iter().any(|value| has(list, value)));
        let id_token_algorithms = members.get("id_token_signing_alg_values_supported").and_then(Value::as_array);
        let wrong = if lacks("token_endpoint") {
            "token_endpoint"
        } else if lacks("authorization_endpoint") && named("grant_types_supported", &["authorization_code", "implicit"]) {
            // Without a list of its own, a server is taken to offer the code grant (RFC 8414 section 2).
            "authorization_endpoint"
        } else if lacks("pushed_authorization_request_endpoint")
            && members.get("require_pushed_authorization_requests").and_then(Value::as_bool) == Some(true)
        {
            "pushed_authorization_request_endpoint"
        } else if !named("code_challenge_methods_supported", &["S256"]) {
            "code_challenge_methods_supported: S256 among them"
        } else if id_token_algorithms.is_some_and(|algs| algs.iter().all(|alg| alg.as_str() == Some("none"))) {
            "id_token_signing_alg_values_supported: an algorithm that signs"
        } else {
            return Ok(());
        };
        Err(self.answer.wrong(wrong))
    }
}

/// A list of texts.
pub(crate) fn list(value: &Value<'_>) -> Option<Vec<String>> {
    let mut texts = Vec::new();
    for item in value.as_array()? {
        texts.push(item.as_str()?.into());
    }
    Some(texts)
}

/// Whether this is a list of texts.
pub(crate) fn is_list(value: &Value<'_>) -> bool {
    value.as_array().is_some_and(|items| items.iter().all(|item| item.as_str().is_some()))
}

/// Whether a member is one that the library reads.
fn is_read(name: &str) -> bool {
    name == ALIASES || kind(name).is_some()
}

/// Whether a list holds an algorithm that is no shared secret's; one that is not known here may be.
fn signs(list: &Value<'_>) -> bool {
    list.as_array().unwrap_or_default().iter().filter_map(Value::as_str).any(|name| Algorithm::symmetric(name).is_none())
}

/// Whether a list holds a text.
pub(crate) fn has(list: &Value<'_>, wanted: &str) -> bool {
    list.as_array().is_some_and(|items| items.iter().any(|item| item.as_str() == Some(wanted)))
}

/// An issuer identifier: https on a public host, no query, no fragment (RFC 8414 section 2).
pub(crate) fn check_issuer(issuer: &str, development: Local<'_>) -> Result<()> {
    if is_endpoint(issuer, development) && Uri::parse(issuer).is_some_and(|uri| uri.query.is_none()) {
        return Ok(());
    }
    let error = Error::new_expected(&codes::INVALID_CONFIGURATION, "issuer: an https URL of a public host, without query or fragment");
    Err(if !development.is_on() && is_local(issuer) { error.with_hint(LOCAL) } else { error })
}
