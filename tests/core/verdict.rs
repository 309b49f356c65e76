//! The verdict of the library on one case of `tests/vectors/oauth`, by its public API alone.
//!
//! Never reads `expect` or `why`: only the input and the context of a case. `examples/verdicts.rs` prints the same lines,
//! so that another build of the library can be compared with this one, octet for octet.
//!
//! One line a case, as `JSON.stringify` writes it: `{"id":…,"verdict":…,"detail":…}`. The verdict is `accept`, `reject`
//! or `as_error`. The detail of a `reject` is the error's code; of an `as_error` (the error carries an OAuth error) its
//! `error`. Files in name order, cases in file order. A text may be given as `{"$concat":["text",["unit",times],…]}`.
//! The time is the file's `now`, 1700000000.
//!
//! `callback`. Registration: issuer, client id and redirect URI of the file's defaults, authorization endpoint
//! `https://op.example/authorize`, standard rules, `iss` announced when `iss_supported`. Transaction: begun by that client
//! (by one of issuer `state_issuer`, when given) at `now` less `state_age_s`, `age_s`, or 3601 for `expired`; scope `read`,
//! the `response_mode` given or query, state `expected_state`, or, when that is no state a client may begin with, the
//! stored text of another transaction with this state put in. `no_transaction`: nothing is stored. `replay`: finished
//! twice, and the second is reported: the transaction is gone, `transaction_used`. Detail of `accept`: the code.
//!
//! `token_response`. Judged against type `DPoP` when `dpop` else `Bearer`, id_token required when `openid`, scope
//! `requested_scope` or none. Detail of `accept`: `Bearer` or `DPoP`.
//!
//! `authorization_request`. Registration: `https://op.example`, `client-1`, the endpoint `authorization_endpoint` or
//! `https://op.example/authorize`, the redirect URI `redirect_uri` or `https://rp.example/cb`. Request: scope `scope` or
//! `openid`, then `state`, `nonce`, `code_verifier` when given, then parameters in this order: the members of `extra`,
//! `code_challenge_method`, `max_age`, `prompt`, `claims`, `authorization_details`, each `resource`. Detail of `accept`: the
//! URL, the values of `state`, `nonce` and `code_challenge` replaced by `…`. `client_auth` of more than one: there is no
//! value for two methods, `reject` of `invalid_configuration`. `public_client_secret`: there is no place for a secret in a
//! [`Registration`], `reject` of `secret_in_browser`. Pushed and signed requests, assertions, proofs and calls of APIs: see
//! `verdict/builders.rs`.
//!
//! `metadata`, `par_response`, `userinfo`, `www_authenticate`: see `verdict/judges.rs`.
//!
//! `jwks`. The key for a token with the header `jws_header`, allowed to be ES256 or RS256. The verdict is `select`, its detail
//! the key's `kid`, or its thumbprint when it has none.
//!
//! `id_token`. Issuer, client, nonce (none when null), algorithm `expected_alg`, skew `skew_s` from context or defaults; then
//! `max_age`, `access_token`, `code`, `state`, `acr_values`, `trusted_audiences`; `refresh_of` holds the login's claims, whose
//! nonce was the expected one. Keys: the file's `about.jwks`. Detail of `accept`: the `sub`.
//!
//! A case with any other input is not decided: `Err` holds the names of those inputs.

// Indexing a JSON value gives null for what is not there; it does not panic.
#![allow(clippy::indexing_slicing)]

use samtykke::error::codes;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::{Algorithm, Jwk, KeyInfo};
use samtykke::protocol::authorization::transaction::ResponseMode;
use samtykke::protocol::token::{Expectation, TokenType, Tokens};
use samtykke::{
    AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Error, Exchange, Profile, Registration, Request, Response,
    Step, Transaction,
};
use serde_json::Value;

#[path = "verdict/builders.rs"]
mod builders;
#[path = "encode.rs"]
pub(crate) mod encode;
#[path = "verdict/judges.rs"]
mod judges;

