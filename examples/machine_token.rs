//! A token of Maskinporten's from a key in PEM.
//!
//! `CLIENT_ID=… KEY_FILE=key.pem KID=… ENVIRONMENT=test cargo run --features reqwest,rustls,aws-lc-rs --example machine_token`

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

use samtykke::native::maskinporten::{Environment, Maskinporten};
use samtykke::{Algorithm, native::SigningKey};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let var = std::env::var;
    let key = SigningKey::from_pem(&std::fs::read_to_string(var("KEY_FILE")?)?, Algorithm::RS256)?.with_kid(&var("KID")?);
    let source = Maskinporten::new(Environment::from_name(&var("ENVIRONMENT")?)?, var("CLIENT_ID")?, key)?.token_source();
    let tokens = source.get("idporten:scopes.write").await?; // kept, and shared by all tasks
    println!("{:?} {:?}", tokens.scope, tokens.expires_in);
    Ok(())
}
