//! A request to an API, with the access token in its header and, where the token is bound, a proof.
//!
//! RFC 6750 sections 2.1 and 5.3, RFC 9449 sections 7 and 9, RFC 9700 section 4.9.
//! Refuses origins that were not named, tokens over http or in the query, headers of its own set twice, and redirects.

use alloc::string::String;

use crate::flow::attempt::Attempt;
use crate::flow::exchange::Exchange;
use crate::flow::judge::{Context, Judge, Reader};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;
use crate::ground::text::push_escaped;
use crate::ground::uri::Uri;
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::dpop::Server;
use crate::protocol::endpoint::Local;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::syntax::{is_token68, names_any};
use crate::protocol::token::{TokenType, Tokens};

/// Headers that are set here.
const OWN: &[&str] = &["authorization", "dpop"];

/// Judges an address that a token is to be sent to: https, or http to loopback in development, on an origin that was named.
pub(crate) fn check(url: &str, origins: &[&str], development: Local<'_>) -> Result<()> {
    let refused = |expected: &'static str| Err(Error::new(&codes::RESOURCE_REFUSED).expected(expected));
    let Some(uri) = Uri::parse(url).filter(|uri| uri.is_secure(development) && uri.fragment.is_none()) else {
        return refused("an https URL without fragment");
    };
    if names_any(uri.query, "access_token") {
        return refused("the token in the header, never in the query");
    }
    let named = origins.iter().filter_map(|origin| Uri::parse(origin)).any(|origin| is_origin(&origin) && origin.same_origin(&uri));
    if named { Ok(()) } else { refused("an address on one of the origins the token is for") }
}

/// An address with what no URI holds encoded behind its host, as browsers and servers read it: `|` of a FHIR search, `{}`, `^`.
pub(crate) fn encode_url(url: &str) -> String {
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let start = url.get(host..).and_then(|rest| rest.find(['/', '?', '#'])).map(|at| host.saturating_add(at));
    let mut text = String::new();
    for (at, letter) in url.char_indices() {
        let behind = start.is_some_and(|start| at > start);
        if behind && (matches!(letter, '|' | '{' | '}' | '^' | '`' | '"' | '<' | '>' | '\\' | ' ') || !letter.is_ascii()) {
            let mut octets = alloc::vec::Vec::new();
            push_escaped(&mut octets, letter.encode_utf8(&mut [0; 4]).as_bytes(), false);
            text.push_str(core::str::from_utf8(&octets).unwrap_or_default());
        } else {
            text.push(letter);
        }
    }
    text
}

/// Refuses a header of the caller's that is set here.
pub(crate) fn check_header(name: &str) -> Result<()> {
    if OWN.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        return Err(Error::new(&codes::RESERVED_PARAMETER).at(Phase::Api).actual(name));
    }
    Ok(())
}

/// An address as it is called, and as an API sees it, which compares it with what a proof names: scheme and host in small
/// letters, no default port, a path (RFC 3986 section 6.2), and no fragment, which is never sent.
fn as_called(url: &str) -> String {
    let Some((uri, host)) = Uri::parse(url).and_then(|uri| Some((uri, uri.host?))) else { return url.into() };
    let default = if uri.is_scheme("https") { "443" } else { "80" };
    let mut text = uri.scheme.to_ascii_lowercase();
    text.push_str("://");
    text.push_str(&host.to_ascii_lowercase());
    if let Some(port) = uri.port.filter(|port| !port.is_empty() && *port != default) {
        text.push_str(":");
        text.push_str(port);
    }
    text.push_str(if uri.path.is_empty() { "/" } else { uri.path });
    if let Some(query) = uri.query {
        text.push_str("?");
        text.push_str(query);
    }
    text
}

fn is_origin(uri: &Uri<'_>) -> bool {
    uri.host.is_some() && matches!(uri.path, "" | "/") && uri.query.is_none() && uri.fragment.is_none()
}

impl Exchange<Response> {
    /// Calls an API with a token. `origins` are those the token is for, such as `https://api.example`; it is sent nowhere
    /// else. A token bound to a key needs [`dpop`](Self::dpop) with it; the same request is sent once more when the API asks
    /// for its nonce (RFC 9449 section 9).
    ///
    /// # Errors
    /// `resource_refused`, `invalid_parameter`; `redirect_refused`; any other answer of the API's is the outcome.
    pub fn resource(client: &Registration, tokens: &Tokens, origins: &[&str], mut request: Request) -> Result<Self> {
        request.url = as_called(&encode_url(&request.url));
        check(&request.url, origins, (&client.profile.development).into())?;
        let wrong = |expected: &'static str| Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected(expected);
        request.headers.iter().try_for_each(|(name, _)| check_header(name))?;
        let token = tokens.access_token.expose();
        if tokens.token_type == TokenType::NotApplicable || !is_token68(token) {
            return Err(wrong("an access token"));
        }
        let mut header = String::from(tokens.token_type.as_str());
        header.push(' ');
        header.push_str(token);
        let mut attempt = Attempt::new(client, ClientAuthentication::None, Server::Resource, request);
        attempt.request.headers.push(("authorization", Secret::new(header)));
        attempt.token = Some(tokens.access_token.clone());
        attempt.bound = tokens.token_type == TokenType::DPoP;
        Ok(Self::new(client, Some(attempt), ResourceJudge { response: None }))
    }
}

struct ResourceJudge {
    response: Option<Response>,
}

impl Reader for ResourceJudge {
    fn answer(&mut self, response: &Response, _: &mut Context) -> Result<()> {
        if response.is_redirect() {
            return Err(Error::new(&codes::REDIRECT_REFUSED).at(Phase::Api).http(response));
        }
        self.response = Some(response.clone());
        Ok(())
    }
}

impl Judge<Response> for ResourceJudge {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, _: Option<Claims>, _: u64) -> Result<Response> {
        self.response.take().ok_or_else(|| Error::new(&codes::TRANSACTION_USED).at(Phase::Api))
    }
}
