//! A native program: a token for many threads at once, by one question, from Maskinporten with reqwest and aws-lc-rs.
//!
//! Usage: `CLIENT_ID=… KEY_FILE=key.json cargo run --features aws-lc-rs --example tokens`. The key is a private JWK with `kid`.
//! Further settings, with their defaults: `ENVIRONMENT=test` (or `production`, or three addresses with spaces between them),
//! `SCOPE=idporten:scopes.write`, `CALLERS=100`, `RENEW=` (anything: all of them say that an API refused the token).
//! Refuses redirects and large bodies, and prints no token: only how many callers got one, and how many different ones there were.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

#[path = "../maskinporten/ask.rs"]
mod ask;
#[path = "../io/mod.rs"]
mod io;
mod source;

use std::collections::BTreeSet;
use std::error::Error;
use std::thread;

use samtykke::jose::{Algorithm, Signer, thumbprint};
use samtykke::protocol::token_cache::{Fault, Target};
use samtykke::provider::maskinporten::{Environment, TokenRequest, profile};
use samtykke::signer::native::NativeKey;
use samtykke::{Registration, Tokens};

use ask::ask;
use io::{Outcome, http};
use source::{Failure, Source};

fn main() -> Outcome<()> {
    let setting = |name: &str, usual: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into());
    let environment = Environment::from_name(&setting("ENVIRONMENT", "test"))?;
    let client = Registration::new(profile(&environment), &std::env::var("CLIENT_ID").map_err(|_| "set CLIENT_ID")?, "")?;
    let rs256 = Algorithm::from_name("RS256").ok_or("RS256")?;
    let key = NativeKey::from_jwk(&std::fs::read_to_string(std::env::var("KEY_FILE").map_err(|_| "set KEY_FILE")?)?, rs256)?;
    let http = http()?;
    let scope = setting("SCOPE", "idporten:scopes.write");
    let signer = thumbprint(&key.info().public);
    let target = Target { issuer: environment.issuer(), client_id: client.client_id(), key: &signer, scope: &scope, ..Target::default() };

    let request = TokenRequest::new(&*scope);
    let source = Source::new(target.name(), || ask(&http, &client, &key, &request).map_err(failure));
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
    Failure {
        text: error.to_string(),
        fault,
        retry_after: known.and_then(|known| known.retry_after_at(io::now().as_secs())).map(u64::from),
    }
}
