//! A draft on its way: what is stored before it is sent, and what is stored of its answer.
//!
//! `POST /v1/client-drafts`. NHN's samples lose the key when the answer is lost, and the client id when nobody comes back.
//! Refuses to send anything before the key's name is safe, and a draft twice.

use alloc::string::String;
use core::time::Duration;

use super::api::Api;
use super::begun::Begun;
use super::calls::{came, store, stored, used_error};
use super::draft::Draft;
use super::enrolment::{Enrolment, missing, older_url};
use super::key::Key;
use super::{Environment, refusal};
use crate::flow::machine::{Input, Machine, Moment};
use crate::flow::step::Step;
use crate::ground::error::Result;
use crate::ground::secret::Secret;
use crate::provider::call::Call;

/// Seconds in which a confirmation has to come.
const WITHIN: u64 = 3600;

/// A draft on its way: stores, sends, stores, and is an [`Enrolment`]. A draft is never sent twice.
#[derive(Debug)]
pub struct Drafting {
    draft: Draft,
    api_key: Secret,
    call: Call<String>,
    record: Enrolment,
    /// What the service answered, until that is stored.
    answer: Option<Secret>,
    state: State,
}

#[derive(Debug)]
enum State {
    Begin,
    StoreKey,
    Sent,
    StoreClient,
    Over,
}

impl Enrolment {
    /// Begins: `reference` names the private key of the draft's public one, and the draft's `confirmation_redirect_uri` is where
    /// the person comes back to. Nothing is sent before the record is stored.
    ///
    /// # Errors
    /// `invalid_parameter`, naming the field.
    ///
    /// ```
    /// # use core::time::Duration;
    /// # use samtykke::{Response, Secret, Step};
    /// # use samtykke::flow::machine::{Input, Machine, Moment};
    /// # use samtykke::provider::selvbetjening::{Draft, Enrolment, Environment, PublicKey, confirmation_path};
    /// # let jwk = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    /// # let (environment, now, random) = (Environment::test(), Duration::from_secs(1_700_000_000), [7; 32]);
    /// # let http = |_| Response::new(200, None, r#"{"clientId":"6a1f5f5e"}"#);
    /// # let mut file = String::new();
    /// let mut draft = Draft::new("999977774", PublicKey::parse(jwk)?);
    /// draft.confirmation_redirect_uri = Some(format!("http://localhost:8080{}", confirmation_path(&random)));
    /// let mut drafting = Enrolment::begin(&environment, &Secret::new("the-templates-key"), draft, "keys/selvbetjening")?;
    /// let mut input = Input::Start;
    /// let mut enrolment = loop {
    ///     input = match drafting.advance(input, &Moment { now: now.as_secs(), random: &random })? {
    ///         Step::Store(record) => {
    ///             file = record.expose().into(); // first the key's name, then the client id
    ///             Input::Stored
    ///         }
    ///         Step::Send(request) => Input::Response(http(request)),
    ///         Step::Done(enrolment) => break enrolment,
    ///         _ => unreachable!("nothing to wait for"),
    ///     };
    /// };
    /// assert_eq!(enrolment.confirm_url()?, "https://selvbetjening.test.nhn.no/confirm-client/6a1f5f5e"); // open it now
    /// let back = format!("http://localhost:8080{}?status=Success", confirmation_path(&random));
    /// file = enrolment.confirm(&back, now)?;
    /// assert!(Enrolment::parse(&environment, &file)?.is_confirmed());
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn begin(environment: &Environment, api_key: &Secret, draft: Draft, reference: &str) -> Result<Drafting> {
        let key = Key::new(reference, draft.public_key.clone())?;
        let begun = Begun::new(&draft, WITHIN)?;
        let (environment, client_id) = (environment.clone(), String::new());
        let record = Self { environment, client_id, key, key_expires_at: None, next: None, begun: Some(begun) };
        Drafting::new(api_key, draft, record)
    }
}

