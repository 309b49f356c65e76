//! One key of a client at `HelseID` and Selvbetjening: sends, signs, and keeps its token.
//!
//! The core words and judges; this does its I/O, with reqwest and a key in memory.
//! Refuses redirects and answers over 1 MiB.

use std::io::Read;
use std::time::{Duration, SystemTime};

use samtykke::error::codes;
use samtykke::http::MAX_BODY;
use samtykke::jose::Signer;
use samtykke::provider::helseid::{self, HelseId, TokenCache, TokenRequest};
use samtykke::provider::selvbetjening::{Environment, RESOURCE, SCOPE};
use samtykke::soft::p256::P256Key;
use samtykke::{Error, Exchange, Request, Response, Secret, Step};

use crate::{Outcome, setting};

/// A client with one of its keys.
pub(crate) struct Service {
    api: String,
    http: reqwest::blocking::Client,
    helseid: HelseId,
    key: P256Key,
    tokens: TokenCache,
}

impl Service {
    pub(crate) fn new(environment: &Environment, client_id: &str, key: P256Key) -> samtykke::Result<Self> {
        let issuer = match setting("ENVIRONMENT", "test").as_str() {
            "test" => helseid::Environment::test(),
            "production" => helseid::Environment::production(),
            _ => helseid::Environment::custom(&setting("ISSUER", ""))?,
        };
        // One key for both: HelseID allows it.
        let helseid = HelseId::new(helseid::profile(&issuer), client_id, "", key.info().clone(), key.info().clone())?;
        Ok(Self { api: environment.api().into(), http: http()?, helseid, key, tokens: TokenCache::new() })
    }

    /// Sends a request with the token, asked for only when the last one has ended (FK3), and a proof of its own; when its token
    /// is refused, and so nothing was done, once more with a new one.
    pub(crate) fn send(&mut self, request: &Request) -> samtykke::Result<Response> {
        let answer = self.call(request)?;
        if answer.status != 401 {
            return Ok(answer);
        }
        self.tokens.clear();
        self.call(request)
    }

    fn call(&mut self, request: &Request) -> samtykke::Result<Response> {
        let asked = TokenRequest::new().resource(RESOURCE).scope(SCOPE);
        let tokens = match self.tokens.get(&asked, now().as_secs()) {
            Some(granted) => granted.tokens.clone(),
            None => {
                let granted = self.run(self.helseid.client_credentials(&asked, None)?)?;
                self.tokens.put(&asked, &granted, now().as_secs());
                granted.tokens
            }
        };
        let exchange = Exchange::resource(self.helseid.client(), &tokens, &[&self.api], request.clone())?;
        self.run(exchange.dpop(self.key.info(), None))
    }

    fn run<T>(&self, mut exchange: Exchange<T>) -> samtykke::Result<T> {
        loop {
            let mut octets = [0; 32];
            random(&mut octets).map_err(|_| Error::new(&codes::SIGNING_FAILED).expected("randomness"))?;
            match exchange.step(&octets, now().as_secs())? {
                Step::Sign(request) => exchange.signed(&self.key.sign(request.input.as_bytes())?)?,
                Step::Send(request) => exchange.receive(send(&self.http, &request)?)?,
                Step::Done(done) => return Ok(done),
                _ => return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("a step that this program knows")),
            }
        }
    }
}

pub(crate) fn http() -> samtykke::Result<reqwest::blocking::Client> {
    let builder = reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30));
    builder.build().map_err(|_| Error::new(&codes::INVALID_CONFIGURATION).expected("an HTTP client"))
}

/// Sends what the core worded and hands back what came, at most 1 MiB of it.
pub(crate) fn send(http: &reqwest::blocking::Client, request: &Request) -> samtykke::Result<Response> {
    exchange(http, request).map_err(|error| {
        let late = error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
        Error::new(if late { &codes::TIMEOUT } else { &codes::NETWORK_ERROR })
    })
}

fn exchange(http: &reqwest::blocking::Client, request: &Request) -> Outcome<Response> {
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

pub(crate) fn random(octets: &mut [u8]) -> Outcome<()> {
    getrandom::fill(octets).map_err(|error| error.to_string().into())
}

/// Since 1970.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
