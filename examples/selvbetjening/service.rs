//! One client at `HelseID` and Selvbetjening: sends, signs, keeps its token, and waits with growing pauses.
//!
//! The core words and judges; this does its I/O, with reqwest and a key in memory.
//! Refuses redirects and answers over 1 MiB.

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use samtykke::http::MAX_BODY;
use samtykke::jose::Signer;
use samtykke::provider::helseid::{self, HelseId, TokenCache, TokenRequest};
use samtykke::provider::selvbetjening::{Api, Call, CurrentClient, Environment, RESOURCE, SCOPE};
use samtykke::soft::p256::P256Key;
use samtykke::{Exchange, Request, Response, Secret, Step};

use crate::{Outcome, setting};

/// A client with its key.
pub(crate) struct Service<'a> {
    environment: &'a Environment,
    http: reqwest::blocking::Client,
    helseid: HelseId,
    key: P256Key,
    tokens: TokenCache,
}

impl<'a> Service<'a> {
    pub(crate) fn new(environment: &'a Environment, client_id: &str, jwk: &str) -> Outcome<Self> {
        let key = P256Key::from_jwk(jwk)?;
        let issuer = match setting("ENVIRONMENT", "test").as_str() {
            "test" => helseid::Environment::test(),
            "production" => helseid::Environment::production(),
            _ => helseid::Environment::custom(&setting("ISSUER", ""))?,
        };
        // One key for both: HelseID allows it.
        let helseid = HelseId::new(helseid::profile(&issuer), client_id, "", key.info().clone(), key.info().clone())?;
        Ok(Self { environment, http: http()?, helseid, key, tokens: TokenCache::new() })
    }

    pub(crate) fn client(&mut self) -> Outcome<CurrentClient> {
        self.call(&Api::new(self.environment).client())
    }

    /// Sends a call with the token, asked for only when the last one has ended (FK3), and a proof of its own.
    pub(crate) fn call<T>(&mut self, call: &Call<T>) -> Outcome<T> {
        let asked = TokenRequest::new().resource(RESOURCE).scope(SCOPE);
        let tokens = match self.tokens.get(&asked, now()?) {
            Some(granted) => granted.tokens.clone(),
            None => {
                let granted = self.run(self.helseid.client_credentials(&asked, None)?)?;
                self.tokens.put(&asked, &granted, now()?);
                granted.tokens
            }
        };
        let exchange = Exchange::resource(self.helseid.client(), &tokens, &[self.environment.api()], call.request.clone())?;
        Ok(call.finish(&self.run(exchange.dpop(self.key.info(), None))?)?)
    }

    fn run<T>(&self, mut exchange: Exchange<T>) -> Outcome<T> {
        loop {
            let mut octets = [0; 32];
            random(&mut octets)?;
            match exchange.step(&octets, now()?)? {
                Step::Sign(request) => exchange.signed(&self.key.sign(request.input.as_bytes())?)?,
                Step::Send(request) => exchange.receive(send(&self.http, &request)?)?,
                Step::Done(done) => return Ok(done),
                _ => return Err("a step that this program does not know".into()),
            }
        }
    }
}

pub(crate) fn http() -> Outcome<reqwest::blocking::Client> {
    Ok(reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30)).build()?)
}

/// Sends what the core worded and hands back what came, at most 1 MiB of it.
pub(crate) fn send(http: &reqwest::blocking::Client, request: &Request) -> Outcome<Response> {
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
    let mut response = Response::new(answer.status().as_u16(), header("content-type").as_deref(), "");
    response.retry_after = header("retry-after");
    response.dpop_nonce = header("dpop-nonce");
    response.www_authenticate = header("www-authenticate");
    // One octet over the limit is enough for the core to refuse it.
    let mut body = String::new();
    answer.take(u64::try_from(MAX_BODY)?.saturating_add(1)).read_to_string(&mut body)?;
    response.body = Secret::new(body);
    Ok(response)
}

/// Whether `HelseID` does not know the client, or its key, yet.
pub(crate) fn invalid_client(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<samtykke::Error>().and_then(samtykke::Error::oauth).is_some_and(|oauth| oauth.is("invalid_client"))
}

/// Whether a request may have been carried out although no proper answer came.
pub(crate) fn unclear(error: &(dyn Error + 'static)) -> bool {
    match error.downcast_ref::<samtykke::Error>() {
        Some(error) => error.code() == "api_response_malformed" || error.status().is_some_and(|status| status >= 500 || status == 429),
        None => error.is::<reqwest::Error>() || error.is::<std::io::Error>(),
    }
}

/// Asks until there is something, with pauses that grow by half, and says so.
pub(crate) fn wait<T>(
    what: &str,
    first: Duration,
    longest: Duration,
    limit: Duration,
    mut ask: impl FnMut() -> Outcome<Option<T>>,
) -> Outcome<T> {
    let began = Instant::now();
    let (mut pause, mut asked) = (first, 0u32);
    loop {
        if let Some(found) = ask()? {
            return Ok(found);
        }
        asked = asked.saturating_add(1);
        let elapsed = began.elapsed();
        if elapsed.saturating_add(pause) > limit {
            return Err(format!("timeout: waited for {what}. Nothing is lost: run this again to go on").into());
        }
        println!("waiting for {what}: asked {asked} times in {} s, again in {:.1} s", elapsed.as_secs(), pause.as_secs_f64());
        std::thread::sleep(pause);
        pause = pause.saturating_mul(3).checked_div(2).unwrap_or(longest).min(longest);
    }
}

pub(crate) fn random(octets: &mut [u8]) -> Outcome<()> {
    getrandom::fill(octets).map_err(|error| error.to_string().into())
}

pub(crate) fn now() -> Outcome<u64> {
    Ok(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs())
}
