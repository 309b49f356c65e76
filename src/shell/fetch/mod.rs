//! Rust on wasm: the core driven by the host's `fetch`, clock and randomness, for Leptos, Yew and workers-rs.
//!
//! Needs no window: it works in pages, workers, Cloudflare Workers, Deno and Node (WHATWG Fetch, RFC 9700 section 4.12).
//! Refuses redirects, bodies over 1 MiB, and a second sending of anything that may be sent only once.
//!
//! A page begins, and checks what came back; the transaction waits in the session storage meanwhile:
//!
//! ```no_run,standalone_crate
//! use samtykke::provider::norskgjeld::{self, Environment, Purpose, Scope};
//! use samtykke::{AuthorizationCode, Callback, Registration, Result, Transaction, fetch};
//!
//! fn client() -> Result<Registration> {
//!     let profile = norskgjeld::profile(&Environment::preprod());
//!     Registration::new(profile, "eksempelbank-client", "https://app.example.no/callback")
//! }
//!
//! /// Keep the second text in the session storage, then go to the first: `location.set_href(&url)`.
//! fn begin() -> Result<(String, String)> {
//!     let login = fetch::begin(&client()?, Scope::new(Purpose::Presentation).days(100)?.request())?;
//!     Ok((login.url, login.transaction.serialize().expose().into()))
//! }
//!
//! /// `kept` was taken out of the storage, `href` is the page's address; post the code to your worker.
//! fn finish(kept: &str, href: &str) -> Result<AuthorizationCode> {
//!     fetch::finish(Transaction::restore(kept)?, &client()?, Callback::Url(href))
//! }
//! ```
//!
//! The worker keeps the secret, exchanges the code and reads the debt. In workers-rs this is the body of a handler, with
//! the secret from `env.secret("CLIENT_SECRET")`:
//!
//! ```no_run,standalone_crate
//! # use samtykke::provider::norskgjeld::{Api, DebtInformation, Environment};
//! # use samtykke::{AuthorizationCode, ClientAuthentication, Registration, Result, fetch};
//! async fn debt(client: &Registration, secret: String, posted: &str) -> Result<DebtInformation> {
//!     let code = AuthorizationCode::restore(posted)?;
//!     let tokens = fetch::exchange(client, &ClientAuthentication::secret_basic(secret), code).await?;
//!     fetch::call(Api::new(&Environment::preprod(), &tokens.access_token).debt()).await
//! }
//! ```
//!
//! [`Client`] remembers: nonces, the server's key set, keys and APIs. It, [`HelseId`] and [`TokenSource`] hold no value of JavaScript's
//! and are `Send + Sync`, as contexts of Leptos and Yew and statics want it. Their futures are not, since the host's promises stay on
//! their thread: where a framework asks for a `Send` future, say that yours stays here.
//!
//! ```ignore
//! // Leptos: a resource whose future stays on its thread, and an event handler.
//! let who = LocalResource::new(move || { let client = client.clone(); async move { client.userinfo(&tokens.get()?).await.ok() } });
//! let begin = move |_| leptos::task::spawn_local(async move { go(client.begin(request()).await) });
//!
//! // workers-rs: a handler of axum's in a worker; what spends a refresh token outlives the response.
//! #[worker::send]
//! async fn renew(State(client): State<fetch::Client>, context: worker::Context) {
//!     context.wait_until(async move { store(client.refresh(&tokens).await).await });
//! }
//! ```
//!
//! In an event handler, hand the future to the framework: `leptos::task::spawn_local(async move { … })` in Leptos,
//! `yew::platform::spawn_local(async move { … })` in Yew. Dropping a future ends its request.
//!
//! The host's answer is read by its properties, never cast, so a service binding or a test may answer with an object of
//! its own (`gloo_net`'s own sending panics there, and is not used).

mod asked;
mod client;
mod decrypt;
mod helseid;
mod host;
mod key;
mod keys;
mod program;
mod providers;
mod send;
mod source;
mod webcrypto;

use asked::{Asked, Storing};
pub use client::Client;
pub use decrypt::{Decrypter, Decrypting, WebDecrypter};
pub use helseid::{HelseId, HelseIdSession};
pub use key::Key;
pub use keys::Keys;
pub use providers::{acmidm, adfs, halland, idporten, maskinporten};
pub use source::TokenSource;
pub use webcrypto::{AsyncSigner, Signing, WebKey};

use alloc::string::String;

use wasm_bindgen::JsValue;
use web_sys::AbortSignal;
use zeroize::Zeroizing;

