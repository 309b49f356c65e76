//! The whole guide of Selvbetjening on the command line: draft, confirmation in the browser, status, approval, a new key.
//!
//! Usage: `API_KEY=… ORGANIZATION=… cargo run --features p256 --example selvbetjening`. Further settings, with their defaults:
//! `ENVIRONMENT=test` (or `production`, or the portal's and the API's origin with a space between them) and `ISSUER` (`HelseID`'s
//! of that environment); `SCOPES` (`nhn:selvbetjening/client`; with spaces between them); `STATE=selvbetjening-state.json`, which
//! holds the private key; `PORT` (a free one); `FORM=present` (or `older`); `CONFIRM_SECONDS=900`; `USABLE_SECONDS=120`;
//! `APPROVAL_SECONDS=60` between looks at the approval; `ROTATE` (when set: replaces the key at last).
//! Run again after an interruption, it goes on where it was. Refuses redirects, and prints no key, no token and no secret.

mod listener;
mod service;
mod store;

use std::error::Error;
use std::time::Duration;

use listener::Listener;
use samtykke::Secret;
use samtykke::provider::selvbetjening::{
    Api, CurrentClient, Draft, Environment, PublicKey, SCOPE, SecretBody, find_secret, judge_confirmation,
};
use service::{Service, invalid_client, random, unclear, wait};
use store::{Kept, Store};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn setting(name: &str, usual: &str) -> String {
    std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into())
}

fn seconds(name: &str, usual: &str) -> Outcome<Duration> {
    Ok(Duration::try_from_secs_f64(setting(name, usual).parse()?)?)
}

fn main() -> Outcome<()> {
    let environment = Environment::named(&setting("ENVIRONMENT", "test"))?;
    let store = Store::new(setting("STATE", "selvbetjening-state.json"));
    let mut kept = match store.read()? {
        Some(kept) => {
            println!("resumed {}", kept.client_id()?);
            if !kept.confirmed {
                println!("open {}", confirm_url(&environment, &kept)?);
            }
            kept
        }
        None => begin(&environment, &store)?,
    };
    let mut service = Service::new(&environment, kept.client_id()?, &kept.key)?;
    let current = usable(&mut service, "HelseID to know the client")?;
    println!("usable");
    show(&current);
    if current.pending().next().is_some() {
        show(&approval(&mut service)?);
    }
    if std::env::var_os("ROTATE").is_some() {
        rotate(&environment, &store, &mut kept, service)?;
    }
    Ok(())
}

/// Key and client id are stored before the address to open is shown, so that nothing is lost if nobody comes back.
fn begin(environment: &Environment, store: &Store) -> Outcome<Kept> {
    let mut path = [0; 32];
    random(&mut path)?;
    let path = format!("/confirmed/{}", samtykke::encoding::base64url(&path));
    let listener = Listener::open(setting("PORT", "0").parse()?, &path)?;
    let mut kept = Kept::new(store::new_key()?, listener.redirect_uri(), setting("FORM", "present") == "older");
    store.write(&kept)?;

    let mut draft = Draft::new(&setting("ORGANIZATION", ""), public(&kept.key)?);
    draft.api_scopes = Some(setting("SCOPES", SCOPE).split(' ').map(String::from).collect());
    draft.confirmation_redirect_uri = (!kept.older).then(|| kept.redirect_uri.clone());
    let call = Api::new(environment).create_draft(&Secret::new(setting("API_KEY", "")), &draft)?;
    let client_id = call.finish(&service::send(&service::http()?, &call.request)?)?;
    println!("draft {client_id}");
    kept.client_id = Some(client_id);
    store.write(&kept)?;
    println!("stored {}", store.file());

    println!("open {}", confirm_url(environment, &kept)?);
    let answer = listener.wait(seconds("CONFIRM_SECONDS", "900")?)?;
    judge_confirmation(&kept.redirect_uri, &answer)?;
    kept.confirmed = true;
    store.write(&kept)?;
    println!("confirmed");
    Ok(kept)
}

