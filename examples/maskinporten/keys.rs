//! A client in the self-service: registered with a key, which is then replaced, and another one uploaded as PEM.
//!
//! docs.digdir.no `oidc_api_admin_maskinporten`. A POST replaces the whole set of keys, so a key is added by reading it first.
//! Refuses nothing itself: the core takes no private key, and does not call a change done that someone else undid.

use std::fs::read_to_string;
use std::thread::sleep;
use std::time::Duration;

use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::provider::maskinporten::{Edit, KeyEditCall, Record, SelfService, maskinporten_client};
use samtykke::{Response, Step};

use crate::io::{Outcome, now, random, send};

/// `files`: the public JWK of the client; if there are more, one to replace it with, and a PEM to upload.
pub(crate) fn register(http: &reqwest::blocking::Client, api: &SelfService<'_>, scope: &str, files: &[&str]) -> Outcome<()> {
    let answer = |request: &samtykke::Request| -> Outcome<Response> { send(http, request) };
    let create = api.create_client(&maskinporten_client("Registered by an example", &[scope]))?;
    let client = create.finish(&answer(&create.request)?)?;
    let id = client.text("client_id").ok_or("the API gave no client_id")?;
    println!("client {id}");

    let Some(first) = files.first() else { return Ok(()) };
    let mut edit = KeyEditCall::new(api, &id, Edit::Add(read_to_string(first)?))?;
    let mut input = Input::Start;
    loop {
        input = match edit.advance(input, &Moment { now: now().as_secs(), random: &random()? })? {
            Step::Send(request) => Input::Response(answer(&request)?),
            Step::Sleep(milliseconds) => {
                sleep(Duration::from_millis(milliseconds.into()));
                Input::Slept
            }
            Step::Done(_) => break,
            _ => return Err("a step that no change of keys takes".into()),
        };
    }
    if let Some(second) = files.get(1) {
        let key = Record::parse(&read_to_string(second)?)?;
        let replace = api.replace_key(&id, &key.text("kid").ok_or("the key has no kid")?, &key)?;
        replace.finish(&answer(&replace.request)?)?;
        println!("replaced {}", key.text("kid").unwrap_or_default());
    }
    if let Some(third) = files.get(2) {
        // The original guide's base has no such address: then the core says so, and nothing is sent.
        let upload = api.upload_key(&id, &read_to_string(third)?)?;
        println!("uploaded {}", upload.finish(&answer(&upload.request)?)?.text("kid").unwrap_or_default());
    }
    Ok(())
}
