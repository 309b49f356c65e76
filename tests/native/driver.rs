//! The driver and its adapters: time, octets, headers, lost connections.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use samtykke::error::codes;
use samtykke::jose::{Algorithm, Jwk, KeyInfo, Verifier};
use samtykke::native::bytes::Bytes;
use samtykke::native::testing::{Clock, Scripted, conformance};
use samtykke::native::{AsyncSigner, Body, BoxFuture, Client, Driver, Http, Keys, Reqwest, SigningKey, http};
use samtykke::protocol::grant::{Refresh, Target};
use samtykke::{AuthorizationCode, ClientAuthentication, ClientCredentials, Error, Exchange, Secret, Tokens};

use super::support::{NOW, profile, run};

fn exchange() -> Exchange<Tokens> {
    let client = samtykke::Registration::new(profile(), "client-1", "https://rp.example/cb").unwrap();
    let secret = ClientAuthentication::secret_basic("correct horse");
    Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read")).unwrap()
}

async fn outcome(http: Scripted) -> samtykke::Result<Tokens> {
    Driver::new(http).drive(&mut exchange(), &Keys::new()).await
}

const GOOD: &str = r#"{"access_token":"x","token_type":"Bearer","expires_in":60}"#;

#[test]
fn reqwest_keeps_to_what_an_adapter_must_do() {
    run(async {
        // What the caller sets must not win over what must hold.
        let http = Reqwest::with(|builder| builder.no_proxy().redirect(reqwest::redirect::Policy::limited(5))).unwrap();
        conformance(&http).await.unwrap();
    });
}

#[test]
fn the_conformance_test_finds_an_adapter_that_follows_redirects() {
    struct Following(reqwest::Client);
    impl Http for Following {
        fn send(
            &self,
            request: http::Request<Bytes>,
        ) -> samtykke::native::BoxFuture<'_, Result<http::Response<Body>, samtykke::native::TransportError>> {
            Box::pin(async move {
                let answer = self.0.execute(request.try_into().unwrap()).await.map_err(samtykke::native::TransportError::new)?;
                Ok(http::Response::<reqwest::Body>::from(answer).map(Body::new))
            })
        }
    }
    run(async {
        let http = Following(reqwest::Client::builder().no_proxy().build().unwrap());
        let broken = tokio::time::timeout(Duration::from_secs(30), conformance(&http)).await.unwrap().unwrap_err();
        assert!(broken.contains("redirect") || broken.contains("in time"), "{broken}");
    });
}

#[test]
fn a_body_that_drips_ends_in_time() {
    let clock = Clock::at(NOW);
    let (of_driver, of_body) = (clock.clone(), clock.clone());
    let http = Scripted::new().then(move |_| {
        Box::pin(async move {
            let mut answer = http::Response::new(Body::new(Drip(of_body)));
            answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
            Ok(answer)
        })
    });
    let error = run(async {
        let driver = Driver::new(http).runtime(Arc::new(of_driver)).timeout(Duration::from_secs(30));
        driver.drive(&mut exchange(), &Keys::new()).await.unwrap_err()
    });
    assert_eq!(error.code(), "timeout");
    assert_eq!(samtykke::native::Runtime::monotonic(&clock).as_secs(), 30);
}

/// One octet a second, for ever.
struct Drip(Clock);

impl http_body::Body for Drip {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        if samtykke::native::Runtime::monotonic(&self.0).as_secs() < 30 {
            self.0.advance(Duration::from_secs(1));
            context.waker().wake_by_ref();
        }
        if samtykke::native::Runtime::monotonic(&self.0).as_secs() == 30 {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(Bytes::from_static(b" ")))))
    }
}

#[test]
fn a_head_that_never_comes_ends_in_time() {
    let error = run(async {
        let driver = Driver::new(Scripted::new().hangs()).timeout(Duration::from_millis(20));
        driver.drive(&mut exchange(), &Keys::new()).await.unwrap_err()
    });
    assert_eq!((error.code(), error.retryable()), ("timeout", true));
}

#[test]
fn an_endless_body_is_cut_off() {
    let error = run(outcome(Scripted::new().json(200, &" ".repeat((1 << 20) + 1)))).unwrap_err();
    assert_eq!(error.code(), "token_response_too_large");
    assert!(run(outcome(Scripted::new().json(200, &format!("{GOOD}{}", " ".repeat((1 << 20) - GOOD.len()))))).is_ok());
}

#[test]
fn a_lost_connection_says_why() {
    let error = run(outcome(Scripted::new().fails())).unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("network_error", true));
    assert_eq!(error.source().unwrap().to_string(), "scripted: no connection");
    assert_eq!(error.clone().source().unwrap().to_string(), "scripted: no connection");
}

#[test]
fn octets_that_are_no_text_are_no_body() {
    let mut answer = http::Response::new(Body::from(Bytes::from_static(b"{\"access_token\":\"\xff\"}")));
    answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
    assert_eq!(run(outcome(Scripted::new().answer(answer))).unwrap_err().code(), "token_response_malformed");
}

#[test]
fn a_redirect_is_refused() {
    let mut answer = http::Response::new(Body::empty());
    *answer.status_mut() = http::StatusCode::FOUND;
    answer.headers_mut().insert("location", "https://evil.example".parse().unwrap());
    assert_eq!(run(outcome(Scripted::new().answer(answer))).unwrap_err().code(), "redirect_refused");
}

#[test]
fn secrets_in_headers_are_marked() {
    let http = Scripted::new().json(200, GOOD);
    run(outcome(http.clone())).unwrap();
    let sent = http.sent();
    assert!(sent[0].headers()["authorization"].is_sensitive());
    assert!(!sent[0].headers()["accept"].is_sensitive());
}

