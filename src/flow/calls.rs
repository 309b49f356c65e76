//! Calls beside the token endpoint, driven by the same machine: introspection, revocation, userinfo.
//!
//! RFC 7662, RFC 7009, OIDC Core section 5.3; client authentication and proofs as for tokens, keys as for id_tokens.
//! Refuses a public client that asks about tokens, and to give out signed claims before their signature is verified.

use alloc::boxed::Box;
use alloc::string::String;

use crate::flow::attempt::Attempt;
use crate::flow::exchange::Exchange;
use crate::flow::judge::{Context, Judge, Reader};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::http::Response;
use crate::ground::secret::Secret;
use crate::jose::is_encrypted;
use crate::protocol::answers::introspection::{self, Introspection, TokenHint};
use crate::protocol::answers::revocation;
use crate::protocol::answers::userinfo::{self, Subject};
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::dpop::Server;
use crate::protocol::endpoint;
use crate::protocol::id_token::claims::{Claims, Unverified};
use crate::protocol::id_token::rules::IdTokenRules;
use crate::protocol::token::{TokenType, Tokens};

/// The form that asks about a token, or revokes it. It may be sent again: doing either twice changes nothing.
fn attempt(
    client: &Registration,
    authentication: &ClientAuthentication,
    name: &'static str,
    (token, hint): (&Secret, Option<TokenHint>),
) -> Result<Box<Attempt>> {
    if name == INTROSPECTION && matches!(authentication, ClientAuthentication::None) {
        return Err(Error::new(&codes::INVALID_CONFIGURATION).at(Phase::Token).expected("client authentication for introspection"));
    }
    let url = client.profile().endpoint(name, authentication);
    endpoint::check(name, url, (&client.profile().development).into()).map_err(|error| error.at(Phase::Token))?;
    let mut attempt = Attempt::form(client, authentication, url, introspection::form(token.expose(), hint)?, false)?;
    attempt.request.repeatable = true;
    // It issues nothing, so there is nothing to bind.
    attempt.bound = false;
    Ok(attempt)
}

/// The endpoints' names in the metadata.
const INTROSPECTION: &str = "introspection_endpoint";
const REVOCATION: &str = "revocation_endpoint";

impl Exchange<Introspection> {
    /// Asks the server about a token.
    ///
    /// # Errors
    /// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`, `invalid_configuration`; then those of
    /// [`Introspection::judge`].
    ///
    /// ```
    /// use samtykke::flow::machine::{Input, Machine, Moment};
    /// use samtykke::{ClientAuthentication, Exchange, Profile, Registration, Response, Secret, Step};
    /// # fn http(_: samtykke::Request) -> Response { Response::new(200, Some("application/json"), r#"{"active":false}"#) }
    /// let mut profile = Profile::new("https://op.example", "https://op.example/authorize", "https://op.example/token");
    /// profile.endpoints.introspection = Some("https://op.example/introspect".into());
    /// let client = Registration::new(profile, "api-1", "https://rp.example/cb")?;
    /// let secret = ClientAuthentication::secret_basic("correct horse");
    /// let mut exchange = Exchange::introspection(&client, &secret, &Secret::new("x.y"), None)?;
    /// let mut input = Input::Start;
    /// let token = loop {
    ///     input = match exchange.advance(input, &Moment { now: 1_700_000_000, random: &[7; 32] })? {
    ///         Step::Send(request) => Input::Response(http(request)),
    ///         Step::Done(token) => break token,
    ///         _ => unreachable!("a secret signs nothing"),
    ///     };
    /// };
    /// assert!(!token.active());
    /// # Ok::<(), samtykke::Error>(())
    /// ```
    pub fn introspection(
        client: &Registration,
        authentication: &ClientAuthentication,
        token: &Secret,
        hint: Option<TokenHint>,
    ) -> Result<Self> {
        let attempt = attempt(client, authentication, INTROSPECTION, (token, hint))?;
        Ok(Self::new(client, Some(attempt), Kept(None, Introspection::judge)))
    }
}

impl Exchange<()> {
    /// Revokes a token. It withdraws no consent: that is a provider's own call.
    ///
    /// # Errors
    /// `endpoint_missing`, `endpoint_refused`, `invalid_parameter`, `invalid_configuration`; then those of
    /// [`revocation::judge`].
    pub fn revocation(
        client: &Registration,
        authentication: &ClientAuthentication,
        token: &Secret,
        hint: Option<TokenHint>,
    ) -> Result<Self> {
        let attempt = attempt(client, authentication, REVOCATION, (token, hint))?;
        Ok(Self::new(client, Some(attempt), Kept(None, revocation::judge)))
    }
}

/// Keeps what a plain judgement gave.
struct Kept<T>(Option<T>, fn(&Response) -> Result<T>);

