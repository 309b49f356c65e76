//! The client that blocks, by scripted answers and against a server on loopback that misbehaves.

#![cfg(not(target_arch = "wasm32"))]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects
)]

use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use samtykke::blocking::{Client, Http, Keys, Ureq};
use samtykke::flow::machine::Failure;
use samtykke::jose::{Algorithm, Signer};
use samtykke::signer::native::NativeKey;
use samtykke::{AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Profile, Request, Response, Tokens};

type Line = Box<dyn FnOnce(&Request) -> Result<Response, Failure> + Send>;

/// Answers by a script, and keeps what was sent.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<VecDeque<Line>>>, Arc<Mutex<Vec<Request>>>);

impl Script {
    fn json(self, status: u16, body: &str) -> Self {
        let answer = Response::new(status, Some("application/json"), body);
        self.then(move |_| Ok(answer))
    }

    fn then(self, line: impl FnOnce(&Request) -> Result<Response, Failure> + Send + 'static) -> Self {
        self.0.lock().unwrap().push_back(Box::new(line));
        self
    }

    fn sent(&self) -> Vec<Request> {
        std::mem::take(&mut self.1.lock().unwrap())
    }
}

impl Http for Script {
    fn send(&self, request: &Request) -> Result<Response, Failure> {
        self.1.lock().unwrap().push(request.clone());
        let line = self.0.lock().unwrap().pop_front();
        line.map_or(Err(Failure::Network), |line| line(request))
    }
}

fn registration(issuer: &str) -> samtykke::Registration {
    let mut profile = Profile::new(issuer, &format!("{issuer}/authorize"), &format!("{issuer}/token"));
    profile.endpoints.userinfo = Some(format!("{issuer}/userinfo"));
    profile.development = true.into();
    samtykke::Registration::new(profile, "client-1", "https://rp.example/cb").unwrap()
}

fn client(script: &Script) -> Client {
    let secret = ClientAuthentication::secret_basic("correct horse");
    Client::new(registration("https://op.example"), secret, Keys::new()).http(script.clone())
}

