//! A client from its draft on: what is stored before the browser opens, and the confirmation that belongs to it alone.
//!
//! NHN's samples lose client id and key when nobody comes back, and take any answer for theirs. `record.rs` has the text.
//! Refuses answers that are late, doubled or another draft's, and records of another environment.

use alloc::string::String;
use core::time::Duration;

use super::begun::Begun;
use super::confirmation::judge_confirmation;
use super::key::{ClientSecret, Key, find_secret};
use super::{Environment, check_client_id, refusal};
use crate::ground::error::{Error, Result, codes};
use crate::ground::text::{base64url, cut};
use crate::ground::uri::Uri;
use crate::provider::table::join;

/// A client, as it is kept. No private key and no token is in it, but the address that the confirmation comes to, which is
/// nobody else's to know.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    pub(super) environment: Environment,
    pub(super) client_id: String,
    pub(super) key: Key,
    pub(super) key_expires_at: Option<i64>,
    pub(super) next: Option<Key>,
    pub(super) begun: Option<Begun>,
}

impl core::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Enrolment").field("client_id", &self.client_id).field("key", &self.key.reference()).finish_non_exhaustive()
    }
}

impl Enrolment {
    /// Takes a client into keeping that was made elsewhere, such as in the portal.
    ///
    /// # Errors
    /// `invalid_parameter` for what is no client id.
    pub fn of(environment: &Environment, client_id: &str, key: Key) -> Result<Self> {
        check_client_id(client_id)?;
        let (environment, client_id) = (environment.clone(), client_id.into());
        Ok(Self { environment, client_id, key, key_expires_at: None, next: None, begun: None })
    }

    /// The environment that the client is in.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    /// The client id.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The present key. After a [`Rotation`](super::Rotation) it is another one.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// When the present key ends, in seconds since 1970, as [`learn_key`](Self::learn_key) or a [`Rotation`](super::Rotation) last
    /// heard: rotate it before that.
    pub fn key_expires_at(&self) -> Option<i64> {
        self.key_expires_at
    }

    /// Takes when the present key ends from the service's list ([`Api::secrets`](super::Api::secrets)), which is worth asking once a day: after a key's
    /// end nobody can log in any more, nor replace it. Store the record then ([`serialize`](Self::serialize)). Answers whether
    /// the key is in the list; where it is not, nothing changes.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use samtykke::{Response, Result};
    /// # use samtykke::provider::selvbetjening::{Api, Enrolment, Environment, Key, PublicKey};
    /// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    /// # let (environment, now) = (Environment::test(), Duration::from_secs(1_767_000_000));
    /// # let mut enrolment = Enrolment::of(&environment, "6a1f5f5e", Key::new("keys/1", PublicKey::parse(jwk)?)?)?;
    /// # let http = |_| Response::new(200, None, r#"[{"kid":"k1","expiration":"2025-12-31T13:13:13Z"}]"#);
    /// let call = Api::new(&environment).secrets();
    /// let answer = http(&call.request);
    /// assert!(enrolment.learn_key(&call.finish(&answer)?));
    /// assert_eq!(enrolment.key_expires_at(), Some(1_767_186_793));
    /// assert!(enrolment.key_expires_soon(now, Duration::from_secs(30 * 86_400))); // time for a `Rotation`
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    #[must_use = "a key that the service does not have ends all the sooner"]
    pub fn learn_key(&mut self, list: &[ClientSecret]) -> bool {
        let found = find_secret(list, self.key.public());
        if let Some(secret) = found {
            self.key_expires_at = secret.expires_at;
        }
        found.is_some()
    }

    /// Whether less than `warn` is left of the present key, as far as its end is known. `now` is since 1970.
    pub fn key_expires_soon(&self, now: Duration, warn: Duration) -> bool {
        let soon = i64::try_from(now.saturating_add(warn).as_secs()).unwrap_or(i64::MAX);
        self.key_expires_at.is_some_and(|end| end < soon)
    }

    /// A new key that is on its way: registered perhaps, not proven yet. [`Rotation::resume`](super::Rotation::resume) goes on.
    pub fn next_key(&self) -> Option<&Key> {
        self.next.as_ref()
    }

    /// What was asked for, as JSON in the API's names, without the key; `None` for a client of elsewhere.
    pub fn draft(&self) -> Option<&str> {
        self.begun.as_ref().map(|begun| &*begun.draft)
    }

    /// Whether the browser brought a confirmation. It is a hint alone: what holds is what [`Wait`](super::Wait) finds.
    pub fn is_confirmed(&self) -> bool {
        self.begun.as_ref().is_none_or(|begun| begun.confirmed)
    }

