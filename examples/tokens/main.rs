//! A native program: a token for many threads at once, by one question, from Maskinporten with reqwest and aws-lc-rs.
//!
//! Usage: `CLIENT_ID=… KEY_FILE=key.json cargo run --features native-crypto --example tokens`. The key is a private JWK with `kid`.
//! Further settings, with their defaults: `ENVIRONMENT=test` (or `production`, or three addresses with spaces between them),
//! `SCOPE=idporten:scopes.write`, `CALLERS=100`, `RENEW=` (anything: all of them say that an API refused the token).
//! Refuses redirects and large bodies, and prints no token: only how many callers got one, and how many different ones there were.

mod source;

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Read;
use std::thread;
use std::time::{Duration, SystemTime};

use samtykke::http::MAX_BODY;
use samtykke::jose::{Algorithm, Signer, thumbprint};
use samtykke::provider::maskinporten::{Environment, TokenRequest, profile};
use samtykke::soft::native::NativeKey;
use samtykke::token_cache::{Fault, Target};
use samtykke::{Client, ClientAuthentication, Exchange, Request, Response, Secret, Step, Tokens};

use source::{Failure, Source};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let setting = |name: &str, usual: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into());
    let environment = Environment::named(&setting("ENVIRONMENT", "test"))?;
    let client = Client::new(profile(&environment), &std::env::var("CLIENT_ID").map_err(|_| "set CLIENT_ID")?, "")?;
    let rs256 = Algorithm::named("RS256").ok_or("RS256")?;
    let key = NativeKey::from_jwk(&std::fs::read_to_string(std::env::var("KEY_FILE").map_err(|_| "set KEY_FILE")?)?, rs256)?;
    let http = reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(10)).build()?;
    let scope = setting("SCOPE", "idporten:scopes.write");
    let signer = thumbprint(&key.info().public);
    let target = Target { issuer: environment.issuer(), client_id: client.client_id(), key: &signer, scope: &scope, ..Target::default() };

    let request = TokenRequest::new(&*scope);
    let source = Source::new(target.name(), || once(&http, &client, &key, &request).map_err(failure));
    let renew = std::env::var("RENEW").is_ok_and(|value| !value.is_empty());
    let caller = || {
        let tokens = source.get()?;
        if renew { source.renew(&tokens) } else { Ok(tokens) }
    };
    let callers: usize = setting("CALLERS", "100").parse()?;
    let answers: Vec<Result<Tokens, Failure>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..callers).map(|_| scope.spawn(caller)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let given: Vec<&Tokens> = answers.iter().flatten().collect();
    let different: BTreeSet<&str> = given.iter().map(|tokens| tokens.access_token.expose()).collect();
    println!("given {} of {callers}, different {}", given.len(), different.len());
    match answers.iter().find_map(|answer| answer.as_ref().err()) {
        Some(failure) => Err(failure.text.clone().into()),
        None => Ok(()),
    }
}

/// What an error means to the source. What is no error of the core's is the network's.
fn failure(error: Box<dyn Error>) -> Failure {
    let known = error.downcast_ref::<samtykke::Error>();
    let fault = known.map_or(Fault::Trouble, Fault::of);
    Failure { text: error.to_string(), fault, retry_after: known.and_then(samtykke::Error::retry_after).map(u64::from) }
}

/// One question, with a new assertion.
fn once(http: &reqwest::blocking::Client, client: &Client, key: &NativeKey, request: &TokenRequest) -> Outcome<Tokens> {
    let mut exchange = Exchange::jwt_bearer(client, &ClientAuthentication::None, &request.grant(key.info().clone())?)?;
    loop {
        let mut random = [0; 32];
        getrandom::fill(&mut random)?;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        match exchange.step(&random, now)? {
            Step::Sign(wanted) => exchange.signed(&key.sign(wanted.input.as_bytes())?)?,
            Step::Send(request) => exchange.receive(send(http, &request)?)?,
            Step::Done(tokens) => return Ok(tokens),
            _ => return Err("a step that this program does not know".into()),
        }
    }
}

/// Sends what the core worded and hands back what came, at most 1 MiB of it.
fn send(http: &reqwest::blocking::Client, request: &Request) -> Outcome<Response> {
    let mut outgoing = http.request(request.method.parse()?, &request.url);
    for (name, value) in &request.headers {
        let mut value = reqwest::header::HeaderValue::from_str(value.expose())?;
        value.set_sensitive(true);
        outgoing = outgoing.header(*name, value);
    }
    if let Some(body) = &request.body {
        outgoing = outgoing.body(String::from(body.expose()));
    }
    let answer = outgoing.send()?;
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
    let (content_type, retry_after) = (header("content-type"), header("retry-after"));
    let mut response = Response::new(answer.status().as_u16(), content_type.as_deref(), "");
    response.retry_after = retry_after;
    // One octet over the limit is enough for the core to refuse it.
    let mut body = String::new();
    answer.take(u64::try_from(MAX_BODY)?.saturating_add(1)).read_to_string(&mut body)?;
    response.body = Secret::new(body);
    Ok(response)
}