use crate::flow::device::{Device, MAX_INTERVAL, Polled};
use crate::flow::login::Start;
use crate::flow::machine::{Failure, Input, Machine, Moment};
use crate::ground::error::{Error, Phase, codes};
use crate::protocol::authorization::request::RANDOM_OCTETS;
use crate::provider::call::Call;
use crate::provider::norskgjeld::{Api, Batch, FeedCall, Reading};
use crate::{
    AuthorizationCode, AuthorizationRequest, Callback, ClientAuthentication, ClientCredentials, Exchange, Login, Registration, Result,
    Step, Tokens, Transaction,
};

/// Begins a flow with fresh randomness of the host's, now.
///
/// # Errors
/// Those of [`Registration::begin`](crate::Registration::begin); `invalid_configuration` where the host has no `crypto.getRandomValues`.
///
/// ```no_run,standalone_crate
/// use samtykke::{AuthorizationRequest, Profile, Registration, fetch};
/// # fn main() -> samtykke::Result<()> {
/// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
/// let login = fetch::begin(&client, AuthorizationRequest::new("read"))?;
/// # Ok(())
/// # }
/// ```
pub fn begin(client: &Registration, request: AuthorizationRequest) -> Result<Login> {
    let mut random = Zeroizing::new([0; RANDOM_OCTETS]);
    drawn(&mut *random)?;
    client.begin(request, &random, host::now())
}

/// As [`begin`], for a provider that takes pushed or signed requests: drive it to its end ([`Transport::drive`]), which is the
/// login. Its [`dpop_nonce`](Exchange::dpop_nonce) is for the exchange that follows.
///
/// # Errors
/// Those of [`Exchange::login`]; `invalid_configuration` where the host has no `crypto.getRandomValues`.
///
/// ```no_run,standalone_crate
/// # use samtykke::fetch::{self, Keys, Transport};
/// # use samtykke::{AuthorizationRequest, ClientAuthentication, Login, Registration, Result, jose::Signer};
/// # use samtykke::flow::login::Start;
/// async fn begin(client: &Registration, key: &dyn Signer, dpop: &dyn Signer) -> Result<Login> {
///     let authentication = ClientAuthentication::private_key_jwt(key.info().clone());
///     let start = Start::new().dpop(dpop.info(), None);
///     let mut exchange = fetch::login(client, &authentication, AuthorizationRequest::new("openid"), start)?;
///     Transport::new().drive(&mut exchange, &Keys::new().client(key).dpop(dpop)).await
/// }
/// ```
pub fn login(
    client: &Registration,
    authentication: &ClientAuthentication,
    request: AuthorizationRequest,
    start: Start,
) -> Result<Exchange<Login>> {
    let mut random = Zeroizing::new([0; RANDOM_OCTETS]);
    drawn(&mut *random)?;
    Exchange::login(client, authentication, request, start, &random, host::now())
}

/// The host's randomness. Cloudflare Workers give it only inside a handler, so nothing is drawn before it is needed.
fn drawn(octets: &mut [u8]) -> Result<()> {
    host::fill(octets).map_err(|_| no_randomness())
}

fn no_randomness() -> Error {
    Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Runtime).expected("crypto.getRandomValues")
}

/// Judges what came back, now.
///
/// # Errors
/// Those of [`Transaction::finish`].
pub fn finish(transaction: Transaction, client: &Registration, callback: Callback<'_>) -> Result<AuthorizationCode> {
    transaction.finish(client, callback, host::now())
}

/// Exchanges a checked code, with the usual [`Transport`]. The code is sent once, whatever happens.
///
/// # Errors
/// Those of [`Exchange`]; `network_error` and `timeout` in the token phase.
pub async fn exchange(client: &Registration, authentication: &ClientAuthentication, code: AuthorizationCode) -> Result<Tokens> {
    Transport::new().exchange(client, authentication, code).await
}

/// Asks for a token of the client's own, with the usual [`Transport`].
///
/// # Errors
/// Those of [`Exchange`]; `network_error` and `timeout` in the token phase.
pub async fn client_credentials(client: &Registration, authentication: &ClientAuthentication, grant: &ClientCredentials) -> Result<Tokens> {
    Transport::new().client_credentials(client, authentication, grant).await
}

/// Calls a provider's API, with the usual [`Transport`].
///
/// # Errors
/// Those of the call; `network_error` and `timeout` in the api phase.
pub async fn call<T>(call: Call<T>) -> Result<T> {
    Transport::new().call(call).await
}

/// Reads the event feed from after `cursor` to its end, in pages of `limit`, with the usual [`Transport`].
///
/// # Errors
/// Those of [`FeedCall`]; `network_error` and `timeout` in the api phase.
pub async fn read_feed(api: &Api<'_>, cursor: u64, limit: u32) -> Result<Batch> {
    Transport::new().read_feed(api, cursor, limit).await
}

