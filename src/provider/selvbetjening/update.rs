//! A safe change of a client's settings: read, changed, read again, written whole, read.
//!
//! `GET` and `PUT /v1/client`: a `PUT` replaces everything, and no `ETag` guards it.
//! Refuses to write settings that were not read whole, and over a change that somebody made meanwhile.

use alloc::string::String;
use core::time::Duration;

use super::api::Api;
use super::client::{ClientSettings, CurrentClient};
use super::enrolment::Enrolment;
use super::key::Key;
use super::process::{Next, Order, Process, came, used_error};
use crate::flow::machine::{Input, Kind, Machine, Moment};
use crate::flow::step::{CallRequest, Step};
use crate::ground::error::{Action, Error, Phase, Result, codes};
use crate::ground::http::{Request, Response};
use crate::ground::secret::Secret;
use crate::provider::call::Call;

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
    change: F,
    key: Key,
    updating: Updating,
}

impl<F: FnMut(&mut ClientSettings) -> Result<()>> Update<F> {
    /// A change of the settings. What `change` refuses is not sent.
    pub fn new(enrolment: &Enrolment, change: F) -> Self {
        let key = enrolment.key().clone();
        Self { change, updating: Updating::new(enrolment.environment(), key.reference()), key }
    }
}

impl<F: FnMut(&mut ClientSettings) -> Result<()>> Process for Update<F> {
    type Done = CurrentClient;

    fn step(&mut self, _: Duration) -> Result<Next<CurrentClient>> {
        if let Some(request) = self.updating.request() {
            return Ok(Next::Send(Order { request, key: Some(self.key.clone()) }));
        }
        self.updating.end().map(Next::Done)
    }

    fn accept_stored(&mut self) -> Result<()> {
        Err(used_error())
    }

    fn receive(&mut self, answer: Result<Response>, _: Duration) -> Result<()> {
        self.updating.receive(answer)?;
        let Some(settings) = self.updating.asked() else { return Ok(()) };
        let mut wanted = settings.clone();
        match (self.change)(&mut wanted) {
            Ok(()) => self.updating.answered(&wanted),
            Err(error) => {
                self.updating.state = State::Over;
                Err(error)
            }
        }
    }
}

/// A change that asks for what is wanted by [`Step::Ask`], with the settings as JSON, and takes the wanted ones as such; its calls
/// go by [`Step::Call`].
pub struct Updating {
    environment: super::Environment,
    key: String,
    rounds: u32,
    state: State,
    out: bool,
}

#[derive(Debug)]
enum State {
    Read,
    Ask(ClientSettings),
    /// Settings as they were read, and the write that was made of them.
    Compare(ClientSettings, Call<()>),
    Write(Call<()>),
    Confirm,
    End(CurrentClient),
    Over,
}

impl core::fmt::Debug for Updating {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Updating(…)")
    }
}

impl Updating {
    /// A change of a client's settings; `key` is the caller's name of the client's key.
    pub fn new(environment: &super::Environment, key: &str) -> Self {
        Self { environment: environment.clone(), key: key.into(), rounds: 0, state: State::Read, out: false }
    }

    /// The request that is due.
    fn request(&self) -> Option<Request> {
        match &self.state {
            State::Write(call) => Some(call.request.clone()),
            State::Read | State::Compare(..) | State::Confirm => Some(Api::new(&self.environment).client().request),
            State::Ask(_) | State::End(_) | State::Over => None,
        }
    }

    fn asked(&self) -> Option<&ClientSettings> {
        match &self.state {
            State::Ask(settings) => Some(settings),
            _ => None,
        }
    }

    fn answered(&mut self, wanted: &ClientSettings) -> Result<()> {
        let State::Ask(settings) = core::mem::replace(&mut self.state, State::Over) else { return Err(used_error()) };
        self.state = State::Compare(settings, Api::new(&self.environment).update(wanted)?);
        Ok(())
    }

    fn end(&mut self) -> Result<CurrentClient> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::End(client) => Ok(client),
            _ => Err(used_error()),
        }
    }

    /// Asks for what is wanted of these, unless they were changed by others too often.
    fn ask(&mut self, settings: ClientSettings) -> Result<State> {
        if self.rounds >= ROUNDS {
            let error =
                Error::new(&codes::CONFLICT).advise(Action::TryLater).with_hint("Somebody else changes the client's settings; try again.");
            return Err(error.expected("settings that nobody else changes at the same time"));
        }
        self.rounds = self.rounds.saturating_add(1);
        Ok(State::Ask(settings))
    }

    fn read(&self, response: &Response) -> Result<CurrentClient> {
        Api::new(&self.environment).client().finish(response)
    }

    fn receive(&mut self, answer: Result<Response>) -> Result<()> {
        self.state = match core::mem::replace(&mut self.state, State::Over) {
            State::Read => {
                let settings = self.read(&answer?)?.settings()?;
                self.ask(settings)?
            }
            State::Compare(before, write) => {
                let settings = self.read(&answer?)?.settings()?;
                if settings == before { State::Write(write) } else { self.ask(settings)? }
            }
            State::Write(call) => {
                call.finish(&answer?)?;
                State::Confirm
            }
            State::Confirm => State::End(self.read(&answer?)?),
            other => {
                self.state = other;
                return Err(used_error());
            }
        };
        Ok(())
    }
}

impl Machine for Updating {
    type Output = CurrentClient;

    fn advance(&mut self, input: Input, _: &Moment<'_>) -> Result<Step<CurrentClient>> {
        match (&self.state, input) {
            (State::Read, Input::Start) if !self.out => {}
            (State::Ask(settings), Input::Answered(wanted)) => {
                let wanted = settings.replaced_by(wanted.expose());
                let wanted = wanted.inspect_err(|_| self.state = State::Over)?;
                self.answered(&wanted)?;
            }
            (State::Ask(_), Input::Failed(failure)) if failure.is_of(Kind::Store) => {
                self.state = State::Over;
                return Err(failure.error(Phase::Api, false));
            }
            (State::Ask(_), _) => return Err(used_error()),
            (_, input) => {
                let Some(answer) = came(input).filter(|_| self.out) else { return Err(used_error()) };
                self.receive(answer)?;
            }
        }
        self.out = false;
        if let Some(settings) = self.asked() {
            return Ok(Step::Ask(Secret::new(settings.json()?)));
        }
        let Some(request) = self.request() else { return self.end().map(Step::Done) };
        self.out = true;
        Ok(Step::Call(CallRequest { request, key: self.key.clone() }))
    }
}
