//! The consent of `examples/consent_axum.rs` with huskarl-axum: a login, a session in a cookie, a call with its token.

use std::time::Duration;

use axum::{Router, extract::State, routing::get};
use huskarl::core::client_auth::ClientSecret;
use huskarl::core::crypto::seal::AeadV1Sealer;
use huskarl::core::jwk::OctBytes;
use huskarl::core::secrets::{EnvVarSecret, Secret as _, encodings::HexEncoding};
use huskarl::core::server_metadata::AuthorizationServerMetadata;
use huskarl::grant::{authorization_code::AuthorizationCodeGrant, core::TokenResponse};
use huskarl_axum::login::{
    CookieSessionStore, LoginConfig, LoginLayer, LoginSession, LogoutConfig, Session, SessionLifetime, SessionState,
};
use huskarl_crypto_native::aead::AesGcmKey;
use huskarl_login::{core::url_mapping::PublicUrlMapping, url::callback_path};
use huskarl_reqwest::ReqwestClient;
use serde::{Deserialize, Serialize};

/// The session of the crate's own holds no access token.
#[derive(Clone, Serialize, Deserialize)]
struct Consent {
    state: SessionState,
    token: String,
}

impl Session for Consent {
    fn state(&self) -> &SessionState {
        &self.state
    }
    fn set_state(&mut self, state: SessionState) {
        self.state = state;
    }
    fn apply_refresh(&mut self, response: &TokenResponse, default_lifetime: Duration) {
        self.state = self.state.refreshed(response, default_lifetime);
        self.token = response.access_token().token().expose_secret().to_owned();
    }
}

async fn debt(State(api): State<String>, session: LoginSession<Consent>) -> Result<String, String> {
    let asked = reqwest::Client::new().get(format!("{api}/v1/debt")).bearer_auth(&session.session().token);
    let debt: serde_json::Value = asked.send().await.map_err(|e| e.to_string())?.json().await.map_err(|e| e.to_string())?;
    Ok(format!("{} loans\n", debt["loans"].as_array().map_or(0, Vec::len)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let var = std::env::var;
    let redirect_uri = var("REDIRECT_URI")?;
    let mapping = PublicUrlMapping::new(&var("PUBLIC_BASE")?, "/")?;
    let callback = callback_path(&mapping, &redirect_uri.parse()?, None)?;
    let http_client = ReqwestClient::builder().build().await?;
    let metadata = AuthorizationServerMetadata::oidc_fetch().http_client(&http_client).issuer(var("ISSUER")?).call().await?;
    let grant = AuthorizationCodeGrant::builder_from_metadata(&metadata)?
        .client_id(var("CLIENT_ID")?)
        .client_auth(ClientSecret::new(EnvVarSecret::string("CLIENT_SECRET")?))
        .http_client(http_client)
        .redirect_uri(redirect_uri)
        .build()
        .await?;
    let key = EnvVarSecret::new("COOKIE_KEY", &HexEncoding)?.mapped(OctBytes::new("A256GCM"));
    let store = CookieSessionStore::<Consent>::builder()
        .sealer(AeadV1Sealer::new(AesGcmKey::from_secret(key).await?))
        .cookie_name("session".parse()?)
        .build_with_claims(|state, completed| {
            Ok(Consent { state, token: completed.token_response().access_token().token().expose_secret().to_owned() })
        });
    let config = LoginConfig::builder()
        .url_mapping(mapping)
        .callback_path(callback.as_str().to_owned())
        .scope(vec!["debt.unsecured.presentation".to_owned()])
        .session_lifetime(SessionLifetime::DelegatedToAuthorizationServer)
        .logout(LogoutConfig::builder().path("/logout").maybe_end_session_endpoint(metadata.end_session_endpoint).build()?)
        .build()?;
    let login = LoginLayer::builder().config(config).grant(grant).session_store(store).build()?;
    let app = Router::new().route("/", get(debt)).layer(login).with_state(var("API")?);
    axum::serve(tokio::net::TcpListener::bind(var("LISTEN")?).await?, app).await?;
    Ok(())
}
