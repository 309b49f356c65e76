//! Logins and sessions on axum, request by request: what the handlers answer, what the extractors give, and bad days.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body as AxumBody;
use axum::extract::Request;
use axum::routing::get;
use samtykke::Secret;
use samtykke::native::edge::{Edge, Session};
use samtykke::native::testing::Clock;
use samtykke::native::{Client, Kept, Lock, MemoryStore, StoreError, StoreFuture, TokenStore};
use tower_service::Service;

use super::browser::{Op, browser, edge, home, sent_to, text};
use super::stores::KEY;
use super::support::{NOW, parameter, profile, run, signed};

#[test]
fn a_login_a_session_and_a_logout() {
    for stored in [false, true] {
        run(async {
            let (op, clock) = (Op::default(), Clock::at(NOW));
            let edge = edge(&op, &clock, |builder| {
                let builder = builder.post_logout_redirect_uri("https://rp.example/bye");
                if stored { builder.store(MemoryStore::new().clock(clock.clone())) } else { builder.best_effort_refresh() }
            });
            let mut browser = browser(&edge, &op);
            // Without a session: a navigation goes to the login and comes back, a script is told.
            let away = browser.get("/deep/down?x=1").await;
            assert_eq!((away.status().as_u16(), sent_to(&away)), (303, "/login?returnTo=%2Fdeep%2Fdown%3Fx%3D1"));
            let told = browser.send(browser.request("GET", "/").body(AxumBody::empty()).unwrap()).await;
            assert_eq!(told.status(), 401);
            assert_eq!(text(told).await, r#"{"code":"session_missing","action":"restart","status":401}"#);
            assert_eq!(text(browser.get("/maybe").await).await, "nobody");

            let back = browser.log_in("/login?returnTo=%2Fdeep%2Fdown%3Fx%3D1").await;
            assert_eq!((back.status().as_u16(), sent_to(&back)), (303, "/deep/down?x=1"));
            assert_eq!(back.headers()["cache-control"], "private, no-store");
            assert!(browser.cookies.keys().all(|name| !name.contains("-login-")), "a login's cookie goes with it");
            assert_eq!(text(browser.get("/").await).await, "Kari a0");
            assert_eq!(text(browser.get("/maybe").await).await, "kari");

            // Tokens that end are renewed; the person stays who they were.
            clock.advance(Duration::from_secs(250));
            assert_eq!(text(browser.get("/").await).await, "Kari a1");
            assert_eq!(text(browser.get("/").await).await, "Kari a1");
            assert_eq!(op.refreshes.load(Ordering::SeqCst), 1);

            // A logout is a form of this origin, and goes on to the server with the id_token.
            let foreign = browser.request("POST", "/logout").header("sec-fetch-site", "cross-site").body(AxumBody::empty()).unwrap();
            assert_eq!(browser.send(foreign).await.status(), 403);
            assert_eq!(browser.get("/logout").await.status(), 405);
            let own = browser.request("POST", "/logout").header("origin", "https://rp.example").body(AxumBody::empty()).unwrap();
            let away = browser.send(own).await;
            let url = sent_to(&away).to_owned();
            assert!(url.starts_with("https://op.example/logout?id_token_hint=") && url.contains("&post_logout_redirect_uri="), "{url}");
            assert_eq!(browser.get("/").await.status(), 303);
            let home = browser.get(&format!("/bye?state={}", parameter(&url, "state").unwrap())).await;
            assert_eq!(sent_to(&home), "/");
            // In a store the record is gone; a browser is told which session must not come back.
            assert_eq!(browser.cookies.len(), usize::from(!stored));
            assert!(browser.cookies.keys().all(|name| name.ends_with("-over")), "{:?}", browser.cookies.keys());
            while op.revoked.load(Ordering::SeqCst) == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
    }
}

#[test]
fn an_answer_under_way_at_a_logout_brings_no_session_back() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let edge = edge(&op, &clock, |builder| builder.best_effort_refresh());
        let mut browser = browser(&edge, &op);
        browser.log_in("/login").await;
        clock.advance(Duration::from_secs(250));
        // Its cookies are set after the logout's.
        let late = browser.get("/").await;
        let session: Vec<_> = browser.cookies.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        assert_eq!((late.status().as_u16(), op.refreshes.load(Ordering::SeqCst)), (200, 1));
        let own = browser.request("POST", "/logout").header("origin", "https://rp.example").body(AxumBody::empty()).unwrap();
        assert_eq!(browser.send(own).await.status(), 303);
        browser.cookies.extend(session);
        assert_eq!(browser.get("/").await.status(), 303);
        // Whoever logs in again, if in the same second, is in.
        browser.log_in("/login").await;
        assert_eq!(browser.get("/").await.status(), 200);
    });
}

