//! One key of a client at `HelseID` and Selvbetjening: sends, signs, and keeps its token.
//!
//! The core words and judges; this does its I/O, with reqwest and a key in memory.
//! Refuses redirects and answers over 1 MiB.

use samtykke::error::codes;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::Signer;
use samtykke::provider::helseid::{self, HelseId, TokenCache, TokenRequest};
use samtykke::provider::selvbetjening::{Environment, RESOURCE, SCOPE};
use samtykke::signer::p256::P256Key;
use samtykke::{Error, Exchange, Request, Response, Step};

use crate::io::{self, now, random};
use crate::setting;

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
        let mut input = Input::Start;
        loop {
            let octets = random::<32>().map_err(|_| Error::new(&codes::SIGNING_FAILED).expected("randomness"))?;
            input = match exchange.advance(input, &Moment { now: now().as_secs(), random: &octets })? {
                Step::Sign(request) => Input::Signature(self.key.sign(request.input.as_bytes())?),
                Step::Send(request) => Input::Response(send(&self.http, &request)?),
                Step::Done(done) => return Ok(done),
                _ => return Err(Error::new(&codes::INVALID_CONFIGURATION).expected("a step that this program knows")),
            };
        }
    }
}

pub(crate) fn http() -> samtykke::Result<reqwest::blocking::Client> {
    io::http().map_err(|_| Error::new(&codes::INVALID_CONFIGURATION).expected("an HTTP client"))
}

/// Sends what the core worded and hands back what came, or the error that the processes know.
pub(crate) fn send(http: &reqwest::blocking::Client, request: &Request) -> samtykke::Result<Response> {
    io::send(http, request).map_err(|error| {
        let late = error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout);
        Error::new(if late { &codes::TIMEOUT } else { &codes::NETWORK_ERROR })
    })
}
