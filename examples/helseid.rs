//! A native program: a machine's token, a person's login, and a token for each audience from HelseID.
//!
//! Usage: `CLIENT_ID=… CLIENT_JWK=… cargo run --features reqwest,rustls,aws-lc-rs --example helseid`. Further settings, with their
//! defaults: `ENVIRONMENT=test` (or `production`, or the issuer of a server of yours), `REDIRECT_URI=http://localhost:1337/callback`,
//! `SCOPE` (the login's), `MACHINE_SCOPE` (none: no machine's token). Prints no token and no person's data.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

use std::time::Duration;

use samtykke::Callback;
use samtykke::native::helseid::{Environment, HelseId, LoginRequest, TokenRequest};
use samtykke::native::{Loopback, SigningKey};
use samtykke::provider::helseid::{SECURITY_LEVEL, resources_of};

const SCOPE: &str = "openid profile offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read nhn:kj/api";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let setting = |name: &str, usual: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into());
    let environment = match setting("ENVIRONMENT", "test").as_str() {
        "test" => Environment::test(),
        "production" => Environment::production(),
        issuer => Environment::custom(issuer)?,
    };
    // One key for assertions and proofs: what tokens are bound to must last as long as they do.
    let key = SigningKey::from_jwk(&std::env::var("CLIENT_JWK")?)?;
    let loopback = Loopback::bind(&setting("REDIRECT_URI", "http://localhost:1337/callback"))?;
    let redirect_uri = loopback.redirect_uri().to_owned();
    let helseid = HelseId::connect(environment, std::env::var("CLIENT_ID")?, key, |client| client.redirect_uri(redirect_uri)).await?;

    let machine = setting("MACHINE_SCOPE", "");
    if !machine.is_empty() {
        let granted = helseid.machine(&TokenRequest::new().scope(machine)).await?;
        println!("machine {}", granted.tokens.scope.unwrap_or_default());
    }

    let scope = setting("SCOPE", SCOPE);
    let login = helseid.begin(&LoginRequest::new(scope.as_str())).await?;
    println!("open {}", login.url);
    let callback = loopback.callback(Duration::from_secs(600)).await?;
    let mut audiences = resources_of(&scope).into_iter().map(|audience| TokenRequest::new().resource(audience));
    let first = audiences.next().ok_or("SCOPE: with an API's scope")?;
    let session = helseid.finish(login.transaction, Callback::Url(&callback), &first).await?; // finish_to stores it as well
    println!("level {}", session.claims().and_then(|claims| claims.text(SECURITY_LEVEL)).unwrap_or_default());
    for request in std::iter::once(first).chain(audiences) {
        let granted = session.tokens(&request).await?; // the first is there; each other takes a refresh
        println!("granted {}", granted.tokens.scope.unwrap_or_default());
    }
    println!("done");
    Ok(())
}