#[test]
fn sessions_end_by_their_own_clock() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let edge = edge(&op, &clock, |builder| builder.max_age(Duration::from_secs(7200)).idle(Duration::from_secs(3600)));
        let mut browser = browser(&edge, &op);
        browser.log_in("/login").await;
        // Without best_effort_refresh tokens in cookies are not renewed; the login stays.
        clock.advance(Duration::from_secs(3000));
        assert_eq!(text(browser.get("/").await).await, "Kari a0");
        assert_eq!(op.refreshes.load(Ordering::SeqCst), 0);
        // That was a use, so an hour begins anew; the longest life does not.
        clock.advance(Duration::from_secs(3000));
        assert_eq!(browser.get("/").await.status(), 200);
        clock.advance(Duration::from_secs(1201));
        assert_eq!(browser.get("/").await.status(), 303);
        browser.log_in("/login").await;
        clock.advance(Duration::from_secs(3601));
        assert_eq!(browser.get("/").await.status(), 303);
    });
}

#[test]
fn requests_at_once_renew_once() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let store = MemoryStore::new().clock(clock.clone());
        // Two processes with one store.
        let edges = [0, 1].map(|_| edge(&op, &clock, |builder| builder.store(store.clone())));
        let mut first = browser(&edges[0], &op);
        first.log_in("/login").await;
        clock.advance(Duration::from_secs(250));
        let turning = clock.clone();
        let turn = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                turning.advance(Duration::from_millis(10));
            }
        });
        let requests: Vec<_> = (0..64)
            .map(|at| {
                let mut browser = browser(&edges[at % 2], &op);
                browser.cookies = first.cookies.clone();
                tokio::spawn(async move { text(browser.get("/").await).await })
            })
            .collect();
        for request in requests {
            assert_eq!(request.await.unwrap(), "Kari a1");
        }
        assert_eq!(op.refreshes.load(Ordering::SeqCst), 1);
        turn.abort();
    });
}

#[test]
fn a_request_that_breaks_off_loses_no_refresh_token() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let edge = edge(&op, &clock, |builder| builder.store(MemoryStore::new().clock(clock.clone())));
        let mut browser = browser(&edge, &op);
        browser.log_in("/login").await;
        clock.advance(Duration::from_secs(250));
        let request = browser.request("GET", "/").body(AxumBody::empty()).unwrap();
        let mut app = browser.app.clone();
        let gone = tokio::spawn(async move { app.call(request).await });
        while op.refreshes.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        gone.abort();
        let _ = gone.await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        // The lock is free, the new tokens are kept.
        assert_eq!(text(browser.get("/").await).await, "Kari a1");
        assert_eq!(op.refreshes.load(Ordering::SeqCst), 1);
    });
}

/// A store that can be switched off.
#[derive(Clone)]
struct Switched(MemoryStore, Arc<Mutex<bool>>);

impl Switched {
    fn on<'a, T: Send + 'a>(&self, work: StoreFuture<'a, T>) -> StoreFuture<'a, T> {
        if *self.1.lock().unwrap() { Box::pin(async { Err(StoreError::new("down")) }) } else { work }
    }
}

impl TokenStore for Switched {
    fn read<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Kept>> {
        self.on(self.0.read(name))
    }
    fn lock<'a>(&'a self, name: &'a str, lease: Duration) -> StoreFuture<'a, Option<Lock>> {
        self.on(self.0.lock(name, lease))
    }
    fn write<'a>(&'a self, name: &'a str, fence: &'a str, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        self.on(self.0.write(name, fence, text, life))
    }
    fn unlock<'a>(&'a self, name: &'a str, fence: &'a str) -> StoreFuture<'a, ()> {
        self.on(self.0.unlock(name, fence))
    }
    fn compare_and_set<'a>(&'a self, name: &'a str, before: Option<&'a Secret>, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        self.on(self.0.compare_and_set(name, before, text, life))
    }
    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()> {
        self.on(self.0.delete(name))
    }
}

#[test]
fn a_store_that_is_down_is_no_missing_session() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let store = Switched(MemoryStore::new().clock(clock.clone()), Arc::default());
        let heard = Arc::new(AtomicU32::new(0));
        let hearing = heard.clone();
        let edge = edge(&op, &clock, |builder| {
            builder.store(store.clone()).on_error(move |error| {
                assert_eq!(error.code(), "session_unavailable");
                hearing.fetch_add(1, Ordering::SeqCst);
            })
        });
        let mut browser = browser(&edge, &op);
        browser.log_in("/login").await;
        let cookies = browser.cookies.clone();
        *store.1.lock().unwrap() = true;
        for path in ["/", "/maybe"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.status(), 503, "{path}");
            assert_eq!(text(answer).await, r#"{"code":"session_unavailable","action":"try_later","status":503}"#);
        }
        assert_eq!(browser.cookies, cookies, "nobody is logged out by it");
        assert_eq!(heard.load(Ordering::SeqCst), 2);
        *store.1.lock().unwrap() = false;
        assert_eq!(text(browser.get("/").await).await, "Kari a0");
    });
}

