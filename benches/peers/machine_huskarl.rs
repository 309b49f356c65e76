//! The token of `examples/machine_token.rs` with huskarl: the grant is worded and signed here, the crate sends it.

use std::time::Duration;

use huskarl::core::{crypto::signer::JwsSignerSelector as _, jwt::Jwt, server_metadata::AuthorizationServerMetadata};
use huskarl::grant::jwt_bearer::{JwtBearerGrant, JwtBearerGrantParameters};
use huskarl::prelude::*;
use huskarl_crypto_native::asymmetric::signer::{AsymmetricAlgorithm, PrivateKey, pkcs8_pem};
use huskarl_reqwest::ReqwestClient;
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let var = std::env::var;
    let pem = std::fs::read_to_string(var("KEY_FILE")?)?;
    let key = PrivateKey::from_jwk(pkcs8_pem(&pem, AsymmetricAlgorithm::Rs256, Some(&var("KID")?))?)?;
    let http_client = ReqwestClient::builder().build().await?;
    let metadata = AuthorizationServerMetadata::fetch().http_client(&http_client).issuer(var("ISSUER")?).call().await?;
    let assertion = Jwt::builder()
        .iss(var("CLIENT_ID")?)
        .audience(metadata.issuer.clone())
        .issued_now_expires_after(Duration::from_secs(100))
        .claims(json!({ "scope": "idporten:scopes.write" }))
        .build()
        .to_jws_compact(&*key.select_signer().await)
        .await?;
    let grant = JwtBearerGrant::builder_from_metadata(&metadata).http_client(http_client).build();
    let tokens = grant.exchange(JwtBearerGrantParameters::builder().assertion(assertion).build()).await?;
    println!("{:?}", tokens.access_token().effective_lifetime(Duration::ZERO)); // the granted scope is not shown
    Ok(())
}
