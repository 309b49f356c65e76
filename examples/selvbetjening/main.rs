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
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::provider::selvbetjening::{
    Api, CurrentClient, Draft, Enrolment, Environment, Pacing, Rotation, SCOPE, Wait, confirmation_path,
};
use samtykke::{Secret, Step};
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
        let answer = shell.service(&client_id, rotated.key.reference())?.send(&list.request)?;
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
    /// The one loop that carries out what a machine says.
    fn drive<M: Machine>(&mut self, mut machine: M, client_id: &str, what: &str) -> Outcome<M::Output> {
        let (mut input, mut asked) = (Input::Start, 0_u32);
        loop {
            let octets = random()?;
            input = match machine.advance(input, &Moment { now: now().as_secs(), random: &octets })? {
                Step::Store(record) => {
                    self.store.keep(record.expose().into())?;
                    Input::Stored
                }
                // A call with a token of one of the client's keys; the draft goes without.
                Step::Call(call) => {
                    asked = if call.request.method == "GET" { asked.saturating_add(1) } else { 0 };
                    let answer = self.service(client_id, &call.key).and_then(|service| service.send(&call.request));
                    answer.map_or_else(Input::Refused, Input::Response)
                }
                Step::Send(request) => send(&http()?, &request).map_or_else(Input::Refused, Input::Response),
                Step::Sleep(milliseconds) => {
                    let pause = Duration::from_millis(milliseconds.into());
                    println!("waiting for {what}: asked {asked} times, again in {:.1} s", pause.as_secs_f64());
                    std::thread::sleep(pause);
                    Input::Slept
                }
                Step::Done(done) => return Ok(done),
                _ => return Err("a step that this program does not know".into()),
            }
        }
    }

    /// One for each key, so that each keeps its token.
    fn service(&mut self, client_id: &str, key: &str) -> samtykke::Result<&mut Service> {
        use std::collections::btree_map::Entry;
        match self.services.entry(key.into()) {
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
