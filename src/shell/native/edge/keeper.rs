//! Where sessions are kept: in cookies, sealed and in pieces, or in a store under a number that says nothing.
//!
//! docs/formats.md, "Records of sessions". A store that fails ends no session and begins no login.
//! Refuses cookies that no key opens, and records that were deleted meanwhile.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use http::HeaderMap;

use super::cookies::{cookies, pieces, set_cookie, whole};
use super::kept::Kept;
use super::site::{Site, trouble};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::Value;
use crate::ground::json::push_string;
use crate::ground::secret::Secret;
use crate::ground::text::{base64url, base64url_decode};
use crate::shell::native::driver::{random, within};
use crate::shell::native::store::{StoreFuture, TokenStore};

/// How long a store may take.
const STORE: Duration = Duration::from_secs(5);
/// How long a renewal may take: two requests, for a nonce's sake, and the storing.
pub(crate) const LEASE: Duration = Duration::from_secs(65);
/// Seconds that a logout is remembered: longer than any answer under way.
const REMEMBERED: u64 = 600;
/// How often a record is changed anew because others changed it meanwhile.
const TRIES: u32 = 20;

/// A session that was found, and by what.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) kept: Kept,
    pub(crate) id: String,
}

/// The name under which a store keeps what belongs to a text.
pub(crate) fn name_of(kind: &str, binding: &str, text: &str) -> String {
    let mut json = String::from("[");
    for (at, part) in [kind, binding, text].into_iter().enumerate() {
        json.push_str(if at > 0 { "," } else { "" });
        push_string(&mut json, part);
    }
    json.push(']');
    base64url(&crate::ground::sha256::digest(json.as_bytes()))
}

/// The application's own, where it is JSON.
pub(crate) fn own(data: Option<String>) -> Result<Option<String>> {
    match data {
        Some(data) if Value::parse(&data).is_none() => {
            Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Session).expected("data: JSON, no member twice"))
        }
        data => Ok(data),
    }
}

