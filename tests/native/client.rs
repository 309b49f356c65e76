//! Clients that remember: logins, refreshes, APIs, and what happens when somebody breaks off.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use samtykke::jose::Algorithm;
use samtykke::native::bytes::Bytes;
use samtykke::native::testing::{Clock, Scripted};
use samtykke::native::{Body, Builder, Client, SigningKey, TransportError, http};
use samtykke::protocol::logout::Logout;
use samtykke::{AuthorizationRequest, Callback, ClientAuthentication, Secret, Tokens};

use super::support::{NOW, id_token, key_set, parameter, profile, run};

fn builder(http: &Scripted) -> Builder {
    Client::with_profile(profile(), "client-1")
        .redirect_uri("https://rp.example/cb")
        .authentication(ClientAuthentication::secret_basic("correct horse"))
        .signing_algorithms(&["ES256"])
        .api("https://api.example/v1")
        .runtime(Clock::at(NOW))
        .http(http.clone())
}

async fn client(http: &Scripted) -> Client {
    builder(http).build().await.unwrap()
}

fn tokens(refresh_token: &str) -> Tokens {
    let mut tokens = Tokens::bare("a0", samtykke::protocol::token::TokenType::Bearer);
    tokens.refresh_token = Some(Secret::new(refresh_token));
    tokens
}

const NEW: &str = r#"{"access_token":"a1","token_type":"Bearer","refresh_token":"r1"}"#;

fn body(request: &http::Request<Bytes>) -> String {
    String::from_utf8(request.body().to_vec()).unwrap()
}

