//! The login of `examples/fapi2_login.rs` with huskarl: pushed, private_key_jwt, DPoP; userinfo, a refresh, a call to an API.

use huskarl::authorizer::{HttpAuthorizer, dpop_resend_advised};
use huskarl::cache::{GrantTokenSource, InMemoryRefreshTokenStore, InMemoryTokenCache, NoSource};
use huskarl::core::client_auth::{Audience, JwtBearer};
use huskarl::core::secrets::{EnvVarSecret, Secret as _};
use huskarl::core::{dpop::DPoP, jwk::JwkJson, server_metadata::AuthorizationServerMetadata};
use huskarl::grant::authorization_code::{AuthorizationCodeGrant, StartInput};
use huskarl::grant::refresh::RefreshGrantParameters;
use huskarl::{prelude::*, userinfo::UserInfoClient};
use huskarl_crypto_native::asymmetric::signer::{GenerateAlgorithm, PrivateKey};
use huskarl_reqwest::ReqwestClient;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let var = std::env::var;
    let key = PrivateKey::from_secret(EnvVarSecret::string("CLIENT_JWK")?.mapped(JwkJson)).await?;
    let http_client = ReqwestClient::builder().build().await?;
    let metadata = AuthorizationServerMetadata::oidc_fetch().http_client(&http_client).issuer(var("ISSUER")?).call().await?;
    let grant = AuthorizationCodeGrant::builder_from_metadata(&metadata)?
        .client_id(var("CLIENT_ID")?)
        .client_auth(JwtBearer::builder().signer(key).audience(Audience::Issuer).build())
        .http_client(http_client.clone())
        .redirect_uri(var("REDIRECT_URI")?)
        .dpop(DPoP::builder().signer(PrivateKey::generate(GenerateAlgorithm::Es256, None)?).build())
        .build()
        .await?;
    let scope = ["openid", "profile", "offline_access"].map(String::from).to_vec();
    let login = grant.start(StartInput::scope(scope)).await?;
    println!("open {}", login.authorization_url);
    let callback = std::io::stdin().lines().next().ok_or("no callback came")??;
    let completed = grant.complete(&login.pending_state, callback.parse()?).await?;
    let subject = completed.id_token.as_ref().and_then(|token| token.sub.clone()).ok_or("no subject")?;
    let userinfo = UserInfoClient::builder_from_grant(&grant, &metadata)?.build().await?;
    let person = userinfo.get(&http_client, completed.token_response.access_token(), &subject).await?;
    println!("{:?}", person.profile.name);
    let refresh_token = completed.token_response.refresh_token().cloned().ok_or("no refresh token")?;
    let renewed = grant.to_refresh_grant().exchange(RefreshGrantParameters::refresh_token(refresh_token)).await?;
    let store = InMemoryRefreshTokenStore::default();
    let source = GrantTokenSource::builder().grant(grant).grant_parameters(NoSource).refresh_store(store).build();
    source.prime(renewed).await?;
    let authorizer = HttpAuthorizer::builder().cache(InMemoryTokenCache::builder().source(source).build()).build();
    let url: http::Uri = format!("{}/things", var("API")?).parse()?;
    let ask = async || -> Result<reqwest::Response, Box<dyn std::error::Error + Send + Sync>> {
        let headers = authorizer.get_headers(&http::Method::GET, &url).await?;
        let answer = reqwest::Client::new().get(url.to_string()).headers(headers).send().await?;
        authorizer.process_response(&url, answer.headers());
        Ok(answer)
    };
    let mut answer = ask().await?;
    if dpop_resend_advised(answer.status(), answer.headers()) {
        answer = ask().await?;
    }
    println!("{} {} octets", answer.status(), answer.bytes().await?.len());
    Ok(())
}
