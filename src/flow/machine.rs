//! One way to drive everything that takes steps: a request to send, octets to sign, a token to store, an outcome.
//!
//! The seam between the core and its shells (RFC 9110, RFC 7515 section 5). A shell carries a step out and hands back what came of
//! it; it decides nothing. Refuses an input nobody asked for, one given twice and one out of turn, and changes nothing then.

use alloc::vec::Vec;

use crate::flow::step::{Record, Step};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Response;
use crate::ground::secret::Secret;

/// When a step is taken, and fresh randomness for it.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    /// Seconds since 1970.
    pub now: u64,
    /// Random octets, fresh for each step.
    pub random: &'a [u8; 32],
}

impl core::fmt::Debug for Moment<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Moment").field("now", &self.now).finish_non_exhaustive()
    }
}

/// What came of the last step. `Debug` shows the kind alone.
#[non_exhaustive]
pub enum Input {
    /// Nothing yet: the first step.
    Start,
    /// The answer to [`Step::Send`], whatever its status.
    Response(Response),
    /// The signature for [`Step::Sign`].
    Signature(Vec<u8>),
    /// Whether the signature of [`Step::Verify`] or [`Step::Find`] is right.
    Verdict(bool),
    /// The digest for [`Step::Digest`].
    Digest(Vec<u8>),
    /// What was in the token of [`Step::Decrypt`].
    Plaintext(Secret),
    /// What [`Step::Store`] handed out is safe.
    Stored,
    /// What [`Step::Load`] found. What the caller stores has no end.
    Loaded(Option<Record>),
    /// The lock of [`Step::Lock`] is there; with what is kept under its name.
    Locked(Option<Record>),
    /// [`Step::Keep`] or [`Step::Unlock`] is done, as well as it could be: a lock ends by itself.
    Unlocked,
    /// What [`Step::Adopt`] handed out is taken over.
    Adopted,
    /// What [`Step::Call`] came to, where no answer of the API's came: the error of the token's request, or of the way.
    Refused(Error),
    /// What the caller says to [`Step::Ask`].
    Answered(Secret),
    /// The token for [`Step::Token`].
    Token(Secret),
    /// The time of [`Step::Sleep`] is over.
    Slept,
    /// The step could not be carried out.
    Failed(Failure),
}

impl core::fmt::Debug for Input {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Start => "Start",
            Self::Response(_) => "Response(…)",
            Self::Signature(_) => "Signature(…)",
            Self::Verdict(_) => "Verdict(…)",
            Self::Digest(_) => "Digest(…)",
            Self::Plaintext(_) => "Plaintext(…)",
            Self::Stored => "Stored",
            Self::Loaded(_) => "Loaded(…)",
            Self::Locked(_) => "Locked(…)",
            Self::Unlocked => "Unlocked",
            Self::Adopted => "Adopted",
            Self::Refused(_) => "Refused(…)",
            Self::Answered(_) => "Answered(…)",
            Self::Token(_) => "Token(…)",
            Self::Slept => "Slept",
            Self::Failed(_) => "Failed(…)",
        })
    }
}

/// Why a step could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// No connection, or one that broke.
    Network,
    /// No whole answer within the time limit.
    Timeout,
    /// The caller's signal ended it.
    Aborted,
    /// The connection broke after the head of an answer; with its status.
    Cut(u16),
    /// No whole answer within the time limit, although its head came; with its status.
    Stalled(u16),
    /// The answer led elsewhere, and the host followed or hid it.
    Redirected,
    /// The answer is longer than [`MAX_BODY`](crate::ground::http::MAX_BODY); with its status.
    TooLarge(u16),
    /// The signer failed.
    Signer,
    /// The token could not be decrypted, for whatever reason.
    Decrypter,
    /// What was to be stored may not be.
    Store,
    /// Another process has the lock: it was waited for a while, and what is kept may have changed.
    Held,
    /// What is sent once was sent before, by this client or another that shares the memory of it.
    Used,
}

impl Failure {
    /// The failure a shell names by a word, as the npm package's does.
    pub fn from_name(name: &str, status: u16) -> Option<Self> {
        Some(match name {
            "network" => Self::Network,
            "cut" => Self::Cut(status),
            "stalled" => Self::Stalled(status),
            "timeout" => Self::Timeout,
            "aborted" => Self::Aborted,
            "redirected" => Self::Redirected,
            "too_large" => Self::TooLarge(status),
            "signer" => Self::Signer,
            "decrypter" => Self::Decrypter,
            "store" => Self::Store,
            "used" => Self::Used,
            _ => return None,
        })
    }

