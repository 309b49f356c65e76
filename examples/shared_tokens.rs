//! Tokens of Maskinporten's for many tasks and processes, by one question: kept in a Redis, sealed, as the npm package keeps them.
//!
//! `CLIENT_ID=… KEY_FILE=key.json ENVIRONMENT=test REDIS=redis://127.0.0.1/ TOKEN_KEYS=… cargo run --features
//! reqwest,rustls,redis --example shared_tokens`. The key is a private JWK with `alg` and `kid`.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

use samtykke::native::maskinporten::{Environment, Maskinporten};
use samtykke::native::{Redis, Sealed, SigningKey};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let var = std::env::var;
    let key = SigningKey::from_jwk(&std::fs::read_to_string(var("KEY_FILE")?)?)?;
    let store = Sealed::new(Redis::new(&var("REDIS")?)?, var("TOKEN_KEYS")?.parse()?);
    let maskinporten = Maskinporten::new(Environment::from_name(&var("ENVIRONMENT")?)?, var("CLIENT_ID")?, key)?;
    let source = maskinporten.token_source().store(store)?.on_store_error(|error| eprintln!("{error}"));
    let ask = |_| {
        let source = source.clone();
        tokio::spawn(async move { source.get("idporten:scopes.write").await })
    };
    let tasks: Vec<_> = (0..250).map(ask).collect();
    let asked = tasks.len();
    for task in tasks {
        task.await??;
    }
    println!("given {asked}");
    Ok(())
}
