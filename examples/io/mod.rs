//! What the native programs share: the I/O around the core, with reqwest, and the machine's randomness and clock.
//!
//! The core words requests and judges answers (RFC 6749 section 3.2); nothing here knows what they mean.
//! Refuses redirects, and reads one octet more than 1 MiB at most, which the core then refuses.

use std::error::Error;
use std::io::Read;
use std::time::{Duration, SystemTime};

use samtykke::http::MAX_BODY;
use samtykke::{Request, Response, Secret};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// Follows no redirect, and waits 30 seconds at most.
pub(crate) fn http() -> Outcome<reqwest::blocking::Client> {
    Ok(reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30)).build()?)
}

/// Sends what the core worded and hands back what came.
pub(crate) fn send(http: &reqwest::blocking::Client, request: &Request) -> Outcome<Response> {
    let mut outgoing = http.request(request.method.parse()?, &request.url);
    for (name, value) in &request.headers {
        let mut value = reqwest::header::HeaderValue::from_str(value.expose())?;
        value.set_sensitive(true);
        outgoing = outgoing.header(*name, value);
    }
    if let Some(body) = &request.body {
        outgoing = outgoing.body(String::from(body.expose()));
    }
    let answer = outgoing.send()?;
    let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(String::from);
    let mut response = Response::new(answer.status().as_u16(), header("content-type").as_deref(), "");
    response.retry_after = header("retry-after");
    response.dpop_nonce = header("dpop-nonce");
    response.www_authenticate = header("www-authenticate");
    let mut body = String::new();
    answer.take(u64::try_from(MAX_BODY)?.saturating_add(1)).read_to_string(&mut body)?;
    response.body = Secret::new(body);
    Ok(response)
}

/// Octets that nobody can guess.
pub(crate) fn random<const COUNT: usize>() -> Outcome<[u8; COUNT]> {
    let mut octets = [0; COUNT];
    getrandom::fill(&mut octets)?;
    Ok(octets)
}

/// Since 1970.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