/// A value as a plain JavaScript object, for callers who hand results on to JavaScript: no `Map`, `null` for what is
/// absent, numbers for numbers.
///
/// # Errors
/// `invalid_parameter` for a value that does not serialise, such as a number beyond 2^53.
///
/// ```no_run,standalone_crate
/// # fn main() -> samtykke::Result<()> {
/// let shown = samtykke::fetch::to_js(&samtykke::provider::norskgjeld::Loan::default())?;
/// # Ok(())
/// # }
/// ```
pub fn to_js(value: &(impl serde::Serialize + ?Sized)) -> Result<JsValue> {
    value
        .serialize(&serde_wasm_bindgen::Serializer::json_compatible())
        .map_err(|_| Error::new(&codes::INVALID_PARAMETER).at(Phase::Runtime).expected("a value that serialises to JSON"))
}

/// What kept an answer from coming, as the machines know it; nothing for a request that cannot be sent at all.
fn failure(error: &Error) -> Option<Failure> {
    Some(match error.code() {
        "network_error" => Failure::Network,
        "timeout" => Failure::Timeout,
        "aborted" => Failure::Aborted,
        "redirect_refused" => Failure::Redirected,
        "token_response_too_large" => Failure::TooLarge(error.status().unwrap_or_default()),
        _ => return None,
    })
}

/// How requests are sent.
///
/// ```no_run,standalone_crate
/// use samtykke::fetch::Transport;
/// # async fn read(call: samtykke::provider::call::Call<samtykke::provider::norskgjeld::ConsentStatus>) -> samtykke::Result<()> {
/// let status = Transport::new().timeout(10).retries(1).call(call).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Transport {
    timeout: u32,
    retries: u32,
    signal: Option<AbortSignal>,
    fetch: Option<js_sys::Function>,
}

impl Default for Transport {
    fn default() -> Self {
        Self { timeout: 30, retries: 2, signal: None, fetch: None }
    }
}

impl Transport {
    /// The global `fetch`, 30 seconds for each request, two retries of API calls that may be repeated.
    pub fn new() -> Self {
        Self::default()
    }

    /// Seconds until a request is given up.
    #[must_use]
    pub fn timeout(mut self, seconds: u32) -> Self {
        self.timeout = seconds;
        self
    }

    /// How often an API call that may be repeated is tried again after a network failure, 429 or 5xx.
    #[must_use]
    pub fn retries(mut self, times: u32) -> Self {
        self.retries = times;
        self
    }

    /// Ends requests and pauses when this signal says so; the error is `aborted`.
    #[must_use]
    pub fn signal(mut self, signal: &AbortSignal) -> Self {
        self.signal = Some(signal.clone());
        self
    }

    /// Sends by this function in place of the global `fetch`; it takes a `Request`. For service bindings and tests.
    #[must_use]
    pub fn fetch(mut self, function: js_sys::Function) -> Self {
        self.fetch = Some(function);
        self
    }

    /// As [`exchange`].
    ///
    /// # Errors
    /// As there, and `aborted`.
    pub async fn exchange(&self, client: &Registration, authentication: &ClientAuthentication, code: AuthorizationCode) -> Result<Tokens> {
        self.run(Exchange::authorization_code(client, authentication, code)?).await
    }

    /// As [`client_credentials`].
    ///
    /// # Errors
    /// As there, and `aborted`.
    pub async fn client_credentials(
        &self,
        client: &Registration,
        authentication: &ClientAuthentication,
        grant: &ClientCredentials,
    ) -> Result<Tokens> {
        self.run(Exchange::client_credentials(client, authentication, grant)?).await
    }

    /// Drives an exchange that signs nothing to its end; the host's WebCrypto verifies. Nothing is sent twice.
    ///
    /// # Errors
    /// Those of the exchange; `network_error`, `timeout` and `aborted` in the token phase; `invalid_configuration` when it
    /// asks for a signature after all.
    pub async fn run<T>(&self, mut exchange: Exchange<T>) -> Result<T> {
        self.drive(&mut exchange, &Keys::new()).await
    }

    /// Drives a machine to its end, an exchange such as: signs and verifies with these keys, and sends what is to be sent. The machine
    /// stays yours, an exchange with the newest nonce and the key set it learnt. A refresh token that it would have stored goes to
    /// nobody here.
    ///
    /// # Errors
    /// As [`run`](Self::run), and those of the signers and the verifier.
    pub async fn drive<M: Machine>(&self, machine: &mut M, keys: &Keys<'_>) -> Result<M::Output> {
        self.drive_storing(machine, keys, None).await
    }

