//! Providers on wasm, over a client that remembers: Maskinporten and its self-service, ACM/IDM with eLys, Halland.
//!
//! Their facts and rules are those of [`provider`](crate::provider); nothing is decided here.
//! Refuses what these refuse: tokens of other environments, keys on their way elsewhere, redirects.

use alloc::string::String;
use alloc::vec::Vec;

use super::client::Client;
use super::key::Key;
use super::webcrypto::AsyncSigner;
use super::{drawn, host, send};
use crate::ground::error::{Action, Error, Phase, Result, codes};
use crate::ground::uuid::uuid;
use crate::protocol::authorization::request::RANDOM_OCTETS;
use crate::protocol::client::Registration;
use crate::provider::acmidm::{Delegation, ElysApi, ElysEnvironment, Expected, Mismatch, Ping, Trace};
use crate::provider::call::Call;
use crate::provider::halland::{SubscriberKey, refusal_error};
use crate::provider::maskinporten::{self, Again, Problem, TokenRequest};
use crate::provider::{acmidm, adfs, halland, idporten};
use crate::{ClientAuthentication, Exchange, Request, Response, Tokens};

/// A client of Maskinporten's: tokens by a grant that is signed with `key`.
///
/// ```no_run,standalone_crate
/// # use samtykke::{Result, fetch::{self, Key}, provider::maskinporten::{Environment, SelfService, TokenRequest}};
/// # async fn clients(key: Key) -> Result<()> {
/// let environment = Environment::test();
/// let maskinporten = fetch::maskinporten(&environment, "client-1", key)?;
/// let tokens = maskinporten.maskinporten_token(&TokenRequest::new("idporten:dcr.read")).await?;
/// let clients = maskinporten.call(SelfService::new(&environment, &tokens.access_token).clients(false)?).await?;
/// # let _ = clients;
/// # Ok(()) }
/// ```
///
/// # Errors
/// `invalid_configuration`.
pub fn maskinporten(environment: &maskinporten::Environment, client_id: &str, key: Key) -> Result<Client> {
    let profile = maskinporten::profile(environment).for_machines();
    Registration::new(profile, client_id, "").map(|registration| Client::new(registration).grant_key(key))
}

/// A client of an environment of ACM/IDM's; `redirect_uri` is empty for one that no person logs in with.
///
/// # Errors
/// `invalid_configuration`.
pub fn acmidm(environment: &acmidm::Environment, client_id: &str, redirect_uri: &str) -> Result<Client> {
    let profile = acmidm::profile(environment);
    let profile = if redirect_uri.is_empty() { profile.for_machines() } else { profile };
    Registration::new(profile, client_id, redirect_uri).map(Client::new)
}

/// A client of an AD FS, by its host or issuer; `redirect_uri` is empty for one that no person logs in with.
///
/// # Errors
/// `invalid_configuration`.
pub fn adfs(issuer: &str, client_id: &str, name: adfs::KeyName, redirect_uri: &str) -> Result<Client> {
    let profile = adfs::named(adfs::profile(&adfs::issuer_of(issuer)?), name);
    let profile = if redirect_uri.is_empty() { profile.for_machines() } else { profile };
    Registration::new(profile, client_id, redirect_uri).map(Client::new)
}

/// A client of an environment of ID-porten's or Ansattporten's, for a worker: it proves who it is by its key ([`Client::key`]) or secret.
///
/// # Errors
/// `invalid_configuration`.
pub fn idporten(environment: &idporten::Environment, client_id: &str, redirect_uri: &str) -> Result<Client> {
    Registration::new(idporten::profile(environment), client_id, redirect_uri).map(Client::new)
}

/// A client of Region Halland's AD FS, by its issuer.
///
/// # Errors
/// `invalid_configuration`.
pub fn halland(issuer: &str, client_id: &str) -> Result<Client> {
    Registration::new(halland::profile(issuer).for_machines(), client_id, "").map(Client::new)
}

