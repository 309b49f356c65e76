//! Claims about the person, fetched with the access token: plain JSON, or signed by the server.
//!
//! OIDC Core section 5.3; RFC 6750 sections 2.1 and 3 for how the token travels and why it was refused.
//! Refuses claims of another `sub`, plain claims where signed ones were agreed, and a DPoP token without its proof.

use alloc::string::String;
use alloc::vec;

use crate::ground::error::shown::shown_text;
use crate::ground::error::{Action, Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::text::equal;
use crate::jose::Compact;
use crate::protocol::answer::Answer;
use crate::protocol::challenge::Challenge;
use crate::protocol::endpoint::Local;
use crate::protocol::id_token::IdTokenExpectation;
use crate::protocol::id_token::claims::{self, Claims, Terms, Typed, Unverified, refusal};
use crate::protocol::refusal;
use crate::protocol::token::{TokenType, Tokens};

/// Whose claims are expected.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Subject<'a> {
    /// The `sub` of the verified id_token. Without this check another person's claims could be put in place of theirs.
    Is(&'a str),
    /// Anyone's: only where there is no id_token to compare with.
    Unchecked,
}

/// The request for userinfo. `proof` is the DPoP proof for it, which a DPoP token needs and a bearer token has no use for.
///
/// # Errors
/// `endpoint_missing`, `endpoint_refused`, `invalid_configuration`.
///
/// ```
/// use samtykke::{Response, Tokens};
/// use samtykke::protocol::userinfo;
/// # let answer = Response::new(200, Some("application/json"), r#"{"access_token":"x.y","token_type":"Bearer"}"#);
/// # let tokens = Tokens::judge(&answer, &Default::default())?;
/// let request = userinfo::request("https://op.example/userinfo", &tokens, None, false)?;
/// assert_eq!((request.method, request.headers[1].1.expose()), ("GET", "Bearer x.y"));
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn request<'l>(endpoint: &str, tokens: &Tokens, proof: Option<&Secret>, development: impl Into<Local<'l>>) -> Result<Request> {
    request_with(endpoint, tokens.token_type, &tokens.access_token, proof, development.into())
}

/// As [`request`], of a token alone.
pub(crate) fn request_with(
    endpoint: &str,
    token_type: TokenType,
    token: &Secret,
    proof: Option<&Secret>,
    development: Local<'_>,
) -> Result<Request> {
    let mut request = request_without_proof(endpoint, token_type, token, development)?;
    if proof.is_some() != (token_type == TokenType::DPoP) {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Api).expected("a proof exactly with a DPoP token"));
    }
    if let Some(proof) = proof {
        request.headers.push(("dpop", proof.clone()));
    }
    Ok(request)
}

/// The request without its proof.
pub(crate) fn request_without_proof(endpoint: &str, token_type: TokenType, token: &Secret, development: Local<'_>) -> Result<Request> {
    crate::protocol::endpoint::check("userinfo_endpoint", endpoint, development).map_err(|error| error.at(Phase::Api))?;
    if token_type == TokenType::NotApplicable || !crate::protocol::syntax::is_token68(token.expose()) {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Api).expected("an access token"));
    }
    let mut value = String::from(token_type.as_str());
    value.push(' ');
    value.push_str(token.expose());
    let headers = vec![("accept", Secret::new("application/json, application/jwt")), ("authorization", Secret::new(value))];
    Ok(Request { method: "GET", url: endpoint.into(), headers, body: None, repeatable: true })
}

/// Judges a plain answer and gives the claims.
///
/// # Errors
/// `subject_mismatch`, `userinfo_malformed`; `token_invalid` or `unauthorized`, with the challenge's error as
/// [`Error::oauth`], when the token was refused; or the answer's status and media type.
///
/// ```
/// use samtykke::Response;
/// use samtykke::protocol::userinfo::{Subject, judge};
/// let answer = Response::new(200, Some("application/json"), r#"{"sub":"user-1","name":"Kari"}"#);
/// assert_eq!(judge(&answer, Subject::Is("user-1"))?.text("name").as_deref(), Some("Kari"));
/// assert_eq!(judge(&answer, Subject::Is("user-2")).unwrap_err().code(), "subject_mismatch");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub fn judge(response: &Response, subject: Subject<'_>) -> Result<Claims> {
    let answer = answer(response)?;
    if response.is_media("application/jwt") {
        if crate::jose::is_encrypted(answer.body()?) {
            return Err(refusal::encrypted_error(answer.fail(&codes::USERINFO_MALFORMED)));
        }
        let error = answer.fail(&codes::CONTENT_TYPE_UNEXPECTED).expected("application/json").actual("application/jwt");
        return Err(error
            .advise(Action::FixConfiguration)
            .with_hint("The server signs userinfo for this client: name the algorithm it is registered with (signed)."));
    }
    check_subject(&answer, &answer.object()?, subject)?;
    let body = response.body.expose();
    Claims::from_stored(body.strip_prefix('\u{feff}').unwrap_or(body))
}

