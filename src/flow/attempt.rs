//! One request to a server, in at most two attempts: each with an assertion and a proof of its own.
//!
//! RFC 7523 section 2.2, RFC 9449 sections 7 to 9, RFC 9101. The second attempt follows a DPoP nonce challenge alone.
//! Refuses a third attempt, a signature nobody asked for, and one of a length its algorithm never makes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::flow::step::{KeyRole, SignRequest};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::form::Form;
use crate::ground::http::{Request, Response};
use crate::ground::lean::{KEYS, LOGINS, NPM, PROOFS};
use crate::ground::secret::Secret;
use crate::ground::text::Parts;
use crate::ground::uuid;
use crate::jose::{Algorithm, KeyInfo, Stamp, append_signature};
use crate::protocol::assertion::{self, ASSERTION_TYPE, KeyNames, Statement};
use crate::protocol::authorization::jar::RequestObject;
use crate::protocol::client::Registration;
use crate::protocol::client_auth::ClientAuthentication;
use crate::protocol::dpop::{self, Proof, Server};
use crate::protocol::grant::SignedGrant;

/// A request on its way, and what it is made of.
pub(crate) struct Attempt {
    pub(crate) client: Registration,
    pub(crate) authentication: ClientAuthentication,
    /// Claims of this request's client assertion.
    pub(crate) claims: Vec<(String, String)>,
    pub(crate) server: Server,
    pub(crate) request: Request,
    /// Signed into the form: a request object, a grant. Each attempt signs anew.
    pub(crate) object: Option<RequestObject>,
    pub(crate) grant: Option<SignedGrant>,
    pub(crate) dpop: Option<KeyInfo>,
    pub(crate) nonce: Option<String>,
    /// The access token that goes along, at resource servers.
    pub(crate) token: Option<Secret>,
    /// Whether the token is bound to a key.
    pub(crate) bound: bool,
    /// Nothing is sent: what is wanted is the signed object alone.
    pub(crate) unsent: bool,
    /// The id by which the server logs the request that was handed out last.
    pub(crate) request_id: Option<String>,
    made: Made,
    awaited: Option<(KeyRole, &'static Algorithm, String)>,
    retried: bool,
    sent: bool,
    answered: bool,
}

/// What one attempt has made so far.
#[derive(Default)]
struct Made {
    object: Option<Secret>,
    grant: Option<Secret>,
    assertion: Option<Secret>,
    proof: Option<Secret>,
}

/// What an attempt needs next.
pub(crate) enum Next {
    Sign(SignRequest),
    Send(Request),
    /// The signed object, when nothing is sent.
    Made(Secret),
}

impl Attempt {
    /// A form to an endpoint of the authorization server. `named`: the form says already who the client is, or shall not.
    pub(crate) fn form(
        client: &Registration,
        authentication: &ClientAuthentication,
        url: &str,
        mut form: Form,
        named: bool,
    ) -> Result<Box<Self>> {
        let mut headers =
            alloc::vec![("accept", Secret::new("application/json")), ("content-type", Secret::new("application/x-www-form-urlencoded")),];
        if !named && authentication.is_named(client) {
            form.push("client_id", &client.client_id);
        }
        authentication.apply(client, &mut headers, &mut form)?;
        let request = Request { method: "POST", url: url.into(), headers, body: Some(Secret::new(form.into_string())), repeatable: false };
        Ok(Self::new(client, authentication.clone(), Server::Authorization, request))
    }

    pub(crate) fn new(client: &Registration, authentication: ClientAuthentication, server: Server, request: Request) -> Box<Self> {
        Box::new(Self {
            client: client.clone(),
            authentication,
            claims: Vec::new(),
            server,
            request,
            object: None,
            grant: None,
            dpop: None,
            nonce: None,
            token: None,
            bound: true,
            unsent: false,
            request_id: None,
            made: Made::default(),
            awaited: None,
            retried: false,
            sent: false,
            answered: false,
        })
    }

