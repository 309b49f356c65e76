//! Signed authorization responses: the answer that came back to `redirect_uri` is a JWT.
//!
//! JARM sections 2.1 to 2.4: state, issuer, audience and end are checked first, then the signature; only then is anything used. One
//! that is encrypted as well (section 2.2) is decrypted before, where the client is registered for that.
//! Refuses an answer that also carries parameters of its own, unsigned answers, and tokens in the front channel.

use crate::ground::error::shown::shown_text;
use alloc::string::String;

use crate::flow::exchange::Exchange;
use crate::flow::judge::{Context, Judge, Reader};
use crate::flow::keys::unkeyed_error;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::http::Response;
use crate::ground::json::Value;
use crate::ground::text::{equal, word};
use crate::jose::{Algorithm, Compact, is_encrypted};
use crate::protocol::authorization::response::{self, AuthorizationCode, Callback};
use crate::protocol::authorization::transaction::Transaction;
use crate::protocol::client::Registration;
use crate::protocol::id_token::claims::{self, Claims, Terms, Typed, Unverified};
use crate::protocol::refusal;
use crate::protocol::syntax::RESPONSE_PARAMETERS;

impl Transaction {
    /// Judges a signed answer (`response_mode` `jwt` and its kin). The transaction is used up either way; the machine asks
    /// for the server's keys and for the signature to be verified, and then gives the code.
    ///
    /// # Errors
    /// As [`finish`](Self::finish), and `jws_malformed`, `algorithm_refused`, `claim_refused`, `jwt_expired`.
    pub fn finish_jarm(self, client: &Registration, callback: Callback<'_>, now: u64) -> Result<Exchange<AuthorizationCode>> {
        let token = {
            let fields = self.fields();
            let registration = client.settings();
            response::check_transaction(&fields, &registration, now)?;
            response::response_jwt(&fields, &registration, callback)?
        };
        let judge = JarmJudge { client: client.clone(), transaction: Some(self), token };
        Ok(Exchange::new(client, None, judge))
    }
}

struct JarmJudge {
    client: Registration,
    transaction: Option<Transaction>,
    token: String,
}

impl Reader for JarmJudge {
    fn answer(&mut self, _: &Response, _: &mut Context) -> Result<()> {
        Ok(())
    }

    fn encrypted_token(&self) -> Option<&str> {
        Some(&*self.token).filter(|token| is_encrypted(token))
    }

    fn set_decrypted(&mut self, token: &str) {
        self.token = token.into();
    }

    fn take_unverified(&mut self, context: &Context, now: u64) -> Result<Option<Unverified>> {
        if self.encrypted_token().is_some() {
            return Err(refusal::encrypted_error(Error::new(&codes::JWS_MALFORMED)).at(Phase::Callback));
        }
        if !context.is_keyed() {
            return Err(unkeyed_error().at(Phase::Callback));
        }
        let Some(transaction) = &self.transaction else { return Err(used_error()) };
        let state = transaction.state();
        let Registration { profile, client_id, .. } = &self.client;
        // The rules know the standards' default, where the profile names no algorithm.
        context.id_token.with_expectation(|rules| check(&self.token, rules.algorithms, &profile.issuer, client_id, state, now)).map(Some)
    }
}

impl Judge<AuthorizationCode> for JarmJudge {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, claims: Option<Claims>, now: u64) -> Result<AuthorizationCode> {
        let (Some(transaction), Some(claims)) = (self.transaction.take(), claims) else { return Err(used_error()) };
        let answer = as_form(claims.json())?;
        transaction.finish_answer(&self.client, &answer, now)
    }
}

fn used_error() -> Error {
    Error::new(&codes::TRANSACTION_USED)
}

/// Reads a signed answer and checks what must hold before its signature is worth verifying.
pub(crate) fn check(
    token: &str,
    algorithms: &[&'static Algorithm],
    issuer: &str,
    client_id: &str,
    state: &str,
    now: u64,
) -> Result<Unverified> {
    let at = |error: Error| error.at(Phase::Callback);
    let token = Compact::parse(token).map_err(at)?;
    claims::media_type(token.typ(), "JWT").map_err(at)?;
    let alg = token.algorithm(algorithms).map_err(at)?;
    let json = claims::payload(&token).map_err(at)?;
    let found = Typed::parse(json).map_err(at)?;
    match found.get("state") {
        None => return Err(Error::new(&codes::STATE_MISSING)),
        Some(Value::String(found)) if equal(found.as_ref(), state) => {}
        Some(_) => return Err(Error::new(&codes::STATE_MISMATCH)),
    }
    match found.text("iss") {
        None => return Err(Error::new(&codes::ISSUER_MISSING)),
        Some(other) if other != issuer => {
            return Err(Error::new(&codes::ISSUER_MISMATCH).expected(String::from(issuer)).actual(shown_text(other)));
        }
        Some(_) => {}
    }
    let terms = Terms {
        issuer,
        client_id,
        trusted_audiences: &[],
        algorithms,
        now,
        skew: claims::DEFAULT_SKEW,
        dated: false,
        auth_time_text: false,
        endless: false,
    };
    claims::audience(&found, &terms).map_err(at)?;
    match claims::times(&found, &terms) {
        Some(expected) => Err(at(claims::refusal(expected))),
        None => Ok(Unverified::new(&token, alg, found.json(json))),
    }
}

/// The claims that are response parameters, as the text of a plain answer.
pub(crate) fn as_form(json: &str) -> Result<String> {
    let found = Typed::parse(json)?;
    let mut form = Form::new();
    for member in found.value().members() {
        if word(RESPONSE_PARAMETERS, member.name.as_bytes()).is_some() {
            let Some(text) = member.value.as_str() else { return Err(Error::new(&codes::CALLBACK_MALFORMED)) };
            form.push(&member.name, text);
        }
    }
    Ok(form.into_string())
}