/// Judges a signed answer, all but its signature. Of the expectation, the issuer, the client and the algorithms count:
/// put the registered `userinfo_signed_response_alg` there.
///
/// # Errors
/// Those of [`judge`], `jws_malformed`, `algorithm_refused`, `claim_refused`, `jwt_expired`.
pub fn judge_signed(response: &Response, subject: Subject<'_>, expectation: &IdTokenExpectation<'_>, now: u64) -> Result<Unverified> {
    let answer = answer(response)?;
    let found = response.content_type.as_deref().unwrap_or_default();
    if !response.is_media("application/jwt") {
        let error = answer.fail(&codes::CONTENT_TYPE_UNEXPECTED).expected("application/jwt, as registered").actual(shown_text(found));
        return Err(error
            .advise(Action::FixConfiguration)
            .with_hint("The server does not sign userinfo for this client: have it registered, or ask for plain claims."));
    }
    let here = |error: Error| error.at(Phase::Api);
    if crate::jose::is_encrypted(answer.body()?) {
        return Err(refusal::encrypted_error(answer.fail(&codes::USERINFO_MALFORMED)));
    }
    let token = Compact::parse(answer.body()?).map_err(here)?;
    let checked = || {
        claims::media_type(token.typ(), "JWT")?;
        let alg = token.algorithm(expectation.algorithms)?;
        let json = claims::payload(&token)?;
        let claims = Typed::parse(json)?;
        let terms = Terms { dated: false, ..expectation.terms(now) };
        // What is signed for nobody in particular could have been signed for another client. A nonce or hash would make it an id_token.
        claims::issuer(&claims, &terms)?;
        claims::audience(&claims, &terms)?;
        // Who says from when says until when.
        let timed = claims.get("exp").or(claims.get("nbf"));
        if let (Some(_), Some(expected)) = (timed, claims::times(&claims, &terms)) {
            return Err(refusal(expected));
        }
        if ["events", "nonce", "at_hash"].iter().any(|name| claims.get(name).is_some()) {
            return Err(refusal("userinfo: another kind of token is refused"));
        }
        check_subject(&answer, claims.value(), subject)?;
        Ok(Unverified::new(&token, alg, claims.json(json)))
    };
    checked().map_err(here)
}

/// A successful answer, or why it was refused. A 401 is about the token (RFC 9110 section 15.5.2), whatever its words; a 403 about
/// what it is good for, unless its challenge says otherwise (RFC 6750 section 3); the body never does.
fn answer(response: &Response) -> Result<Answer<'_>> {
    let answer = Answer { response, malformed: &codes::USERINFO_MALFORMED };
    if !matches!(response.status, 401 | 403) {
        answer.check_status(&[200], false)?;
        return Ok(answer);
    }
    let challenges = response.www_authenticate.as_deref().and_then(|header| Challenge::parse(header).ok()).unwrap_or_default();
    let mut oauth = None;
    for challenge in &challenges {
        if oauth.is_none() && (challenge.is("Bearer") || challenge.is("DPoP")) {
            oauth = challenge.error();
        }
    }
    let invalid = response.status == 401 || oauth.as_ref().is_some_and(|oauth| oauth.is("invalid_token"));
    let error = answer.fail(if invalid { &codes::TOKEN_INVALID } else { &codes::UNAUTHORIZED });
    Err(match oauth {
        Some(oauth) => error.oauth_error(oauth),
        None => error,
    })
}

fn check_subject(answer: &Answer<'_>, claims: &Value<'_>, subject: Subject<'_>) -> Result<()> {
    let Some(found) = claims.text("sub").filter(|sub| !sub.is_empty()) else {
        return Err(answer.wrong("sub: a text, not empty"));
    };
    match subject {
        // Whose claims they are may itself be personal: neither is shown_text.
        Subject::Is(sub) if !equal(sub, found) => Err(answer.fail(&codes::SUBJECT_MISMATCH).expected("sub: that of the id_token")),
        _ => Ok(()),
    }
}
