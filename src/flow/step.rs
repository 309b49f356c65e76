//! What a machine asks of whoever drives it: a request sent, octets signed, a signature verified.
//!
//! The seam between the core and its shells: RFC 9110 (requests), RFC 7515 section 5 (signing, verifying).
//! Refuses to be printed: `Debug` shows neither what is signed nor a signature.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::http::Request;
use crate::ground::secret::Secret;
use crate::jose::alg::Hash;
use crate::jose::{Algorithm, Jwk};

/// What the caller has to do next; what came of it is an [`Input`](crate::flow::machine::Input) of the next `advance`.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<T> {
    /// Send this by HTTP and give the answer to `Response`, or what kept it from coming to `Failed`.
    Send(Request),
    /// Sign this and give the signature to `Signature`.
    Sign(SignRequest),
    /// Check this signature and tell `Verdict` whether it is right.
    Verify(VerifyRequest),
    /// Find the key for this signature, check it, and tell `Verdict` whether it is right. Only a machine that was told so leaves
    /// the keys to its shell.
    Find(FindRequest),
    /// Decrypt this token (RFC 7516 section 5.2). Only a client that is registered for encryption asks for it
    /// ([`Requests::encryption`](crate::protocol::profile::Requests::encryption)).
    Decrypt(DecryptRequest),
    /// The digest of these octets, by a hash that the core does not carry here.
    Digest(Hash, Secret),
    /// Store this refresh token, and say so before anything else: the one it replaces is spent. Only a machine that was told so
    /// asks for it.
    Store(Secret),
    /// Load what is kept, and give it to `Loaded`.
    Load(Place),
    /// Wait for the lock of this name in the store that processes share, and load what is kept under it.
    Lock(String),
    /// Keep this under the lock, and give the lock back.
    Keep(Record),
    /// Give the lock back; nothing is to be kept.
    Unlock,
    /// Take this over before anything else: what others have brought meanwhile.
    Adopt(Secret),
    /// Call an API with a token of this key's, and give the answer to `Response`, or what went wrong to `Refused`.
    Call(CallRequest),
    /// Ask the caller what is to become of this, and tell `Answered`.
    Ask(Secret),
    /// Get a token for a call. A static one is as good as any: a machine never sends again what was refused.
    Token(BearerRequest),
    /// Wait this many milliseconds.
    Sleep(u32),
    /// The flow is over.
    Done(T),
}

impl<T> Step<T> {
    /// The same step of a machine with another outcome; the outcome where it is over.
    pub(crate) fn undone<U>(self) -> core::result::Result<Step<U>, T> {
        Ok(match self {
            Self::Send(request) => Step::Send(request),
            Self::Sign(request) => Step::Sign(request),
            Self::Verify(request) => Step::Verify(request),
            Self::Find(request) => Step::Find(request),
            Self::Decrypt(request) => Step::Decrypt(request),
            Self::Digest(hash, value) => Step::Digest(hash, value),
            Self::Store(value) => Step::Store(value),
            Self::Load(place) => Step::Load(place),
            Self::Lock(name) => Step::Lock(name),
            Self::Keep(record) => Step::Keep(record),
            Self::Unlock => Step::Unlock,
            Self::Adopt(value) => Step::Adopt(value),
            Self::Call(call) => Step::Call(call),
            Self::Ask(value) => Step::Ask(value),
            Self::Token(request) => Step::Token(request),
            Self::Sleep(milliseconds) => Step::Sleep(milliseconds),
            Self::Done(outcome) => return Err(outcome),
        })
    }
}

/// A call to an API, and whose token goes with it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallRequest {
    /// The request, without token and proof. `repeatable` says whether it may be sent again after an unclear failure.
    pub request: Request,
    /// The caller's name of the key that the token is got with and bound to.
    pub key: String,
}

/// Where something is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Place {
    /// Where the caller stores what [`Step::Store`] hands out.
    Own,
    /// In the store that processes share, under this name.
    Shared(String),
}

/// What processes share under a name. `Debug` shows none of it.
#[derive(Clone)]
pub struct Record {
    /// The text.
    pub text: Secret,
    /// Until when it is kept: milliseconds since 1970 by the shell's clock.
    pub ends: u64,
}

impl core::fmt::Debug for Record {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Record").field("ends", &self.ends).finish_non_exhaustive()
    }
}

/// Which of the caller's keys signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyRole {
    /// The key of the client authentication.
    Client,
    /// The key that tokens are bound to.
    Dpop,
    /// The key of a [`RequestObject`](crate::protocol::authorization::jar::RequestObject): the client's own unless another was given.
    Object,
    /// The key of a [`JwtBearer`](crate::protocol::grant::JwtBearer) grant.
    Grant,
}

/// Something to sign. `Debug` shows none of it.
#[non_exhaustive]
pub struct SignRequest {
    /// Which key signs.
    pub key: KeyRole,
    /// How it signs.
    pub alg: &'static Algorithm,
    /// What is signed: the octets of this text.
    pub input: String,
}

/// A signature to verify. `Debug` shows none of it.
#[non_exhaustive]
pub struct VerifyRequest {
    /// How it was signed.
    pub alg: &'static Algorithm,
    /// The key it must be of; it fits the algorithm.
    pub key: Jwk,
    /// What was signed: the octets of this text.
    pub input: String,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A signature to verify by a key that the shell looks up. `Debug` shows none of it.
pub struct FindRequest {
    /// How it was signed.
    pub alg: &'static Algorithm,
    /// The key's id, where the token names one.
    pub kid: Option<String>,
    /// What was signed: the octets of this text. Up to its dot it is the header, by which a shell may know the key already.
    pub input: String,
    /// The signature.
    pub signature: Vec<u8>,
}

/// A token to decrypt; its header is read and allowed. `Debug` shows no token.
#[non_exhaustive]
pub struct DecryptRequest {
    /// How its key is encrypted or agreed on (`alg`).
    pub alg: String,
    /// How its content is encrypted (`enc`).
    pub enc: String,
    /// The id of the client's key, where the token names one.
    pub kid: Option<String>,
    /// Its header as JSON.
    pub header: String,
    /// The token, in its five parts.
    pub token: Secret,
}

/// A token that a call needs. `Debug` shows none.
#[derive(Debug)]
#[non_exhaustive]
pub struct BearerRequest {
    /// The scope that the call needs, where the machine knows it; else which token it is is the caller's to say.
    pub scope: Option<String>,
    /// The token that the API refused: another one is wanted.
    pub refused: Option<Secret>,
}

impl core::fmt::Debug for DecryptRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DecryptRequest").field("alg", &self.alg).field("enc", &self.enc).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for FindRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FindRequest").field("alg", &self.alg.name).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for SignRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("SignRequest").field("key", &self.key).field("alg", &self.alg.name).finish_non_exhaustive()
    }
}

impl core::fmt::Debug for VerifyRequest {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("VerifyRequest").field("alg", &self.alg.name).finish_non_exhaustive()
    }
}
