//! Verdicts on what a client is asked to build beside the front-channel request: pushed and signed requests, assertions,
//! proofs, calls of APIs. One input decides a case. An input, or a value of one, that is not named here is not decided.
//!
//! `par`: the request is begun at a server that takes pushed requests; `request_uri` is a parameter of the caller's. Detail
//! of `accept`: the URL, values of random parameters as `…`.
//! `request_uri_reuse`: a pushed request, whose one use is made; then the second is asked for. Detail: the reference.
//! `assertion_aud`: a text is the audience the rules name, anything else the caller's claim `aud`. Detail: the `aud`.
//! `assertion_exp_s`: the lifetime the rules name. Detail: seconds from `iat` to `exp`.
//! `dpop_key`: a key to bind tokens to: `RSA` and its bits, `EC P-256` or `symmetric`. Detail: its type.
//! `dpop_jwk`: `private` or `public`, the members of that key. Detail: its type.
//! `dpop_htu`: a call of that address with a bound token. Detail: the proof's `htu`.
//! `request_object`: further claims of a signed request. Detail: the claims' names, sorted.
//! `access_token_in`: `query` or `header`, where the caller puts the token of an API call. Detail: the status.
//! `resource_url`: a call of that address, on an origin that the token is for. Detail: the status.

use super::encode::{base64url, base64url_decode};
use samtykke::error::codes;
use samtykke::flow::login::Start;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::{Algorithm, Jwk, KeyInfo};
use samtykke::protocol::authorization::jar::RequestObject;
use samtykke::protocol::profile::{AssertionRules, Audience};
use samtykke::protocol::token::{Expectation, TokenType, Tokens};
use samtykke::{
    AuthorizationRequest, ClientAuthentication, ClientCredentials, Error, Exchange, Login, Profile, Registration, Request, Response, Step,
};
use serde_json::Value;

use super::{Verdict, text, without_random};

const NOW: u64 = 1_700_000_000;
const POINT: &str =
    r#""kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0""#;
const SCALAR: &str = r#""d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI""#;
const PUSHED: &str = r#"{"request_uri":"urn:ietf:params:oauth:request_uri:1","expires_in":60}"#;

/// Decides a case whose inputs are all named here.
pub(super) fn decide(input: &Value) -> Option<Verdict> {
    let (name, value) = input.as_object()?.iter().find(|(name, _)| *name != "request_uri")?;
    if name != "par" && input.as_object()?.len() > 1 {
        return None;
    }
    let word = value.as_str().unwrap_or_default();
    let decided = match name.as_str() {
        "par" if *value == true => pushed(text(&input["request_uri"])),
        "request_uri_reuse" if *value == true => twice(),
        "assertion_aud" => audience(value),
        "assertion_exp_s" => lifetime(u32::try_from(value.as_u64()?).ok()?),
        "dpop_key" => bound_by(&match word {
            "EC P-256" => format!("{{{POINT}}}"),
            "symmetric" => r#"{"kty":"oct","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#.into(),
            _ => rsa(word.strip_prefix("RSA ")?.parse().ok()?),
        }),
        "dpop_jwk" => bound_by(&match word {
            "private" => format!("{{{POINT},{SCALAR}}}"),
            "public" => format!("{{{POINT}}}"),
            _ => return None,
        }),
        "dpop_htu" => proved(word),
        "request_object" => object(value),
        "access_token_in" => status(match word {
            "query" => "https://rs.example/r?access_token=tok",
            "header" => "https://rs.example/r",
            _ => return None,
        }),
        "resource_url" => status(word),
        _ => return None,
    };
    Some(match decided {
        Ok(detail) => Verdict::accept(detail),
        Err(error) => Verdict::of(&error),
    })
}

/// A key of so many bits, eight of them in each octet; nobody asks for its factors.
fn rsa(bits: usize) -> String {
    format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, base64url(&vec![0xc5; bits / 8]))
}

fn key(jwk: &str) -> Result<KeyInfo, Error> {
    let jwk = Jwk::parse(jwk)?;
    let name = if jwk.kty() == "RSA" { "PS256" } else { "ES256" };
    KeyInfo::new(Algorithm::from_name(name).ok_or_else(|| Error::new(&codes::ALGORITHM_REFUSED))?, jwk)
}

fn point() -> Result<KeyInfo, Error> {
    key(&format!("{{{POINT}}}"))
}

fn client() -> Result<Registration, Error> {
    let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    profile.endpoints.pushed_authorization_request = Some("https://op.example/par".into());
    Registration::new(profile, "client-1", "https://rp.example/cb")
}

/// Plays a server that gives the same answer to everything; what was sent is kept.
fn play<T>(exchange: &mut Exchange<T>, answer: &Response, sent: &mut Vec<Request>) -> Result<T, Error> {
    let mut input = Input::Start;
    loop {
        input = match exchange.advance(input, &Moment { now: NOW, random: &[7; 32] })? {
            // Nobody verifies it here.
            Step::Sign(request) => Input::Signature(vec![1; if request.alg.kty == "RSA" { 256 } else { 64 }]),
            Step::Send(request) => {
                sent.push(request);
                Input::Response(answer.clone())
            }
            Step::Done(outcome) => return Ok(outcome),
            _ => return Err(Error::new(&codes::TIMEOUT)),
        };
    }
}

fn login(request: AuthorizationRequest, start: Start) -> Result<Exchange<Login>, Error> {
    let secret = ClientAuthentication::secret_basic("correct horse");
    Exchange::login(&client()?, &secret, request, start, &core::array::from_fn(|at| at as u8), NOW)
}

