//! A page in Yew: a person logs in at the server below this origin, and the page calls the API with the token that came.
//!
//! The client is in a context, by addresses that are known; its futures are handed to `spawn_local`.
//! Refuses what the client refuses, and says its code.

use samtykke::fetch::Client;
use samtykke::{AuthorizationRequest, Callback as Answered, Profile, Request, Result, Transaction};
use wasm_bindgen::prelude::wasm_bindgen;
use yew::platform::spawn_local;
use yew::prelude::*;

const KEPT: &str = "login";

/// A client in a context, which wants to know whether it is another: this one never is.
#[derive(Clone)]
pub struct Party(Client);

impl PartialEq for Party {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

fn location() -> Option<web_sys::Location> {
    web_sys::window().map(|window| window.location())
}

fn origin() -> String {
    location().and_then(|location| location.origin().ok()).unwrap_or_default()
}

fn kept() -> Option<web_sys::Storage> {
    web_sys::window()?.session_storage().ok()?
}

fn client() -> Result<Client> {
    let origin = origin();
    let mut profile = Profile::new(&format!("{origin}/op"), &format!("{origin}/op/authorize"), &format!("{origin}/op/token"));
    profile.development = true.into();
    profile.endpoints.jwks_uri = Some(format!("{origin}/op/jwks"));
    profile.endpoints.userinfo = Some(format!("{origin}/op/userinfo"));
    let registration = samtykke::Registration::new(profile, "page", &format!("{origin}/yew/"))?;
    Ok(Client::new(registration).api(&origin))
}

async fn begin(client: Client) -> Result<()> {
    let login = client.begin(AuthorizationRequest::new("openid profile things")).await?;
    if let Some(kept) = kept() {
        let _ = kept.set_item(KEPT, login.transaction.serialize().expose());
    }
    if let Some(location) = location() {
        let _ = location.set_href(&login.url);
    }
    Ok(())
}

/// What the API says to the person who came back; nothing where nobody did.
async fn finished(client: Client) -> Result<Option<String>> {
    let transaction = kept().and_then(|kept| {
        let transaction = kept.get_item(KEPT).ok().flatten();
        let _ = kept.remove_item(KEPT);
        transaction
    });
    let Some(transaction) = transaction else { return Ok(None) };
    let href = location().and_then(|location| location.href().ok()).unwrap_or_default();
    let tokens = client.finish(Transaction::restore(&transaction)?, Answered::Url(&href)).await?;
    let claims = client.userinfo(&tokens).await?;
    let url = format!("{}/api/things", origin());
    let answer = client.send(&tokens, Request { method: "GET", url, headers: Vec::new(), body: None, repeatable: true }).await?;
    Ok(Some(format!("{}: {}", claims.text("name").unwrap_or_default(), answer.body.expose())))
}

/// The page.
#[component]
pub fn App() -> Html {
    match client() {
        Ok(client) => html! { <ContextProvider<Party> context={Party(client)}><Login /></ContextProvider<Party>> },
        Err(error) => html! { <p id="failed">{ error.code() }</p> },
    }
}

/// A button to log in, and what came of it.
#[component]
pub fn Login() -> Html {
    let party = use_context::<Party>();
    let told = use_state(String::new);
    let failed = use_state(String::new);
    let onclick = {
        let (party, failed) = (party.clone(), failed.clone());
        Callback::from(move |_: MouseEvent| {
            let (Some(Party(client)), failed) = (party.clone(), failed.clone()) else { return };
            spawn_local(async move {
                if let Err(error) = begin(client).await {
                    failed.set(error.code().into());
                }
            });
        })
    };
    {
        let told = told.clone();
        use_effect_with((), move |()| {
            if let Some(Party(client)) = party {
                spawn_local(async move {
                    told.set(match finished(client).await {
                        Ok(said) => said.unwrap_or_else(|| "nobody".into()),
                        Err(error) => error.code().into(),
                    });
                });
            }
        });
    }
    html! {
        <>
            <button id="login" {onclick}>{ "Log in" }</button>
            <p id="told">{ (*told).clone() }</p>
            <p id="failed">{ (*failed).clone() }</p>
        </>
    }
}

/// Begins when the page has loaded this program.
#[wasm_bindgen(start)]
pub fn main() {
    yew::Renderer::<App>::new().render();
}