/// The kinds of case files that are decided, by their names.
pub(crate) const KINDS: &[&str] = &[
    "authorization_request",
    "callback",
    "dpop_nonce",
    "id_token",
    "jwks",
    "metadata",
    "par_response",
    "token_response",
    "userinfo",
    "www_authenticate",
];

pub(crate) struct Verdict {
    pub(crate) verdict: &'static str,
    pub(crate) detail: String,
}

impl Verdict {
    fn accept(detail: impl Into<String>) -> Self {
        Self { verdict: "accept", detail: detail.into() }
    }

    fn of(error: &Error) -> Self {
        match error.oauth() {
            Some(oauth) => Self { verdict: "as_error", detail: oauth.error.clone() },
            None => Self { verdict: "reject", detail: error.code().into() },
        }
    }

    /// The line, as `JSON.stringify` writes it.
    pub(crate) fn line(&self, id: &str) -> String {
        serde_json::json!({ "id": id, "verdict": self.verdict, "detail": self.detail }).to_string()
    }
}

/// Decides a case of a file: `Err` names the inputs that are not decided yet.
pub(crate) fn decide(kind: &str, file: &Value, case: &Value) -> Result<Verdict, String> {
    match kind {
        "callback" => Ok(callback(file, case)),
        "token_response" => Ok(token_response(case)),
        "authorization_request" => authorization_request(case),
        "jwks" => Ok(jwks(case).unwrap_or_else(|error| Verdict::of(&error))),
        #[cfg(feature = "aws-lc-rs")]
        "id_token" => Ok(id_token(file, case).unwrap_or_else(|error| Verdict::of(&error))),
        "dpop_nonce" => Ok(sequence(case).unwrap_or_else(|error| Verdict::of(&error))),
        other => judges::decide(other, file, case).ok_or_else(|| other.into()),
    }
}

/// A text, plain or as `$concat`; `None` for anything else.
pub(crate) fn text(value: &Value) -> Option<String> {
    if let Some(pieces) = value.get("$concat").and_then(Value::as_array) {
        return pieces
            .iter()
            .map(|piece| match (piece.get(0).and_then(Value::as_str), piece.get(1).and_then(Value::as_u64)) {
                (Some(unit), Some(times)) => Some(unit.repeat(usize::try_from(times).ok()?)),
                _ => piece.as_str().map(String::from),
            })
            .collect();
    }
    value.as_str().map(String::from)
}

fn client(issuer: &str, endpoint: &str, client_id: &str, redirect_uri: &str, iss_parameter: bool) -> Result<Registration, Error> {
    let mut profile = Profile::new(issuer, endpoint, "https://op.example/token");
    profile.iss_parameter = iss_parameter;
    Registration::new(profile, client_id, redirect_uri)
}

fn callback(file: &Value, case: &Value) -> Verdict {
    try_callback(file, case).unwrap_or_else(|error| Verdict::of(&error))
}

fn try_callback(file: &Value, case: &Value) -> Result<Verdict, Error> {
    let (defaults, context) = (&file["about"]["defaults"], &case["context"]);
    let setting = |name: &str| text(&context[name]).or_else(|| text(&defaults[name])).unwrap_or_default();
    let flag = |name: &str| context[name].as_bool().or_else(|| defaults[name].as_bool()).unwrap_or(false);
    let now = file["now"].as_u64().unwrap_or(1_700_000_000);
    let make = |issuer: &str, iss| client(issuer, "https://op.example/authorize", &setting("client_id"), &setting("redirect_uri"), iss);
    let finisher = make(&setting("issuer"), flag("iss_supported"))?;

    let beginner = make(&text(&context["state_issuer"]).unwrap_or_else(|| setting("issuer")), false)?;
    let age = ["state_age_s", "age_s"].into_iter().find_map(|name| context[name].as_u64());
    let begun = now.saturating_sub(age.unwrap_or(if flag("expired") { 3601 } else { 0 }));
    let state = setting("expected_state");
    let mode = ResponseMode::parse(&setting("response_mode")).unwrap_or_default();
    let request = AuthorizationRequest::new("read").response_mode(mode);
    let random = core::array::from_fn(|at| at as u8);
    let stored = match beginner.begin(request.clone().state(&state), &random, begun) {
        Ok(login) => login.transaction.serialize().expose().trim_start_matches("1 ").to_owned(),
        Err(_) => {
            let stored = beginner.begin(request, &random, begun)?.transaction.serialize().expose().trim_start_matches("1 ").to_owned();
            format!("{state}{}", stored.trim_start_matches(|c| c != ' '))
        }
    };

    let url = text(&case["url"]).unwrap_or_default();
    // What a caller keeps between the redirect and the callback; it gives a transaction out once.
    let mut store = if flag("no_transaction") { None } else { Some(stored) };
    let first = finish(&finisher, store.take(), &url, now);
    if flag("replay") && first.is_ok() && store.is_none() {
        return Err(Error::new(&codes::TRANSACTION_USED));
    }
    first
}

