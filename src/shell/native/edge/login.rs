//! Login and callback: what a flow asked for travels sealed in a cookie of its own, and comes back with the answer.
//!
//! RFC 9700 sections 4.2 and 4.7. Refuses prefetches, other methods, other sites and origins; an exchange does not hang on the
//! visitor's connection.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use http::HeaderMap;
use http::request::Parts;

use super::answer::Answer;
use super::cookies::{MAX_COOKIE, cookies, set_cookie};
use super::keeper::name_of;
use super::kept::Kept;
use super::session::Session;
use super::site::{Site, header, is_prefetch, trouble};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;
use crate::protocol::authorization::response::Callback;
use crate::protocol::authorization::transaction::{DEFAULT_LIFETIME, ResponseMode, Transaction};
use crate::protocol::introspection::TokenHint;
use crate::protocol::token::Tokens;

/// Logins of one browser that may be on their way at once.
const MOST_FLOWS: usize = 5;
/// Octets of all cookies of one edge, as a request carries them.
const MOST: usize = 7_000;
/// How long a flow is remembered as claimed.
const CLAIMED: core::time::Duration = core::time::Duration::from_secs(3600);

/// A failure, and cookies that are deleted all the same.
pub(crate) type Failed = (Error, Vec<String>);

/// An answer for a request that is none of this handler's.
pub(crate) fn unfit(parts: &Parts, methods: &[&str], allow: &'static str) -> Option<core::result::Result<Answer, Failed>> {
    if is_prefetch(&parts.headers) {
        return Some(Ok(Answer::of(204)));
    }
    if methods.contains(&parts.method.as_str()) {
        return None;
    }
    let error = trouble(&codes::METHOD_REFUSED, allow).actual(parts.method.as_str());
    let mut answer = Answer::from_error(&error, Vec::new());
    answer.allow = Some(allow);
    Some(Ok(answer))
}

impl Site {
    /// A request that came by another origin than people see would lose its cookies there.
    fn check_origin(&self, parts: &Parts) -> Result<()> {
        let host = parts.uri.authority().map(|authority| authority.as_str()).or_else(|| header(&parts.headers, "host"));
        let own = self.origin.split_once("//").map_or("", |(_, authority)| authority);
        if self.behind_proxy || host.is_some_and(|host| host.eq_ignore_ascii_case(own)) {
            return Ok(());
        }
        let expected = format!("{}, as the redirect URI says; or behind_proxy, where a proxy rewrites it", self.origin);
        Err(trouble(&codes::ORIGIN_REFUSED, &expected).actual(host.unwrap_or_default()))
    }

    fn login_name(&self, state: &str) -> String {
        format!("{}-login-{}", self.name, state.get(..16).unwrap_or(state))
    }

    fn login_names(&self, headers: &HeaderMap) -> Vec<String> {
        let prefix = self.login_name("");
        cookies(headers).into_keys().filter(|name| name.starts_with(&prefix)).collect()
    }

    /// Cookies of other logins to drop, so that all that are left stay few and small.
    fn drop_old_logins(&self, headers: &HeaderMap, added: usize, most: usize, but: &str) -> Vec<String> {
        let all = cookies(headers);
        let size = |name: &String| name.len().saturating_add(all.get(name).map_or(0, String::len)).saturating_add(3);
        let mut left: Vec<String> = self.login_names(headers).into_iter().filter(|name| name != but).collect();
        let mut gone = Vec::new();
        while !left.is_empty() && (left.len() > most || left.iter().map(size).sum::<usize>().saturating_add(added) > MOST) {
            gone.push(set_cookie(&left.remove(0), "", 0, "Lax", self.secure));
        }
        gone
    }

    /// Starts a flow: 303 to the server, with the transaction sealed in a cookie of its own.
    pub(crate) async fn begin_login(&self, parts: &Parts) -> core::result::Result<Answer, Failed> {
        if let Some(answer) = unfit(parts, &["GET", "POST"], "GET, POST") {
            return answer;
        }
        self.start(parts).await.map_err(|error| (error, Vec::new()))
    }

    async fn start(&self, parts: &Parts) -> Result<Answer> {
        let headers = &parts.headers;
        self.check_origin(parts)?;
        if !self.cross_site_start && header(headers, "sec-fetch-site") == Some("cross-site") {
            return Err(trouble(&codes::ORIGIN_REFUSED, "a link of this site, or cross_site_start"));
        }
        let asked = self.login.as_ref().ok_or_else(|| trouble(&codes::INVALID_CONFIGURATION, "login: what to ask for"))?;
        let target = parameter(parts.uri.query().unwrap_or_default(), "returnTo").unwrap_or_else(|| self.home.clone());
        self.check_return(&target)?;
        let request = (asked.1)(parts)?;
        let mode = request.response_mode;
        // A signed answer shows no state to find its cookie by, a fragment reaches no server, and a cookie that crosses sites is Secure.
        if !matches!(mode, ResponseMode::Query | ResponseMode::FormPost) || (mode == ResponseMode::FormPost && !self.secure) {
            let expected = "response_mode: query, or over https form_post";
            return Err(Error::new(&codes::INVALID_PARAMETER).at(Phase::Authorization).expected(expected));
        }
        let lifetime = request.lifetime.unwrap_or(DEFAULT_LIFETIME);
        let login = self.client.begin(request).await?;
        let mut carried = Writer::new();
        carried.string("transaction", login.transaction.text().expose()).string("returnTo", &target);
        let carried = Secret::new(carried.take());
        let sealed = self.keys.seal(&format!("login {}", self.binding), carried.expose().as_bytes())?;
        let same_site = if mode == ResponseMode::FormPost { "None" } else { "Lax" };
        let line = set_cookie(&self.login_name(login.transaction.state()), &sealed, lifetime.into(), same_site, self.secure);
        if line.len() > MAX_COOKIE.min(self.cookie_budget) {
            let expected = "a login cookie of at most 4096 octets: a shorter returnTo or scope";
            return Err(trouble(&codes::SESSION_TOO_LARGE, expected).actual(format!("{}", line.len())));
        }
        let mut lines = self.drop_old_logins(headers, line.len(), MOST_FLOWS.saturating_sub(1), "");
        lines.push(line);
        Ok(Answer::to(login.url, lines))
    }

