//! A browser that looks at an application behind an edge, and the server that it logs in at.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body as AxumBody, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use axum::routing::get;
use samtykke::native::edge::{Edge, EdgeBuilder, Session};
use samtykke::native::testing::Clock;
use samtykke::native::{Body, BoxFuture, Client, Http, TransportError, bytes::Bytes, http};
use samtykke::{AuthorizationRequest, ClientAuthentication};
use tower_service::Service;

use super::stores::KEY;
use super::support::{id_token, key_set, parameter, profile};

/// A server that logs everybody in as Kari, and rotates refresh tokens: one that comes twice ends the login.
#[derive(Clone, Default)]
pub(crate) struct Op {
    pub(crate) nonce: Arc<Mutex<String>>,
    pub(crate) refreshes: Arc<AtomicU32>,
    pub(crate) revoked: Arc<AtomicU32>,
    /// Whether what is wrong with the next refresh is its access token.
    pub(crate) odd: Arc<AtomicBool>,
}

impl Http for Op {
    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let form = String::from_utf8(request.body().to_vec()).unwrap();
            let (status, json) = match request.uri().path() {
                "/jwks" => (200, key_set()),
                "/revoke" => {
                    self.revoked.fetch_add(1, Ordering::SeqCst);
                    (200, String::new())
                }
                _ if parameter(&form, "grant_type").as_deref() == Some("refresh_token") => {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    let turn = self.refreshes.fetch_add(1, Ordering::SeqCst);
                    if parameter(&form, "refresh_token") == Some(format!("r{turn}")) {
                        let next = turn + 1;
                        let name = if self.odd.swap(false, Ordering::SeqCst) { "token" } else { "access_token" };
                        (200, format!(r#"{{"{name}":"a{next}","token_type":"Bearer","expires_in":300,"refresh_token":"r{next}"}}"#))
                    } else {
                        (400, r#"{"error":"invalid_grant"}"#.into())
                    }
                }
                _ => {
                    let id_token = id_token(&self.nonce.lock().unwrap(), r#","sid":"s1","name":"Kari""#);
                    let rest = format!(r#""refresh_token":"r0","id_token":"{id_token}""#);
                    (200, format!(r#"{{"access_token":"a0","token_type":"Bearer","expires_in":300,{rest}}}"#))
                }
            };
            let mut answer = http::Response::new(Body::from(json));
            *answer.status_mut() = http::StatusCode::from_u16(status).unwrap();
            answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
            Ok(answer)
        })
    }
}

/// A browser: its cookies, and the application it looks at.
pub(crate) struct Browser {
    pub(crate) app: Router,
    op: Op,
    pub(crate) cookies: BTreeMap<String, String>,
}

pub(crate) async fn home(session: Session) -> String {
    format!("{} {}", session.claims().unwrap().text("name").unwrap(), session.tokens().access_token.expose())
}

async fn maybe(session: Option<Session>) -> String {
    assert!(session.as_ref().is_none_or(|session| session.tokens().refresh_token.is_none()));
    session.map_or("nobody".into(), |session| session.claims().unwrap().text("sub").unwrap())
}

pub(crate) fn edge(op: &Op, clock: &Clock, settings: impl FnOnce(EdgeBuilder) -> EdgeBuilder) -> Edge {
    let mut profile = profile();
    profile.endpoints.revocation = Some("https://op.example/revoke".into());
    let client = Client::with_profile(profile, "client-1")
        .redirect_uri("https://rp.example/callback")
        .authentication(ClientAuthentication::secret_basic("correct horse"))
        .signing_algorithms(&["ES256"])
        .runtime(clock.clone())
        .http(op.clone())
        .build_known()
        .unwrap();
    let builder = Edge::builder(client, KEY.parse().unwrap())
        .login("/login", |_| Ok(AuthorizationRequest::new("openid offline_access")))
        .logout("/logout");
    settings(builder).build().unwrap()
}

pub(crate) fn browser(edge: &Edge, op: &Op) -> Browser {
    let app = edge.protect(Router::new().route("/", get(home)).route("/maybe", get(maybe)).route("/deep/{*rest}", get(home)));
    browser_of(app, op)
}

pub(crate) fn browser_of(app: Router, op: &Op) -> Browser {
    Browser { app, op: op.clone(), cookies: BTreeMap::new() }
}

pub(crate) fn sent_to(response: &Response) -> &str {
    response.headers()["location"].to_str().unwrap()
}

pub(crate) async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

impl Browser {
    pub(crate) fn cookie(&self) -> String {
        self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> http::request::Builder {
        Request::builder().method(method).uri(path).header("host", "rp.example").header("cookie", self.cookie())
    }

    pub(crate) async fn send(&mut self, request: Request) -> Response {
        let response = self.app.call(request).await.unwrap();
        for line in response.headers().get_all("set-cookie") {
            let line = line.to_str().unwrap();
            assert!(line.contains("; Path=/; Max-Age=") && line.contains("; HttpOnly; SameSite=Lax; Secure"), "{line}");
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if line.contains("Max-Age=0") {
                self.cookies.remove(name)
            } else {
                self.cookies.insert(name.into(), value.into())
            };
        }
        response
    }

    pub(crate) async fn get(&mut self, path: &str) -> Response {
        self.send(self.request("GET", path).header("accept", "text/html").body(AxumBody::empty()).unwrap()).await
    }

    /// Goes to the server and comes back.
    pub(crate) async fn log_in(&mut self, path: &str) -> Response {
        let away = self.get(path).await;
        assert_eq!(away.status(), 303);
        let url = sent_to(&away).to_owned();
        assert!(url.starts_with("https://op.example/authorize?"), "{url}");
        *self.op.nonce.lock().unwrap() = parameter(&url, "nonce").unwrap();
        let state = parameter(&url, "state").unwrap();
        self.get(&format!("/callback?code=c-{state}&state={state}")).await
    }
}