#[test]
fn all_values_of_a_header_count() {
    let mut answer = http::Response::new(Body::empty());
    *answer.status_mut() = http::StatusCode::UNAUTHORIZED;
    answer.headers_mut().append("www-authenticate", "Basic realm=\"x\"".parse().unwrap());
    answer.headers_mut().append("www-authenticate", "Bearer error=\"invalid_token\", error_description=\"old\"".parse().unwrap());
    let error = run(async {
        let client = Client::with_profile(profile(), "client-1").http(Scripted::new().answer(answer)).build().await.unwrap();
        client.userinfo(&Tokens::bare("x", samtykke::protocol::token::TokenType::Bearer)).await.unwrap_err()
    });
    assert_eq!(error.code(), "token_invalid");
    assert!(error.oauth().unwrap().is("invalid_token"));
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let client = run(Client::with_profile(profile(), "client-1").http(Scripted::new().hangs()).build()).unwrap();
    let grant = ClientCredentials::new("read");
    let target = Target::new();
    let mut asked = Box::pin(client.client_credentials(&grant, &target));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match asked.as_mut().poll(&mut context) {
        std::task::Poll::Ready(Err(error)) => assert_eq!(error.code(), "invalid_configuration"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn everything_is_send_and_sync() {
    fn is<T: Send + Sync + Clone + 'static>() {}
    is::<samtykke::native::helseid::HelseId>();
    is::<samtykke::native::helseid::HelseIdSession>();
    is::<samtykke::native::acmidm::AcmIdm>();
    is::<samtykke::native::adfs::Adfs>();
    is::<samtykke::native::halland::Halland>();
    is::<samtykke::native::idporten::IdPorten>();
    is::<Client>();
    is::<Driver>();
    is::<Keys>();
    is::<samtykke::native::SigningKey>();
    is::<samtykke::Error>();
    is::<Reqwest>();
}

/// A run of tests/machines/table.json: what is asked, and the server's first answer.
fn case(id: &str) -> (serde_json::Value, String, String) {
    let table: serde_json::Value = serde_json::from_str(include_str!("../machines/table.json")).unwrap();
    let case = table["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap();
    (case["what"].clone(), case["turns"][0]["give"]["response"]["json"].to_string(), table["jwks"].to_string())
}

fn registration() -> samtykke::Registration {
    let mut profile = profile();
    profile.requests.signing_algorithms = vec!["ES256".into()];
    profile.endpoints.jwks_uri = Some("https://op.example/jwks".into());
    samtykke::Registration::new(profile, "client-1", "https://rp.example/cb").unwrap()
}

#[test]
fn a_store_that_never_answers_ends_in_time_and_the_token_is_on_the_error() {
    let (what, answer, _) = case("refresh, stored first");
    let secret = ClientAuthentication::secret_basic("correct horse");
    let grant = Refresh::new(what["refreshToken"].as_str().unwrap());
    for (hangs, code) in [(true, "timeout"), (false, "store_failed")] {
        let store = move |_: Secret| -> BoxFuture<'static, samtykke::Result<()>> {
            Box::pin(async move {
                if hangs {
                    std::future::pending::<()>().await;
                }
                Err(Error::new(&codes::STORE_FAILED))
            })
        };
        let error = run(async {
            let driver = Driver::new(Scripted::new().json(200, &answer)).timeout(Duration::from_millis(50));
            let mut exchange = Exchange::refresh(&registration(), &secret, &grant).unwrap().with_store();
            driver.drive_storing(&mut exchange, &Keys::new(), Some(&store)).await.unwrap_err()
        });
        assert_eq!(error.code(), code);
        assert!(error.raw().unwrap().expose().contains("rt-b"), "{code}: the token is lost");
    }
}

#[test]
fn a_signer_that_never_answers_ends_in_time() {
    struct Silent;
    impl AsyncSigner for Silent {
        fn sign<'a>(&'a self, _: &'a [u8]) -> BoxFuture<'a, samtykke::Result<Vec<u8>>> {
            Box::pin(std::future::pending())
        }
    }
    let jwk =
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    let info = KeyInfo::new(Algorithm::from_name("ES256").unwrap(), Jwk::parse(jwk).unwrap()).unwrap();
    let keys = Keys::new().client(SigningKey::new(info.clone(), Silent));
    let authentication = ClientAuthentication::private_key_jwt(info);
    let mut exchange = Exchange::client_credentials(&registration(), &authentication, &ClientCredentials::new("read")).unwrap();
    let error = run(async {
        let driver = Driver::new(Scripted::new()).timeout(Duration::from_millis(50));
        driver.drive(&mut exchange, &keys).await.unwrap_err()
    });
    assert_eq!(error.code(), "timeout");
}

#[test]
fn a_verifier_that_fails_loses_no_answer() {
    struct Broken;
    impl Verifier for Broken {
        fn verify(&self, _: &'static Algorithm, _: &Jwk, _: &[u8], _: &[u8]) -> samtykke::Result<bool> {
            Err(Error::new(&codes::SIGNING_FAILED))
        }
    }
    let (what, answer, jwks) = case("code with an id_token");
    let code = AuthorizationCode::restore(what["code"].as_str().unwrap()).unwrap();
    let secret = ClientAuthentication::secret_basic("correct horse");
    let mut exchange = Exchange::authorization_code(&registration(), &secret, code).unwrap().jwks(jwks);
    let error = run(async {
        let driver = Driver::new(Scripted::new().json(200, &answer)).runtime(Arc::new(Clock::at(1_800_000_000)));
        driver.drive(&mut exchange, &Keys::new().verifier(Broken)).await.unwrap_err()
    });
    assert!(error.raw().unwrap().expose().contains("rt-1"), "{error}");
}