    /// As [`drive`](Self::drive), with what the program does of a machine's steps.
    async fn drive_with<M: Machine>(
        &self,
        machine: &mut M,
        keys: &Keys<'_>,
        program: &impl AsyncFn(Asked) -> Result<Input>,
    ) -> Result<M::Output> {
        let mut input = Input::Start;
        let mut lost: Option<Error> = None;
        loop {
            let mut random = Zeroizing::new([0; 32]);
            drawn(&mut *random)?;
            let step = machine.advance(input, &Moment { now: host::now(), random: &random });
            let step = match (step, lost.take().as_ref().and_then(Error::actual_value)) {
                (Err(error), Some(cause)) => return Err(error.actual(cause)),
                (step, _) => step?,
            };
            input = match step {
                Step::Send(request) => match send::once(self, &request, Phase::Token).await {
                    Ok(response) => Input::Response(response),
                    Err(error) => {
                        let Some(failure) = failure(&error) else { return Err(error) };
                        lost = Some(error);
                        Input::Failed(failure)
                    }
                },
                Step::Sign(request) => send::told(self, keys.sign(&request), Input::Signature).await?,
                Step::Verify(request) => send::told(self, keys.verify(&request), Input::Verdict).await?,
                Step::Decrypt(request) => {
                    let plain = send::limited(self, true, keys.decrypt(&request)).await;
                    plain.and_then(|plain| plain.ok_or(Failure::Decrypter)).map_or_else(Input::Failed, Input::Plaintext)
                }
                Step::Digest(hash, value) => Input::Digest(hash.digest(value.expose().as_bytes())),
                Step::Store(text) => program(Asked::Store(text)).await?,
                Step::Call(call) => program(Asked::Call(call)).await?,
                Step::Ask(question) => program(Asked::Answer(question)).await?,
                Step::Sleep(milliseconds) => match send::rest(self, milliseconds).await {
                    Ok(()) => Input::Slept,
                    Err(_) => Input::Failed(Failure::Aborted),
                },
                Step::Done(outcome) => return Ok(outcome),
                // Only a machine that was told so leaves keys to its shell.
                _ => return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token)),
            };
        }
    }

    /// Polls until the person is done on the other device, at the pace the server asks for (RFC 8628 section 3.5); after a
    /// connection that broke, at half of it.
    ///
    /// # Errors
    /// `token_error` when the person refused, `device_code_expired`; as [`drive`](Self::drive).
    pub async fn device_tokens(
        &self,
        client: &Registration,
        authentication: &ClientAuthentication,
        mut device: Device,
        keys: &Keys<'_>,
    ) -> Result<Tokens> {
        let end = host::now().saturating_add(u64::from(device.expires_in));
        let mut nonce: Option<String> = None;
        let mut longer = 0;
        loop {
            send::rest(self, device.interval.max(longer).saturating_mul(1000)).await?;
            longer = 0;
            if host::now() >= end {
                return Err(Error::new(&codes::DEVICE_CODE_EXPIRED));
            }
            let mut exchange = Exchange::device_poll(client, authentication, &device)?;
            if let Some(key) = keys.dpop_info() {
                exchange = exchange.dpop(key, nonce.as_deref());
            }
            let polled = self.drive(&mut exchange, keys).await;
            nonce = exchange.dpop_nonce().map(String::from);
            match polled {
                Ok(Polled::Pending) => {}
                Ok(Polled::SlowDown(seconds)) => {
                    device.slow_down();
                    longer = seconds;
                }
                Ok(Polled::Tokens(tokens)) => return Ok(*tokens),
                // A connection that broke may mean a server under load: wait twice as long (RFC 8628 section 3.5).
                Err(error) if [codes::NETWORK_ERROR.code(), codes::TIMEOUT.code()].contains(&error.code()) => {
                    device.interval = device.interval.saturating_mul(2).min(MAX_INTERVAL);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// As [`call`](fn@call). Calls that may be repeated are, with growing pauses; the server's `Retry-After` is heeded up to
    /// 30 seconds, and for a longer one the error is given at once.
    ///
    /// # Errors
    /// As there, and `aborted`.
    pub async fn call<T>(&self, call: Call<T>) -> Result<T> {
        self.drive(&mut call.machine().retries(self.retries), &Keys::new()).await
    }

    /// As [`read_feed`].
    ///
    /// # Errors
    /// As there, and `aborted`.
    pub async fn read_feed(&self, api: &Api<'_>, cursor: u64, limit: u32) -> Result<Batch> {
        let mut page = self.page(FeedCall::new(api, cursor, limit)).await?;
        let mut batch = page.batch;
        while let Some(next) = page.next {
            page = self.page(FeedCall::resume(api, &next)?).await?;
            batch.extend(page.batch);
        }
        Ok(batch)
    }

    async fn page(&self, call: FeedCall) -> Result<Reading> {
        self.drive(&mut call.retries(self.retries), &Keys::new()).await
    }
}
