//! One question to Maskinporten, with a new assertion.
//!
//! RFC 7523 section 2.1; Maskinporten's guide for API consumers. The same for the program that asks for one token and the one that
//! keeps it for many. Refuses nothing itself.

use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::Signer;
use samtykke::provider::maskinporten::TokenRequest;
use samtykke::signer::native::NativeKey;
use samtykke::{ClientAuthentication, Exchange, Registration, Step, Tokens};

use crate::io::{Outcome, now, random, send};

pub(crate) fn ask(http: &reqwest::blocking::Client, client: &Registration, key: &NativeKey, request: &TokenRequest) -> Outcome<Tokens> {
    let mut exchange = Exchange::jwt_bearer(client, &ClientAuthentication::None, &request.grant(key.info().clone())?)?;
    let mut input = Input::Start;
    loop {
        input = match exchange.advance(input, &Moment { now: now().as_secs(), random: &random::<32>()? })? {
            Step::Sign(wanted) => Input::Signature(key.sign(wanted.input.as_bytes())?),
            Step::Send(request) => Input::Response(send(http, &request)?),
            Step::Done(tokens) => return Ok(tokens),
            _ => return Err("a step that this program does not know".into()),
        };
    }
}
