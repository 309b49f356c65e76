//! Changes over the self-service API as machines that ask for their tokens: of a client's keys, of a client, of a scope.
//!
//! docs.digdir.no `oidc_api_admin`: what is changed is read first, as an update replaces the whole. Refuses to call a change
//! done that someone else undid, and what [`replacement`] refuses.

use alloc::string::String;

use super::Environment;
use super::api::SelfService;
use super::edit::{Edit, KeyEdit};
use super::operation::{ClientScope, Operation};
use super::record::Record;
use super::registration::replacement;
use super::wire::{judge, wrong};
use crate::flow::judge::used_error;
use crate::flow::machine::{Input, Kind, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::{Phase, Result};
use crate::ground::http::Response;
use crate::ground::secret::Secret;
use crate::provider::call::{Calling, Turn};

/// Where changes are made, and by whom.
struct Admin {
    environment: Environment,
    token: Option<Secret>,
    given: ClientScope,
}

impl Admin {
    fn of(api: &SelfService<'_>) -> Self {
        let (environment, token, given) = api.admin();
        Self { environment: environment.clone(), token: token.cloned(), given }
    }

    fn api(&self) -> SelfService<'_> {
        let api = SelfService::tokenless(&self.environment).given(self.given);
        self.token.as_ref().map_or(api, |token| api.token(token))
    }

    /// The JSON of an answer.
    fn answer(&self, operation: &str, response: &Response) -> Result<String> {
        let Some(operation) = Operation::named(operation) else { return Err(wrong("a known operation")) };
        judge(operation, self.given, response)
    }
}

/// A change of a client's keys: they are read, written whole, and read again. To change keys without a gap: add the new one, wait two
/// minutes, sign with it, and remove the old one when nobody signs with that any more. Its outcome is the key set as it is now.
///
/// It goes with the API's token; where the API has none, it asks for one before each request, with the scope that the request needs.
///
/// ```
/// use samtykke::flow::machine::{Input, Machine, Moment};
/// use samtykke::provider::maskinporten::{Edit, Environment, KeyEditCall, SelfService};
/// use samtykke::{Response, Secret, Step};
/// # let mut answers = ["{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"old\",\"n\":\"1\"}]}", "", "{\"keys\":[]}"].into_iter();
/// # let mut http = |_: samtykke::Request| Response::new(200, Some("application/json"), answers.next().unwrap());
/// let (environment, token) = (Environment::test(), Secret::new("x.y"));
/// let api = SelfService::new(&environment, &token);
/// let mut edit = KeyEditCall::new(&api, "238259d7-f0ab-4bd5-b253-0f0159375096", Edit::Remove("old".into()))?;
/// let mut input = Input::Start;
/// let set = loop {
///     input = match edit.advance(input, &Moment { now: 1_700_000_000, random: &[7; 32] })? {
///         Step::Send(request) => Input::Response(http(request)),
///         Step::Sleep(_) => Input::Slept, // when the time is over
///         Step::Done(set) => break set,
///         _ => unreachable!("no other step"),
///     };
/// };
/// assert_eq!(set, r#"{"keys":[]}"#);
/// # Ok::<(), samtykke::Error>(())
/// ```
pub struct KeyEditCall {
    admin: Admin,
    edit: KeyEdit,
    calling: Calling,
}

impl core::fmt::Debug for KeyEditCall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("KeyEditCall").finish_non_exhaustive()
    }
}

impl KeyEditCall {
    /// A change of this client's keys.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd client id.
    pub fn new(api: &SelfService<'_>, client_id: &str, edit: Edit) -> Result<Self> {
        let (admin, edit) = (Admin::of(api), KeyEdit::new(client_id, edit));
        let (request, scope) = edit.request(&admin.api())?;
        Ok(Self { admin, edit, calling: Calling::new(request, scope) })
    }

    /// How often what may be repeated is, after trouble: [`RETRIES`](crate::provider::call::RETRIES) unless told.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.calling.retries = retries;
        self
    }
}

