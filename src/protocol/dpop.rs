//! Proof of possession: a token bound to a key, and a fresh proof of that key for every request.
//!
//! RFC 9449 sections 4 to 9. Nonces are kept for each origin, those of authorization and resource servers apart.
//! Refuses nonces outside their grammar, several at once, a challenge without one, and a second challenge.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Response;
use crate::ground::json::{Value, Writer};
use crate::ground::text::{base64url, cut};
use crate::ground::uri::Uri;
use crate::jose::{Algorithm, Stamp, signing_input};
use crate::protocol::challenge::Challenge;

/// Characters of a nonce at most; servers seal a time into theirs, and none needs more.
const MAX_NONCE: usize = 2048;
/// Origins whose nonces are kept; the oldest go first.
const MAX_ORIGINS: usize = 64;

/// Which server a proof is for: the two give nonces of their own, and challenge in their own ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Server {
    /// The authorization server: 400 with `use_dpop_nonce` as OAuth error (RFC 9449 section 8).
    Authorization,
    /// A resource server: 401 with a `DPoP` challenge (section 9).
    Resource,
}

/// A request to be proved.
pub(crate) struct Proof<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
    pub(crate) nonce: Option<&'a str>,
    /// The access token that goes along, at resource servers alone.
    pub(crate) token: Option<&'a str>,
    pub(crate) stamp: Stamp<'a>,
}

/// What a key signs to make a proof; `jwk` is its public key, required members alone.
pub(crate) fn input(alg: &Algorithm, jwk: &str, proof: &Proof<'_>) -> Result<String> {
    let [header, claims] = parts(alg, jwk, proof)?;
    Ok(signing_input(&header, &claims))
}

/// The header and the claims of a proof, as JSON.
pub(crate) fn parts(alg: &Algorithm, jwk: &str, proof: &Proof<'_>) -> Result<[String; 2]> {
    if proof.nonce.is_some_and(|nonce| !is_nonce(nonce)) {
        return Err(unusable());
    }
    let mut header = Writer::new();
    header.string("typ", "dpop+jwt").string("alg", alg.name).raw("jwk", jwk);
    let mut claims = Writer::new();
    let [jti, now, _] = proof.stamp.texts(0);
    claims.raw("jti", &jti).string("htm", proof.method).string("htu", htu(proof.url)).raw("iat", &now);
    if let Some(nonce) = proof.nonce {
        claims.string("nonce", nonce);
    }
    claims.some("ath", proof.token.map(ath).as_deref());
    Ok([header.take(), claims.take()])
}

/// Refuses a key whose algorithm a server says it does not take; an empty list says nothing.
pub(crate) fn check_algorithm(alg: &Algorithm, offered: &[&str]) -> Result<()> {
    if offered.is_empty() || offered.iter().any(|name| alg.is(name)) {
        return Ok(());
    }
    let mut expected = String::from("dpop: a key for an algorithm that the server takes for proofs, of ");
    expected.push_str(&offered.join(" "));
    Err(Error::new(&codes::INVALID_CONFIGURATION).expected(expected).actual(alg.name))
}

/// A URL as a proof names it: without query and fragment (RFC 9449 section 4.2).
///
/// ```
/// assert_eq!(samtykke::protocol::dpop::htu("https://rs.example/r?foo#bar"), "https://rs.example/r");
/// ```
pub fn htu(url: &str) -> &str {
    cut(cut(url, b'#').0, b'?').0
}

/// The hash by which a proof names an access token (RFC 9449 section 4.2).
pub(crate) fn ath(token: &str) -> String {
    base64url(&crate::ground::sha256::digest(token.as_bytes()))
}

/// Whether a text is a nonce: 1*NQCHAR (RFC 9449 section 8.1), of a bounded length.
pub(crate) fn is_nonce(text: &str) -> bool {
    (1..=MAX_NONCE).contains(&text.len()) && text.bytes().all(|octet| matches!(octet, b'!' | b'#'..=b'[' | b']'..=b'~'))
}

fn unusable() -> Error {
    Error::new(&codes::DPOP_NONCE_MISSING).expected("one DPoP-Nonce of visible ASCII, at most 2048 characters")
}

/// The nonce an answer names for the next request, if it is one; an answer that asks for nothing may name none.
pub(crate) fn next_nonce(response: &Response) -> Option<&str> {
    response.dpop_nonce.as_deref().filter(|nonce| is_nonce(nonce))
}

/// Whether an answer asks for the same request with the nonce it names.
///
/// # Errors
/// `dpop_nonce_missing` when it asks and names none that can be used.
pub(crate) fn is_challenge(server: Server, response: &Response) -> Result<bool> {
    let asks = match server {
        Server::Authorization => response.status == 400 && response.is_json() && asks_in_body(response.body.expose()),
        Server::Resource => response.status == 401 && response.www_authenticate.as_deref().is_some_and(asks_in_header),
    };
    if asks && next_nonce(response).is_none() {
        let phase = if server == Server::Resource { Phase::Api } else { Phase::Token };
        return Err(unusable().at(phase).http(response));
    }
    Ok(asks)
}

/// Schemes are compared without case (RFC 9449 section 7.1); a header that cannot be read asks for nothing.
fn asks_in_header(header: &str) -> bool {
    let found = Challenge::parse(header).unwrap_or_default();
    found.iter().any(|challenge| challenge.is("dpop") && challenge.parameter("error") == Some("use_dpop_nonce"))
}

fn asks_in_body(body: &str) -> bool {
    Value::parse(body).is_some_and(|answer| answer.text("error") == Some("use_dpop_nonce"))
}

/// The error of a second challenge: a third request would be no better.
pub(crate) fn refusal(server: Server, response: &Response) -> Error {
    let phase = if server == Server::Resource { Phase::Api } else { Phase::Token };
    Error::new(&codes::DPOP_NONCE_REFUSED).at(phase).http(response)
}

/// The newest nonce of each server, for whoever sends requests.
///
/// ```
/// use samtykke::protocol::dpop::{Nonces, Server};
/// let mut nonces = Nonces::default();
/// nonces.keep(Server::Authorization, "https://op.example/token", "n1");
/// assert_eq!(nonces.of(Server::Authorization, "https://op.example/par"), Some("n1"));
/// assert_eq!(nonces.of(Server::Resource, "https://op.example/userinfo"), None);
/// assert_eq!(nonces.of(Server::Authorization, "https://op.example:8443/token"), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Nonces {
    kept: Vec<(Server, String, String)>,
}

impl Nonces {
    /// The nonce to send with a request to this address.
    pub fn of(&self, server: Server, url: &str) -> Option<&str> {
        let asked = Uri::parse(url)?;
        let same = |address: &str| Uri::parse(address).is_some_and(|kept| kept.same_origin(&asked));
        self.kept.iter().find(|(kind, address, _)| *kind == server && same(address)).map(|(_, _, nonce)| nonce.as_str())
    }

    /// Keeps what a server at this address gave last; what is no nonce is not kept.
    pub fn keep(&mut self, server: Server, url: &str, nonce: &str) {
        let Some(asked) = Uri::parse(url) else { return };
        if !is_nonce(nonce) {
            return;
        }
        let same = |address: &str| Uri::parse(address).is_some_and(|kept| kept.same_origin(&asked));
        self.kept.retain(|(kind, address, _)| !(*kind == server && same(address)));
        if self.kept.len() >= MAX_ORIGINS {
            self.kept.remove(0);
        }
        self.kept.push((server, String::from(htu(url)), String::from(nonce)));
    }
}
