//! What the native programs share: the I/O around the core, with reqwest, and the machine's randomness and clock.
//!
//! The core words requests and judges answers (RFC 6749 section 3.2); nothing here knows what they mean.
//! Refuses redirects, answers that take too long, drop by drop too, and reads one octet more than 1 MiB at most, which the core refuses.

use std::error::Error;
use std::io::Read;
use std::time::{Duration, Instant, SystemTime};

use samtykke::http::MAX_BODY;
use samtykke::{Request, Response, Secret};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// For a whole answer.
const LIMIT: Duration = Duration::from_secs(30);
/// For each of its parts: reqwest's blocking client counts each read anew.
const PART: Duration = Duration::from_secs(10);

/// Follows no redirect.
pub(crate) fn http() -> Outcome<reqwest::blocking::Client> {
    Ok(reqwest::blocking::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(PART).build()?)
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
    let started = Instant::now();
    let answer = outgoing.send()?;
    // Every line of a header counts: of two nonces neither is the server's word.
    let headers = answer.headers().iter().map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())));
    let mut response = Response::with_headers(answer.status().as_u16(), headers, "");
    let mut body = Vec::new();
    let mut octets = [0; 8192];
    let mut rest = answer.take(u64::try_from(MAX_BODY)?.saturating_add(1));
    loop {
        match rest.read(&mut octets)? {
            0 => break,
            count => body.extend_from_slice(octets.get(..count).unwrap_or_default()),
        }
        if started.elapsed() > LIMIT {
            return Err("the answer took too long".into());
        }
    }
    response.body = Secret::new(String::from_utf8(body)?);
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
