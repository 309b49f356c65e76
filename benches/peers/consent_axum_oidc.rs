//! The consent of `examples/consent_axum.rs` with axum-oidc: a login, a session in memory, a call with its token.

use axum::{Router, error_handling::HandleErrorLayer, extract::State, response::IntoResponse, routing::get};
use axum_oidc::{EmptyAdditionalClaims, OidcAccessToken, OidcAuthLayer, OidcLoginLayer, OidcRpInitiatedLogout, error::MiddlewareError};
use tower::ServiceBuilder;
use tower_sessions::{MemoryStore, SessionManagerLayer, cookie::SameSite};

async fn debt(State(api): State<String>, token: OidcAccessToken) -> Result<String, String> {
    let asked = reqwest::Client::new().get(format!("{api}/v1/debt")).bearer_auth(&*token);
    let debt: serde_json::Value = asked.send().await.map_err(|e| e.to_string())?.json().await.map_err(|e| e.to_string())?;
    Ok(format!("{} loans\n", debt["loans"].as_array().map_or(0, Vec::len)))
}

async fn logout(logout: OidcRpInitiatedLogout) -> impl IntoResponse {
    logout
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let var = std::env::var;
    let sessions = SessionManagerLayer::new(MemoryStore::default()).with_same_site(SameSite::Lax);
    let oidc = OidcAuthLayer::<EmptyAdditionalClaims>::discover_client(
        var("PUBLIC_BASE")?.parse()?,
        var("ISSUER")?,
        var("CLIENT_ID")?,
        Some(var("CLIENT_SECRET")?),
        vec!["debt.unsecured.presentation".to_owned()],
    )
    .await?;
    let login = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(|error: MiddlewareError| async { error.into_response() }))
        .layer(OidcLoginLayer::<EmptyAdditionalClaims>::new());
    let known = ServiceBuilder::new().layer(HandleErrorLayer::new(|error: MiddlewareError| async { error.into_response() })).layer(oidc);
    let app =
        Router::new().route("/", get(debt)).layer(login).route("/logout", get(logout)).layer(known).layer(sessions).with_state(var("API")?);
    axum::serve(tokio::net::TcpListener::bind(var("LISTEN")?).await?, app).await?;
    Ok(())
}
