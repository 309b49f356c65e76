//! reqwest as the client that sends: built by this library, so that it keeps to what an [`Http`] must do.
//!
//! Refuses redirects, retries, cookies and the undoing of codings, whatever the caller's own settings say.

use alloc::boxed::Box;

use bytes::Bytes;

use crate::ground::error::{Error, Phase, Result, codes};
use crate::shell::native::sending::{Body, BoxFuture, Http, TransportError};

/// Sends by reqwest. A cheap clone, which shares its connections.
#[derive(Clone, Debug)]
pub struct Reqwest {
    client: reqwest::Client,
    certificate: bool,
}

impl Reqwest {
    /// With reqwest's own settings: proxies of the environment, the roots of the TLS that was compiled in. With the feature `rustls`
    /// the process's TLS is by aws-lc-rs, unless it has installed another `rustls::crypto::CryptoProvider` before.
    ///
    /// # Errors
    /// `invalid_configuration` where reqwest cannot be built.
    pub fn new() -> Result<Self> {
        Self::with(|builder| builder)
    }

    /// With settings of the caller's: a proxy, roots, a client certificate. What must hold is set after them.
    ///
    /// ```
    /// # fn main() -> samtykke::Result<()> {
    /// let http = samtykke::native::Reqwest::with(|builder| builder.no_proxy().user_agent("example/1"))?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `invalid_configuration` where reqwest cannot be built.
    pub fn with(settings: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder) -> Result<Self> {
        #[cfg(feature = "rustls")]
        crate::shell::tls::provide();
        let builder = settings(reqwest::Client::builder())
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate();
        let wrong = |_| Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Runtime).expected("settings that reqwest takes");
        builder.build().map(|client| Self { client, certificate: false }).map_err(wrong)
    }

    /// As [`with`](Self::with), with a client certificate and its key, which reqwest presents on each connection (RFC 8705).
    ///
    /// # Errors
    /// As there.
    #[cfg(feature = "rustls")]
    pub fn with_certificate(
        identity: reqwest::Identity,
        settings: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<Self> {
        let client = Self::with(|builder| settings(builder).identity(identity))?;
        Ok(Self { certificate: true, ..client })
    }
}

impl Http for Reqwest {
    fn has_certificate(&self) -> bool {
        self.certificate
    }

    fn send(&self, request: http::Request<Bytes>) -> BoxFuture<'_, core::result::Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let request = request.try_into().map_err(TransportError::new)?;
            let answer = self.client.execute(request).await.map_err(TransportError::new)?;
            Ok(http::Response::<reqwest::Body>::from(answer).map(Body::new))
        })
    }
}
