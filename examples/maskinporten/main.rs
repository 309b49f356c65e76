//! A native program: a token from Maskinporten with reqwest and aws-lc-rs; if asked, access granted to a scope, a client registered.
//!
//! Usage: `CLIENT_ID=… KEY_FILE=key.json cargo run --features native-crypto --example maskinporten`. The key is a private JWK with
//! `kid`. Further settings, with their defaults: `ENVIRONMENT=test` (or `production`, or three addresses with spaces between them;
//! then perhaps `guide` or `unversioned` for the self-service's other addresses), `SCOPE=idporten:scopes.write`, `GRANT=` (an
//! organisation number and a scope of yours, a space between them), `REGISTER=` (a scope, then files: see keys.rs).
//! Refuses redirects and large bodies; signs a new assertion for each attempt, waits between them, and prints no token.

mod keys;

use std::error::Error;
use std::io::Read;
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use samtykke::http::MAX_BODY;
use samtykke::jose::{Algorithm, Signer};
use samtykke::provider::maskinporten::{Again, Environment, OrganisationNumber, Problem, SelfService, TokenRequest, profile};
use samtykke::soft::native::NativeKey;
use samtykke::{Client, ClientAuthentication, Exchange, Request, Response, Secret, Step, Tokens};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Attempts before trouble of server or network is reported.
const ATTEMPTS: u32 = 3;

fn main() -> Outcome<()> {
    let setting = |name: &str, usual: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into());
    let environment = Environment::named(&setting("ENVIRONMENT", "test"))?;
    let client = Client::new(profile(&environment), &std::env::var("CLIENT_ID").map_err(|_| "set CLIENT_ID")?, "")?;
    let rs256 = Algorithm::named("RS256").ok_or("RS256")?;
    let key = NativeKey::from_jwk(&std::fs::read_to_string(std::env::var("KEY_FILE").map_err(|_| "set KEY_FILE")?)?, rs256)?;
    let http = reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(10)).build()?;

    let request = TokenRequest::new(setting("SCOPE", "idporten:scopes.write"));
    let tokens = token(&http, &client, &key, &request)?;
    println!("granted {}", tokens.scope.as_deref().unwrap_or(&tokens.requested_scope));
    println!("seconds {}", tokens.expires_in.unwrap_or_default());

    let api = SelfService::new(&environment, &tokens.access_token);
    if let Some((organisation, scope)) = setting("GRANT", "").split_once(' ') {
        let call = api.grant_access(&OrganisationNumber::parse(organisation)?, scope)?;
        let access = call.finish(&send(&http, &call.request)?)?;
        println!("access {} {:?}", access.consumer, access.state);
    }
    let register = setting("REGISTER", "");
    if let [scope, files @ ..] = &register.split_whitespace().collect::<Vec<_>>()[..] {
        keys::register(&http, &api, scope, files)?;
    }
    Ok(())
}

/// A token; asked for again where that can help, each time with a new assertion.
fn token(http: &reqwest::blocking::Client, client: &Client, key: &NativeKey, request: &TokenRequest) -> Outcome<Tokens> {
    for attempt in 1.. {
        let failed = match once(http, client, key, request) {
            Ok(tokens) => return Ok(tokens),
            Err(failed) => failed,
        };
        let problem = failed.downcast_ref::<samtykke::Error>().map(Problem::of);
        // What is no error of the core's is the network's.
        let again = problem.as_ref().map_or(Again::Later, |problem| problem.again);
        let left = match again {
            Again::Later => attempt < ATTEMPTS,
            Again::Once => attempt < 2,
            _ => false,
        };
        if !left {
            if let Some(problem) = problem {
                println!("refused {}: {}", problem.id.as_deref().unwrap_or(problem.kind), problem.advice);
            }
            return Err(failed);
        }
        sleep(Duration::from_millis(250).saturating_mul(1 << attempt));
    }
    Err("no attempt".into())
}

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
