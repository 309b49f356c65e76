//! The whole guide of Selvbetjening on the command line: draft, confirmation in the browser, status, approval, a new key.
//!
//! Usage: `API_KEY=… ORGANIZATION=… cargo run --features p256 --example selvbetjening`. Further settings, with their defaults:
//! `ENVIRONMENT=test` (or `production`, or the portal's and the API's origin with a space between them) and `ISSUER` (`HelseID`'s
//! of that environment); `SCOPES` (`nhn:selvbetjening/client`; with spaces between them); `STATE=selvbetjening-state.json`, which
//! holds the private key; `PORT` (a free one); `FORM=present` (or `older`); `CONFIRM_SECONDS=900`; `USABLE_SECONDS=120`;
//! `APPROVAL_SECONDS=60` between looks at the approval; `ROTATE` (when set: replaces the key at last).
//! Run again after an interruption, it goes on where it was. Refuses redirects, and prints no key, no token and no secret.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

#[path = "../io/mod.rs"]
mod io;
mod listener;
mod service;
mod store;

use std::collections::BTreeMap;
use std::time::Duration;

use io::{Outcome, now, random};
use listener::Listener;
use samtykke::provider::selvbetjening::{
    Api, CurrentClient, Draft, Enrolment, Environment, Key, Next, Order, Pacing, Process, Rotation, SCOPE, Wait, confirmation_path,
};
use samtykke::{Response, Secret};
use service::{Service, http, send};
use store::Store;

fn setting(name: &str, usual: &str) -> String {
    std::env::var(name).ok().filter(|value| !value.is_empty()).unwrap_or_else(|| usual.into())
}

fn seconds(name: &str, usual: &str) -> Outcome<Duration> {
    Ok(Duration::try_from_secs_f64(setting(name, usual).parse()?)?)
}

fn main() -> Outcome<()> {
    let environment = Environment::from_name(&setting("ENVIRONMENT", "test"))?;
    let mut shell = Shell { store: Store::open(setting("STATE", "selvbetjening-state.json"))?, environment, services: BTreeMap::new() };
    let mut enrolment = match shell.store.record() {
        Some(record) => {
            let enrolment = Enrolment::parse(&shell.environment, record)?;
            println!("resumed {}", enrolment.client_id());
            if !enrolment.is_confirmed() {
                println!("open {}", enrolment.confirm_url()?);
            }
            enrolment
        }
        None => begin(&mut shell)?,
    };
    let client_id = String::from(enrolment.client_id());

    let usable = Pacing::new(Duration::from_secs(1), Duration::from_secs(10), seconds("USABLE_SECONDS", "120")?)?;
    let current = shell.drive(Wait::until_usable(&enrolment, usable), &client_id, "HelseID to know the client")?;
    println!("usable");
    show(&current);
    if current.pending().next().is_some() {
        // Somebody's work at the API's owner: it can take days. Ctrl-C ends the wait; what is stored stays.
        let first = seconds("APPROVAL_SECONDS", "60")?;
        let patient = Pacing::new(first, first.saturating_mul(15), Duration::from_secs(30 * 86_400))?;
        show(&shell.drive(Wait::for_approval(&enrolment, patient), &client_id, "approval")?);
    }
    if std::env::var_os("ROTATE").is_some() {
        let rotation = match enrolment.next_key() {
            Some(_) => Rotation::resume(&mut enrolment)?,
            None => Rotation::begin(&mut enrolment, shell.store.new_key()?)?,
        };
        let rotated = shell.drive(rotation.with_pacing(usable), &client_id, "HelseID to know the new key")?;
        shell.store.forget(&rotated.retired)?;
        println!("new key {}{}", rotated.key.public().thumbprint(), if rotated.recovered { ", found in the list" } else { "" });
        let list = Api::new(&shell.environment).secrets();
        let answer = shell.service(&client_id, &rotated.key)?.send(&list.request)?;
        println!("keys {}", list.finish(&answer)?.len());
    }
    Ok(())
}

/// What the crate leaves to the program: the store, the network, the clock.
struct Shell {
    environment: Environment,
    store: Store,
    services: BTreeMap<String, Service>,
}

impl Shell {
    fn drive<P: Process>(&mut self, mut process: P, client_id: &str, what: &str) -> Outcome<P::Done> {
        loop {
            match process.step(now())? {
                Next::Store(record) => {
                    self.store.keep(record)?;
                    process.accept_stored()?;
                }
                Next::Send(order) => process.receive(self.send(client_id, &order), now())?,
                Next::Sleep(pause) => {
                    let (elapsed, again) = (pause.elapsed.as_secs(), pause.duration.as_secs_f64());
                    println!("waiting for {what}: asked {} times in {elapsed} s, again in {again:.1} s", pause.attempts);
                    std::thread::sleep(pause.duration);
                }
                Next::Done(done) => return Ok(done),
                _ => return Err("a step that this program does not know".into()),
            }
        }
    }

    fn send(&mut self, client_id: &str, order: &Order) -> samtykke::Result<Response> {
        match &order.key {
            Some(key) => self.service(client_id, key)?.send(&order.request),
            None => send(&http()?, &order.request),
        }
    }

    /// One for each key, so that each keeps its token.
    fn service(&mut self, client_id: &str, key: &Key) -> samtykke::Result<&mut Service> {
        use std::collections::btree_map::Entry;
        match self.services.entry(key.reference().into()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => Ok(place.insert(Service::new(&self.environment, client_id, self.store.private(key)?)?)),
        }
    }
}

/// Key and client id are stored before the address to open is shown, so that nothing is lost if nobody comes back.
fn begin(shell: &mut Shell) -> Outcome<Enrolment> {
    let listener = Listener::open(setting("PORT", "0").parse()?, &confirmation_path(&random()?))?;
    let key = shell.store.new_key()?;
    let mut draft = Draft::new(&setting("ORGANIZATION", ""), key.public().clone());
    draft.api_scopes = Some(setting("SCOPES", SCOPE).split(' ').map(String::from).collect());
    draft.confirmation_redirect_uri = Some(listener.redirect_uri());
    let mut drafting = Enrolment::begin(&shell.environment, &Secret::new(setting("API_KEY", "")), draft, key.reference())?;
    if setting("FORM", "present") == "older" {
        drafting = drafting.older()?;
    }
    let mut enrolment = shell.drive(drafting, "", "the draft")?;
    println!("draft {}", enrolment.client_id());
    println!("stored {}", shell.store.file());

    println!("open {}", enrolment.confirm_url()?);
    let answer = listener.wait(seconds("CONFIRM_SECONDS", "900")?)?;
    let record = enrolment.confirm(&answer, now())?;
    shell.store.keep(record)?;
    println!("confirmed");
    Ok(enrolment)
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
