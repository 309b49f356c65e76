//! Renewing a session's tokens: exactly once with a store, once for each process without one.
//!
//! docs/formats.md. The refresh token that comes is kept before anything else of the answer is looked at (OpenID Connect Core section
//! 12.2). Refuses an id_token for which the login had none to compare with.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use http::HeaderMap;

use super::keeper::{Held, LEASE, name_of};
use super::kept::Kept;
use super::site::{Site, trouble};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::protocol::grant::Refresh;
use crate::protocol::token::Tokens;
use crate::shell::native::client::RefreshStore;
use crate::shell::native::store::TokenStore;

/// What came of looking after a session.
pub(crate) struct Refreshed {
    pub(crate) kept: Option<Kept>,
    pub(crate) cookies: Vec<String>,
}

/// What a refresh is told of tokens that the server ended.
fn told(error: Error) -> Error {
    let over = error.code() == codes::SESSION_ENDED.code() || error.oauth().is_some_and(|oauth| oauth.is("invalid_grant"));
    if over { trouble(&codes::SESSION_STALE, "").because(Some(error)) } else { error }
}

/// Looks after a request's session: renews tokens that end, and writes its use down.
pub(crate) async fn refresh_session(site: &Arc<Site>, headers: &HeaderMap) -> Result<Refreshed> {
    let Some(held) = site.read(headers).await? else { return Ok(Refreshed { kept: None, cookies: Vec::new() }) };
    let now = site.now();
    if held.kept.is_due(now) && (site.store.is_some() || site.renews) {
        let (own, work) = (site.clone(), held.clone());
        // In a task of its own: it holds a lock, and spends a refresh token.
        let outcome = site.client.0.driver.run_detached(async move { renew(own, work).await }).await;
        return match outcome {
            Ok((cookies, kept)) => Ok(Refreshed { kept, cookies }),
            Err(error) if error.code() == codes::SESSION_UNAVAILABLE.code() => Err(error),
            Err(error) => {
                site.problem(told(error));
                // It may have ended meanwhile.
                Ok(Refreshed { kept: site.again(&held).await?, cookies: Vec::new() })
            }
        };
    }
    let used = held.kept.clone().touch(site.lives, now);
    // A tenth of the idle life may pass before a use is written down.
    if used.idle.saturating_sub(held.kept.idle) <= site.lives.idle / 10 {
        return Ok(Refreshed { kept: Some(held.kept), cookies: Vec::new() });
    }
    let lives = site.lives;
    let (cookies, kept) = site.change(&held, Box::new(move |kept| kept.clone().touch(lives, now))).await?;
    Ok(Refreshed { kept, cookies })
}

async fn renew(site: Arc<Site>, held: Held) -> Result<(Vec<String>, Option<Kept>)> {
    match site.store.clone() {
        Some(store) => by_store(site, &*store, held).await.map(|kept| (Vec::new(), kept)),
        None => {
            let tokens = ask(&site, &held.kept, None).await?;
            let now = site.now();
            let lives = site.lives;
            site.change(&held, Box::new(move |kept| kept.renew(tokens.clone(), lives, now))).await
        }
    }
}

/// One renewal for all processes, under the store's lock.
async fn by_store(site: Arc<Site>, store: &dyn TokenStore, held: Held) -> Result<Option<Kept>> {
    let name = name_of("session", &site.binding, &held.id);
    let driver = &site.client.0.driver;
    let lease = u64::try_from(LEASE.as_millis()).unwrap_or(u64::MAX);
    let until = driver.ticks().saturating_add(lease.saturating_mul(2));
    let mut wait = 20u64;
    loop {
        if let Some(lock) = site.ask_store(store.lock(&name, LEASE)).await? {
            let kept = site.opened_record(&name, lock.kept.as_ref().map(|kept| &kept.text));
            let outcome = match kept {
                Some(kept) if kept.turn <= held.kept.turn => under_lock(&site, Held { kept, id: held.id.clone() }).await,
                other => Ok(other),
            };
            // Where it fails, the lock ends by itself.
            let _ = site.ask_store(store.unlock(&name, &lock.fence)).await;
            return outcome;
        }
        if driver.ticks() > until {
            return Err(Error::new(&codes::TIMEOUT).at(Phase::Session));
        }
        driver.sleep(Duration::from_millis(wait)).await;
        wait = wait.saturating_mul(3).saturating_div(2).min(250);
        // Whoever had the lock renewed it, or ended the session.
        let kept = site.again(&held).await?;
        if kept.as_ref().is_none_or(|kept| kept.turn > held.kept.turn) {
            return Ok(kept);
        }
    }
}

async fn under_lock(site: &Arc<Site>, held: Held) -> Result<Option<Kept>> {
    let (own, record) = (site.clone(), held.clone());
    let store: RefreshStore = Arc::new(move |token| {
        let (own, record) = (own.clone(), record.clone());
        Box::pin(async move { own.change(&record, Box::new(move |kept| kept.with_refresh_token(token.clone()))).await.map(|_| ()) })
    });
    let tokens = ask(site, &held.kept, Some(store)).await?;
    let now = site.now();
    let lives = site.lives;
    let (_, kept) = site.change(&held, Box::new(move |kept| kept.renew(tokens.clone(), lives, now))).await?;
    Ok(kept)
}

async fn ask(site: &Site, kept: &Kept, store: Option<RefreshStore>) -> Result<Tokens> {
    let tokens = site.client.refresh_with(Refresh::of(&kept.tokens)?, store).await?;
    if kept.tokens.claims.is_none() && tokens.id_token.is_some() {
        let expected = String::from("no id_token: the login had none to compare with");
        return Err(Error::new(&codes::CLAIM_REFUSED).at(Phase::Session).expected(expected));
    }
    Ok(tokens)
}
