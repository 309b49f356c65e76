//! Cookies and records of either language, opened by the other: docs/formats.md.
//!
//! `WRITE_VECTORS=1 cargo test … edge_formats` makes `tests/vectors/edge_formats_rust.json` anew; `tests/js/edge_formats.test.mjs` opens it.

use std::time::Duration;

use axum::Router;
use axum::body::{Body as AxumBody, to_bytes};
use axum::extract::Request;
use axum::routing::get;
use samtykke::native::edge::{Edge, EdgeBuilder, Session};
use samtykke::native::testing::{Clock, Scripted};
use samtykke::native::{Client, MemoryStore, TokenStore};
use samtykke::{AuthorizationRequest, ClientAuthentication, Profile, Secret};
use serde_json::{Value, json};
use tower_service::Service;

use super::support::run;

const ISSUER: &str = "https://keycloak.example/realms/main";

fn vectors() -> Value {
    serde_json::from_str(include_str!("../vectors/edge_formats.json")).unwrap()
}

fn edge(at: u64, http: Scripted, settings: impl FnOnce(EdgeBuilder) -> EdgeBuilder) -> Edge {
    let profile = Profile::new(ISSUER, &format!("{ISSUER}/auth"), &format!("{ISSUER}/token"));
    let client = Client::with_profile(profile, "app")
        .redirect_uri("https://app.example/callback")
        .authentication(ClientAuthentication::secret_basic("s"))
        .runtime(Clock::at(at))
        .http(http)
        .build_known()
        .unwrap();
    let builder = Edge::builder(client, vectors()["key"].as_str().unwrap().parse().unwrap())
        .login("/login", |_| Ok(AuthorizationRequest::new("read")))
        .post_logout_redirect_uri("https://app.example/bye");
    settings(builder).build().unwrap()
}

async fn says(session: Session) -> String {
    let claims: Value = serde_json::from_str(session.claims().unwrap().json()).unwrap();
    json!({
        "claims": claims,
        "data": serde_json::from_str::<Value>(&session.data().unwrap()).unwrap(),
        "begunAt": session.begun_at(),
        "expiresAt": session.expires_at(),
        "idleAt": session.idle_at(),
        "accessToken": session.tokens().access_token.expose(),
        "idToken": session.tokens().id_token.as_ref().unwrap().expose(),
        "scope": session.tokens().scope,
    })
    .to_string()
}

#[test]
fn the_packages_sessions_are_read() {
    let vectors = vectors();
    for part in ["cookies", "store"] {
        run(async {
            let at = vectors["at"].as_u64().unwrap();
            let store = MemoryStore::new();
            for (name, text) in vectors[part]["records"].as_object().into_iter().flatten() {
                let text = Secret::new(text.as_str().unwrap());
                assert!(store.compare_and_set(name, None, &text, Duration::from_secs(9999)).await.unwrap());
            }
            let edge = edge(at, Scripted::new(), |builder| if part == "store" { builder.store(store) } else { builder });
            let cookie: Vec<String> = vectors[part]["session"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| format!("{name}={}", value.as_str().unwrap()))
                .collect();
            let mut app: Router = edge.protect(Router::new().route("/", get(says)));
            let request = Request::builder().uri("/").header("cookie", cookie.join("; ")).body(AxumBody::empty()).unwrap();
            let answer = app.call(request).await.unwrap();
            assert_eq!(answer.status(), 200, "{part}");
            let found: Value = serde_json::from_slice(&to_bytes(answer.into_body(), 1 << 20).await.unwrap()).unwrap();
            assert_eq!(found, vectors[part]["says"], "{part}");
        });
    }
}

/// Cookies and records as this crate writes them.
async fn made(stored: bool) -> Value {
    let answer =
        r#"{"access_token":"eyJhIjoxfQ.eyJiIjoyfQ.AAAA","token_type":"Bearer","expires_in":300,"refresh_token":"r-0","scope":"read"}"#;
    let http = Scripted::new().json(200, answer);
    let store = MemoryStore::new();
    let shared = store.clone();
    let edge = edge(1_796_048_582, http, move |builder| if stored { builder.store(shared) } else { builder });
    let mut app: Router = edge.protect(Router::new());
    let asked = Request::builder().uri("/login?returnTo=%2Fhome").header("host", "app.example").body(AxumBody::empty()).unwrap();
    let away = app.call(asked).await.unwrap();
    let cookie = |response: &axum::response::Response| {
        let line = response
            .headers()
            .get_all("set-cookie")
            .iter()
            .map(|line| line.to_str().unwrap().to_owned())
            .find(|line| !line.contains("Max-Age=0"));
        let (name, value) = line.as_ref().unwrap().split(';').next().unwrap().split_once('=').unwrap();
        (name.to_owned(), value.to_owned())
    };
    let login = cookie(&away);
    let state = super::support::parameter(away.headers()["location"].to_str().unwrap(), "state").unwrap();
    let back = Request::builder().uri(format!("/callback?code=c&state={state}")).header("cookie", format!("{}={}", login.0, login.1));
    let back = app.call(back.body(AxumBody::empty()).unwrap()).await.unwrap();
    assert_eq!(back.headers()["location"], "/home");
    let session = cookie(&back);
    let mut records = json!({});
    if stored {
        let digest = |text: &str| {
            use base64ct::{Base64UrlUnpadded, Encoding};
            use sha2::Digest;
            Base64UrlUnpadded::encode_string(&sha2::Sha256::digest(text.as_bytes()))
        };
        let name = digest(&json!(["session", format!("{ISSUER} app /"), session.1]).to_string());
        records[&name] = json!(store.read(&name).await.unwrap().unwrap().text.expose());
    }
    json!({ "login": { login.0: login.1 }, "session": { session.0: session.1 }, "records": records })
}

#[test]
fn what_is_written_is_as_the_vectors_are() {
    run(async {
        let mut made = json!({
            "at": 1_796_048_582, "key": vectors()["key"], "binding": format!("{ISSUER} app /"),
            "cookies": made(false).await, "store": made(true).await,
        });
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/edge_formats_rust.json");
        if std::env::var_os("WRITE_VECTORS").is_some() {
            std::fs::write(file, format!("{made:#}\n")).unwrap();
        }
        // Randomness differs from writing to writing; names and lengths do not.
        let mut kept: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        for vectors in [&mut made, &mut kept] {
            for part in ["cookies", "store"] {
                for kind in ["login", "session", "records"] {
                    let all = vectors[part][kind].as_object().unwrap();
                    let shapes: Vec<_> = all.iter().map(|(name, text)| (name.len(), text.as_str().unwrap().len())).collect();
                    vectors[part][kind] = json!(shapes);
                }
            }
        }
        assert_eq!(made, kept);
    });
}