impl Drafting {
    pub(super) fn new(api_key: &Secret, draft: Draft, record: Enrolment) -> Result<Self> {
        let call = Api::new(&record.environment).create_draft(api_key, &draft)?;
        Ok(Self { draft, api_key: api_key.clone(), call, record, answer: None, state: State::Begin })
    }

    /// The form before spring 2025: port and path of the redirect URI, which is on loopback, go along in the confirm URL and not
    /// in the draft.
    ///
    /// # Errors
    /// `invalid_parameter` for another redirect URI: such a draft nobody could confirm.
    pub fn older(mut self) -> Result<Self> {
        let begun = self.record.begun.as_mut().ok_or_else(missing)?;
        older_url(&self.record.environment, "-", &begun.redirect_uri)?;
        begun.older = true;
        self.draft.confirmation_redirect_uri = None;
        self.call = Api::new(&self.record.environment).create_draft(&self.api_key, &self.draft)?;
        Ok(self)
    }

    /// How long a confirmation is waited for, in whole seconds: an hour unless given. The client itself stays after that.
    ///
    /// # Errors
    /// `invalid_parameter` for less than a second.
    pub fn within(mut self, time: Duration) -> Result<Self> {
        let begun = self.record.begun.as_mut().ok_or_else(missing)?;
        if time.as_secs() == 0 {
            return Err(refusal("within: a second or more"));
        }
        begun.within = time.as_secs();
        Ok(self)
    }

    /// Takes up a record whose draft was never answered: it goes out again, with the same key. If the first one did arrive, it
    /// stays a draft that nobody confirms.
    ///
    /// # Errors
    /// `transaction_used` for a record that has its client id: [`Enrolment::parse`] reads it. `transaction_missing`,
    /// `transaction_malformed`, `transaction_mismatch`, `invalid_parameter`.
    pub fn again(environment: &Environment, api_key: &Secret, record: &str) -> Result<Self> {
        let kept = Enrolment::read(environment, record)?;
        if !kept.client_id.is_empty() {
            return Err(used_error());
        }
        let begun = kept.begun.ok_or_else(missing)?;
        let draft = Draft::from_json(&begun.draft, kept.key.public().clone())?;
        let drafting = Enrolment::begin(environment, api_key, draft, kept.key.reference())?.within(Duration::from_secs(begun.within))?;
        if begun.older { drafting.older() } else { Ok(drafting) }
    }

    /// As [`advance`](Machine::advance); `done` says what becomes of the outcome.
    pub(crate) fn step<T>(&mut self, input: Input, now: u64, done: fn(Enrolment) -> T) -> Result<Step<T>> {
        match (&self.state, input) {
            (State::Begin, Input::Start) => {
                self.state = State::StoreKey;
                Ok(store(self.record.serialize()))
            }
            (State::StoreKey, input) => {
                let kept = stored(&input)?;
                self.state = State::Over;
                kept?;
                self.state = State::Sent;
                Ok(Step::Send(self.call.request.clone()))
            }
            (State::Sent, input) => {
                let answer = came(input)?;
                self.state = State::Over;
                let answer = answer?;
                self.record.client_id = self.call.finish(&answer).map_err(|error| error.with_raw_answer(&answer))?;
                if let Some(begun) = &mut self.record.begun {
                    begun.until = Some(now.saturating_add(begun.within));
                }
                self.answer = Some(answer.body);
                self.state = State::StoreClient;
                Ok(store(self.record.serialize()))
            }
            (State::StoreClient, input) => {
                let kept = stored(&input)?;
                self.state = State::Over;
                // The client id is in there, and nobody tells it again.
                kept.map_err(|error| error.holding_text(self.answer.as_ref()))?;
                Ok(Step::Done(done(self.record.clone())))
            }
            _ => Err(used_error()),
        }
    }
}

impl Machine for Drafting {
    type Output = Enrolment;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<Enrolment>> {
        self.step(input, moment.now, |enrolment| enrolment)
    }
}