fn finish(client: &Registration, stored: Option<String>, url: &str, now: u64) -> Result<Verdict, Error> {
    let code = Transaction::restore(&stored.unwrap_or_default())?.finish(client, Callback::Url(url), now)?;
    // The code itself leaves the library in one place only: the token request.
    Ok(Verdict::accept(sent_code(client, code)?))
}

const MOMENT: Moment<'static> = Moment { now: 1_700_000_000, random: &[7; 32] };

/// The `code` parameter of the token request that a checked code becomes.
fn sent_code(client: &Registration, code: samtykke::AuthorizationCode) -> Result<String, Error> {
    let mut exchange = samtykke::Exchange::authorization_code(client, &samtykke::ClientAuthentication::None, code)?;
    let samtykke::Step::Send(request) = exchange.advance(Input::Start, &MOMENT)? else { return Ok(String::new()) };
    let body = request.body.unwrap_or_else(|| samtykke::Secret::new(""));
    let found = form_urlencoded::parse(body.expose().as_bytes()).find(|(name, _)| name == "code");
    Ok(found.map(|(_, code)| code.into_owned()).unwrap_or_default())
}

/// The answer of a `token_response` case, and what it is judged against.
pub(crate) fn token_answer(case: &Value) -> (Response, Expectation) {
    let context = &case["context"];
    let status = case["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
    let mut response = Response::new(status, case["content_type"].as_str(), &text(&case["body"]).unwrap_or_default());
    response.retry_after = text(&case["headers"]["Retry-After"]);
    let expectation = Expectation {
        token_type: if context["dpop"] == true { TokenType::DPoP } else { TokenType::Bearer },
        id_token: context["openid"] == true,
        scope: text(&context["requested_scope"]).unwrap_or_default(),
        ..Expectation::default()
    };
    (response, expectation)
}

fn token_response(case: &Value) -> Verdict {
    let (response, expectation) = token_answer(case);
    match Tokens::judge(&response, &expectation) {
        Ok(tokens) => Verdict::accept(tokens.token_type.as_str()),
        Err(error) => Verdict::of(&error),
    }
}

const INPUTS: &[&str] = &[
    "authorization_endpoint",
    "extra",
    "scope",
    "state",
    "nonce",
    "code_verifier",
    "code_challenge_method",
    "redirect_uri",
    "max_age",
    "prompt",
    "claims",
    "authorization_details",
    "resource",
    "client_auth",
    "public_client_secret",
];

fn authorization_request(case: &Value) -> Result<Verdict, String> {
    let input = &case["input"];
    let names = input.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let undecided: Vec<&str> = names.filter(|name| !INPUTS.contains(name)).collect();
    if !undecided.is_empty() {
        return builders::decide(input).ok_or_else(|| undecided.join(", "));
    }
    if input["client_auth"].as_array().is_some_and(|methods| methods.len() > 1) {
        return Ok(Verdict::of(&Error::new(&codes::INVALID_CONFIGURATION)));
    }
    if input["public_client_secret"] == true {
        return Ok(Verdict::of(&Error::new(&codes::SECRET_IN_BROWSER)));
    }
    Ok(match url(input) {
        Ok(url) => Verdict::accept(without_random(&url)),
        Err(error) => Verdict::of(&error),
    })
}

fn url(input: &Value) -> Result<String, Error> {
    let setting = |name: &str, default: &str| text(&input[name]).unwrap_or_else(|| default.into());
    let endpoint = setting("authorization_endpoint", "https://op.example/authorize");
    let client = client("https://op.example", &endpoint, "client-1", &setting("redirect_uri", "https://rp.example/cb"), false)?;
    let mut request = AuthorizationRequest::new(setting("scope", "openid"));
    if let Some(state) = text(&input["state"]) {
        request = request.state(state);
    }
    if let Some(nonce) = text(&input["nonce"]) {
        request = request.nonce(nonce);
    }
    if let Some(verifier) = text(&input["code_verifier"]) {
        request = request.code_verifier(verifier);
    }
    for (name, value) in input["extra"].as_object().into_iter().flatten() {
        request = request.parameter(name, text(value).unwrap_or_default());
    }
    for name in ["code_challenge_method", "max_age", "prompt", "claims", "authorization_details"] {
        let value = &input[name];
        if !value.is_null() {
            request = request.parameter(name, text(value).unwrap_or_else(|| value.to_string()));
        }
    }
    let resources = match &input["resource"] {
        Value::Array(several) => several.iter().filter_map(text).collect(),
        one => text(one).into_iter().collect::<Vec<_>>(),
    };
    for resource in resources {
        request = request.parameter("resource", resource);
    }
    Ok(client.begin(request, &core::array::from_fn(|at| at as u8), 1_700_000_000)?.url)
}

/// The URL with what differs in every flow replaced by `…`.
fn without_random(url: &str) -> String {
    let (endpoint, query) = url.split_once('?').unwrap_or((url, ""));
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name @ ("state" | "nonce" | "code_challenge"), _)) => format!("{name}=…"),
        _ => pair.into(),
    });
    format!("{endpoint}?{}", pairs.collect::<Vec<String>>().join("&"))
}

