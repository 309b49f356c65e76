//! A safe change of a client's settings: read, changed, read again, written whole, read.
//!
//! `GET` and `PUT /v1/client`: a `PUT` replaces everything, and no `ETag` guards it.
//! Refuses to write settings that were not read whole, and over a change that somebody made meanwhile.

use alloc::string::String;

use super::api::Api;
use super::calls::{came, failed, used_error};
use super::client::{ClientSettings, CurrentClient};
use super::enrolment::Enrolment;
use crate::flow::machine::{Input, Kind, Machine, Moment};
use crate::flow::step::{CallRequest, Step};
use crate::ground::error::{Action, Error, Result, codes};
use crate::ground::http::Response;
use crate::ground::secret::Secret;
use crate::provider::call::Call;

/// How often the change is made anew, as the settings changed meanwhile.
const ROUNDS: u32 = 3;

/// A change. It asks what is wanted by [`Step::Ask`], with the settings as JSON, and takes the wanted ones as such
/// ([`ClientSettings::parse`], [`ClientSettings::json`]). If the settings have changed meanwhile, it asks again with the new ones, twice
/// at most. The outcome is the client as it is afterwards.
///
/// ```
/// # use samtykke::Response;
/// # use samtykke::provider::selvbetjening::{Enrolment, Environment, Key, PublicKey};
/// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// # let enrolment = Enrolment::of(&Environment::test(), "6a1f5f5e", Key::new("key-1", PublicKey::parse(jwk)?)?)?;
/// # let call = |_| Response::new(200, None, r#"{"apiScopes":[],"audienceSpecificClientClaims":null,"redirectUris":[],"postLogoutRedirectUris":[],"childOrganizationNumbers":null}"#);
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::provider::selvbetjening::{ClientSettings, Update};
/// use samtykke::{Secret, Step};
/// let mut update = Update::new(&enrolment);
/// let mut input = Input::Start;
/// let client = loop {
///     input = match update.advance(input, &Moment { now: 1_700_000_000, random: &[7; 32] })? {
///         Step::Call(wanted) => Input::Response(call(wanted)), // with a token of the key of this name
///         Step::Ask(json) => {
///             let mut settings = ClientSettings::parse(json.expose())?;
///             settings.redirect_uris = Some(vec!["https://journal.example.no/callback".into()]);
///             Input::Answered(Secret::new(settings.json()?))
///         }
///         Step::Done(client) => break client,
///         _ => unreachable!("nothing to store, nothing to wait for"),
///     };
/// };
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct Update {
    environment: super::Environment,
    key: String,
    rounds: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    Begin,
    Read,
    Ask(ClientSettings),
    /// Settings as they were read, and the write that was made of them.
    Compare(ClientSettings, Call<()>),
    Write(Call<()>),
    Confirm,
    Over,
}

impl core::fmt::Debug for Update {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Update(…)")
    }
}

impl Update {
    /// A change of a client's settings. What is refused of the wanted ones is not sent.
    pub fn new(enrolment: &Enrolment) -> Self {
        Self::of(enrolment.environment(), enrolment.key().reference())
    }

    /// As [`new`](Self::new), by the caller's name of the client's key.
    pub(crate) fn of(environment: &super::Environment, key: &str) -> Self {
        Self { environment: environment.clone(), key: key.into(), rounds: 0, state: State::Begin }
    }

    /// Reads, or writes, and is in this state then.
    fn call<T>(&mut self, state: State) -> Step<T> {
        let request = match &state {
            State::Write(call) => call.request.clone(),
            _ => Api::new(&self.environment).client().request,
        };
        self.state = state;
        Step::Call(CallRequest { request, key: self.key.clone() })
    }

    /// Asks for what is wanted of these, unless they were changed by others too often.
    fn ask<T>(&mut self, settings: ClientSettings) -> Result<Step<T>> {
        if self.rounds >= ROUNDS {
            let error =
                Error::new(&codes::CONFLICT).advise(Action::TryLater).with_hint("Somebody else changes the client's settings; try again.");
            return Err(error.expected("settings that nobody else changes at the same time"));
        }
        self.rounds = self.rounds.saturating_add(1);
        let json = settings.json()?;
        self.state = State::Ask(settings);
        Ok(Step::Ask(Secret::new(json)))
    }

    fn read(&self, response: &Response) -> Result<CurrentClient> {
        Api::new(&self.environment).client().finish(response)
    }

    /// What follows from an answer to what this state asked.
    fn take<T>(&mut self, asked: State, answer: &Response, done: fn(CurrentClient) -> T) -> Result<Step<T>> {
        match asked {
            State::Read => {
                let settings = self.read(answer)?.settings()?;
                self.ask(settings)
            }
            State::Compare(before, write) => {
                let settings = self.read(answer)?.settings()?;
                if settings == before { Ok(self.call(State::Write(write))) } else { self.ask(settings) }
            }
            State::Write(call) => {
                call.finish(answer)?;
                Ok(self.call(State::Confirm))
            }
            _ => Ok(Step::Done(done(self.read(answer)?))),
        }
    }

    /// What follows from what the caller wants of these settings.
    fn answered<T>(&mut self, settings: ClientSettings, wanted: Input) -> Result<Step<T>> {
        let wanted = match wanted {
            Input::Answered(wanted) => ClientSettings::parse(wanted.expose())?,
            Input::Failed(failure) => return Err(failed(failure)),
            _ => return Err(used_error()),
        };
        let write = Api::new(&self.environment).update(&wanted)?;
        Ok(self.call(State::Compare(settings, write)))
    }

    /// As [`advance`](Machine::advance); `done` says what becomes of the outcome.
    pub(crate) fn step<T>(&mut self, input: Input, done: fn(CurrentClient) -> T) -> Result<Step<T>> {
        match (&self.state, input) {
            (State::Begin, Input::Start) => Ok(self.call(State::Read)),
            (State::Begin | State::Over, _) => Err(used_error()),
            (State::Ask(settings), input) => {
                if !matches!(&input, Input::Answered(_)) && !matches!(&input, Input::Failed(failure) if failure.is_of(Kind::Store)) {
                    return Err(used_error());
                }
                let settings = settings.clone();
                self.state = State::Over;
                self.answered(settings, input)
            }
            (_, input) => {
                let answer = came(input)?;
                let asked = core::mem::replace(&mut self.state, State::Over);
                self.take(asked, &answer?, done)
            }
        }
    }
}

impl Machine for Update {
    type Output = CurrentClient;

    fn advance(&mut self, input: Input, _: &Moment<'_>) -> Result<Step<CurrentClient>> {
        self.step(input, |client| client)
    }
}