#[test]
fn a_refresh_token_that_the_server_ended_leaves_the_login() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let codes = Arc::new(Mutex::new(Vec::new()));
        let hearing = codes.clone();
        let store = MemoryStore::new().clock(clock.clone());
        let edge = edge(&op, &clock, |builder| builder.store(store).on_error(move |error| hearing.lock().unwrap().push(error.code())));
        let mut browser = browser(&edge, &op);
        browser.log_in("/login").await;
        op.refreshes.store(7, Ordering::SeqCst);
        clock.advance(Duration::from_secs(250));
        assert_eq!(text(browser.get("/").await).await, "Kari a0");
        assert_eq!(*codes.lock().unwrap(), ["session_stale"]);
    });
}

#[test]
fn a_refresh_token_whose_answer_is_refused_is_kept() {
    run(async {
        for stored in [false, true] {
            let (op, clock) = (Op::default(), Clock::at(NOW));
            let codes = Arc::new(Mutex::new(Vec::new()));
            let hearing = codes.clone();
            let edge = edge(&op, &clock, |builder| {
                let builder = builder.on_error(move |error| hearing.lock().unwrap().push(error.code()));
                if stored { builder.store(MemoryStore::new().clock(clock.clone())) } else { builder.best_effort_refresh() }
            });
            let mut browser = browser(&edge, &op);
            browser.log_in("/login").await;
            clock.advance(Duration::from_secs(250));
            op.odd.store(true, Ordering::SeqCst);
            assert_eq!(text(browser.get("/").await).await, "Kari a0");
            assert_eq!(*codes.lock().unwrap(), ["token_response_malformed"]);
            assert_eq!(text(browser.get("/").await).await, "Kari a2", "the server has ended the login: {stored}");
            assert_eq!(op.refreshes.load(Ordering::SeqCst), 2);
        }
    });
}

#[test]
fn what_is_not_ours_begins_and_ends_nothing() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let edge = edge(&op, &clock, |builder| builder);
        let mut browser = browser(&edge, &op);
        let mut status = async |request: Request| browser.send(request).await.status().as_u16();
        let asking = |host: &str, name: &'static str, value: &str| {
            Request::builder().uri("/login").header("host", host).header(name, value).body(AxumBody::empty()).unwrap()
        };
        assert_eq!(status(asking("evil.example", "accept", "*/*")).await, 403);
        assert_eq!(status(asking("rp.example", "sec-fetch-site", "cross-site")).await, 403);
        assert_eq!(status(asking("rp.example", "sec-purpose", "prefetch")).await, 204);
        for target in [
            "https://evil.example",
            "//evil.example",
            "/%2F/evil.example",
            "/\\evil",
            "/a/..//evil",
            "/login",
            "/logout",
            "/callback/",
            "/a b",
            "/a/../login",
        ] {
            let path: String = form_urlencoded::Serializer::new(String::from("/login?")).append_pair("returnTo", target).finish();
            let path = path.replace("?&", "?");
            let request = Request::builder().uri(path).header("host", "rp.example").body(AxumBody::empty()).unwrap();
            assert_eq!(status(request).await, 400, "{target}");
        }
        let callback = |query: &str, cookie: &str| {
            let path = format!("/callback?{query}");
            Request::builder().uri(path).header("host", "rp.example").header("cookie", cookie).body(AxumBody::empty()).unwrap()
        };
        assert_eq!(status(callback("code=c&state=s", "")).await, 400);
        browser.log_in("/login").await;
        assert_eq!(browser.get("/").await.status(), 200);

        // A cookie that was changed, or pieces that do not belong together, is no session.
        let good = browser.cookies.clone();
        let (name, value) = good.iter().next().unwrap();
        assert!(name.starts_with("__Host-samtykke-") && name.ends_with("-session-0"), "{name}");
        for wrong in [format!("{value}A"), format!("A{}", &value[1..]), value.replacen('1', "2", 1), String::new()] {
            browser.cookies.insert(name.clone(), wrong.clone());
            assert_eq!(browser.get("/").await.status(), 303, "{wrong}");
        }
        browser.cookies = good.clone();
        browser.cookies.insert(name.replace("-session-0", "-session-1"), value.clone());
        assert_eq!(browser.get("/").await.status(), 303);
        browser.cookies = good.clone();
        let twice = Request::builder().uri("/").header("cookie", format!("{}; {}", browser.cookie(), browser.cookie()));
        assert_eq!(browser.send(twice.body(AxumBody::empty()).unwrap()).await.status(), 401, "a name given twice is not ours");
    });
}

