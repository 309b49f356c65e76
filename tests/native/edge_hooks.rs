//! What an application does at an edge's own steps: with a new session, with what it keeps there, with an error that a person sees.

use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::get;
use samtykke::native::MemoryStore;
use samtykke::native::edge::{Edge, Session, SetCookies};
use samtykke::native::testing::Clock;

use super::browser::{Op, browser_of, edge, text};
use super::support::{NOW, run};

async fn data(session: Session) -> String {
    session.data().unwrap_or_default()
}

async fn visit(State(edge): State<Edge>, headers: HeaderMap) -> samtykke::Result<(SetCookies, &'static str)> {
    Ok((edge.keep(&headers, Some(r#"{"visits":2}"#.into())).await?, "kept"))
}

async fn odd(State(edge): State<Edge>, headers: HeaderMap) -> samtykke::Result<(SetCookies, &'static str)> {
    Ok((edge.keep(&headers, Some("{".into())).await?, "kept"))
}

fn app(edge: &Edge) -> Router {
    let router = Router::new().route("/", get(data)).route("/visit", get(visit)).route("/odd", get(odd));
    edge.protect(router).with_state(edge.clone())
}

#[test]
fn what_the_application_keeps_comes_with_the_session() {
    for stored in [false, true] {
        run(async {
            let (op, clock) = (Op::default(), Clock::at(NOW));
            let edge = edge(&op, &clock, |builder| {
                let builder = builder.on_session(|session| async move {
                    let sub = session.claims().and_then(|claims| claims.text("sub"));
                    Ok(sub.map(|sub| format!(r#"{{"known":"{sub}"}}"#)))
                });
                if stored { builder.store(MemoryStore::new().clock(clock.clone())) } else { builder }
            });
            let mut browser = browser_of(app(&edge), &op);
            assert_eq!(text(browser.get("/visit").await).await, "kept", "nothing happens without a session");
            browser.log_in("/login").await;
            assert_eq!(text(browser.get("/").await).await, r#"{"known":"kari"}"#);
            assert_eq!(text(browser.get("/visit").await).await, "kept");
            assert_eq!(text(browser.get("/").await).await, r#"{"visits":2}"#);
            assert_eq!(browser.get("/odd").await.status(), 400, "what is no JSON is not kept");
        });
    }
}

#[test]
fn a_session_that_the_application_refuses_is_none() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let edge = edge(&op, &clock, |builder| {
            let refused = || samtykke::Error::new(&samtykke::error::codes::UNAUTHORIZED).expected("somebody of ours");
            builder
                .on_session(move |_| async move { Err(refused()) })
                .error_page(|error, _| Some((axum::http::StatusCode::FORBIDDEN, format!("<p>{}</p>", error.code())).into_response()))
        });
        let mut browser = browser_of(app(&edge), &op);
        let shown = browser.log_in("/login").await;
        assert_eq!((shown.status().as_u16(), shown.headers()["cache-control"].to_str().unwrap()), (403, "private, no-store"));
        assert_eq!(text(shown).await, "<p>unauthorized</p>");
        assert!(browser.cookies.is_empty(), "neither a session nor a login is left: {:?}", browser.cookies);
        while op.revoked.load(std::sync::atomic::Ordering::SeqCst) == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        // A script gets the same as JSON.
        let request = browser.request("GET", "/callback?error=x").body(axum::body::Body::empty()).unwrap();
        let told = browser.send(request).await;
        assert_eq!(told.headers()["content-type"], "application/json");
    });
}
