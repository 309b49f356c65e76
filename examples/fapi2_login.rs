//! A login by FAPI 2.0: pushed, signed for, bound to a key; then userinfo, a refresh, a call to an API.
//!
//! `ISSUER=… CLIENT_ID=… REDIRECT_URI=… KEY_FILE=key.json API=… cargo run --features reqwest,rustls,aws-lc-rs --example fapi2_login`
//! prints where to log in, and reads from its input where the browser arrived. The key is a private JWK with `alg` and `kid`.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

use samtykke::native::{Client, SigningKey, bytes::Bytes, http::Request};
use samtykke::{Algorithm, AuthorizationRequest, Callback};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let var = std::env::var;
    let key = SigningKey::from_jwk(&std::fs::read_to_string(var("KEY_FILE")?)?)?; // alg and kid are the JWK's
    let api = var("API")?;
    let client = Client::discover(var("ISSUER")?, var("CLIENT_ID")?)
        .redirect_uri(var("REDIRECT_URI")?)
        .authentication(key)
        .dpop(SigningKey::generate(Algorithm::ES256)?) // per process: refused with a shared store
        .api(&api) // the only origin besides the issuer's endpoints that gets a token
        .fapi2() // PAR, `iss`, PS256/ES256/EdDSA, DPoP or mTLS are demanded
        .development() // http to this machine, for the local server
        .build()
        .await?;
    let request = AuthorizationRequest::new("openid profile offline_access").parameter("prompt", "consent");
    let login = client.begin(request).await?;
    println!("open {}", login.url);
    let callback = std::io::stdin().lines().next().ok_or("no callback came")??;
    let tokens = client.finish(login.transaction, Callback::Url(&callback)).await?;
    println!("{:?}", client.userinfo(&tokens).await?.text("name"));
    let tokens = client.refresh(&tokens).await?; // refresh_to(…, store): stored before it is judged
    let answer = client.send(&tokens, Request::get(format!("{api}/things")).body(Bytes::new())?).await?;
    println!("{} {} octets", answer.status(), answer.body().len());
    Ok(())
}