#[test]
fn a_login_a_refresh_and_a_call() {
    let script = Script::default()
        .json(200, r#"{"access_token":"a","token_type":"Bearer","refresh_token":"r1"}"#)
        .json(200, r#"{"access_token":"b","token_type":"Bearer","refresh_token":"r2"}"#)
        .json(200, r#"{"sub":"kari"}"#)
        .json(418, "{}");
    let client = client(&script);
    let login = client.begin(AuthorizationRequest::new("read")).unwrap();
    let callback = format!("https://rp.example/cb?code=c&state={}", login.transaction.state());
    let again = samtykke::Transaction::restore(login.transaction.serialize().expose()).unwrap();
    let tokens = client.finish(login.transaction, Callback::Url(&callback)).unwrap();
    assert_eq!(client.finish(again, Callback::Url(&callback)).unwrap_err().code(), "transaction_used");
    let stored = Mutex::new(Vec::new());
    let store = |token: samtykke::Secret| {
        stored.lock().unwrap().push(token.expose().to_owned());
        Ok(())
    };
    let next = client.refresh_to(&tokens, store).unwrap();
    assert_eq!((next.access_token.expose(), &*stored.lock().unwrap()), ("b", &vec![String::from("r2")]));
    assert_eq!(client.refresh(&tokens).unwrap_err().code(), "transaction_used", "r1 is spent");
    assert_eq!(client.userinfo(&next).unwrap().text("sub").as_deref(), Some("kari"));
    let request = || Request { method: "GET", url: "https://api.example/x".into(), headers: Vec::new(), body: None, repeatable: true };
    assert_eq!(client.call(&next, &["https://api.example"], request()).unwrap().status, 418);
    assert_eq!(client.call(&next, &["https://other.example"], request()).unwrap_err().code(), "resource_refused");
    assert_eq!(script.sent().len(), 4);
    assert!(!format!("{client:?}").contains("horse"));
}

#[test]
fn a_store_that_fails_gives_out_no_tokens() {
    let script = Script::default().json(200, r#"{"access_token":"b","token_type":"Bearer","refresh_token":"r2"}"#);
    let mut tokens = Tokens::bare("a", Default::default());
    tokens.refresh_token = Some(samtykke::Secret::new("r1"));
    let fails = |_| Err(samtykke::Error::new(&samtykke::error::codes::STORE_FAILED));
    assert_eq!(client(&script).refresh_to(&tokens, fails).unwrap_err().code(), "store_failed");
}

#[test]
fn keys_sign_and_nonces_are_kept() {
    let key = || NativeKey::generate(Algorithm::ES256).unwrap();
    let (own, dpop) = (key(), key());
    let nonce = |request: &Request| request.headers.iter().any(|(name, _)| *name == "dpop");
    let script = Script::default()
        .then(move |request| {
            assert!(nonce(request));
            let mut answer = Response::new(400, Some("application/json"), r#"{"error":"use_dpop_nonce"}"#);
            answer.dpop_nonce = Some("n1".into());
            Ok(answer)
        })
        .json(200, r#"{"access_token":"a","token_type":"DPoP"}"#)
        .json(200, r#"{"access_token":"a","token_type":"DPoP"}"#);
    let authentication = ClientAuthentication::private_key_jwt(own.info().clone());
    let keys = Keys::new().client(own).dpop(dpop);
    let client = Client::new(registration("https://op.example"), authentication.clone(), keys).http(script.clone());
    let grant = ClientCredentials::new("read");
    client.client_credentials(&grant, &Default::default()).unwrap();
    client.client_credentials(&grant, &Default::default()).unwrap();
    assert_eq!(script.sent().len(), 3, "the nonce is known by the second time");
    let keyless = Client::new(registration("https://op.example"), authentication, Keys::new()).http(Script::default());
    assert_eq!(keyless.client_credentials(&grant, &Default::default()).unwrap_err().code(), "invalid_configuration");
}

/// A server that answers each connection so, then closes or waits.
fn server(answer: impl Fn(&mut std::net::TcpStream) + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, answer) = (stream.unwrap(), answer.clone());
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                answer(&mut stream);
            });
        }
    });
    origin
}

fn asked(origin: &str) -> samtykke::Result<Tokens> {
    let http = Ureq::with(|settings| settings.proxy(None).timeout_global(Some(Duration::from_millis(700))));
    let secret = ClientAuthentication::secret_basic("correct horse");
    let client = Client::new(registration(origin), secret, Keys::new()).http(http);
    client.client_credentials(&ClientCredentials::new("read"), &Default::default())
}

#[test]
fn ureq_sends_once_follows_nothing_and_gives_up_in_time() {
    let head = |more: &str| format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{more}\r\n");
    let good = r#"{"access_token":"a","token_type":"Bearer"}"#;
    let text = format!("{}{good}", head(&format!("content-length: {}\r\n", good.len())));
    assert_eq!(asked(&server(move |stream| stream.write_all(text.as_bytes()).unwrap())).unwrap().access_token.expose(), "a");
    // Headers in several lines are one list.
    let two = String::from("HTTP/1.1 401 No\r\nwww-authenticate: A\r\nwww-authenticate: B\r\ncontent-length: 0\r\n\r\n");
    let seen = Ureq::with(|settings| settings.proxy(None)).send(&Request {
        method: "GET",
        url: server(move |stream| stream.write_all(two.as_bytes()).unwrap()),
        headers: Vec::new(),
        body: None,
        repeatable: false,
    });
    assert_eq!(seen.unwrap().www_authenticate.as_deref(), Some("A, B"));
    let elsewhere = server(|_| panic!("nobody comes here"));
    let redirect = format!("HTTP/1.1 307 See\r\nlocation: {elsewhere}/token\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(asked(&server(move |stream| stream.write_all(redirect.as_bytes()).unwrap())).unwrap_err().code(), "redirect_refused");
    let start = Instant::now();
    let dripping = head("transfer-encoding: chunked\r\n");
    let drip = server(move |stream| {
        let _ = stream.write_all(dripping.as_bytes());
        while stream.write_all(b"1\r\n \r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    assert_eq!(asked(&drip).unwrap_err().code(), "timeout");
    assert_eq!(asked(&server(|_| std::thread::sleep(Duration::from_secs(5)))).unwrap_err().code(), "timeout");
    assert!(start.elapsed() < Duration::from_secs(4));
    let endless = head("");
    let flood = server(move |stream| {
        let _ = stream.write_all(endless.as_bytes());
        while stream.write_all(&[b' '; 65_536]).is_ok() {}
    });
    assert_eq!(asked(&flood).unwrap_err().code(), "token_response_too_large");
    assert_eq!(asked("http://127.0.0.1:1").unwrap_err().code(), "network_error");
}

#[test]
fn a_server_is_discovered() {
    let body = r#"{"issuer":"https://op.example","authorization_endpoint":"https://op.example/a","token_endpoint":"https://op.example/t","jwks_uri":"https://op.example/j"}"#;
    let profile = Client::discover("https://op.example", &Script::default().json(200, body)).unwrap();
    assert_eq!(profile.token_endpoint, "https://op.example/t");
}
