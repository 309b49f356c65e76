//! A native program: consent in the browser, token and debt with reqwest, and the same core as everywhere else.
//!
//! Usage: `CLIENT_ID=… CLIENT_SECRET=… cargo run --example native_reqwest`. Further settings, with their defaults:
//! `ENVIRONMENT=preprod` (or `production`, or two origins with a space between them), `REDIRECT_URI=http://localhost:4402/callback`
//! (registered with the provider, on this machine), `PURPOSE=presentation`, `DAYS=` (none: ten minutes, one lookup).
//! Refuses redirects and large bodies, sends a code once, and prints no personal data.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

mod io;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::protocol::authorization::request::RANDOM_OCTETS;
use samtykke::provider::norskgjeld::{self, Api, Environment, Purpose, Scope};
use samtykke::{Callback, ClientAuthentication, Exchange, Registration, Step};
use url::Url;

use io::{Outcome, http, now, random, send};

fn main() -> Outcome<()> {
    let setting = |name: &str, usual: &str| std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into());
    let environment = Environment::from_name(&setting("ENVIRONMENT", "preprod"))?;
    let redirect_uri = setting("REDIRECT_URI", "http://localhost:4402/callback");
    let client =
        Registration::new(norskgjeld::profile(&environment), &std::env::var("CLIENT_ID").map_err(|_| "set CLIENT_ID")?, &redirect_uri)?;
    let secret = ClientAuthentication::secret_basic(std::env::var("CLIENT_SECRET").map_err(|_| "set CLIENT_SECRET")?);
    let mut scope = Scope::new(Purpose::parse(&setting("PURPOSE", "presentation")).ok_or("PURPOSE: presentation or processing")?);
    if let Ok(days) = setting("DAYS", "none").parse() {
        scope = scope.days(days)?;
    }

    // Listen before the person is sent away, so that no answer is missed.
    let listener = listen(&redirect_uri)?;
    let login = client.begin(scope.request(), &random::<RANDOM_OCTETS>()?, now().as_secs())?;
    println!("open {}", login.url);

    let callback = wait(&listener, &redirect_uri)?;
    let code = login.transaction.finish(&client, Callback::Url(&callback), now().as_secs())?;

    let http = http()?;
    let mut exchange = Exchange::authorization_code(&client, &secret, code)?;
    let mut input = Input::Start;
    let tokens = loop {
        input = match exchange.advance(input, &Moment { now: now().as_secs(), random: &random::<32>()? })? {
            Step::Send(request) => Input::Response(send(&http, &request)?),
            Step::Done(tokens) => break tokens,
            _ => return Err("a step that this program does not know".into()),
        };
    };
    println!("granted {}", tokens.scope.as_deref().unwrap_or(&tokens.requested_scope));

    // Asked once: a consent without days is spent by one lookup. By its number norskgjeld's support can find the call.
    let trace = Base64UrlUnpadded::encode_string(&random::<16>()?);
    let call = Api::new(&environment, &tokens.access_token).trace_id(&trace).debt();
    let debt = call.finish(&send(&http, &call.request)?)?;
    let loans = debt.loans.iter().filter(|answer| answer.loan.is_some()).count();
    println!("creditors that answered: {}", debt.creditors_answered.unwrap_or_default());
    println!("creditors that did not: {}", debt.creditors_missing.unwrap_or_default());
    println!("loans: {loans}");
    Ok(())
}

fn listen(redirect_uri: &str) -> Outcome<TcpListener> {
    let here = |uri: &Url| uri.scheme() == "http" && matches!(uri.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    let uri = Url::parse(redirect_uri)?;
    if !here(&uri) {
        return Err("REDIRECT_URI: http on this machine, such as http://localhost:4402/callback".into());
    }
    let host = uri.host_str().unwrap_or("localhost").trim_matches(['[', ']']);
    Ok(TcpListener::bind((host, uri.port().unwrap_or(80)))?)
}

/// The address that the browser arrives at; other requests, such as for an icon, are answered with 404.
fn wait(listener: &TcpListener, redirect_uri: &str) -> Outcome<String> {
    let uri = Url::parse(redirect_uri)?;
    let path = uri.path();
    let origin = redirect_uri.strip_suffix(path).unwrap_or(redirect_uri);
    for stream in listener.incoming() {
        let mut stream = stream?;
        let Some(target) = target(&mut stream) else { continue };
        let ours = target.split('?').next() == Some(path);
        let (status, text) = if ours { ("200 OK", "Thank you. You can close this page.\n") } else { ("404 Not Found", "") };
        write!(
            stream,
            "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}",
            text.len()
        )?;
        if ours {
            return Ok(format!("{origin}{target}"));
        }
    }
    Err("nothing came".into())
}

/// The target of a GET request: `/callback?code=…`. Headers are read to their end, so that the browser gets the answer.
fn target(stream: &mut TcpStream) -> Option<String> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let length = stream.read(&mut part).ok().filter(|length| *length > 0 && head.len() < 65_536)?;
        head.extend_from_slice(part.get(..length)?);
    }
    let head = String::from_utf8(head).ok()?;
    let (target, _) = head.strip_prefix("GET ")?.split_once(' ')?;
    Some(target.into())
}
