//! The loop that carries out the steps of machines: it sends, reads, signs, verifies and stores, and decides nothing.
//!
//! RFC 9110; RFC 9700 section 4.12 (no redirects). One clock bounds head and body together, and octets are counted as they come.
//! Refuses header values that no HTTP message can carry, and bodies over 1 MiB.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::future::{Future, poll_fn};
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;

use bytes::Bytes;
use zeroize::Zeroize;

use crate::flow::machine::{Failure, Input, Machine, Moment};
use crate::flow::step::{CallRequest, Step};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::{MAX_BODY, Request, Response};
use crate::ground::secret::Secret;
use crate::provider::call::Call;
use crate::shell::native::keys::Keys;
pub(crate) use crate::shell::native::runtime::random;
use crate::shell::native::runtime::{Runtime, Tokio};
use crate::shell::native::sending::{Body, BoxFuture, Http, TransportError};
use crate::shell::spent::Spent;

/// Where a refresh token that came is put before anything else of its answer is judged.
pub type Storing<'a> = &'a (dyn Fn(Secret) -> BoxFuture<'static, Result<()>> + Send + Sync);

/// A step that a program does, and not its driver.
pub(crate) enum Asked {
    /// A call by one of several keys.
    Call(CallRequest),
    /// What is to become of this.
    Answer(Secret),
    /// To load, lock, keep or unlock in the store that processes share.
    Turn(Step<()>),
}

/// Does such a step.
pub(crate) type Program<'a> = &'a (dyn Fn(Asked) -> BoxFuture<'a, Result<Input>> + Send + Sync + 'a);

/// Whose token goes with a call, and what a caller wants, no driver knows; where nothing is shared there is nothing kept, and no lock.
pub(crate) fn alone(asked: Asked) -> Result<Input> {
    Ok(match asked {
        Asked::Call(_) | Asked::Answer(_) => return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Api)),
        Asked::Turn(Step::Load(_)) => Input::Loaded(None),
        Asked::Turn(Step::Lock(_)) => Input::Failed(Failure::Store),
        Asked::Turn(_) => Input::Unlocked,
    })
}

