//! What came of a step, taken by an exchange: what is stored, hashed or decrypted, and what could not be done.
//!
//! RFC 7516 section 5.2, OIDC Core section 3.1.3.6. Refuses what nobody asked for, and changes nothing then.

use crate::flow::exchange::{Exchange, Flow, State};
use crate::flow::judge::{Reader, Spent, used_error};
use crate::flow::machine::{Failure, Input, Kind, Machine, Moment, Spends};
use crate::flow::step::{DecryptRequest, Step};
use crate::ground::error::{Action, Error, Phase, Result};
use crate::ground::lean::NPM;
use crate::ground::secret::Secret;
use crate::ground::text::base64url;
use crate::jose::jwe::{self, Encrypted};
use crate::protocol::dpop::Server;
use crate::protocol::id_token::claims::Claims;

impl Flow {
    /// The refresh token that [`Step::Store`] handed out is safe.
    fn accept_stored(&mut self, reader: &mut dyn Reader) -> Result<()> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::StoreWanted(answer) => self.judge(&answer, reader),
            other => {
                self.state = other;
                Err(used_error())
            }
        }
    }

    /// What is to be decrypted first, where the server encrypts for this client. A token that came encrypted where nobody said so was
    /// refused by its judge.
    pub(super) fn decrypt_request(&self, reader: &dyn Reader) -> Result<Option<DecryptRequest>> {
        let (Some(allowed), Some(token)) = (&self.context.encryption, reader.encrypted_token()) else { return Ok(None) };
        let Encrypted { header, alg, enc, kid } = Encrypted::parse(token, allowed).map_err(|error| error.at(self.phase()))?;
        Ok(Some(DecryptRequest { alg, enc, kid, header, token: Secret::new(token) }))
    }

    /// Takes what [`Step::Decrypt`] asked for: a token that is signed, and nothing else.
    fn accept_plaintext(&mut self, plain: &Secret, reader: &mut dyn Reader) -> Result<()> {
        match core::mem::replace(&mut self.state, State::Over) {
            State::DecryptWanted => {
                reader.set_decrypted(jwe::nested_jws(plain.expose().as_bytes()).map_err(|error| error.at(self.phase()))?);
                self.state = State::Judging;
                Ok(())
            }
            other => {
                self.state = other;
                Err(used_error())
            }
        }
    }

    /// Takes the digest that [`Step::Digest`] asked for.
    fn accept_digest(&mut self, digest: &[u8]) -> Result<()> {
        let State::DigestWanted(place) = self.state else { return Err(used_error()) };
        self.state = State::Judging;
        let half = base64url(digest.get(..digest.len() / 2).unwrap_or_default());
        let rules = &mut self.context.id_token;
        match place {
            0 => rules.access_token = Some(Secret::new(half)),
            1 => rules.code = Some(Secret::new(half)),
            _ => rules.state = Some(half),
        }
        Ok(())
    }

    /// An error with the answer that cannot be asked for again, if it led there.
    pub(crate) fn held(&self, error: Error) -> Error {
        error.holding_text(self.context.answer.as_ref())
    }

    /// Whether there is nothing more to come.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// The step that was handed out could not be carried out: the flow is over.
    fn accept_failure(&mut self, failure: Failure) -> Error {
        let (kind, phase, repeatable) = match (&self.state, &self.attempt) {
            (State::Trying, Some(attempt)) if attempt.is_awaiting() => {
                (if attempt.is_sent() { Kind::Send } else { Kind::Sign }, attempt.phase(), attempt.request.repeatable)
            }
            (State::KeysWanted(..), attempt) => {
                (Kind::Send, Phase::Token, attempt.as_ref().is_none_or(|attempt| attempt.server == Server::Resource))
            }
            (State::StoreWanted(_), _) => (Kind::Store, Phase::Session, false),
            (State::DecryptWanted, _) => (Kind::Decrypt, self.phase(), false),
            // A token by itself, or an API's answer, can be judged again; what came for a grant cannot be asked for again.
            (State::VerdictWanted(_) | State::FindWanted(_) | State::DigestWanted(_), attempt) => {
                (Kind::Other, Phase::Token, attempt.as_ref().is_none_or(|attempt| attempt.server == Server::Resource))
            }
            _ => return used_error(),
        };
        if !failure.is_of(kind) {
            return used_error();
        }
        // The token that was not stored is handed out with its answer.
        if let State::StoreWanted(answer) = core::mem::replace(&mut self.state, State::Over) {
            self.context.answer = (!NPM).then(|| answer.body.clone());
        }
        let error = failure.error(phase, repeatable);
        // What was sent is spent, and what came for it is gone.
        let lost = failure.loses(self.spends()) && self.attempt.as_ref().is_some_and(|attempt| attempt.is_sent());
        if lost { error.advise(Action::Restart).retry(false) } else { error }
    }

    /// The next step, once what came of the last one is taken; at the end the claims of what was verified.
    fn advance(&mut self, input: Input, reader: &mut dyn Reader, moment: &Moment<'_>) -> Result<Step<Option<Claims>>> {
        match input {
            Input::Start => {}
            Input::Response(response) => self.receive(response, reader)?,
            Input::Signature(signature) => self.signed(&signature)?,
            Input::Verdict(right) => self.verified(right).map_err(|error| self.held(error))?,
            Input::Digest(digest) => self.accept_digest(&digest)?,
            Input::Plaintext(plain) => self.accept_plaintext(&plain, reader).map_err(|error| self.held(error))?,
            Input::Stored => self.accept_stored(reader)?,
            // It needs no token, asks nothing, and never waits.
            Input::Token(_) | Input::Slept => return Err(used_error()),
            Input::Failed(failure) => {
                let error = self.accept_failure(failure);
                return Err(self.held(error));
            }
            // An exchange keeps nothing, and calls no API by another's token.
            Input::Loaded(_) | Input::Locked(_) | Input::Unlocked | Input::Adopted | Input::Refused(_) | Input::Answered(_) => {
                return Err(used_error());
            }
        }
        let step = self.step(reader, moment.random, moment.now);
        step.map_err(|error| self.held(error))
    }

    fn spends(&self) -> Option<Spends<'_>> {
        self.context.spends.as_ref().map(|(when, name)| match when {
            Spent::Sent => Spends::Sent(name),
            Spent::Answered => Spends::Answered(name),
        })
    }
}

impl<T> Machine for Exchange<T> {
    type Output = T;

    fn advance(&mut self, input: Input, moment: &Moment<'_>) -> Result<Step<T>> {
        let step = self.flow.advance(input, self.judge.reader(), moment)?;
        self.finish(step, moment.now).map_err(|error| self.flow.held(error))
    }

    fn nonce(&self) -> Option<&str> {
        self.dpop_nonce()
    }

    fn keeps(&self) -> bool {
        self.flow.context.kept_refresh
    }

    fn spends(&self) -> Option<Spends<'_>> {
        self.flow.spends()
    }
}
