//! Consent at Norsk Gjeldsinformasjon in axum: a person logs in, and their debt is looked up.
//!
//! `CLIENT_ID=… CLIENT_SECRET=… ENVIRONMENT=preprod REDIRECT_URI=http://localhost:3000/callback LISTEN=127.0.0.1:3000 COOKIE_KEYS=…
//! cargo run --features axum,reqwest,rustls --example consent_axum`; a key is 32 octets as base64url.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

use axum::{Router, extract::State, routing::get};
use samtykke::ClientAuthentication;
use samtykke::native::edge::{Edge, Session};
use samtykke::native::norskgjeld::Norskgjeld;
use samtykke::provider::norskgjeld::{Environment, Purpose, Scope};

async fn debt(State(norskgjeld): State<Norskgjeld>, session: Session) -> samtykke::Result<String> {
    let debt = norskgjeld.api(session.tokens()).debt().await?; // no session: to /login for navigations, else 401
    Ok(format!("{} loans\n", debt.loans.len()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let var = std::env::var;
    let secret = ClientAuthentication::secret_basic(var("CLIENT_SECRET")?);
    let environment = Environment::from_name(&var("ENVIRONMENT")?)?;
    let norskgjeld = Norskgjeld::new(environment, var("CLIENT_ID")?, var("REDIRECT_URI")?, secret)?;
    let edge = Edge::builder(norskgjeld.clone(), var("COOKIE_KEYS")?.parse()?)
        .login("/login", |_| Ok(Scope::new(Purpose::Presentation).days(100)?.request()))
        .logout("/logout") // a POST of this origin; the callback's path is the redirect URI's
        .on_error(|error| eprintln!("{error}"))
        .build()?;
    let app = edge.protect(Router::new().route("/", get(debt))).with_state(norskgjeld);
    axum::serve(tokio::net::TcpListener::bind(var("LISTEN")?).await?, app).await?;
    Ok(())
}
