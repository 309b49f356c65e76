//! Calls to APIs: a request of the caller's with the token in its header, and the answer as it came.
//!
//! RFC 6750 section 2.1, RFC 9449 section 9. The machine judges heads; bodies of any media type and length pass by it.
//! Refuses origins that the client was not built with, headers of its own set twice, and redirects.

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::flow::exchange::Exchange;
use crate::flow::machine::{Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Request};
use crate::ground::secret::Secret;
use crate::protocol::dpop::Server;
use crate::protocol::token::Tokens;
use crate::shell::native::client::Client;
use crate::shell::native::driver::{header_value, random, read, response};
use crate::shell::native::sending::Body;

/// Methods that a request to an API may have, as the core's requests name them.
const METHODS: &[&str] = &["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
/// Octets of a refused answer that are read: enough for a challenge's words.
const REFUSED_BODY: usize = 65_536;

impl Client {
    /// Calls an API with a token, and reads the answer whole, whatever its status and media type. The origin must be one that the
    /// client was built with. A DPoP nonce that the API asks for is taken, and the request sent once more.
    ///
    /// # Errors
    /// `resource_refused`, `reserved_parameter`, `redirect_refused`; `api_response_malformed` for a body over 1 MiB, for which
    /// [`stream`](Self::stream) is; those of the network.
    pub async fn send(&self, tokens: &Tokens, request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        self.send_to(tokens, &self.origins(), request).await
    }

    /// As [`send`](Self::send), to these origins.
    pub(crate) async fn send_to(&self, tokens: &Tokens, origins: &[&str], request: http::Request<Bytes>) -> Result<http::Response<Bytes>> {
        let (head, body) = self.stream_to(tokens, origins, request).await?.into_parts();
        let mut patience = self.0.driver.patience();
        let octets = read(body, head.status.as_u16(), MAX_BODY, &mut patience).await.map_err(|lost| lost.error(Phase::Api, false))?;
        Ok(http::Response::from_parts(head, Bytes::from(octets)))
    }

    /// As [`send`](Self::send), the body as it comes, of any length and at the caller's own pace.
    ///
    /// # Errors
    /// As there, but for the body's.
    pub async fn stream(&self, tokens: &Tokens, request: http::Request<Bytes>) -> Result<http::Response<Body>> {
        self.stream_to(tokens, &self.origins(), request).await
    }

    /// The origins that the client was built with.
    pub(crate) fn origins(&self) -> Vec<&str> {
        self.0.origins.iter().map(String::as_str).collect()
    }

    async fn stream_to(&self, tokens: &Tokens, origins: &[&str], request: http::Request<Bytes>) -> Result<http::Response<Body>> {
        let inner = &self.0;
        let (parts, body) = request.into_parts();
        let wrong = |expected: &'static str| Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected(expected);
        let method = METHODS.iter().find(|method| **method == parts.method.as_str()).ok_or_else(|| wrong("a method of HTTP"))?;
        if let Some(own) = ["authorization", "dpop"].into_iter().find(|name| parts.headers.contains_key(*name)) {
            return Err(Error::new(&codes::RESERVED_PARAMETER).at(Phase::Api).actual(own));
        }
        let url = alloc::string::ToString::to_string(&parts.uri);
        let plain = Request { method, url: url.clone(), headers: Vec::new(), body: None, repeatable: false };
        let exchange = Exchange::resource(&inner.registration, tokens, origins, plain)?;
        let mut exchange = self.bound_at(exchange, Server::Resource, &url);
        let mut input = Input::Start;
        let mut answer = None;
        loop {
            let random = random::<32>()?;
            let step = exchange.advance(input, &Moment { now: inner.driver.now(), random: &random });
            self.learn(Server::Resource, &url, exchange.dpop_nonce(), exchange.known_jwks_at());
            input = match step? {
                Step::Sign(wanted) => Input::Signature(inner.keys.sign(&wanted).await?),
                Step::Send(wanted) => {
                    let mut outgoing = http::Request::new(body.clone());
                    *outgoing.method_mut() = parts.method.clone();
                    *outgoing.uri_mut() = wanted.url.parse().map_err(|_| wrong("an address that HTTP can carry"))?;
                    *outgoing.headers_mut() = parts.headers.clone();
                    for (name, value) in &wanted.headers {
                        outgoing.headers_mut().insert(*name, header_value(name, value)?);
                    }
                    let mut patience = inner.driver.patience();
                    let sent = inner.driver.head(outgoing, &mut patience).await;
                    let (head, body) = sent.map_err(|lost| lost.error(Phase::Api, false))?.into_parts();
                    let mut told = response(&head);
                    let mut body = Some(body);
                    if told.status == 401 {
                        let octets = read(body.take().unwrap_or_else(Body::empty), 401, REFUSED_BODY, &mut patience).await;
                        let octets = octets.map_err(|lost| lost.error(Phase::Api, false))?;
                        told.body = Secret::new(String::from_utf8_lossy(&octets).into_owned());
                        body = Some(Body::from(Bytes::from(octets)));
                    }
                    answer = body.map(|body| http::Response::from_parts(head, body));
                    Input::Response(told)
                }
                Step::Done(_) => return answer.ok_or_else(|| Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Api)),
                _ => return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Api)),
            };
        }
    }
}