fn confirm_url(environment: &Environment, kept: &Kept) -> Outcome<String> {
    if !kept.older {
        return Ok(environment.confirm_url(kept.client_id()?)?);
    }
    let uri = samtykke::uri::Uri::parse(&kept.redirect_uri).ok_or("a stored redirect URI")?;
    Ok(environment.confirm_url_by_port(kept.client_id()?, uri.port.unwrap_or_default().parse()?, uri.path)?)
}

fn public(jwk: &str) -> Outcome<PublicKey> {
    use samtykke::jose::Signer;
    let key = samtykke::soft::p256::P256Key::from_jwk(jwk)?;
    Ok(PublicKey::parse(&key.info().public.to_json())?)
}

/// A new client is not known at once: asked again on `invalid_client` alone, with growing pauses.
fn usable(service: &mut Service<'_>, what: &str) -> Outcome<CurrentClient> {
    let (limit, second) = (seconds("USABLE_SECONDS", "120")?, Duration::from_secs(1));
    wait(what, second, second.saturating_mul(10), limit, || match service.client() {
        Err(error) if invalid_client(error.as_ref()) => Ok(None),
        found => found.map(Some),
    })
}

/// Approval is somebody's work at the API's owner: it can take days. Ctrl-C ends the wait; what is stored stays.
fn approval(service: &mut Service<'_>) -> Outcome<CurrentClient> {
    let first = seconds("APPROVAL_SECONDS", "60")?;
    wait("approval", first, first.saturating_mul(15), Duration::from_secs(30 * 86_400), || {
        let found = match service.client() {
            Err(error) if unclear(error.as_ref()) => return Ok(None),
            found => found?,
        };
        let waits = found.pending().next().is_some();
        Ok((!waits).then_some(found))
    })
}

fn show(client: &CurrentClient) {
    for access in client.scopes.iter().flatten() {
        println!(
            "scope {} {}{}",
            access.scope,
            access.status.as_str(),
            access.reason.as_ref().map_or(String::new(), |why| format!(" ({why})"))
        );
    }
    for access in client.claims.iter().flatten() {
        println!("claim {} {}", access.claim, access.status.as_str());
    }
    for name in client.unknown() {
        println!("not known: {name}");
    }
    println!("{}", if client.is_ready() { "ready" } else { "not ready" });
}

/// Two phases: the new key is stored, then registered with the old one; only when a token was issued to it, it takes its place.
fn rotate(environment: &Environment, store: &Store, kept: &mut Kept, mut old: Service<'_>) -> Outcome<()> {
    let resumed = kept.next.is_some();
    let next = match &kept.next {
        Some(next) => next.clone(),
        None => store::new_key()?,
    };
    kept.next = Some(next.clone());
    store.write(kept)?;
    let key = public(&next)?;
    let api = Api::new(environment);
    let mut fresh = Service::new(environment, kept.client_id()?, &next)?;
    let has = |list: &[_]| find_secret(list, &key).is_some();
    // The old key may have ended with the registration; then only the new one can tell.
    let mut registered = resumed
        && match fresh.call(&api.secrets()) {
            Err(error) if invalid_client(error.as_ref()) => false,
            list => has(&list?),
        };
    for attempt in 0..2 {
        // An answer that was lost: the list says whether the key was registered all the same.
        if !registered && (resumed || attempt > 0) {
            registered = has(&old.call(&api.secrets())?);
        }
        if registered {
            println!("found in the list");
            break;
        }
        match old.call(&api.add_secret(&key, SecretBody::Text)) {
            Err(error) if attempt == 0 && unclear(error.as_ref()) => {}
            added => {
                added?;
                break;
            }
        }
    }
    usable(&mut fresh, "HelseID to know the new key")?;
    let count = fresh.call(&api.secrets())?.len();
    kept.key = next;
    kept.next = None;
    store.write(kept)?;
    println!("new key {}", key.thumbprint());
    println!("keys {count}");
    Ok(())
}
