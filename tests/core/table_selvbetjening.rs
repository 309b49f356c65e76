//! Selvbetjening's machines in the table of [`table`](crate::table): a draft, a wait, a change of settings, a key replaced or given up.

use std::time::Duration;

use samtykke::error::{OAuthError, codes};
use samtykke::flow::machine::{Input, Machine, Moment};
use samtykke::jose::{Jwk, thumbprint};
use samtykke::provider::selvbetjening::{
    Abandon, Abandoned, CurrentClient, Draft, Enrolment, Environment, Key, Pacing, PublicKey, Rotated, Rotation, Status, Update, Wait,
};
use samtykke::{Error, Result, Secret, Step};
use serde_json::{Value, json};

use crate::table::{JWK, take_turns};

/// Makes the machine that a case names and plays it.
pub(crate) fn play(case: &mut Value, write: bool) {
    let what = case["what"].clone();
    let environment = Environment::custom("https://portal.example", "https://api.example").unwrap();
    let of = |name: &str| Enrolment::of(&environment, "c-1", Key::new(name, public()).unwrap()).unwrap();
    let record = || Enrolment::parse(&environment, &what["record"].to_string()).unwrap();
    match what["machine"].as_str().unwrap() {
        "selvbetjening_draft" => {
            let mut draft = Draft::new("999977774", public());
            draft.confirmation_redirect_uri = Some("http://localhost:4406/confirmed/8fdK".into());
            let name = String::from(public().thumbprint());
            let drafting = Enrolment::begin(&environment, &Secret::new("correct-horse"), draft, &name).unwrap();
            let drafting = if what["older"] == true { drafting.older() } else { Ok(drafting) };
            take_turns(drafting, &|_| json!(""), case, write);
        }
        "selvbetjening_wait" => {
            let pacing = if what["approval"] == true { Pacing::APPROVAL } else { Pacing::USABLE };
            let wait = match what["next"].as_str() {
                Some(text) => Wait::resume(&of("client"), text),
                None if what["approval"] == true => Ok(Wait::for_approval(&of("client"), pacing)),
                None => Ok(Wait::until_usable(&of("client"), pacing)),
            };
            take_turns(wait.map(|wait| Asking(Some(wait))), &|asked| asked, case, write);
        }
        "selvbetjening_update" => take_turns(Ok(Update::new(&of("client"))), &client, case, write),
        "selvbetjening_rotate" => {
            let time = |name: &str| what[name].as_f64().map(Duration::from_secs_f64);
            let pacing = Pacing::USABLE.or([time("first"), None, time("limit")]).unwrap();
            let next = Key::new(public().thumbprint(), public()).unwrap();
            let rotation = if record().next_key().is_some() { Rotation::resume(record()) } else { Rotation::begin(record(), next) };
            take_turns(rotation.map(|rotation| rotation.with_pacing(pacing)), &rotated, case, write);
        }
        "selvbetjening_abandon" => take_turns(Abandon::new(record()), &abandoned, case, write),
        other => panic!("no machine {other}"),
    }
}

/// The new key, which is named by its thumbprint, as the package names keys.
fn public() -> PublicKey {
    let mut public: Value = serde_json::from_str(JWK).unwrap();
    (public["alg"], public["kid"]) = ("ES256".into(), thumbprint(&Jwk::parse(JWK).unwrap()).into());
    PublicKey::parse(&public.to_string()).unwrap()
}

/// A wait as the package has it: each question is a machine of its own, which is over at the pause.
struct Asking(Option<Wait>);

impl Machine for Asking {
    type Output = Value;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<Value>> {
        let Some(wait) = &mut self.0 else { return Err(Error::new(&codes::TRANSACTION_USED)) };
        let done = match wait.advance(input, moment)? {
            Step::Call(call) => return Ok(Step::Call(call)),
            Step::Done(found) => format!("\n\n\n\n{}", shown(&found)),
            _ => {
                let pause = wait.pause().unwrap();
                let (duration, elapsed, seen) = (pause.duration.as_nanos(), pause.elapsed.as_nanos(), pause.client.as_ref().map(shown));
                format!("{duration}\n{}\n{elapsed}\n{}\n{}", pause.attempts, wait.serialize(), seen.unwrap_or_default())
            }
        };
        self.0 = None;
        Ok(Step::Done(json!(done)))
    }
}

/// A client in a text: its members stand in the order that the package has them in.
fn shown(found: &CurrentClient) -> String {
    client(found.clone()).to_string()
}

/// What went wrong with a call, by its code: on the way, or with its token.
pub(crate) fn refused(code: &str) -> Error {
    let kind = codes::ALL.iter().find(|kind| kind.code() == code);
    match kind {
        Some(kind) => Error::new(kind),
        None => Error::new(&codes::TOKEN_ERROR).oauth_error(OAuthError { error: code.into(), description: None, uri: None }),
    }
}

fn rotated(rotated: Rotated) -> Value {
    let time = rotated.expires_at.map(|time| time.to_string()).unwrap_or_default();
    json!(format!("{time}\n{}\n{}", if rotated.recovered { "1" } else { "" }, rotated.key.reference()))
}

fn abandoned(abandoned: Abandoned) -> Value {
    json!(format!("{}\n{}", if abandoned.registered { "1" } else { "" }, abandoned.key.reference()))
}

fn client(client: CurrentClient) -> Value {
    let access = |mut shown: Value, status: &Status, reason: &Option<String>| {
        shown["status"] = status.as_str().into();
        if let Some(reason) = reason {
            shown["statusReason"] = reason.as_str().into();
        }
        shown
    };
    let scopes = client
        .scopes
        .as_ref()
        .map(|scopes| scopes.iter().map(|scope| access(json!({ "scope": scope.scope }), &scope.status, &scope.reason)).collect::<Vec<_>>());
    json!({
        "ready": client.is_ready(),
        "pending": client.pending().collect::<Vec<_>>(),
        "unknown": client.unknown().collect::<Vec<_>>(),
        "apiScopes": scopes,
        "audienceSpecificClientClaims": client.claims.as_ref().map(|claims| { assert!(claims.is_empty()); json!([]) }),
        "redirectUris": client.redirect_uris,
        "postLogoutRedirectUris": client.post_logout_redirect_uris,
        "childOrganizationNumbers": client.child_organization_numbers,
    })
}