impl Machine for KeyEditCall {
    type Output = String;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<String>> {
        let response = match self.calling.advance(input, moment)? {
            Turn::Asked(asked) => return Ok(asked.step()),
            Turn::Answer(response) => response,
        };
        let api = self.admin.api();
        if let Err(error) = self.edit.receive(&api, &response) {
            return Ok(self.calling.refused(error, moment)?.step());
        }
        if let Some(set) = self.edit.outcome() {
            return Ok(Step::Done(set.into()));
        }
        let (request, scope) = self.edit.request(&api)?;
        self.calling.next(request, scope);
        Ok(self.calling.begin().step())
    }
}

/// What an [`UpdateCall`] changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Updated {
    /// A client, by its id.
    Client,
    /// A scope, by its name; a deactivated one too.
    Scope,
}

impl Updated {
    /// The operations that read and write it.
    fn operations(self) -> (&'static str, &'static str) {
        match self {
            Self::Client => ("client", "updateClient"),
            Self::Scope => ("scope", "updateScope"),
        }
    }
}

#[derive(Debug)]
enum Stage {
    Read,
    Asked(Record),
    Write,
}

/// A change of a client or a scope: it is read, the caller is asked what becomes of it ([`Step::Ask`]), and that is sent, without what
/// the API sets itself. Its outcome is what the API answers, as JSON.
pub struct UpdateCall {
    admin: Admin,
    what: Updated,
    name: String,
    stage: Stage,
    calling: Calling,
}

impl core::fmt::Debug for UpdateCall {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("UpdateCall").field("what", &self.what).field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl UpdateCall {
    /// A change of the client of this id, or of the scope of this name.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id, `invalid_scope` for what is no name of a scope.
    pub fn new(api: &SelfService<'_>, what: Updated, name: &str) -> Result<Self> {
        let admin = Admin::of(api);
        let arguments: &[&str] = if what == Updated::Scope { &[name, "true"] } else { &[name] };
        let call = admin.api().operation(what.operations().0, arguments, "")?;
        let calling = Calling::new(call.request.clone(), call.scope());
        Ok(Self { admin, what, name: name.into(), stage: Stage::Read, calling })
    }

    /// How often what may be repeated is, after trouble: [`RETRIES`](crate::provider::call::RETRIES) unless told.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.calling.retries = retries;
        self
    }

    /// Sends what the caller made of it.
    fn write(&mut self, before: &Record, after: &str) -> Result<Step<String>> {
        let body = replacement(before, &Record::parse(after)?)?;
        let call = self.admin.api().operation(self.what.operations().1, &[&self.name], body.json())?;
        self.calling.next(call.request.clone(), call.scope());
        Ok(self.calling.begin().step())
    }
}

impl Machine for UpdateCall {
    type Output = String;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<String>> {
        if let Stage::Asked(before) = &self.stage {
            return match input {
                Input::Answered(after) => {
                    let before = before.clone();
                    // Where the change is refused, all is over.
                    self.stage = Stage::Write;
                    self.write(&before, after.expose())
                }
                Input::Failed(failure) if failure.is_of(Kind::Store) => {
                    self.stage = Stage::Write;
                    Err(failure.error(Phase::Api, false))
                }
                _ => Err(used_error()),
            };
        }
        let response = match self.calling.advance(input, moment)? {
            Turn::Asked(asked) => return Ok(asked.step()),
            Turn::Answer(response) => response,
        };
        let (read, write) = self.what.operations();
        let operation = if matches!(self.stage, Stage::Read) { read } else { write };
        match self.admin.answer(operation, &response) {
            Err(error) => Ok(self.calling.refused(error, moment)?.step()),
            Ok(json) if operation == write => Ok(Step::Done(json)),
            Ok(json) => {
                let step = Step::Ask(Secret::new(json.as_str()));
                self.stage = Stage::Asked(Record::parse(&json)?);
                Ok(step)
            }
        }
    }
}