/// Sends by an [`Http`], and carries machines to their ends. A cheap clone.
///
/// ```
/// use samtykke::native::{Driver, Keys};
/// use samtykke::native::testing::Scripted;
/// use samtykke::{ClientAuthentication, ClientCredentials, Exchange, Profile, Registration};
/// # fn main() -> samtykke::Result<()> {
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let http = Scripted::new().json(200, r#"{"access_token":"x","token_type":"Bearer"}"#);
/// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
/// let secret = ClientAuthentication::secret_basic("correct horse");
/// let mut exchange = Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read"))?;
/// let tokens = Driver::new(http).drive(&mut exchange, &Keys::new()).await?;
/// assert_eq!(tokens.requested_scope, "read");
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Driver {
    http: Arc<dyn Http>,
    runtime: Arc<dyn Runtime>,
    timeout: Duration,
}

impl core::fmt::Debug for Driver {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Driver").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

impl Driver {
    /// Sends by this client, in tokio's runtime, with 30 seconds for each request.
    pub fn new(http: impl Http + 'static) -> Self {
        Self::from_shared(Arc::new(http))
    }

    /// As [`new`](Self::new), of a client that others hold too.
    pub fn from_shared(http: Arc<dyn Http>) -> Self {
        Self { http, runtime: Arc::new(Tokio), timeout: Duration::from_secs(30) }
    }

    /// Other tasks, timers and clocks than tokio's.
    #[must_use]
    pub fn runtime(mut self, runtime: Arc<dyn Runtime>) -> Self {
        self.runtime = runtime;
        self
    }

    /// How long one request may take, to the end of its body.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Whether connections present a client certificate.
    pub(crate) fn has_certificate(&self) -> bool {
        self.http.has_certificate()
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.runtime.wall().as_secs()
    }

    /// Milliseconds by the clock that nobody sets.
    pub(crate) fn ticks(&self) -> u64 {
        u64::try_from(self.runtime.monotonic().as_millis()).unwrap_or(u64::MAX)
    }

    /// A future that ends when so much time has passed.
    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.runtime.sleep(duration)
    }

    /// Runs work in a task of its own, which goes on when nobody waits for it any more.
    ///
    /// # Errors
    /// `aborted` where the task ended without an outcome: there is no runtime, or it panicked.
    pub(crate) async fn run_detached<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        let (tell, told) = tokio::sync::oneshot::channel();
        self.runtime.spawn(Box::pin(async move {
            let _ = tell.send(work.await);
        }));
        let lost = || Error::new(&codes::ABORTED).expected("a runtime, and a task that ends");
        told.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Runs work in a task of its own for which nobody waits.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.spawn(Box::pin(work));
    }

    /// Carries a machine to its end. Whoever drops this future ends what is on its way, so what may not be lost (a code, a refresh
    /// token) is driven in a task: [`Client`](crate::native::Client) does.
    ///
    /// # Errors
    /// Those of the machine; `signing_failed`; `invalid_configuration` for a key that is missing.
    pub async fn drive<M: Machine>(&self, machine: &mut M, keys: &Keys) -> Result<M::Output> {
        self.drive_storing(machine, keys, None).await
    }

    /// As [`drive`](Self::drive), for a machine that has a refresh token stored ([`Exchange::with_store`](crate::Exchange::with_store)).
    ///
    /// # Errors
    /// As there; `store_failed`.
    pub async fn drive_storing<M: Machine>(&self, machine: &mut M, keys: &Keys, store: Option<Storing<'_>>) -> Result<M::Output> {
        self.drive_once(machine, keys, store, &Spent::default()).await
    }

    /// As [`drive_storing`](Self::drive_storing), with a memory of what was sent and may not be sent again.
    pub(crate) async fn drive_once<M: Machine>(
        &self,
        machine: &mut M,
        keys: &Keys,
        store: Option<Storing<'_>>,
        spent: &Spent,
    ) -> Result<M::Output> {
        let program = |asked| -> BoxFuture<'_, Result<Input>> { Box::pin(core::future::ready(alone(asked))) };
        self.drive_with(machine, keys, store, spent, &program).await
    }

    /// As [`drive_once`](Self::drive_once), with what a program does of a machine's steps.
    pub(crate) async fn drive_with<M: Machine>(
        &self,
        machine: &mut M,
        keys: &Keys,
        store: Option<Storing<'_>>,
        spent: &Spent,
        program: Program<'_>,
    ) -> Result<M::Output> {
        let mut claim = spent.claim();
        let mut input = Input::Start;
        let mut cause = None;
        loop {
            let random = random::<32>()?;
            let step = machine.advance(input, &Moment { now: self.now(), random: &random });
            let step = step.map_err(|error| error.because(cause.take()))?;
            input = match step {
                Step::Send(request) => {
                    // The same code or refresh token goes out a second time only where this very machine answers a challenge.
                    if !claim.before(machine.spends(), self.now()) {
                        input = Input::Failed(Failure::Used);
                        continue;
                    }
                    let answer = self.once(&request).await?;
                    claim.after(machine.spends(), answer.as_ref().map_or_else(|lost| lost.status, |answer| answer.status), self.now());
                    match answer {
                        Ok(response) => Input::Response(response),
                        Err(lost) => {
                            cause = lost.cause;
                            Input::Failed(lost.failure)
                        }
                    }
                }
                Step::Sign(request) => match self.limited(keys.sign(&request)).await {
                    Some(signature) => Input::Signature(signature?),
                    None => Input::Failed(Failure::Timeout),
                },
                Step::Verify(request) => match keys.verify(&request) {
                    Ok(right) => Input::Verdict(right),
                    Err(error) => {
                        // What came with the token is not lost: the machine puts it on its own error.
                        let moment = Moment { now: self.now(), random: &[0; 32] };
                        let over = machine.advance(Input::Failed(Failure::Network), &moment).err();
                        return Err(error.holding_text(over.as_ref().and_then(Error::raw)));
                    }
                },
                Step::Digest(hash, value) => Input::Digest(hash.digest(value.expose().as_bytes())),
                Step::Decrypt(request) => match self.limited(keys.decrypt(&request)).await {
                    Some(Some(plain)) => Input::Plaintext(plain),
                    Some(None) => Input::Failed(Failure::Decrypter),
                    None => Input::Failed(Failure::Timeout),
                },
                Step::Store(token) => match store {
                    Some(store) => match self.limited(store(token)).await {
                        Some(stored) => stored.map_or(Input::Failed(Failure::Store), |()| Input::Stored),
                        None => Input::Failed(Failure::Timeout),
                    },
                    None => Input::Stored,
                },
                Step::Sleep(milliseconds) => {
                    self.sleep(Duration::from_millis(u64::from(milliseconds))).await;
                    Input::Slept
                }
                Step::Done(outcome) => {
                    if machine.keeps() {
                        claim.release();
                    }
                    return Ok(outcome);
                }
                Step::Load(place) => program(Asked::Turn(Step::Load(place))).await?,
                Step::Lock(name) => program(Asked::Turn(Step::Lock(name))).await?,
                Step::Keep(record) => program(Asked::Turn(Step::Keep(record))).await?,
                Step::Unlock => program(Asked::Turn(Step::Unlock)).await?,
                Step::Adopt(_) => Input::Adopted,
                Step::Call(call) => program(Asked::Call(call)).await?,
                Step::Ask(question) => program(Asked::Answer(question)).await?,
                Step::Token(_) => return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Api)),
                // Only a machine that was told so leaves keys to its shell.
                Step::Find(_) => return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token)),
            };
        }
    }

    /// What work gives, unless it takes longer than a request may.
    async fn limited<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        within(&mut self.patience(), work).await
    }

    /// Sends a request once, and reads the answer whole.
    pub(crate) async fn once(&self, request: &Request) -> Result<core::result::Result<Response, Lost>> {
        let outgoing = to_http_request(request)?;
        let mut patience = self.runtime.sleep(self.timeout);
        let (head, body) = match self.head(outgoing, &mut patience).await {
            Ok(answer) => answer.into_parts(),
            Err(failure) => return Ok(Err(failure)),
        };
        let mut response = response(&head);
        Ok(read(body, response.status, MAX_BODY, &mut patience).await.map(|octets| {
            // What is not text counts as no body; the status says the rest.
            let text = String::from_utf8(octets).unwrap_or_else(|error| {
                error.into_bytes().zeroize();
                String::new()
            });
            response.body = Secret::new(text);
            response
        }))
    }

    /// Sends a call of a provider's API, again after trouble where that does no harm.
    pub(crate) async fn call<T>(&self, call: Call<T>) -> Result<T> {
        self.drive(&mut call.machine(), &Keys::new()).await
    }

    /// A future that ends when a request's time is over.
    pub(crate) fn patience(&self) -> BoxFuture<'static, ()> {
        self.runtime.sleep(self.timeout)
    }

    /// Sends a request, and answers once the head is there.
    pub(crate) async fn head(
        &self,
        request: http::Request<Bytes>,
        patience: &mut BoxFuture<'static, ()>,
    ) -> core::result::Result<http::Response<Body>, Lost> {
        #[cfg(feature = "tracing")]
        let span = super::spans::request(&request);
        let sending = self.http.send(request);
        #[cfg(feature = "tracing")]
        let sending = tracing::Instrument::instrument(sending, span.clone());
        let outcome = match within(patience, sending).await {
            None => Err(Lost { failure: Failure::Timeout, status: 0, cause: None }),
            Some(answer) => answer.map_err(|cause| Lost { failure: Failure::Network, status: 0, cause: Some(cause) }),
        };
        #[cfg(feature = "tracing")]
        super::spans::answered(&span, outcome.as_ref().map(http::Response::status).map_err(|lost| lost.failure));
        outcome
    }
}