    /// The next thing to do; `random` and `now` are fresh for each call.
    pub(crate) fn step(&mut self, random: &[u8; 32], now: u64) -> Result<Next> {
        if self.sent || self.awaited.is_some() {
            return Err(Error::new(&codes::TRANSACTION_USED).at(self.phase()));
        }
        if let Some((role, alg, input)) = self.next_unsigned(random, now)? {
            let request = SignRequest { key: role, alg, input: input.clone() };
            self.awaited = Some((role, alg, input));
            return Ok(Next::Sign(request));
        }
        self.sent = true;
        match self.made.object.take() {
            Some(object) if self.unsent => Ok(Next::Made(object)),
            object => {
                self.made.object = object;
                let mut request = self.whole();
                if let (Some(name), Server::Authorization) = (self.client.profile.requests.request_id, self.server) {
                    let id = uuid::uuid(random.first_chunk().unwrap_or(&[0; 16]));
                    request.headers.push((name, Secret::new(&*id)));
                    self.request_id = Some(id);
                }
                Ok(Next::Send(request))
            }
        }
    }

    /// A claim of this list that the client assertion has, from the request or from the caller's own rules.
    pub(crate) fn claim_in<'a>(&self, names: &'a [String]) -> Option<&'a str> {
        let own = self.authentication.rules(&self.client).into_iter().flat_map(|rules| &rules.claims);
        let mut claims = self.claims.iter().chain(own);
        claims.find_map(|(name, _)| names.iter().find(|refused| *refused == name)).map(String::as_str)
    }

    /// Whether authorization details go along: in a request object, which has them, or in the form. The package looks itself.
    pub(crate) fn has_details(&self) -> bool {
        if NPM {
            return false;
        }
        let form = self.request.body.as_ref().map_or("", Secret::expose);
        self.object.is_some() || form.split('&').any(|pair| pair.starts_with("authorization_details="))
    }

    /// Whether the form says who the client is.
    pub(crate) fn is_named(&self) -> bool {
        let form = self.request.body.as_ref().map_or("", Secret::expose);
        Parts(Some(form), b'&').any(|pair| pair.starts_with("client_id="))
    }

    /// An error of the answer, with the id of the request.
    pub(crate) fn with_trace_id(&self, error: Error) -> Error {
        uuid::with_trace_id(error, self.request_id.as_deref())
    }

    /// Adds to the form.
    pub(crate) fn append(&mut self, form: Form) {
        append(&mut self.request, form);
    }

    pub(crate) fn phase(&self) -> Phase {
        if self.server == Server::Resource { Phase::Api } else { Phase::Token }
    }

    /// What is yet to be signed for this attempt.
    fn next_unsigned(&mut self, random: &[u8; 32], now: u64) -> Result<Option<(KeyRole, &'static Algorithm, String)>> {
        if !KEYS && !PROOFS {
            return Ok(None);
        }
        let (own, other) = random.split_at(16);
        let jti = &*assertion::jti(own);
        let profile = &self.client.profile;
        if let (Some(object), None, true) = (&self.object, &self.made.object, LOGINS) {
            let input = object.input(&self.client, jti, now)?;
            return Ok(Some((KeyRole::Object, object.key.alg, input)));
        }
        if let (Some(grant), None) = (&self.grant, &self.made.grant) {
            let statement = Statement {
                issuer: grant.issuer.as_deref().unwrap_or(&self.client.client_id),
                subject: grant.subject.as_deref(),
                audience: assertion::audience(&grant.rules, &profile.issuer, &self.request.url),
                stamp: Stamp { jti, now },
                claims: &grant.claims,
            };
            let input = assertion::input(&grant.rules, &KeyNames::from(&grant.key), &statement)?;
            return Ok(Some((KeyRole::Grant, grant.key.alg, input)));
        }
        if let (Some(rules), None) = (self.authentication.rules(&self.client), &self.made.assertion) {
            // One under a secret is made in this very call, and a proof may follow in it: each has a `jti` of its own.
            let statement = Statement {
                issuer: &self.client.client_id,
                subject: Some(&self.client.client_id),
                audience: assertion::audience(rules, &profile.issuer, &self.request.url),
                stamp: Stamp { jti: &assertion::jti(other), now },
                claims: &self.claims,
            };
            match &self.authentication {
                ClientAuthentication::PrivateKeyJwt(own) => {
                    let input = assertion::input(rules, &KeyNames::from(&own.key), &statement)?;
                    return Ok(Some((KeyRole::Client, own.key.alg, input)));
                }
                ClientAuthentication::SecretJwt(secret) => {
                    self.made.assertion = Some(assertion::secret_jwt(&rules.shape(), secret.expose(), &statement)?)
                }
                _ => {}
            }
        }
        if let (Some(key), None, true) = (&self.dpop, &self.made.proof, PROOFS) {
            let proof = Proof {
                method: self.request.method,
                url: &self.request.url,
                nonce: self.nonce.as_deref(),
                token: self.token.as_ref().map(Secret::expose),
                stamp: Stamp { jti, now },
            };
            return Ok(Some((KeyRole::Dpop, key.alg, dpop::input(key.alg, &key.public.required_json(), &proof)?)));
        }
        Ok(None)
    }

    /// Takes the signature that was asked for.
    pub(crate) fn accept_signature(&mut self, signature: &[u8]) -> Result<()> {
        let Some((role, alg, input)) = self.awaited.take() else {
            return Err(Error::new(&codes::TRANSACTION_USED).at(self.phase()));
        };
        if signature.is_empty() || (alg.signature_octets != 0 && alg.signature_octets != signature.len()) {
            return Err(Error::new(&codes::SIGNING_FAILED).expected("a signature as long as the algorithm makes them"));
        }
        let token = append_signature(&input, signature);
        let place = match role {
            KeyRole::Dpop => &mut self.made.proof,
            KeyRole::Grant => &mut self.made.grant,
            KeyRole::Object => &mut self.made.object,
            KeyRole::Client => &mut self.made.assertion,
        };
        *place = Some(token);
        Ok(())
    }

    /// The request with all that was signed for it.
    fn whole(&self) -> Request {
        let assertion = self.made.assertion.as_ref();
        let mut form = Form::new();
        for (name, value) in [
            ("request", self.made.object.as_ref().map(Secret::expose)),
            ("assertion", self.made.grant.as_ref().map(Secret::expose)),
            ("client_assertion_type", assertion.map(|_| ASSERTION_TYPE)),
            ("client_assertion", assertion.map(Secret::expose)),
        ] {
            form.push_some(name, value);
        }
        let mut request = self.request.clone();
        // What was signed is used once, whatever comes of it.
        request.repeatable &= form.is_empty() && self.made.proof.is_none();
        append(&mut request, form);
        if let Some(proof) = &self.made.proof {
            request.headers.push(("dpop", proof.clone()));
        }
        request
    }

    /// Whether a request is out, or a signature.
    pub(crate) fn is_awaiting(&self) -> bool {
        self.awaited.is_some() || (self.sent && !self.answered)
    }

    /// Whether the request went out.
    pub(crate) fn is_sent(&self) -> bool {
        self.sent
    }

    /// Whether the request that was handed out last is answered.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered
    }

    /// Takes the response; `None`: the same request is due once more, with the nonce the server named.
    pub(crate) fn receive(&mut self, response: Response) -> Result<Option<Response>> {
        if !self.sent || core::mem::replace(&mut self.answered, true) {
            return Err(Error::new(&codes::TRANSACTION_USED).at(self.phase()));
        }
        if !PROOFS || self.dpop.is_none() {
            return Ok(Some(response));
        }
        let challenged = dpop::is_challenge(self.server, &response)?;
        if let Some(nonce) = dpop::next_nonce(&response) {
            self.nonce = Some(nonce.into());
        }
        if !challenged {
            return Ok(Some(response));
        }
        if self.retried {
            return Err(dpop::refusal(self.server, &response));
        }
        self.retried = true;
        (self.sent, self.answered) = (false, false);
        self.made = Made::default();
        Ok(None)
    }
}

fn append(request: &mut Request, form: Form) {
    let more = Secret::new(form.into_string());
    if let (Some(body), false) = (&request.body, more.expose().is_empty()) {
        let mut text = Secret::with_capacity(body.expose().len().saturating_add(more.expose().len()).saturating_add(1));
        text.push_str(body.expose());
        if !body.expose().is_empty() {
            text.push_str("&");
        }
        text.push_str(more.expose());
        request.body = Some(text);
    }
}
