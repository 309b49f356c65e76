//! The consent of `examples/consent_axum.rs` with openidconnect, which leaves routes and sessions to its caller: here tower-sessions.

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Router, routing::get, routing::post};
use openidconnect::core::{CoreClient, CoreProviderMetadata, CoreResponseType};
use openidconnect::{AuthenticationFlow, AuthorizationCode, ClientId, ClientSecret, CsrfToken, IssuerUrl, Nonce, OAuth2TokenResponse};
use openidconnect::{
    EndpointMaybeSet, EndpointNotSet, EndpointSet, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
};
use serde::Deserialize;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer, cookie::SameSite};

type Failed = Box<dyn std::error::Error + Send + Sync>;
type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

#[derive(Clone)]
struct App {
    client: Client,
    http: reqwest::Client,
    api: String,
}

struct Answer(Failed);

impl<E: Into<Failed>> From<E> for Answer {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        (axum::http::StatusCode::BAD_GATEWAY, self.0.to_string()).into_response()
    }
}

#[derive(Deserialize)]
struct Callback {
    code: String,
    state: String,
}

async fn login(State(app): State<App>, session: Session) -> Result<Redirect, Answer> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let flow = AuthenticationFlow::<CoreResponseType>::AuthorizationCode;
    let scope = Scope::new("debt.unsecured.presentation".to_owned());
    let request = app.client.authorize_url(flow, CsrfToken::new_random, Nonce::new_random);
    let (url, state, nonce) = request.add_scope(scope).set_pkce_challenge(challenge).url();
    session.insert("login", (state, nonce, verifier)).await?;
    Ok(Redirect::to(url.as_str()))
}

async fn callback(State(app): State<App>, session: Session, Query(callback): Query<Callback>) -> Result<Redirect, Answer> {
    let (state, nonce, verifier): (CsrfToken, Nonce, PkceCodeVerifier) = session.remove("login").await?.ok_or("no login was begun")?;
    if *state.secret() != callback.state {
        return Err("another login's answer".into());
    }
    let request = app.client.exchange_code(AuthorizationCode::new(callback.code))?.set_pkce_verifier(verifier);
    let tokens = request.request_async(&app.http).await?;
    if let Some(id_token) = tokens.id_token() {
        id_token.claims(&app.client.id_token_verifier(), &nonce)?;
    }
    session.cycle_id().await?;
    session.insert("token", tokens.access_token().secret()).await?;
    Ok(Redirect::to("/"))
}

async fn debt(State(app): State<App>, session: Session) -> Result<Response, Answer> {
    let Some(token) = session.get::<String>("token").await? else { return Ok(Redirect::to("/login").into_response()) };
    let answer = app.http.get(format!("{}/v1/debt", app.api)).bearer_auth(token).send().await?;
    let debt: serde_json::Value = answer.json().await?;
    Ok(format!("{} loans\n", debt["loans"].as_array().map_or(0, Vec::len)).into_response())
}

async fn logout(session: Session) -> Result<Redirect, Answer> {
    session.flush().await?;
    Ok(Redirect::to("/"))
}

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let var = std::env::var;
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let metadata = CoreProviderMetadata::discover_async(IssuerUrl::new(var("ISSUER")?)?, &http).await?;
    let (id, secret) = (ClientId::new(var("CLIENT_ID")?), ClientSecret::new(var("CLIENT_SECRET")?));
    let client = CoreClient::from_provider_metadata(metadata, id, Some(secret)).set_redirect_uri(RedirectUrl::new(var("REDIRECT_URI")?)?);
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_same_site(SameSite::Lax);
    let app = Router::new()
        .route("/", get(debt))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/logout", post(logout))
        .layer(sessions)
        .with_state(App { client, http, api: var("API")? });
    axum::serve(tokio::net::TcpListener::bind(var("LISTEN")?).await?, app).await?;
    Ok(())
}