    /// Where the person confirms the draft.
    ///
    /// # Errors
    /// `transaction_missing` for a client that was made elsewhere.
    pub fn confirm_url(&self) -> Result<String> {
        let begun = self.begun.as_ref().ok_or_else(missing)?;
        if begun.older {
            older_url(&self.environment, &self.client_id, &begun.redirect_uri)
        } else {
            self.environment.confirm_url(&self.client_id)
        }
    }

    /// Judges the address that the browser arrived at, for this draft alone: the whole URL or, behind a proxy, its path and
    /// query. Only one `status=Success`, in time, confirms. Answers the record to store. `now` is since 1970.
    ///
    /// # Errors
    /// `confirmation_refused` (the person may open [`confirm_url`](Self::confirm_url) again), `callback_duplicate_parameter`,
    /// `callback_wrong_redirect_uri`, `callback_malformed`, `callback_too_large`; `transaction_used` for a second one,
    /// `transaction_expired` for a late one, `transaction_missing`.
    pub fn confirm(&mut self, answer: &str, now: Duration) -> Result<String> {
        let begun = self.begun.as_mut().filter(|_| !self.client_id.is_empty()).ok_or_else(missing)?;
        if begun.confirmed {
            return Err(Error::new(&codes::TRANSACTION_USED));
        }
        if begun.until.is_none_or(|until| now.as_secs() > until) {
            return Err(Error::new(&codes::TRANSACTION_EXPIRED));
        }
        if answer.starts_with('/') {
            judge_confirmation(&begun.redirect_uri, &join(origin(&begun.redirect_uri), answer))?;
        } else {
            judge_confirmation(&begun.redirect_uri, answer)?;
        }
        begun.confirmed = true;
        Ok(self.serialize())
    }

    /// This record, as a machine had it stored, with what others have changed of the `stored` one since the machine began: its
    /// confirmation, and when a key ends that is the same in both.
    #[must_use]
    pub fn over(mut self, stored: &Self) -> Self {
        if let (Some(ours), Some(theirs)) = (&mut self.begun, &stored.begun) {
            ours.confirmed |= theirs.confirmed;
        }
        if self.key == stored.key {
            self.key_expires_at = stored.key_expires_at;
        }
        self
    }

    /// The name under which a route finds the record again: the last part of an address' path, of at most 128 letters, digits,
    /// `-` and `_`.
    ///
    /// ```
    /// use samtykke::provider::selvbetjening::Enrolment;
    /// assert_eq!(Enrolment::named_in("/confirmed/8fdK?status=Success"), Some("8fdK"));
    /// assert_eq!(Enrolment::named_in("/confirmed/..?status=Success"), None);
    /// ```
    pub fn named_in(target: &str) -> Option<&str> {
        let name = cut(cut(target, b'#').0, b'?').0.rsplit('/').next()?;
        let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        ((1..=128).contains(&name.len()) && name.bytes().all(fits)).then_some(name)
    }
}

/// A path for the confirmation that nobody can guess, of 32 random octets: what arrives there belongs to its draft.
///
/// ```
/// let path = samtykke::provider::selvbetjening::confirmation_path(&[7; 32]);
/// assert_eq!(path, "/confirmed/BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc");
/// ```
pub fn confirmation_path(random: &[u8; 32]) -> String {
    join("/confirmed/", &base64url(random))
}

/// The confirm URL of the older form, for a redirect URI on loopback.
pub(super) fn older_url(environment: &Environment, client_id: &str, redirect_uri: &str) -> Result<String> {
    let uri = Uri::parse(redirect_uri).filter(|uri| uri.is_scheme("http") && matches!(uri.host, Some("localhost" | "127.0.0.1")));
    let Some((uri, port)) = uri.and_then(|uri| Some((uri, uri.port?.parse().ok()?))) else {
        return Err(refusal("http on loopback with a port and a path, for the older form"));
    };
    environment.confirm_url_by_port(client_id, port, uri.path)
}

/// Scheme and authority of an absolute URI: all before its third slash.
fn origin(uri: &str) -> &str {
    let path = uri.bytes().enumerate().filter(|(_, octet)| *octet == b'/').nth(2);
    path.and_then(|(at, _)| uri.get(..at)).unwrap_or(uri)
}

#[cold]
pub(super) fn missing() -> Error {
    Error::new(&codes::TRANSACTION_MISSING).expected("a draft that was begun here")
}