    /// Whether a step of this kind can come to this.
    pub(crate) fn is_of(self, kind: Kind) -> bool {
        match self {
            Self::Network | Self::Timeout | Self::Aborted => true,
            Self::Cut(_) | Self::Stalled(_) | Self::Redirected | Self::TooLarge(_) | Self::Used => kind == Kind::Send,
            Self::Signer => kind == Kind::Sign,
            Self::Decrypter => kind == Kind::Decrypt,
            Self::Store => kind == Kind::Store,
            // Of a lock alone.
            Self::Held => false,
        }
    }

    /// Whether what was sent is gone, so that only a new flow helps: a code once it went out, a refresh token once an answer began.
    pub(crate) fn loses(self, spends: Option<Spends<'_>>) -> bool {
        match spends {
            Some(Spends::Sent(_)) => matches!(self, Self::Network | Self::Timeout | Self::Cut(_) | Self::Stalled(_)),
            Some(Spends::Answered(_)) => matches!(self, Self::Cut(200) | Self::Stalled(200)),
            None => false,
        }
    }

    /// The error of a request of this phase that came to this.
    pub(crate) fn error(self, phase: Phase, repeatable: bool) -> Error {
        let kind = match self {
            Self::Network | Self::Cut(_) => &codes::NETWORK_ERROR,
            Self::Timeout | Self::Stalled(_) => &codes::TIMEOUT,
            Self::Aborted => &codes::ABORTED,
            Self::Redirected => &codes::REDIRECT_REFUSED,
            Self::Signer => return Error::new(&codes::SIGNING_FAILED),
            Self::Decrypter => &codes::DECRYPTION_FAILED,
            Self::Store | Self::Held => &codes::STORE_FAILED,
            Self::Used => &codes::TRANSACTION_USED,
            Self::TooLarge(_) => match phase {
                Phase::Configuration => &codes::METADATA_MALFORMED,
                Phase::Api => &codes::API_RESPONSE_MALFORMED,
                _ => &codes::TOKEN_RESPONSE_TOO_LARGE,
            },
        };
        let again = repeatable && matches!(self, Self::Network | Self::Cut(_) | Self::Timeout | Self::Stalled(_));
        let error = Error::new(kind).at(phase).retry(again);
        match self {
            Self::TooLarge(status) => error.http(&Response::new(status, None, "")),
            _ => error,
        }
    }
}

/// Which kind of step a failure is of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Send,
    Sign,
    Decrypt,
    Store,
    Other,
}

/// A flow as an owned value that is driven from outside.
///
/// ```
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::{ClientAuthentication, ClientCredentials, Exchange, Profile, Registration, Response, Step};
/// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"access_token":"x","token_type":"Bearer"}"#) }
/// # fn random() -> [u8; 32] { [7; 32] }
/// fn drive<M: Machine>(mut machine: M) -> samtykke::Result<M::Output> {
///     let mut input = Input::Start;
///     loop {
///         let moment = Moment { now: 1_700_000_000, random: &random() };
///         input = match machine.advance(input, &moment)? {
///             Step::Send(request) => Input::Response(http(request)),
///             Step::Done(outcome) => return Ok(outcome),
///             _ => unreachable!("a secret signs nothing"),
///         };
///     }
/// }
/// let profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
/// let client = Registration::new(profile, "client-1", "https://rp.example/cb")?;
/// let secret = ClientAuthentication::secret_basic("correct horse");
/// let tokens = drive(Exchange::client_credentials(&client, &secret, &ClientCredentials::new("read"))?)?;
/// assert_eq!(tokens.requested_scope, "read");
/// # Ok::<(), samtykke::Error>(())
/// ```
pub trait Machine: Send + Sync {
    /// The outcome.
    type Output;

    /// Takes what came of the last step, and gives the next one.
    ///
    /// # Errors
    /// `transaction_used` for an input nobody asked for; then nothing has changed. Else those of the flow, which is then over.
    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<Self::Output>>;

    /// The newest DPoP nonce that the server gave, to be kept for its next request.
    fn nonce(&self) -> Option<&str> {
        None
    }

    /// Whether the answer leaves what was sent as good as it was: a refresh token that no other came for.
    fn keeps(&self) -> bool {
        false
    }

    /// What the request that was handed out spends, where it spends something.
    fn spends(&self) -> Option<Spends<'_>> {
        None
    }
}

/// What is used up by a request, by a name that is the same for each machine that would send it and tells nothing of it. Whoever
/// remembers it as spent sends no second one: it says [`Failure::Used`] instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spends<'a> {
    /// Spent as soon as it is sent, whatever comes of it: a code.
    Sent(&'a str),
    /// Spent once an answer of status 200 begins: a refresh token, which may be sent again where no answer came.
    Answered(&'a str),
}