impl Client {
    /// One token of Maskinporten's; another question where it says that the grant was used before.
    ///
    /// # Errors
    /// `token_error`, of which [`Problem::of`] says what it means; `invalid_scope`, `invalid_parameter`; those of the network.
    pub async fn maskinporten_token(&self, request: &TokenRequest) -> Result<Tokens> {
        let key = self.0.key.as_ref().ok_or_else(|| Error::new(&codes::INVALID_CONFIGURATION).expected("a key of the client's"))?;
        let mut again = true;
        loop {
            let grant = request.grant(key.info().clone())?;
            let exchange = Exchange::jwt_bearer(self.registration(), &ClientAuthentication::None, &grant)?;
            let error = match self.exchange(exchange).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) => error,
            };
            match Problem::of(&error).again {
                Again::Once if again => again = false,
                Again::Later => return Err(error.advise(Action::TryLater)),
                _ => return Err(error),
            }
        }
    }

    /// Sends a call of Maskinporten's self-service API, again after trouble where it may be repeated.
    ///
    /// # Errors
    /// `token_invalid`, `unauthorized`, `not_found`, `registration_conflict`, `api_error`; those of the network.
    pub async fn call<T>(&self, call: Call<T>) -> Result<T> {
        self.transport().call(call).await
    }

    /// A token for another API in the name of the person whose tokens these are (ACM/IDM).
    ///
    /// # Errors
    /// As [`Delegation`]'s, and [`finish`](Self::finish)'s.
    pub async fn delegate(&self, tokens: &Tokens, api: &str, scope: &str) -> Result<Tokens> {
        let mut random = zeroize::Zeroizing::new([0; RANDOM_OCTETS]);
        drawn(&mut *random)?;
        let registration = self.registration();
        let delegation = Delegation::begin(registration, api, scope, &random, host::now())?;
        let request = delegation.request(registration, &tokens.access_token)?;
        let answer = send::once(&self.transport(), &request, Phase::Authorization).await?;
        let code = delegation.finish(registration, &answer, host::now())?;
        self.exchange(Exchange::authorization_code(registration, &self.0.authentication, code)?).await
    }

    /// What eLys sees of a token, and what of that is not as it should be.
    ///
    /// # Errors
    /// `token_invalid`, `unauthorized`, `api_error`, `api_response_malformed`; `invalid_configuration` for an environment that takes
    /// tokens of another server; those of the network.
    pub async fn elys_ping(
        &self,
        environment: (&acmidm::Environment, &ElysEnvironment),
        tokens: &Tokens,
        (organisation_code, scope): (&str, &str),
    ) -> Result<(Ping, Vec<Mismatch>)> {
        let registration = self.registration();
        environment.1.check(environment.0)?;
        let ids = [id()?, id()?, id()?];
        let trace = Trace { correlation_id: &ids[0], tracing_id: &ids[1], request_id: &ids[2] };
        let request = ElysApi::new(environment.1, &tokens.access_token).ping(&trace)?;
        let ping = self.transport().call(Call::new(request, None, Ping::judge)).await?;
        let issuer = registration.profile().issuer.as_str();
        let expected = Expected { client_id: registration.client_id(), organisation_code, scope, issuer };
        let mismatches = ping.compare(&expected);
        Ok((ping, mismatches))
    }

    /// Calls an API through Region Halland's gateway: with the token and the Subscriber Key, to the origins that were named.
    ///
    /// # Errors
    /// As [`send`](Self::send); for a 401 `subscription_key_refused` or `token_invalid`.
    pub async fn send_keyed(&self, tokens: &Tokens, key: &SubscriberKey, request: Request) -> Result<Response> {
        let origins = self.origins();
        let request = key.add(request, &origins, &self.registration().profile().development)?;
        let answer = self.send_to(tokens, &origins, request).await?;
        if answer.status == 401 { Err(refusal_error(&answer)) } else { Ok(answer) }
    }
}

/// A random UUID.
fn id() -> Result<String> {
    let mut octets = [0; 16];
    drawn(&mut octets)?;
    Ok(uuid(&octets))
}