    /// Ends a flow: checks, exchanges, keeps the session, 303 to a clean path.
    pub(crate) async fn end_login(self: &Arc<Self>, parts: &Parts, body: &str) -> core::result::Result<Answer, Failed> {
        if let Some(answer) = unfit(parts, &["GET", "POST"], "GET, POST") {
            return answer;
        }
        let mut clean = Vec::new();
        let outcome = self.finish(parts, body, &mut clean).await;
        match outcome {
            Ok((target, lines)) => Ok(Answer::to(target, lines)),
            Err(error) => Err((error, clean)),
        }
    }

    async fn finish(self: &Arc<Self>, parts: &Parts, body: &str, clean: &mut Vec<String>) -> Result<(String, Vec<String>)> {
        let headers = &parts.headers;
        let query = format!("?{}", parts.uri.query().unwrap_or_default());
        let (posted, answer) = if parts.method == http::Method::POST {
            (true, Callback::FormPost { content_type: header(headers, "content-type").unwrap_or_default(), body })
        } else {
            (false, Callback::Url(&query))
        };
        // The state finds the cookie; whether it is the right one is the core's to say.
        let state = parameter(if posted { body } else { query.get(1..).unwrap_or_default() }, "state").unwrap_or_default();
        let all = cookies(headers);
        let own = self.login_name(&state);
        // Without a cookie for this state, another flow's says more: the answer's state is wrong.
        let name = if all.contains_key(&own) && !state.is_empty() { Some(own) } else { self.login_names(headers).into_iter().next() };
        let (transaction, target) = match name.as_ref().and_then(|name| all.get(name)) {
            None => (Transaction::parse("")?, String::new()),
            Some(sealed) => self.opened_login(sealed)?,
        };
        let used = set_cookie(name.as_deref().unwrap_or_default(), "", 0, "Lax", self.secure);
        let code = match self.client.code(transaction, answer).await {
            Ok(code) => code,
            Err(error) => {
                // The server's own answer ends the flow; a forged one does not.
                if error.oauth().is_some() || error.code() == codes::TRANSACTION_EXPIRED.code() {
                    clean.push(used);
                }
                return Err(error);
            }
        };
        clean.push(used);
        if let Some(store) = &self.store {
            let claim = name_of("claim", &self.binding, &state);
            if !self.ask_store(store.compare_and_set(&claim, None, &Secret::new("1"), CLAIMED)).await? {
                return Err(Error::new(&codes::TRANSACTION_USED).at(Phase::Callback));
            }
        }
        // In a task of its own: a person who leaves shall not have spent the code for nothing.
        let (site, own) = (self.clone(), headers.clone());
        let lines = self.client.0.driver.run_detached(async move {
            let tokens = site.client.exchange(code).await?;
            let mut kept = Kept::begun(tokens, site.key(), site.lives, site.now());
            match site.welcomed(&own, &mut kept).await {
                Ok(lines) => Ok(lines),
                Err(error) => {
                    // What cannot be kept is not left lying about.
                    site.revoke(&kept.tokens).await;
                    Err(error)
                }
            }
        });
        let mut lines = lines.await?;
        lines.append(clean);
        let size = lines.iter().map(|line| line.split(';').next().map_or(0, str::len)).sum();
        lines.extend(self.drop_old_logins(headers, size, MOST_FLOWS, name.as_deref().unwrap_or_default()));
        self.check_return(&target)?;
        Ok((target, lines))
    }

    /// Keeps a new session, with what the application wants kept beside it.
    async fn welcomed(&self, headers: &HeaderMap, kept: &mut Kept) -> Result<Vec<String>> {
        if let Some(hook) = &self.on_session {
            kept.data = super::keeper::own(hook(Session::of(kept.clone())).await?)?;
        }
        self.begin(headers, kept).await
    }

    /// The transaction of a login's cookie, and where the person goes afterwards.
    fn opened_login(&self, sealed: &str) -> Result<(Transaction, String)> {
        let invalid = || trouble(&codes::SESSION_INVALID, "a login cookie of this edge's");
        let octets = self.keys.open(&format!("login {}", self.binding), sealed).ok_or_else(invalid)?;
        let text = core::str::from_utf8(&octets).map_err(|_| invalid())?;
        let carried = Value::parse(text).ok_or_else(invalid)?;
        let transaction = Transaction::parse(carried.text("transaction").unwrap_or_default())?;
        Ok((transaction, carried.text("returnTo").map_or_else(|| self.home.clone(), String::from)))
    }

    /// Revokes a refresh token, where there is one. A server without the endpoint ends it in its own time.
    pub(crate) async fn revoke(&self, tokens: &Tokens) {
        let Some(token) = &tokens.refresh_token else { return };
        if let Err(error) = self.client.revoke(token, Some(TokenHint::RefreshToken)).await
            && error.code() != codes::ENDPOINT_MISSING.code()
        {
            self.problem(error);
        }
    }
}

/// The first value of a parameter in a query or form.
pub(crate) fn parameter(text: &str, name: &str) -> Option<String> {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(found, _)| *found == name).and_then(|(_, value)| crate::ground::text::form_decode(value))
}