#[test]
fn a_login_from_discovery_to_userinfo() {
    run(async {
        let metadata = r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/authorize","token_endpoint":"https://op.example/token","jwks_uri":"https://op.example/jwks","userinfo_endpoint":"https://op.example/userinfo","end_session_endpoint":"https://op.example/logout"}"#;
        let http = Scripted::new().json(200, metadata);
        let client = Client::discover("https://op.example", "client-1")
            .redirect_uri("https://rp.example/cb")
            .signing_algorithms(&["ES256"])
            .runtime(Clock::at(NOW))
            .http(http.clone())
            .build()
            .await
            .unwrap();
        let login = client.begin(AuthorizationRequest::new("openid")).await.unwrap();
        let nonce = parameter(&login.url, "nonce").unwrap();
        let answer = format!(r#"{{"access_token":"a","token_type":"Bearer","id_token":"{}"}}"#, id_token(&nonce, ""));
        let _script = http.clone().json(200, &answer).json(200, &key_set()).json(200, r#"{"sub":"kari","name":"Kari"}"#);
        let callback = format!("https://rp.example/cb?code=c1&state={}", login.transaction.state());
        let tokens = client.finish(login.transaction, Callback::Url(&callback)).await.unwrap();
        assert_eq!(client.userinfo(&tokens).await.unwrap().text("name").as_deref(), Some("Kari"));
        let logout = Logout { id_token_hint: tokens.id_token.clone(), ..Logout::default() };
        assert!(client.logout_url(&logout).unwrap().starts_with("https://op.example/logout?id_token_hint="));

        // The next login asks for no key set: it is known.
        let login = client.begin(AuthorizationRequest::new("openid")).await.unwrap();
        let nonce = parameter(&login.url, "nonce").unwrap();
        let answer = format!(r#"{{"access_token":"a","token_type":"Bearer","id_token":"{}"}}"#, id_token(&nonce, ""));
        let _script = http.clone().json(200, &answer);
        let callback = format!("https://rp.example/cb?code=c2&state={}", login.transaction.state());
        client.finish(login.transaction, Callback::Url(&callback)).await.unwrap();
        assert_eq!(http.left(), 0);
    });
}

#[test]
fn fapi2_pushes_proves_and_learns_nonces() {
    run(async {
        let mut profile = profile();
        profile.endpoints.pushed_authorization_request = Some("https://op.example/par".into());
        profile.iss_parameter = true;
        let es256 = Algorithm::from_name("ES256").unwrap();
        let http = Scripted::new();
        let client = Client::with_profile(profile, "client-1")
            .redirect_uri("https://rp.example/cb")
            .authentication(SigningKey::generate(es256).unwrap().with_kid("k"))
            .dpop(SigningKey::generate(es256).unwrap())
            .api("https://api.example")
            .fapi2()
            .runtime(Clock::at(NOW))
            .http(http.clone())
            .build()
            .await
            .unwrap();
        let mut pushed = http::Response::new(Body::from(r#"{"request_uri":"urn:x:1","expires_in":60}"#));
        *pushed.status_mut() = http::StatusCode::CREATED;
        pushed.headers_mut().insert("content-type", "application/json".parse().unwrap());
        pushed.headers_mut().insert("dpop-nonce", "n1".parse().unwrap());
        let _script = http.clone().answer(pushed);
        let login = client.begin(AuthorizationRequest::new("read")).await.unwrap();
        assert_eq!(login.url, "https://op.example/authorize?client_id=client-1&request_uri=urn%3Ax%3A1");
        let par = http.sent().remove(0);
        assert!(body(&par).contains("client_assertion=") && body(&par).contains("dpop_jkt="));

        let _script = http.clone().json(200, r#"{"access_token":"a","token_type":"DPoP"}"#);
        let callback = format!("https://rp.example/cb?code=c1&state={}&iss=https%3A%2F%2Fop.example", login.transaction.state());
        let tokens = client.finish(login.transaction, Callback::Url(&callback)).await.unwrap();
        let proof = http.sent().remove(0).headers()["dpop"].clone();
        assert!(payload(proof.to_str().unwrap()).contains(r#""nonce":"n1""#), "the nonce of the pushed request is used");

        // The API asks for a nonce of its own, once.
        let mut asks = http::Response::new(Body::empty());
        *asks.status_mut() = http::StatusCode::UNAUTHORIZED;
        asks.headers_mut().insert("www-authenticate", "DPoP error=\"use_dpop_nonce\"".parse().unwrap());
        asks.headers_mut().insert("dpop-nonce", "api-1".parse().unwrap());
        let raw = http::Response::new(Body::from(Bytes::from_static(b"\xff\x00")));
        let _script = http.clone().answer(asks).answer(raw);
        let request = http::Request::put("https://api.example/things").header("x-own", "1").body(Bytes::from_static(b"\xfe")).unwrap();
        let answer = client.send(&tokens, request).await.unwrap();
        assert_eq!(&answer.body()[..], b"\xff\x00");
        let sent = http.sent();
        assert_eq!((sent.len(), sent[1].method().as_str(), &sent[1].body()[..]), (2, "PUT", &b"\xfe"[..]));
        assert_eq!(sent[1].headers()["x-own"], "1");
        assert_eq!(sent[1].headers()["authorization"], "DPoP a");
        assert!(payload(sent[1].headers()["dpop"].to_str().unwrap()).contains(r#""nonce":"api-1""#));
    });
}

fn payload(jwt: &str) -> String {
    use base64ct::{Base64UrlUnpadded, Encoding};
    String::from_utf8(Base64UrlUnpadded::decode_vec(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

#[test]
fn fapi2_refuses_what_does_not_reach_it() {
    run(async {
        let es256 = Algorithm::from_name("ES256").unwrap();
        let key = || SigningKey::generate(es256).unwrap();
        let mut good = profile();
        good.endpoints.pushed_authorization_request = Some("https://op.example/par".into());
        good.iss_parameter = true;
        let start = |profile| Client::with_profile(profile, "client-1").redirect_uri("https://rp.example/cb").http(Scripted::new()).fapi2();
        let expected = async |builder: Builder| String::from(builder.build().await.unwrap_err().expected_value().unwrap());
        let mut no_iss = good.clone();
        no_iss.iss_parameter = false;
        assert!(expected(start(profile()).authentication(key()).dpop(key())).await.contains("pushed"));
        assert!(expected(start(no_iss).authentication(key()).dpop(key())).await.contains("9207"));
        assert!(
            expected(start(good.clone()).authentication(ClientAuthentication::secret_basic("x")).dpop(key())).await.contains("certificate")
        );
        assert!(expected(start(good.clone()).authentication(key())).await.contains("bound"));
        let rs256 = start(good.clone()).authentication(key()).dpop(key()).signing_algorithms(&["RS256"]);
        assert!(expected(rs256).await.contains("signs with"));
        assert!(start(good).authentication(key()).dpop(key()).build().await.is_ok());
    });
}

#[test]
fn a_code_is_sent_once_however_often_it_is_shown() {
    run(async {
        let http = Scripted::new().fails();
        let client = client(&http).await;
        let login = client.begin(AuthorizationRequest::new("read")).await.unwrap();
        let callback = format!("https://rp.example/cb?code=c1&state={}", login.transaction.state());
        let code = client.code(login.transaction, Callback::Url(&callback)).await.unwrap();
        let again = samtykke::AuthorizationCode::restore(code.serialize().expose()).unwrap();
        assert_eq!(client.exchange(code).await.unwrap_err().code(), "network_error");
        let _script = http.clone().json(200, NEW);
        assert_eq!(client.exchange(again).await.unwrap_err().code(), "transaction_used");
        assert_eq!((http.left(), http.sent().len()), (1, 1));
    });
}

#[test]
fn callers_at_once_share_one_refresh() {
    run(async {
        let http = Scripted::new().json(200, NEW);
        let client = client(&http).await;
        let callers: Vec<_> = (0..50)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.refresh(&tokens("r0")).await.unwrap() })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().refresh_token.unwrap().expose(), "r1");
        }
        assert_eq!(http.sent().len(), 1);
    });
}

#[test]
fn a_refresh_whose_caller_is_gone_is_not_lost() {
    run(async {
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let http = Scripted::new().then(move |_| {
            Box::pin(async move {
                let _ = gone.await;
                let mut answer = http::Response::new(Body::from(NEW));
                answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
                Ok(answer)
            })
        });
        let client = client(&http).await;
        let stored = Arc::new(Mutex::new(None));
        let caller = {
            let (client, stored) = (client.clone(), stored.clone());
            tokio::spawn(async move {
                let store = move |token: Secret| {
                    let stored = stored.clone();
                    async move {
                        *stored.lock().unwrap() = Some(token);
                        Ok(())
                    }
                };
                client.refresh_to(&tokens("r0"), store).await
            })
        };
        while http.left() > 0 {
            tokio::task::yield_now().await;
        }
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        go.send(()).unwrap();
        // Who comes back gets what came, and nothing more is sent.
        assert_eq!(client.refresh(&tokens("r0")).await.unwrap().refresh_token.unwrap().expose(), "r1");
        assert_eq!(stored.lock().unwrap().as_ref().unwrap().expose(), "r1");
        assert_eq!(http.sent().len(), 1);
    });
}

#[test]
fn a_new_refresh_token_is_stored_before_the_rest_is_judged() {
    run(async {
        let http = Scripted::new().json(200, r#"{"access_token":7,"refresh_token":"r1"}"#);
        let client = client(&http).await;
        let stored = Arc::new(Mutex::new(None));
        let put = stored.clone();
        let store = move |token: Secret| {
            *put.lock().unwrap() = Some(token);
            async { Ok(()) }
        };
        assert_eq!(client.refresh_to(&tokens("r0"), store).await.unwrap_err().code(), "token_response_malformed");
        assert_eq!(stored.lock().unwrap().as_ref().unwrap().expose(), "r1");
    });
}

#[test]
fn a_refresh_token_whose_answer_was_cut_is_not_sent_again() {
    run(async {
        let cut = |_: &http::Request<Bytes>| -> samtykke::native::BoxFuture<'static, _> {
            Box::pin(async {
                let mut answer = http::Response::new(Body::new(Cut));
                answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
                Ok(answer)
            })
        };
        let http = Scripted::new().then(cut).json(200, NEW);
        let client = client(&http).await;
        assert_eq!(client.refresh(&tokens("r0")).await.unwrap_err().code(), "network_error");
        assert_eq!(client.refresh(&tokens("r0")).await.unwrap_err().code(), "transaction_used");
        assert_eq!(http.left(), 1);
        // One that no answer came for may be sent again.
        let http = Scripted::new().fails().json(200, NEW);
        let client = self::client(&http).await;
        assert_eq!(client.refresh(&tokens("r2")).await.unwrap_err().code(), "network_error");
        assert!(client.refresh(&tokens("r2")).await.is_ok());
    });
}

struct Cut;

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = TransportError;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(Some(Err(TransportError::new("cut"))))
    }
}

#[test]
fn a_task_that_panics_spoils_nothing() {
    run(async {
        let calls = Arc::new(AtomicU32::new(0));
        let counted = calls.clone();
        let http = Scripted::new()
            .then(move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
                Box::pin(async { panic!("a poisoned task") })
            })
            .json(200, NEW);
        let client = client(&http).await;
        assert_eq!(client.refresh(&tokens("r0")).await.unwrap_err().code(), "aborted");
        assert!(client.refresh(&tokens("r0")).await.is_ok());
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    });
}

#[test]
fn a_token_goes_to_named_origins_alone() {
    run(async {
        let http = Scripted::new();
        let client = client(&http).await;
        let tokens = tokens("r0");
        let get = |url: &str| http::Request::get(url).body(Bytes::new()).unwrap();
        let error = client.send(&tokens, get("https://evil.example/v1")).await.unwrap_err();
        assert_eq!(error.code(), "resource_refused");
        let own = http::Request::get("https://api.example/v1").header("authorization", "Bearer y").body(Bytes::new()).unwrap();
        assert_eq!(client.send(&tokens, own).await.unwrap_err().code(), "reserved_parameter");
        assert!(http.sent().is_empty());
        // A refusal of the API's is an answer like any other, its body whole.
        let _script = http.clone().json(401, r#"{"why":"old"}"#).json(200, &" ".repeat(2 << 20)).json(200, &" ".repeat(2 << 20));
        let answer = client.send(&tokens, get("https://api.example/v1")).await.unwrap();
        assert_eq!((answer.status().as_u16(), &answer.body()[..]), (401, &br#"{"why":"old"}"#[..]));
        assert_eq!(client.send(&tokens, get("https://api.example/v1")).await.unwrap_err().code(), "api_response_malformed");
        let mut body = client.stream(&tokens, get("https://api.example/v1")).await.unwrap().into_body();
        let mut octets = 0;
        while let Some(part) = body.chunk().await {
            octets += part.unwrap().len();
        }
        assert_eq!(octets, 2 << 20);
    });
}

#[test]
fn a_login_on_another_device() {
    use samtykke::flow::device::DeviceRequest;
    run(async {
        let mut profile = profile();
        profile.endpoints.device_authorization = Some("https://op.example/device".into());
        let clock = Clock::at(NOW);
        let codes = r#"{"device_code":"d","user_code":"ABCD","verification_uri":"https://op.example/go","expires_in":60,"interval":5}"#;
        let pending = r#"{"error":"authorization_pending"}"#;
        let http = Scripted::new().json(200, codes).json(400, pending).json(400, r#"{"error":"slow_down"}"#).fails().json(200, NEW);
        let client = Client::with_profile(profile, "client-1").runtime(clock.clone()).http(http.clone()).build().await.unwrap();
        let device = client.device(&DeviceRequest::new("read")).await.unwrap();
        assert_eq!(device.user_code, "ABCD");
        let waiting = client.clone();
        let waits = tokio::spawn(async move { waiting.device_tokens(device).await });
        tokio::time::sleep(std::time::Duration::from_millis(40)).await;
        // 5 seconds, 5, then 10 as the server is busy, then 20 after a connection that broke: what is left after each wait.
        for (seconds, left) in [(4, 4), (1, 3), (5, 2), (9, 2), (1, 1), (19, 1), (1, 0)] {
            clock.advance(std::time::Duration::from_secs(seconds));
            tokio::time::sleep(std::time::Duration::from_millis(40)).await;
            assert_eq!(http.left(), left, "{seconds}");
        }
        assert_eq!(waits.await.unwrap().unwrap().access_token.expose(), "a1");

        let expired = Scripted::new().json(200, codes);
        let clock = Clock::at(NOW);
        let mut profile = self::profile();
        profile.endpoints.device_authorization = Some("https://op.example/device".into());
        let client = Client::with_profile(profile, "client-1").runtime(clock.clone()).http(expired).build().await.unwrap();
        let device = client.device(&DeviceRequest::new("read")).await.unwrap();
        let waits = tokio::spawn(async move { client.device_tokens(device).await });
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        clock.advance(std::time::Duration::from_secs(61));
        assert_eq!(waits.await.unwrap().unwrap_err().code(), "device_code_expired");
    });
}
