//! Rust on wasm: the shell `samtykke::fetch` in pages, a worker and Node, against a real server and against odd hosts.
//!
//! `node tests/wasm/run.mjs` starts the server and runs this in each environment; the core has its own tests.
//! Refuses to pass over a missing server: it panics and says how to run it.
#![cfg(target_arch = "wasm32")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)]
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::option_env_unwrap)]

mod bound;
mod client;
mod device;
mod encrypted;
mod flow;
mod hosts;
mod local;
mod retries;
mod tokens;
mod webcrypto;

use samtykke::provider::norskgjeld::{Api, Environment};
use samtykke::{AuthorizationCode, AuthorizationRequest, Callback, ClientAuthentication, Profile, Registration, Secret, fetch};

/// The server's origin.
fn server() -> &'static str {
    option_env!("SAMTYKKE_TEST_SERVER").expect("run these tests by `node tests/wasm/run.mjs`")
}

/// A key that no other test, browser or run uses.
fn key() -> String {
    js_sys::Math::random().to_string().split_off(2)
}

/// A client of a server at `origin` whose token endpoint has this path.
fn client_at(origin: &str, path: &str) -> Registration {
    let mut profile = Profile::new(origin, &format!("{origin}/authorize"), &format!("{origin}{path}"));
    profile.development = true.into();
    Registration::new(profile, "eksempelbank-client", "https://app.example.no/callback").unwrap()
}

fn client(path: &str) -> Registration {
    client_at(server(), path)
}

fn secret() -> ClientAuthentication {
    ClientAuthentication::secret_basic("a%b+c d:e/f")
}

/// A checked code.
fn code(client: &Registration) -> AuthorizationCode {
    let login = fetch::begin(client, AuthorizationRequest::new("debt.unsecured.presentation")).unwrap();
    let callback = format!("https://app.example.no/callback?code=a+code&state={}", login.transaction.state());
    fetch::finish(login.transaction, client, Callback::Url(&callback)).unwrap()
}

fn environment() -> Environment {
    Environment::custom(server(), server()).unwrap()
}

/// What the server counted for a key: `asked` (how often) or `ended` (whether the caller went away).
async fn counted(what: &str, key: &str) -> u64 {
    let (environment, token) = (environment(), Secret::new("counter"));
    let mut call = Api::new(&environment, &token).last_sequence_number();
    call.request.url = format!("{}/{what}/{key}", server());
    fetch::call(call).await.unwrap()
}