impl<T: Send + Sync> Reader for Kept<T> {
    fn answer(&mut self, response: &Response, _: &mut Context) -> Result<()> {
        self.0 = Some(self.1(response)?);
        Ok(())
    }
}

impl<T: Send + Sync> Judge<T> for Kept<T> {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, _: Option<Claims>, _: u64) -> Result<T> {
        self.0.take().ok_or_else(|| Error::new(&codes::TRANSACTION_USED).at(Phase::Token))
    }
}

impl Exchange<Claims> {
    /// Fetches the claims about the person. A token bound to a key needs [`dpop`](Self::dpop) with it. `signed` is what a
    /// signed answer must say, where one is demanded: put the `userinfo_signed_response_alg` there. Without, one that comes signed is
    /// judged as id_tokens are, where the server's keys are known. Of `authentication` nothing
    /// is sent; with [`ClientAuthentication::Tls`], whose tokens are bound to the certificate, it goes to the address for those
    /// (RFC 8705 section 5).
    ///
    /// # Errors
    /// `endpoint_missing`, `endpoint_refused`, `invalid_configuration`; then those of [`userinfo::judge`], and for a signed
    /// answer those of [`userinfo::judge_signed`], of the key's choice, and `signature_invalid`.
    pub fn userinfo(
        client: &Registration,
        authentication: &ClientAuthentication,
        tokens: &Tokens,
        subject: Subject<'_>,
        signed: Option<IdTokenRules>,
    ) -> Result<Self> {
        let profile = client.profile();
        let endpoint = profile.endpoint("userinfo_endpoint", authentication);
        let request = userinfo::request_without_proof(endpoint, tokens.token_type, &tokens.access_token, (&profile.development).into())?;
        let mut attempt = Attempt::new(client, ClientAuthentication::None, Server::Resource, request);
        attempt.token = Some(tokens.access_token.clone());
        attempt.bound = tokens.token_type == TokenType::DPoP;
        let subject = match subject {
            Subject::Is(sub) => Some(String::from(sub)),
            Subject::Unchecked => None,
        };
        Ok(Self::new(client, Some(attempt), UserinfoJudge { subject, signed, plain: None, answer: None, encrypted: false }))
    }
}

struct UserinfoJudge {
    subject: Option<String>,
    signed: Option<IdTokenRules>,
    plain: Option<Claims>,
    answer: Option<Response>,
    /// Whether it may be encrypted.
    encrypted: bool,
}

impl UserinfoJudge {
    fn subject(&self) -> Subject<'_> {
        self.subject.as_deref().map_or(Subject::Unchecked, Subject::Is)
    }
}

impl Reader for UserinfoJudge {
    fn answer(&mut self, response: &Response, context: &mut Context) -> Result<()> {
        let jwt = response.status == 200 && response.is_media("application/jwt");
        // How userinfo comes is the client's registration: where the server's keys are known, one that is signed is taken as it comes.
        if self.signed.is_none() && jwt && context.is_keyed() {
            let terms = &context.id_token;
            let mut rules = IdTokenRules::new(&*terms.issuer, &*terms.client_id);
            rules.algorithms.clone_from(&terms.algorithms);
            rules.trusted_audiences.clone_from(&terms.trusted_audiences);
            rules.skew = terms.skew;
            self.signed = Some(rules);
        }
        self.encrypted = jwt && context.encryption.is_some();
        if self.signed.is_some() {
            self.answer = Some(response.clone());
        } else {
            self.plain = Some(userinfo::judge(response, self.subject())?);
        }
        Ok(())
    }

    fn encrypted_token(&self) -> Option<&str> {
        let body = self.answer.as_ref().filter(|_| self.encrypted)?.body.expose();
        Some(body).filter(|body| is_encrypted(body))
    }

    fn set_decrypted(&mut self, token: &str) {
        if let Some(answer) = &mut self.answer {
            answer.body = Secret::new(token);
        }
    }

    fn take_unverified(&mut self, _: &Context, now: u64) -> Result<Option<Unverified>> {
        let (Some(signed), Some(answer)) = (&self.signed, &self.answer) else { return Ok(None) };
        signed.with_expectation(|expectation| userinfo::judge_signed(answer, self.subject(), expectation, now)).map(Some)
    }
}

impl Judge<Claims> for UserinfoJudge {
    fn reader(&mut self) -> &mut dyn Reader {
        self
    }

    fn finish(&mut self, claims: Option<Claims>, _: u64) -> Result<Claims> {
        // Claims that were verified, or plain ones where no signature was agreed; never both.
        claims.or_else(|| self.plain.take()).ok_or_else(|| Error::new(&codes::TRANSACTION_USED).at(Phase::Api))
    }
}
