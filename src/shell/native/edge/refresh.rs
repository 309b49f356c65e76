//! Renewing a session's tokens: exactly once with a store, once for each process without one.
//!
//! docs/formats.md. What is asked for, judged and kept in which order, the core's machine decides. Loses nothing that came, whatever
//! goes wrong after.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;

use super::keeper::Held;
use super::kept::Kept;
use super::renewal::Came;
use super::site::Site;
use super::turns::InStore;
use crate::flow::machine::Input;
use crate::ground::error::{Result, codes};
use crate::ground::secret::Secret;
use crate::ground::text::base64url;
use crate::shell::native::driver;
use crate::shell::native::sending::BoxFuture;

/// What came of looking after a session.
pub(crate) struct Refreshed {
    pub(crate) kept: Option<Kept>,
    pub(crate) cookies: Vec<String>,
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
                site.problem(error);
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
    if let Some(store) = site.store.clone() {
        return InStore::new(site, store, held).renew().await.map(|kept| (Vec::new(), kept));
    }
    let came = alone(&site, &held).await?;
    let (lives, now) = (site.lives, site.now());
    let renewed =
        move |kept: &Kept| came.iter().fold(kept.clone(), |kept, (came, at)| kept.with(came.clone(), lives, *at)).touch(lives, now);
    site.change(&held, Box::new(renewed)).await
}

/// One renewal for all who come with the same cookie, at once or a little later: what it brought, and when.
async fn alone(site: &Arc<Site>, held: &Held) -> Result<Vec<(Came, u64)>> {
    let token = held.kept.tokens.refresh_token.as_ref().map_or("", Secret::expose);
    let name = base64url(&crate::ground::sha256::digest(token.as_bytes()));
    let (own, told) = (site.clone(), held.kept.told());
    let work = move || async move {
        let came = Arc::new(Mutex::new(Vec::new()));
        let (all, clock) = (came.clone(), own.clone());
        let store = move |text: Secret| -> BoxFuture<'static, Result<()>> {
            all.lock().unwrap_or_else(PoisonError::into_inner).push((Came::read(text), clock.now()));
            Box::pin(core::future::ready(Ok(())))
        };
        let program = |asked| -> BoxFuture<'_, Result<Input>> { Box::pin(core::future::ready(driver::alone(asked))) };
        let outcome = own.client.renew_session(&told, None, &store, &program).await;
        let came = core::mem::take(&mut *came.lock().unwrap_or_else(PoisonError::into_inner));
        match outcome {
            Err(error) if came.is_empty() => Err(error),
            // What was won is kept, whatever went wrong after.
            Err(error) => {
                own.problem(error);
                Ok(came)
            }
            Ok(()) => Ok(came),
        }
    };
    site.renewals.join(&site.client.0.driver, name, work).await
}
