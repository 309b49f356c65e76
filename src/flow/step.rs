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

/// What the caller has to do next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<T> {
    /// Send this by HTTP and give the response to `receive`.
    Send(Request),
    /// Sign this and give the signature to `signed`.
    Sign(SignRequest),
    /// Check this signature and tell `verified` whether it is right.
    Verify(VerifyRequest),
    /// Find the key for this signature, check it, and tell `verified` whether it is right. Only a machine that was told so leaves
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
    /// The flow is over.
    Done(T),
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