/// An answer that did not come, or not whole.
pub(crate) struct Lost {
    pub(crate) failure: Failure,
    /// The status, where the head came: 0 where it did not.
    pub(crate) status: u16,
    pub(crate) cause: Option<TransportError>,
}

impl Lost {
    /// The error of a request of this phase.
    pub(crate) fn error(self, phase: Phase, repeatable: bool) -> Error {
        self.failure.error(phase, repeatable).because(self.cause)
    }
}

/// What a future gives, unless time is over first.
pub(crate) async fn within<T>(patience: &mut BoxFuture<'static, ()>, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => patience.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Reads a body to its end.
pub(crate) async fn read(
    mut body: Body,
    status: u16,
    most: usize,
    patience: &mut BoxFuture<'static, ()>,
) -> core::result::Result<Vec<u8>, Lost> {
    let mut octets = Vec::new();
    loop {
        match within(patience, body.chunk()).await {
            None => return Err(Lost { failure: Failure::Stalled(status), status, cause: None }),
            Some(None) => return Ok(octets),
            Some(Some(Err(cause))) => return Err(Lost { failure: Failure::Cut(status), status, cause: Some(cause) }),
            Some(Some(Ok(part))) if octets.len().saturating_add(part.len()) > most => {
                return Err(Lost { failure: Failure::TooLarge(status), status, cause: None });
            }
            Some(Some(Ok(part))) => octets.extend_from_slice(&part),
        }
    }
}

/// Headers that tell nothing; all others are marked as secrets, which loggers and HPACK heed.
const OPEN: &[&str] = &["accept", "content-type", "x-request-id", "x-trace-id"];

/// The request as HTTP has it.
pub(crate) fn to_http_request(request: &Request) -> Result<http::Request<Bytes>> {
    let wrong = |expected: &'static str| Error::new(&codes::INVALID_PARAMETER).at(Phase::Runtime).expected(expected);
    let mut outgoing = http::Request::builder().method(request.method).uri(&request.url);
    for (name, value) in &request.headers {
        outgoing = outgoing.header(*name, header_value(name, value)?);
    }
    let body = request.body.as_ref().map(|body| Bytes::copy_from_slice(body.expose().as_bytes())).unwrap_or_default();
    outgoing.body(body).map_err(|_| wrong("an address that HTTP can carry"))
}

/// The value of a header, marked where it is a secret.
pub(crate) fn header_value(name: &str, value: &Secret) -> Result<http::HeaderValue> {
    let mut value = http::HeaderValue::from_str(value.expose()).map_err(|_| {
        let error = Error::new(&codes::INVALID_PARAMETER).at(Phase::Runtime);
        error.expected("header values of visible ASCII").actual(name)
    })?;
    value.set_sensitive(!OPEN.contains(&name));
    Ok(value)
}

/// What the core reads of a head. All values of a header that came in several lines count, as one list (RFC 9110 section 5.3).
pub(crate) fn response(head: &http::response::Parts) -> Response {
    let header = |name: &str| {
        let mut text: Option<String> = None;
        for value in head.headers.get_all(name) {
            let value = value.as_bytes().iter().map(|octet| char::from(*octet));
            match &mut text {
                None => text = Some(value.collect()),
                Some(text) => {
                    text.push_str(", ");
                    text.extend(value);
                }
            }
        }
        text
    };
    let mut response = Response::new(head.status.as_u16(), header("content-type").as_deref(), "");
    response.retry_after = header("retry-after");
    response.dpop_nonce = header("dpop-nonce");
    response.cache_control = header("cache-control");
    response.www_authenticate = header("www-authenticate");
    response
}