impl Site {
    /// A store's answer, in time.
    pub(crate) async fn ask_store<'a, T>(&self, work: StoreFuture<'a, T>) -> Result<T> {
        let mut patience = self.client.0.driver.sleep(STORE);
        let unavailable = || trouble(&codes::SESSION_UNAVAILABLE, "");
        match within(&mut patience, work).await {
            Some(answer) => answer.map_err(|cause| unavailable().because(Some(cause))),
            None => Err(unavailable()),
        }
    }

    fn record_purpose(&self, name: &str) -> String {
        format!("record {} {name}", self.binding)
    }

    fn sealed_record(&self, name: &str, kept: &Kept) -> Result<Secret> {
        self.keys.seal(&self.record_purpose(name), &kept.pack(self.post_logout.is_some())).map(Secret::new)
    }

    pub(crate) fn opened_record(&self, name: &str, text: Option<&Secret>) -> Option<Kept> {
        let octets = self.keys.open(&self.record_purpose(name), text?.expose())?;
        Kept::unpack(&octets, self.now())
    }

    fn record_life(&self, kept: &Kept) -> Duration {
        Duration::from_secs(kept.ends.min(kept.idle).saturating_sub(self.now()).max(1))
    }

    fn id_in(&self, headers: &HeaderMap) -> Option<String> {
        let name = self.session_names().into_iter().next()?;
        cookies(headers).remove(&name).filter(|id| base64url_decode(id).is_some_and(|octets| octets.len() == 32))
    }

    /// Cookie lines that set these values, and delete the others of a session.
    fn lines(&self, values: &[String], seconds: u64) -> Vec<String> {
        let line = |(at, name): (usize, String)| match values.get(at) {
            Some(value) => set_cookie(&name, value, seconds, "Lax", self.secure),
            None => set_cookie(&name, "", 0, "Lax", self.secure),
        };
        self.session_names().into_iter().enumerate().map(line).collect()
    }

    /// The session of a request, unless it is over or its key is lost.
    pub(crate) async fn read(&self, headers: &HeaderMap) -> Result<Option<Held>> {
        let held = match &self.store {
            Some(store) => match self.id_in(headers) {
                Some(id) => self.read_record(&**store, &id).await?.map(|(_, kept)| Held { kept, id }),
                None => None,
            },
            None => self.read_cookies(headers),
        };
        let Some(held) = held.filter(|held| !held.kept.is_over(self.now())) else { return Ok(None) };
        if held.kept.key.is_some() && held.kept.key != self.key() {
            self.problem(trouble(&codes::SESSION_INVALID, "the DPoP key that the session's tokens are bound to"));
            return Ok(None);
        }
        if let (Some(store), Some(_), Some(claims)) = (&self.store, &self.backchannel, &held.kept.tokens.claims) {
            for kind in ["sid", "sub"] {
                let Some(value) = claims.text(kind) else { continue };
                let name = name_of(&format!("logout {kind}"), &self.binding, &value);
                let mark = self.ask_store(store.read(&name)).await?;
                // In the same second the login may have come first.
                if mark.is_some_and(|mark| mark.text.expose().parse::<u64>().is_ok_and(|time| time >= held.kept.begun)) {
                    return Ok(None);
                }
            }
        }
        Ok(Some(held))
    }

    fn read_cookies(&self, headers: &HeaderMap) -> Option<Held> {
        let all = cookies(headers);
        let names = self.session_names();
        let found: Vec<Option<&String>> = names.iter().map(|name| all.get(name)).collect();
        let (mark, value) = whole(&found)?;
        let octets = self.keys.open(&format!("session {} {mark}", self.binding), &value)?;
        let kept = Kept::unpack(&octets, self.now())?;
        (!self.is_logged_out(headers, &kept)).then_some(Held { kept, id: mark })
    }

    fn over_name(&self) -> String {
        format!("{}-over", self.name)
    }

    /// Whether the browser remembers this session's logout: an answer that was under way then sets the session's cookies again.
    fn is_logged_out(&self, headers: &HeaderMap, kept: &Kept) -> bool {
        cookies(headers).remove(&self.over_name()).is_some_and(|begun| begun == format!("{}", kept.begun))
    }

    async fn read_record(&self, store: &dyn TokenStore, id: &str) -> Result<Option<(Secret, Kept)>> {
        let name = name_of("session", &self.binding, id);
        let text = self.ask_store(store.read(&name)).await?.map(|kept| kept.text);
        let kept = self.opened_record(&name, text.as_ref());
        Ok(text.zip(kept))
    }

    /// Keeps a new session: cookie lines.
    pub(crate) async fn begin(&self, headers: &HeaderMap, kept: &Kept) -> Result<Vec<String>> {
        let Some(store) = &self.store else {
            let mut lines = self.write_cookies(kept)?;
            // In one second a person may log in, out, and in again.
            if self.is_logged_out(headers, kept) {
                lines.push(set_cookie(&self.over_name(), "", 0, "Lax", self.secure));
            }
            return Ok(lines);
        };
        let id = base64url(&*random::<32>()?);
        let name = name_of("session", &self.binding, &id);
        let text = self.sealed_record(&name, kept)?;
        if !self.ask_store(store.compare_and_set(&name, None, &text, self.record_life(kept))).await? {
            return Err(trouble(&codes::SESSION_UNAVAILABLE, ""));
        }
        // A number is new at each login, and the old one is over.
        if let Some(old) = self.id_in(headers) {
            let old = name_of("session", &self.binding, &old);
            if let Err(error) = self.ask_store(store.delete(&old)).await {
                self.problem(error);
            }
        }
        Ok(self.lines(&[id], kept.ends.saturating_sub(self.now())))
    }

    fn write_cookies(&self, kept: &Kept) -> Result<Vec<String>> {
        let mark = base64url(&*random::<6>()?);
        let value = self.keys.seal(&format!("session {} {mark}", self.binding), &kept.pack(self.post_logout.is_some()))?;
        let first = self.session_names().into_iter().next().unwrap_or_default();
        let overhead = set_cookie(&first, "", self.lives.max_age, "Lax", self.secure).len();
        let parts = pieces(&mark, &value, overhead);
        let lines = parts.map(|parts| self.lines(&parts, kept.ends.saturating_sub(self.now())));
        let size = lines.as_ref().map_or(value.len(), |lines| lines.iter().map(String::len).sum());
        let too_large = || {
            let expected =
                format!("at most {} octets of cookies: raise cookie_budget, ask for less, or give the edge a store", self.cookie_budget);
            trouble(&codes::SESSION_TOO_LARGE, &expected).actual(format!("{size}"))
        };
        lines.filter(|_| size <= self.cookie_budget).ok_or_else(too_large)
    }

    /// Changes what is kept; cookie lines, and what is kept then, nothing where it is gone.
    pub(crate) async fn change(
        &self,
        held: &Held,
        change: Box<dyn Fn(&Kept) -> Kept + Send + Sync + '_>,
    ) -> Result<(Vec<String>, Option<Kept>)> {
        let Some(store) = &self.store else {
            let kept = change(&held.kept);
            return Ok((self.write_cookies(&kept)?, Some(kept)));
        };
        let name = name_of("session", &self.binding, &held.id);
        for _ in 0..TRIES {
            let Some((text, kept)) = self.read_record(&**store, &held.id).await? else { return Ok((Vec::new(), None)) };
            let next = change(&kept);
            let written = self.sealed_record(&name, &next)?;
            if self.ask_store(store.compare_and_set(&name, Some(&text), &written, self.record_life(&next))).await? {
                return Ok((Vec::new(), Some(next)));
            }
        }
        Err(trouble(&codes::SESSION_UNAVAILABLE, ""))
    }

    /// Ends the session of a request here: cookie lines.
    pub(crate) async fn end(&self, headers: &HeaderMap, held: Option<&Held>) -> Result<Vec<String>> {
        if let (Some(store), Some(id)) = (&self.store, self.id_in(headers)) {
            self.ask_store(store.delete(&name_of("session", &self.binding, &id))).await?;
        }
        let mut lines = self.lines(&[], 0);
        if let (None, Some(held)) = (&self.store, held) {
            lines.push(set_cookie(&self.over_name(), &format!("{}", held.kept.begun), REMEMBERED, "Lax", self.secure));
        }
        Ok(lines)
    }

    /// What is kept of a session now.
    pub(crate) async fn again(&self, held: &Held) -> Result<Option<Kept>> {
        match &self.store {
            Some(store) => Ok(self.read_record(&**store, &held.id).await?.map(|(_, kept)| kept)),
            None => Ok(Some(held.kept.clone())),
        }
    }
}
