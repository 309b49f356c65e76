//! The end of a session: here first, then the refresh token, then at the server; or by the server itself, behind the person's back.
//!
//! OIDC RP-Initiated Logout, OIDC Back-Channel Logout. A logout is a POST of this origin: no link and no other site makes one.
//! Refuses a logout token twice, and a return from the server that the logout's own state does not come with.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use http::request::Parts;

use super::answer::Answer;
use super::cookies::{cookies, set_cookie};
use super::keeper::name_of;
use super::login::{Failed, parameter, unfit};
use super::site::{Site, header, trouble};
use crate::ground::error::{Error, Result, codes};
use crate::ground::secret::Secret;
use crate::ground::text::base64url;
use crate::protocol::logout::Logout;
use crate::shell::native::driver::random;

/// Seconds in which a browser comes back from the server.
const RETURN: u64 = 600;
/// Seconds that a logout token's number is remembered, whatever its own end.
const REMEMBERED: u64 = 600;

impl Site {
    /// A form or fetch of this origin: the browser says so, and a page of another site cannot make it say so.
    fn check_own_origin(&self, parts: &Parts) -> Result<()> {
        let own = match header(&parts.headers, "sec-fetch-site") {
            Some(from) => from == "same-origin",
            None => header(&parts.headers, "origin").is_some_and(|origin| origin.eq_ignore_ascii_case(&self.origin)),
        };
        if own { Ok(()) } else { Err(trouble(&codes::ORIGIN_REFUSED, &format!("a page of {}", self.origin))) }
    }

    fn logout_name(&self) -> String {
        format!("{}-logout", self.name)
    }

    /// Ends the session: 303 to the server, which sends the browser back, or home.
    pub(crate) async fn end_session(self: &Arc<Self>, parts: &Parts) -> core::result::Result<Answer, Failed> {
        if let Some(answer) = unfit(parts, &["POST"], "POST") {
            return answer;
        }
        self.session_ended(parts).await.map_err(|error| (error, Vec::new()))
    }

    async fn session_ended(self: &Arc<Self>, parts: &Parts) -> Result<Answer> {
        self.check_own_origin(parts)?;
        let held = self.read(&parts.headers).await?;
        let mut lines = self.end(&parts.headers, held.as_ref()).await?;
        let Some(held) = held else { return Ok(Answer::to(self.home.as_str(), lines)) };
        let (site, tokens) = (self.clone(), held.kept.tokens.clone());
        self.client.0.driver.spawn(async move { site.revoke(&tokens).await });
        let Some((back, _)) = &self.post_logout else { return Ok(Answer::to(self.home.as_str(), lines)) };
        let state = base64url(&*random::<32>()?);
        let logout = Logout {
            id_token_hint: held.kept.tokens.id_token,
            post_logout_redirect_uri: Some(back.clone()),
            state: Some(state.clone()),
            ..Logout::default()
        };
        match self.client.logout_url(&logout) {
            Ok(url) => {
                lines.push(set_cookie(&self.logout_name(), &state, RETURN, "Lax", self.secure));
                Ok(Answer::to(url, lines))
            }
            // The session is over here, whatever the server could do.
            Err(error) => {
                self.problem(error);
                Ok(Answer::to(self.home.as_str(), lines))
            }
        }
    }

    /// The browser's return from the server: only one that carries the logout's own state ends here.
    pub(crate) fn logged_out(&self, parts: &Parts) -> core::result::Result<Answer, Failed> {
        if let Some(answer) = unfit(parts, &["GET"], "GET") {
            return answer;
        }
        let sent = cookies(&parts.headers).remove(&self.logout_name());
        let state = parameter(parts.uri.query().unwrap_or_default(), "state");
        if sent.is_none() || sent != state {
            // Nobody was logged out by it; the person goes home all the same.
            self.problem(Error::new(&codes::LOGOUT_STATE_MISMATCH));
        }
        let clean = sent.map(|_| set_cookie(&self.logout_name(), "", 0, "Lax", self.secure));
        Ok(Answer::to(self.home.as_str(), clean.into_iter().collect()))
    }

    /// Takes a logout token: a mark for its session, or its person, that every session reads.
    pub(crate) async fn backchannel_logout(&self, parts: &Parts, body: &str) -> core::result::Result<Answer, Failed> {
        if parts.method != http::Method::POST {
            let mut answer = Answer::of(405);
            answer.allow = Some("POST");
            return Ok(answer);
        }
        Ok(match self.took_logout(parts, body).await {
            Ok(()) => Answer::of(200),
            Err(error) => {
                let error = self.problem(error);
                let unavailable = error.code() == codes::SESSION_UNAVAILABLE.code();
                let mut answer = Answer::of(if unavailable { 503 } else { 400 });
                answer.json = (!unavailable).then(|| r#"{"error":"invalid_request"}"#.into());
                answer
            }
        })
    }

    async fn took_logout(&self, parts: &Parts, body: &str) -> Result<()> {
        let media = header(&parts.headers, "content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim();
        let tokens: Vec<&str> = body.split('&').filter_map(|pair| pair.strip_prefix("logout_token=")).collect();
        let ([token], true) = (&tokens[..], media.eq_ignore_ascii_case("application/x-www-form-urlencoded")) else {
            return Err(trouble(&codes::INVALID_PARAMETER, "a form with one logout token"));
        };
        let store = self.store.as_ref().ok_or_else(|| trouble(&codes::SESSION_UNAVAILABLE, ""))?;
        let token = crate::ground::text::form_decode(token).unwrap_or_default();
        let claims = self.client.logout_token(&token).await?;
        let text = |name: &str| claims.text(name);
        let number = |name: &str| claims.time(name).and_then(|time| u64::try_from(time).ok());
        let once = name_of("logout token", &self.binding, &text("jti").unwrap_or_default());
        let seconds = number("exp").unwrap_or_default().saturating_sub(self.now()).saturating_add(60).max(REMEMBERED);
        if !self.ask_store(store.compare_and_set(&once, None, &Secret::new("1"), Duration::from_secs(seconds))).await? {
            return Err(trouble(&codes::TRANSACTION_USED, ""));
        }
        // One session, where the token names one; else all of the person's.
        let (kind, value) = text("sid").map_or_else(|| ("logout sub", text("sub")), |sid| ("logout sid", Some(sid)));
        let mark = name_of(kind, &self.binding, &value.unwrap_or_default());
        self.raise(&mark, number("iat").unwrap_or_else(|| self.now())).await
    }

    /// Sets a mark to a time, unless it is a later one already; it stays for as long as the longest session.
    async fn raise(&self, mark: &str, time: u64) -> Result<()> {
        let Some(store) = &self.store else { return Ok(()) };
        for _ in 0..20 {
            let there = self.ask_store(store.read(mark)).await?.map(|kept| kept.text);
            if there.as_ref().is_some_and(|there| there.expose().parse::<u64>().is_ok_and(|later| later >= time)) {
                return Ok(());
            }
            let text = Secret::new(time.to_string());
            if self.ask_store(store.compare_and_set(mark, there.as_ref(), &text, Duration::from_secs(self.lives.max_age))).await? {
                return Ok(());
            }
        }
        Err(trouble(&codes::SESSION_UNAVAILABLE, String::new().as_str()))
    }
}
