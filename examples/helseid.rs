//! A native program: a machine's token, a person's login, and a token for each audience from HelseID, with reqwest.
//!
//! Usage: `CLIENT_ID=… CLIENT_JWK=… cargo run --features native-crypto --example helseid`. Further settings, with their defaults:
//! `ENVIRONMENT=test` (or `production`, or the issuer of a server of yours), `REDIRECT_URI=http://localhost:1337/callback`,
//! `SCOPE` (the login's), `MACHINE_SCOPE` (none: no machine's token). Refuses redirects, and prints no token and no person's data.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

mod io;

use std::cell::RefCell;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use samtykke::flow::discovery::Discovery;
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::{Algorithm, Signer, Verifier};
use samtykke::protocol::grant::Refresh;
use samtykke::provider::helseid::{self, Environment, HelseId, LoginRequest, SECURITY_LEVEL, TokenRequest, resources_of};
use samtykke::signer::native::{NativeKey, NativeVerifier};
use samtykke::{Callback, Exchange, Step};

use io::{Outcome, http, now, random, send};

const SCOPE: &str = "openid profile offline_access helseid://scopes/identity/security_level nhn:phr/mhd/read nhn:kj/api";

fn main() -> Outcome<()> {
    let setting = |name: &str, usual: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into());
    let environment = match setting("ENVIRONMENT", "test").as_str() {
        "test" => Environment::test(),
        "production" => Environment::production(),
        issuer => Environment::custom(issuer)?,
    };
    let jwk = std::env::var("CLIENT_JWK").map_err(|_| "set CLIENT_JWK")?;
    let members: serde_json::Value = serde_json::from_str(&jwk)?;
    let text = |name: &str| members.get(name)?.as_str().map(String::from);
    let alg = text("alg").and_then(|alg| Algorithm::named(&alg)).ok_or("CLIENT_JWK: with its alg")?;
    let key = NativeKey::from_jwk(&jwk, alg)?;
    let http = http()?;
    let world = World { http, key, nonce: RefCell::default() };

    // What the server publishes, and what the profile says, which wins.
    let mut discovery = Discovery::new(environment.issuer(), environment.policy())?;
    let mut input = Input::Start;
    let metadata = loop {
        input = match discovery.advance(input, &Moment { now: now().as_secs(), random: &random()? })? {
            Step::Send(request) => Input::Response(send(&world.http, &request)?),
            Step::Done(metadata) => break metadata,
            _ => return Err("a step that this program does not know".into()),
        };
    };
    let redirect_uri = setting("REDIRECT_URI", "http://localhost:1337/callback");
    let client_id = std::env::var("CLIENT_ID").map_err(|_| "set CLIENT_ID")?;
    // One key for both: what tokens are bound to must last as long as they do.
    let info = world.key.info();
    let helseid = HelseId::new(helseid::profile_of(&metadata, &environment), &client_id, &redirect_uri, info.clone(), info.clone())?;

    let machine = setting("MACHINE_SCOPE", "");
    if !machine.is_empty() {
        let granted = world.drive(|nonce| Ok(helseid.client_credentials(&TokenRequest::new().scope(machine.as_str()), nonce)?))?;
        println!("machine {}", granted.tokens.scope.unwrap_or_default());
    }

    // Listen before the person is sent away, so that no answer is missed.
    let listener = TcpListener::bind(("localhost", url::Url::parse(&redirect_uri)?.port().unwrap_or(80)))?;
    let scope = setting("SCOPE", SCOPE);
    let login = world.drive(|nonce| Ok(helseid.login(&LoginRequest::new(scope.as_str()), nonce, &random()?, now().as_secs())?))?;
    println!("open {}", login.url);
    let callback = wait(&listener, &redirect_uri)?;
    let code = login.transaction.finish(helseid.client(), Callback::Url(&callback), now().as_secs())?;

    let mut audiences = resources_of(&scope).into_iter();
    let first = TokenRequest::new().resource(audiences.next().ok_or("SCOPE: with an API's scope")?);
    // A code is used up by making its exchange, so the closure gives it away at its first call.
    let mut code = Some(code);
    let granted = world.drive(|nonce| Ok(helseid.authorization_code(code.take().ok_or("a code is sent once")?, &first, nonce)?))?;
    let claims = granted.tokens.claims.clone().ok_or("an id_token")?;
    println!("level {}", claims.text(SECURITY_LEVEL).unwrap_or_default());
    println!("granted {}", granted.tokens.scope.as_deref().unwrap_or_default());

    let mut refresh_token = granted.tokens.refresh_token.ok_or("a refresh token: offline_access in the scope")?;
    for audience in audiences {
        let refresh = Refresh::new(refresh_token.expose()).granted(scope.as_str()).claims(claims.clone());
        let granted = world.drive(|nonce| Ok(helseid.refresh(&refresh, &TokenRequest::new().resource(audience), nonce)?))?;
        // A real program stores it here, before anything else: the one before it is spent.
        refresh_token = granted.tokens.refresh_token.ok_or("the next refresh token")?;
        println!("granted {}", granted.tokens.scope.as_deref().unwrap_or_default());
    }
    println!("done");
    Ok(())
}

struct World {
    http: reqwest::blocking::Client,
    key: NativeKey,
    /// The newest nonce of the server.
    nonce: RefCell<Option<String>>,
}

impl World {
    /// Does what an exchange asks for, step by step.
    fn drive<T>(&self, make: impl FnOnce(Option<&str>) -> Outcome<Exchange<T>>) -> Outcome<T> {
        let known = self.nonce.borrow().clone();
        let mut exchange = make(known.as_deref())?;
        let done = loop {
            match exchange.step(&random()?, now().as_secs())? {
                Step::Sign(sign) => exchange.signed(&self.key.sign(sign.input.as_bytes())?)?,
                Step::Send(request) => exchange.receive(send(&self.http, &request)?)?,
                Step::Verify(verify) => {
                    exchange.verified(NativeVerifier.verify(verify.alg, &verify.key, verify.input.as_bytes(), &verify.signature)?)?;
                }
                Step::Done(done) => break done,
                _ => return Err("a step that this program does not know".into()),
            }
        };
        *self.nonce.borrow_mut() = exchange.dpop_nonce().map(String::from);
        Ok(done)
    }
}

/// The address that the browser arrives at; other requests, such as for an icon, are answered with 404.
fn wait(listener: &TcpListener, redirect_uri: &str) -> Outcome<String> {
    let uri = url::Url::parse(redirect_uri)?;
    let path = uri.path();
    let origin = redirect_uri.strip_suffix(path).unwrap_or(redirect_uri);
    for stream in listener.incoming() {
        let mut stream = stream?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        let mut lines = BufReader::new(&stream).take(16_384).lines();
        let line = lines.next().transpose()?.unwrap_or_default();
        // To the end of the headers, so that the browser gets the answer.
        lines.take_while(|line| line.as_ref().is_ok_and(|line| !line.is_empty())).for_each(drop);
        let target = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next()).unwrap_or_default().to_owned();
        let ours = target.split('?').next() == Some(path);
        let (status, text) = if ours { ("200 OK", "You can close this page.\n") } else { ("404 Not Found", "") };
        let headers = "content-type: text/plain\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close";
        write!(stream, "HTTP/1.1 {status}\r\n{headers}\r\ncontent-length: {}\r\n\r\n{text}", text.len())?;
        if ours {
            return Ok(format!("{origin}{target}"));
        }
    }
    Err("nothing came".into())
}