fn jwks(case: &Value) -> Result<Verdict, Error> {
    let header = self::encode::base64url(case["jws_header"].to_string().as_bytes());
    let token = format!("{header}.e30.{}", "A".repeat(86));
    let token = samtykke::jose::Compact::parse(&token)?;
    let allowed: Vec<_> = ["ES256", "RS256"].into_iter().filter_map(samtykke::jose::Algorithm::from_name).collect();
    let key = samtykke::jose::jwks::select(&case["jwks"].to_string(), token.algorithm(&allowed)?, token.kid())?;
    let detail = key.kid().map_or_else(|| samtykke::jose::thumbprint(&key), String::from);
    Ok(Verdict { verdict: "select", detail })
}

#[cfg(feature = "aws-lc-rs")]
fn id_token(file: &Value, case: &Value) -> Result<Verdict, Error> {
    let (context, about) = (&case["context"], &file["about"]);
    let given = |name: &str| if context.get(name).is_some() { &context[name] } else { &about["defaults"][name] };
    let word = |name: &str| text(given(name));
    let seconds = |name: &str| given(name).as_u64().and_then(|seconds| u32::try_from(seconds).ok());
    let (issuer, client_id) = (word("issuer").unwrap_or_default(), word("client_id").unwrap_or_default());
    let algorithms: Vec<_> = word("expected_alg").and_then(|name| samtykke::jose::Algorithm::from_name(&name)).into_iter().collect();
    let trusted: Vec<_> = given("trusted_audiences").as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let (nonce, access_token, code, state) = (word("expected_nonce"), word("access_token"), word("code"), word("state"));
    let acr_values = word("acr_values").unwrap_or_default();
    let login = given("refresh_of");
    let login = if login.is_object() { Some(samtykke::protocol::id_token::claims::Claims::from_stored(&login.to_string())?) } else { None };
    let expected = samtykke::protocol::id_token::IdTokenExpectation {
        algorithms: &algorithms,
        trusted_audiences: &trusted,
        nonce: nonce.as_deref(),
        max_age: seconds("max_age"),
        acr_values: &acr_values,
        access_token: access_token.as_deref(),
        code: code.as_deref(),
        state: state.as_deref(),
        skew: seconds("skew_s").unwrap_or_default(),
        refresh_of: login.as_ref(),
        ..samtykke::protocol::id_token::IdTokenExpectation::new(&issuer, &client_id)
    };
    let now = file["now"].as_u64().unwrap_or(1_700_000_000);
    let token = samtykke::protocol::id_token::check(&text(&case["id_token"]).unwrap_or_default(), &expected, now)?;
    let key = samtykke::jose::jwks::select(&about["jwks"].to_string(), token.alg(), token.kid())?;
    let claims = token.verify(&key, &samtykke::signer::native::NativeVerifier)?;
    Ok(Verdict::accept(claims.text("sub").unwrap_or_default()))
}

