//! A safe change of a client's settings: read, changed, read again, written whole, read.
//!
//! `GET` and `PUT /v1/client`: a `PUT` replaces everything, and no `ETag` guards it.
//! Refuses to write settings that were not read whole, and over a change that somebody made meanwhile.

use core::time::Duration;

use super::api::{Api, Call};
use super::client::{ClientSettings, CurrentClient};
use super::enrolment::Enrolment;
use super::key::Key;
use super::process::{Next, Order, Process, used};
use crate::ground::error::{Action, Error, Result, codes};
use crate::ground::http::Response;

/// How often the change is made anew, as the settings changed meanwhile.
const ROUNDS: u32 = 3;

/// A change. If the settings have changed meanwhile, it is made again of the new ones, twice at most. The outcome is the client
/// as it is afterwards.
///
/// ```
/// # use core::time::Duration;
/// # use samtykke::{Response, Result};
/// # use samtykke::provider::selvbetjening::{Enrolment, Environment, Key, Next, Order, Process, PublicKey, Update};
/// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let enrolment = Enrolment::of(&Environment::test(), "6a1f5f5e", Key::new("key-1", PublicKey::parse(jwk)?)?)?;
/// # let call = |_: Order| -> Result<Response> { Ok(Response::new(200, None, r#"{"apiScopes":[],"audienceSpecificClientClaims":null,"redirectUris":[],"postLogoutRedirectUris":[],"childOrganizationNumbers":null}"#)) };
/// # let now = Duration::from_secs(1_700_000_000);
/// let mut update = Update::new(&enrolment, |settings| {
///     settings.redirect_uris = Some(vec!["https://journal.example.no/callback".into()]);
///     Ok(())
/// });
/// let client = loop {
///     match update.step(now)? {
///         Next::Send(order) => update.receive(call(order), now)?,
///         Next::Done(client) => break client,
///         _ => unreachable!("nothing to store, nothing to wait for"),
///     }
/// };
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Debug)]
pub struct Update<F> {
    environment: super::Environment,
    key: Key,
    change: F,
    rounds: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Read,
    /// Settings as they were read, and the write that was made of them.
    Compare(ClientSettings, Call<()>),
    Write(Call<()>),
    Confirm,
    End(CurrentClient),
    Over,
}

impl<F: FnMut(&mut ClientSettings) -> Result<()>> Update<F> {
    /// A change of the settings. What `change` refuses is not sent.
    pub fn new(enrolment: &Enrolment, change: F) -> Self {
        let (environment, key) = (enrolment.environment().clone(), enrolment.key().clone());
        Self { environment, key, change, rounds: 0, state: State::Read }
    }

    fn changed(&mut self, settings: ClientSettings) -> Result<State> {
        if self.rounds >= ROUNDS {
            let error = Error::new(&codes::CONFLICT).advise(Action::TryLater);
            return Err(error.expected("settings that nobody else changes at the same time"));
        }
        self.rounds = self.rounds.saturating_add(1);
        let mut wanted = settings.clone();
        (self.change)(&mut wanted)?;
        let write = Api::new(&self.environment).update(&wanted)?;
        Ok(State::Compare(settings, write))
    }

    fn read(&self, response: &Response) -> Result<CurrentClient> {
        Api::new(&self.environment).client().finish(response)
    }
}

impl<F: FnMut(&mut ClientSettings) -> Result<()>> Process for Update<F> {
    type Done = CurrentClient;

    fn step(&mut self, _: Duration) -> Result<Next<CurrentClient>> {
        let request = match &self.state {
            State::Write(call) => call.request.clone(),
            State::Read | State::Compare(..) | State::Confirm => Api::new(&self.environment).client().request,
            State::End(_) | State::Over => match core::mem::replace(&mut self.state, State::Over) {
                State::End(client) => return Ok(Next::Done(client)),
                _ => return Err(used()),
            },
        };
        Ok(Next::Send(Order { request, key: Some(self.key.clone()) }))
    }

    fn stored(&mut self) -> Result<()> {
        Err(used())
    }

    fn receive(&mut self, answer: Result<Response>, _: Duration) -> Result<()> {
        self.state = match core::mem::replace(&mut self.state, State::Over) {
            State::Read => self.changed(self.read(&answer?)?.settings()?)?,
            State::Compare(before, write) => {
                let settings = self.read(&answer?)?.settings()?;
                if settings == before { State::Write(write) } else { self.changed(settings)? }
            }
            State::Write(call) => {
                call.finish(&answer?)?;
                State::Confirm
            }
            State::Confirm => State::End(self.read(&answer?)?),
            other => {
                self.state = other;
                return Err(used());
            }
        };
        Ok(())
    }
}