#[test]
fn a_callback_counts_once() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let store = MemoryStore::new().clock(clock.clone());
        let edges = [0, 1].map(|_| edge(&op, &clock, |builder| builder.store(store.clone())));
        let mut browser = browser(&edges[0], &op);
        let away = browser.get("/login").await;
        let url = sent_to(&away).to_owned();
        *op.nonce.lock().unwrap() = parameter(&url, "nonce").unwrap();
        let path = format!("/callback?code=c1&state={}", parameter(&url, "state").unwrap());
        let mut other = super::browser::browser(&edges[1], &op);
        other.cookies = browser.cookies.clone();
        assert_eq!(browser.get(&path).await.status(), 303);
        let again = other.get(&path).await;
        assert_eq!(again.status(), 400);
        assert!(text(again).await.contains("transaction_used"));
        // The server's own error ends the flow, and shows nothing but its code.
        browser.get("/login").await;
        let state = browser.cookies.keys().find_map(|name| name.split_once("-login-").map(|(_, state)| state.to_owned())).unwrap();
        let refused = browser.get(&format!("/callback?error=access_denied&state={state}")).await;
        assert!(text(refused).await.contains("state_mismatch"));
        assert!(browser.cookies.keys().any(|name| name.contains("-login-")), "a forged answer ends no flow");
    });
}

#[test]
fn the_server_ends_sessions_behind_the_persons_back() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let store = MemoryStore::new().clock(clock.clone());
        let edge = edge(&op, &clock, |builder| builder.store(store).backchannel_logout("/backchannel-logout"));
        let mut browser = browser(&edge, &op);
        browser.log_in("/login").await;
        assert_eq!(browser.get("/").await.status(), 200);
        let post = |token: &str| {
            let builder = Request::builder().method("POST").uri("/backchannel-logout");
            let builder = builder.header("content-type", "application/x-www-form-urlencoded");
            builder.body(AxumBody::from(format!("logout_token={token}"))).unwrap()
        };
        let events = r#""events":{"http://schemas.openid.net/event/backchannel-logout":{}}"#;
        let token = |jti: &str, whom: &str| {
            let (iat, exp) = (NOW, NOW + 120);
            signed(&format!(r#"{{"iss":"https://op.example","aud":"client-1","iat":{iat},"exp":{exp},"jti":"{jti}",{whom},{events}}}"#))
        };
        assert_eq!(browser.send(post("x.y.z")).await.status(), 400);
        assert_eq!(browser.send(post(&token("j0", r#""sid":"another""#))).await.status(), 200);
        assert_eq!(browser.get("/").await.status(), 200, "another's session");
        let this = token("j1", r#""sid":"s1""#);
        assert_eq!(browser.send(post(&this)).await.status(), 200);
        assert_eq!(browser.send(post(&this)).await.status(), 400, "a token counts once");
        assert_eq!(browser.get("/").await.status(), 303);
        clock.advance(Duration::from_secs(1));
        browser.log_in("/login").await;
        assert_eq!(browser.get("/").await.status(), 200, "a new login is another session");
    });
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let client = |uri: &str| {
        let client = Client::with_profile(profile(), "client-1").http(Op::default());
        (if uri.is_empty() { client } else { client.redirect_uri(uri) }).build_known().unwrap()
    };
    let builder = |uri: &str| Edge::builder(client(uri), KEY.parse().unwrap());
    assert_eq!(builder("").build().unwrap_err().code(), "invalid_configuration");
    let good = "https://rp.example/cb";
    assert_eq!(builder(good).backchannel_logout("/b").build().unwrap_err().code(), "invalid_configuration");
    assert_eq!(builder(good).logout("logout").build().unwrap_err().code(), "invalid_configuration");
    assert_eq!(builder(good).home("/cb").build().unwrap_err().code(), "return_to_refused");
    assert_eq!(builder(good).base_path("/app").home("/other").build().unwrap_err().code(), "return_to_refused");
    assert!(builder(good).base_path("/app").home("/app/start").build().is_ok());
    fn is<T: Send + Sync + Clone + 'static>() {}
    is::<Edge>();
    is::<Session>();
}

#[test]
fn a_route_outside_the_edge_says_so() {
    run(async {
        let mut app: Router = Router::new().route("/", get(home));
        let answer = app.call(Request::builder().uri("/").body(AxumBody::empty()).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 400);
        assert!(text(answer).await.contains("invalid_configuration"));
    });
}