/// Answers one after the other to a client whose tokens are bound to a key; an API's challenge is a 401. Detail: the token
/// type, or the API's status, and how many requests it took.
fn sequence(case: &Value) -> Result<Verdict, Error> {
    let jwk =
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let alg = Algorithm::from_name("ES256").ok_or_else(|| Error::new(&codes::ALGORITHM_REFUSED))?;
    let key = KeyInfo::new(alg, Jwk::parse(jwk)?)?;
    let client = client("https://op.example", "https://op.example/authorize", "client-1", "https://rp.example/cb", false)?;
    let answers = case["responses"].as_array().map(Vec::as_slice).unwrap_or_default();
    let challenged = case["responses"][0]["status"] == 401 && case["responses"][0]["headers"]["WWW-Authenticate"].is_string();
    if challenged {
        let bound = Expectation { token_type: TokenType::DPoP, ..Expectation::default() };
        let tokens = Tokens::judge(&Response::new(200, Some("application/json"), r#"{"access_token":"tok","token_type":"DPoP"}"#), &bound)?;
        let request = Request { method: "GET", url: "https://rs.example/r".into(), headers: Vec::new(), body: None, repeatable: true };
        let exchange = Exchange::resource(&client, &tokens, &["https://rs.example"], request)?.dpop(&key, None);
        let (response, sent) = play(exchange, answers, case)?;
        // What an API refuses is handed to the caller as it came.
        let verdict = if (200..300).contains(&response.status) { "accept" } else { "reject" };
        return Ok(Verdict { verdict, detail: format!("{} {sent}", response.status) });
    }
    let secret = ClientAuthentication::secret_basic("correct horse");
    let exchange = Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read"))?.dpop(&key, None);
    play(exchange, answers, case).map(|(tokens, sent)| Verdict::accept(format!("{} {sent}", tokens.token_type.as_str())))
}

fn play<T>(mut exchange: Exchange<T>, answers: &[Value], case: &Value) -> Result<(T, usize), Error> {
    let (mut sent, mut left) = (0usize, answers.iter());
    let most = case["max_requests"].as_u64().and_then(|most| usize::try_from(most).ok()).unwrap_or_default();
    let mut input = Input::Start;
    loop {
        input = match exchange.advance(input, &MOMENT)? {
            // Nobody verifies it here; what counts is what is sent after which answer.
            Step::Sign(_) => Input::Signature(vec![1; 64]),
            Step::Send(_) => {
                sent = sent.saturating_add(1);
                // A request too many is no verdict that any case names.
                let Some(answer) = left.next().filter(|_| sent <= most) else { return Err(Error::new(&codes::TIMEOUT)) };
                let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok()).unwrap_or_default();
                let mut response = Response::new(status, answer["content_type"].as_str(), &text(&answer["body"]).unwrap_or_default());
                response.dpop_nonce = text(&answer["headers"]["DPoP-Nonce"]);
                response.www_authenticate = text(&answer["headers"]["WWW-Authenticate"]);
                Input::Response(response)
            }
            Step::Done(outcome) => return Ok((outcome, sent)),
            _ => return Err(Error::new(&codes::TIMEOUT)),
        };
    }
}