fn accepted() -> Response {
    Response::new(201, Some("application/json"), PUSHED)
}

fn pushed(own: Option<String>) -> Result<String, Error> {
    let mut request = AuthorizationRequest::new("openid");
    if let Some(own) = own {
        request = request.parameter("request_uri", own);
    }
    let login = play(&mut login(request, Start::new())?, &accepted(), &mut Vec::new())?;
    Ok(without_random(&login.url))
}

fn twice() -> Result<String, Error> {
    let mut exchange = login(AuthorizationRequest::new("openid"), Start::new())?;
    play(&mut exchange, &accepted(), &mut Vec::new())?;
    play(&mut exchange, &accepted(), &mut Vec::new()).map(|login| login.url)
}

/// The claims of a JWT of ours, which nobody verifies here.
fn payload(token: &str) -> Value {
    let part = token.split('.').nth(1).and_then(base64url_decode);
    part.and_then(|octets| serde_json::from_slice(&octets).ok()).unwrap_or_default()
}

/// The claims of a JWT that is a parameter of a form.
fn claims(sent: &[Request], name: &str) -> Value {
    let body = sent.first().and_then(|request| request.body.as_ref()).map(|body| body.expose().to_owned()).unwrap_or_default();
    let token = form_urlencoded::parse(body.as_bytes()).find(|(found, _)| found == name).map(|(_, token)| token.into_owned());
    payload(&token.unwrap_or_default())
}

fn assertion(rules: AssertionRules) -> Result<Value, Error> {
    let authentication = ClientAuthentication::private_key_jwt_with(point()?, rules);
    let mut exchange = Exchange::client_credentials(&client()?, &authentication, &ClientCredentials::new("read"))?;
    let answer = Response::new(200, Some("application/json"), r#"{"access_token":"tok","token_type":"Bearer"}"#);
    let mut sent = Vec::new();
    play(&mut exchange, &answer, &mut sent)?;
    Ok(claims(&sent, "client_assertion"))
}

fn audience(value: &Value) -> Result<String, Error> {
    let rules = match text(value) {
        Some(literal) => AssertionRules { audience: Audience::Literal(literal), ..AssertionRules::default() },
        None => AssertionRules { claims: vec![("aud".into(), value.to_string())], ..AssertionRules::default() },
    };
    assertion(rules).map(|claims| claims["aud"].as_str().unwrap_or_default().into())
}

fn lifetime(seconds: u32) -> Result<String, Error> {
    let claims = assertion(AssertionRules { lifetime: seconds, ..AssertionRules::default() })?;
    Ok(claims["exp"].as_u64().unwrap_or_default().saturating_sub(claims["iat"].as_u64().unwrap_or_default()).to_string())
}

/// A request for tokens bound to this key.
fn bound_by(jwk: &str) -> Result<String, Error> {
    let key = key(jwk)?;
    let secret = ClientAuthentication::secret_basic("correct horse");
    let mut exchange = Exchange::client_credentials(&client()?, &secret, &ClientCredentials::new("read"))?.dpop(&key, None);
    let answer = Response::new(200, Some("application/json"), r#"{"access_token":"tok","token_type":"DPoP"}"#);
    play(&mut exchange, &answer, &mut Vec::new())?;
    Ok(key.public.kty().into())
}

/// A call of an API by GET, with a token for the address's own origin.
fn call(url: &str, bound: Option<&KeyInfo>) -> Result<(Response, Vec<Request>), Error> {
    let token_type = if bound.is_some() { TokenType::DPoP } else { TokenType::Bearer };
    let expectation = Expectation { token_type, ..Expectation::default() };
    let body = format!(r#"{{"access_token":"tok","token_type":"{}"}}"#, token_type.as_str());
    let tokens = Tokens::judge(&Response::new(200, Some("application/json"), &body), &expectation)?;
    let origin = url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let request = Request { method: "GET", url: url.into(), headers: Vec::new(), body: None, repeatable: true };
    let mut exchange = Exchange::resource(&client()?, &tokens, &[&origin], request)?;
    if let Some(key) = bound {
        exchange = exchange.dpop(key, None);
    }
    let mut sent = Vec::new();
    let response = play(&mut exchange, &Response::new(200, Some("application/json"), "{}"), &mut sent)?;
    Ok((response, sent))
}

fn status(url: &str) -> Result<String, Error> {
    call(url, None).map(|(response, _)| response.status.to_string())
}

fn proved(url: &str) -> Result<String, Error> {
    let (_, sent) = call(url, Some(&point()?))?;
    let headers = sent.first().map(|request| request.headers.as_slice()).unwrap_or_default();
    let proof = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("dpop")).map(|(_, proof)| proof.expose()).unwrap_or_default();
    Ok(payload(proof)["htu"].as_str().unwrap_or_default().into())
}

fn object(further: &Value) -> Result<String, Error> {
    let mut object = RequestObject::new(point()?);
    for (name, value) in further.as_object().into_iter().flatten() {
        object = object.claim(name, value.to_string());
    }
    let mut sent = Vec::new();
    play(&mut login(AuthorizationRequest::new("openid"), Start::new().object(object))?, &accepted(), &mut sent)?;
    let claims = claims(&sent, "request");
    let mut names = claims.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect::<Vec<_>>();
    names.sort_unstable();
    Ok(names.join(" "))
}
