//! A page in Leptos: a person logs in at the server below this origin, and the page calls the API with the token that came.
//!
//! The client is in a context, by discovery; its futures stay on their thread, in a local resource and in `spawn_local`.
//! Refuses what the client refuses, and says its code.

use leptos::prelude::*;
use samtykke::fetch::Client;
use samtykke::protocol::metadata::Policy;
use samtykke::{AuthorizationRequest, Callback, Request, Result, Transaction};
use wasm_bindgen::prelude::wasm_bindgen;

const KEPT: &str = "login";

fn origin() -> String {
    location().origin().unwrap_or_default()
}

fn kept() -> Option<web_sys::Storage> {
    window().session_storage().ok().flatten()
}

async fn discovered() -> Result<Client> {
    let (issuer, redirect_uri) = (format!("{}/op", origin()), format!("{}/leptos/", origin()));
    let client = Client::discover_with(&issuer, "page", &redirect_uri, Policy { development: true.into(), ..Policy::default() }).await?;
    Ok(client.api(&origin()))
}

async fn begin(client: Result<Client>) -> Result<()> {
    let login = client?.begin(AuthorizationRequest::new("openid profile things")).await?;
    if let Some(kept) = kept() {
        let _ = kept.set_item(KEPT, login.transaction.serialize().expose());
    }
    let _ = location().set_href(&login.url);
    Ok(())
}

/// What the API says to the person who came back; nothing where nobody did.
async fn finished(client: Result<Client>) -> Result<Option<String>> {
    let transaction = kept().and_then(|kept| {
        let transaction = kept.get_item(KEPT).ok().flatten();
        let _ = kept.remove_item(KEPT);
        transaction
    });
    let Some(transaction) = transaction else { return Ok(None) };
    let (client, href) = (client?, location().href().unwrap_or_default());
    let tokens = client.finish(Transaction::restore(&transaction)?, Callback::Url(&href)).await?;
    let claims = client.userinfo(&tokens).await?;
    let url = format!("{}/api/things", origin());
    let answer = client.send(&tokens, Request { method: "GET", url, headers: Vec::new(), body: None, repeatable: true }).await?;
    Ok(Some(format!("{}: {}", claims.text("name").unwrap_or_default(), answer.body.expose())))
}

/// The page.
#[component]
pub fn App() -> impl IntoView {
    provide_context(LocalResource::new(discovered));
    view! { <Login /> }
}

/// A button to log in, and what came of it.
#[component]
pub fn Login() -> impl IntoView {
    let client = expect_context::<LocalResource<Result<Client>>>();
    let failed = RwSignal::new("");
    let begin = move |_| {
        leptos::task::spawn_local(async move {
            if let Err(error) = begin(client.await).await {
                failed.set(error.code());
            }
        });
    };
    // Not in a resource: what it reads may run it again, and a login is taken up once.
    let told = RwSignal::new(String::new());
    leptos::task::spawn_local(async move {
        told.set(match finished(client.await).await {
            Ok(said) => said.unwrap_or_else(|| "nobody".into()),
            Err(error) => error.code().into(),
        });
    });
    view! {
        <button id="login" on:click=begin>"Log in"</button>
        <p id="told">{move || told.get()}</p>
        <p id="failed">{move || failed.get()}</p>
    }
}

/// Begins when the page has loaded this program.
#[wasm_bindgen(start)]
pub fn main() {
    mount_to_body(App);
}
