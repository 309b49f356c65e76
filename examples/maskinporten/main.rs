//! A native program: a token from Maskinporten with reqwest and aws-lc-rs; if asked, access granted to a scope, a client registered.
//!
//! Usage: `CLIENT_ID=… KEY_FILE=key.json cargo run --features aws-lc-rs --example maskinporten`. The key is a private JWK with
//! `kid`. Further settings, with their defaults: `ENVIRONMENT=test` (or `production`, or three addresses with spaces between them;
//! then perhaps `guide` or `unversioned` for the self-service's other addresses), `SCOPE=idporten:scopes.write`, `GRANT=` (an
//! organisation number and a scope of yours, a space between them), `REGISTER=` (a scope, then files: see keys.rs).
//! Refuses redirects and large bodies; signs a new assertion for each attempt, waits between them, and prints no token.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

mod ask;
#[path = "../io/mod.rs"]
mod io;
mod keys;

use std::thread::sleep;
use std::time::Duration;

use samtykke::jose::Algorithm;
use samtykke::provider::maskinporten::{Again, Environment, OrganisationNumber, Problem, SelfService, TokenRequest, profile};
use samtykke::signer::native::NativeKey;
use samtykke::{Registration, Tokens};

use ask::ask;
use io::{Outcome, http, send};

/// Attempts before trouble of server or network is reported.
const ATTEMPTS: u32 = 3;

fn main() -> Outcome<()> {
    let setting = |name: &str, usual: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into());
    let environment = Environment::from_name(&setting("ENVIRONMENT", "test"))?;
    let client = Registration::new(profile(&environment), &std::env::var("CLIENT_ID").map_err(|_| "set CLIENT_ID")?, "")?;
    let rs256 = Algorithm::from_name("RS256").ok_or("RS256")?;
    let key = NativeKey::from_jwk(&std::fs::read_to_string(std::env::var("KEY_FILE").map_err(|_| "set KEY_FILE")?)?, rs256)?;
    let http = http()?;

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
fn token(http: &reqwest::blocking::Client, client: &Registration, key: &NativeKey, request: &TokenRequest) -> Outcome<Tokens> {
    for attempt in 1.. {
        let failed = match ask(http, client, key, request) {
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
