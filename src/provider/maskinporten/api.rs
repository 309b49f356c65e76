//! Calls to the self-service API, typed: a request to send, and a judge of its answer.
//!
//! docs.digdir.no `maskinporten_sjolvbetjening_api`, `oidc_api_admin`, `oidc_api_admin_maskinporten`.
//! Refuses what wire.rs refuses of requests and answers, and answers without what their types need.

use super::record::records;
use alloc::string::String;
use alloc::vec::Vec;

use super::access::{ScopeAccess, access, accesses};
use super::operation::{ClientScope, Operation};
use super::organisation::OrganisationNumber;
use super::record::Record;
use super::registration::replacement;
use super::wire::{build, judge, malformed, wrong};
use super::{Change, Environment};
use crate::ground::error::Result;
use crate::ground::secret::Secret;
use crate::provider::call::{AUTHORIZATION, Call};
use crate::provider::table::join;

fn expect_nothing(_: &str) -> Result<()> {
    Ok(())
}

fn as_text(json: &str) -> Result<String> {
    Ok(json.into())
}

/// The self-service API of one environment, with a token for it. The token comes from Maskinporten, by the admin client that
/// Digdir sets up.
///
/// ```
/// use samtykke::{Response, Secret};
/// use samtykke::provider::maskinporten::{AccessState, Environment, OrganisationNumber, SelfService};
/// let (environment, token) = (Environment::test(), Secret::new("x.y"));
/// let api = SelfService::new(&environment, &token);
/// let call = api.grant_access(&OrganisationNumber::parse("889640782")?, "difi:api3")?;
/// assert_eq!(call.request.method, "PUT");
/// assert_eq!(call.request.url, "https://api.test.samarbeid.digdir.no/api/v1/scopes/access/889640782?scope=difi%3Aapi3");
/// let body = r#"{"scope":"difi:api3","state":"APPROVED","consumer_orgno":"889640782"}"#;
/// let access = call.finish(&Response::new(200, Some("application/json"), body))?;
/// assert_eq!(access.state, AccessState::Approved);
/// # Ok::<(), samtykke::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SelfService<'a> {
    environment: &'a Environment,
    token: Option<&'a Secret>,
    given: ClientScope,
}

impl<'a> SelfService<'a> {
    /// Calls with this token; it is sent to this environment's base and nowhere else.
    pub fn new(environment: &'a Environment, token: &'a Secret) -> Self {
        Self { environment, token: Some(token), given: ClientScope::Write }
    }

    /// Calls without a token, for [`Call::machine`], which asks for one.
    pub fn tokenless(environment: &'a Environment) -> Self {
        Self { environment, token: None, given: ClientScope::Write }
    }

    /// Says which scope the admin client was given for clients, so that a refusal names the one that is wanted; the token of a call
    /// is got with [`Operation::scope_by`].
    #[must_use]
    pub fn given(mut self, scope: ClientScope) -> Self {
        self.given = scope;
        self
    }

    fn call<T: 'static>(&self, name: &str, arguments: &[&str], body: &str, read: fn(&str) -> Result<T>) -> Result<Call<T>> {
        // Numbers in arguments come from `OrganisationNumber`, which has judged them.
        self.build((name, false), arguments, body, read)
    }

    /// By the operation's name, and whether check digits of organisation numbers are looked at.
    fn build<T: 'static>(
        &self,
        (name, strict): (&str, bool),
        arguments: &[&str],
        body: &str,
        read: fn(&str) -> Result<T>,
    ) -> Result<Call<T>> {
        let Some(operation) = Operation::named(name) else { return Err(wrong("a known operation")) };
        let mut request = build(self.environment, operation, arguments, body, strict)?;
        if let Some(token) = self.token.filter(|_| operation.needs_token()) {
            if !crate::protocol::syntax::is_token68(token.expose()) {
                return Err(wrong("an access token: token68"));
            }
            request.headers.push((AUTHORIZATION, Secret::new(join("Bearer ", token.expose()))));
        }
        let given = self.given;
        Ok(Call::new(request, Some(operation.scope_by(given)), move |response| {
            let text = judge(operation, given, response)?;
            read(&text).map_err(|_| malformed(response))
        }))
    }

    /// Any operation by its name, arguments in the order of path and query, body as JSON (or a key's text); answers JSON, or
    /// nothing. For what has no method of its own.
    ///
    /// # Errors
    /// `invalid_parameter`, `key_refused`.
    pub fn operation(&self, name: &str, arguments: &[&str], body: &str) -> Result<Call<String>> {
        self.build((name, true), arguments, body, as_text)
    }

    /// As [`operation`](Self::operation), for organisation numbers whose check digits are made up.
    ///
    /// # Errors
    /// As there.
    pub fn operation_unchecked(&self, name: &str, arguments: &[&str], body: &str) -> Result<Call<String>> {
        self.build((name, false), arguments, body, as_text)
    }

    /// The environment, the token, and which scope the admin client was given for clients.
    pub(super) fn admin(&self) -> (&Environment, Option<&Secret>, ClientScope) {
        (self.environment, self.token, self.given)
    }

    pub(super) fn token(self, token: &'a Secret) -> Self {
        Self { token: Some(token), ..self }
    }

    /// Your organisation's clients; deactivated ones only when asked for.
    ///
    /// # Errors
    /// None today.
    pub fn clients(&self, inactive: bool) -> Result<Call<Vec<Record>>> {
        self.call("clients", &[if inactive { "true" } else { "" }], "", records)
    }

    /// Creates a client ([`maskinporten_client`](super::maskinporten_client)). It can be used after at most two minutes.
    ///
    /// # Errors
    /// `invalid_parameter` for a combination that nobody could use.
    pub fn create_client(&self, client: &Record) -> Result<Call<Record>> {
        self.call("createClient", &[], client.json(), Record::parse)
    }

    /// A client.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn client(&self, id: &str) -> Result<Call<Record>> {
        self.call("client", &[id], "", Record::parse)
    }

    /// Replaces a client as it was read by another; what the API sets itself is not sent back.
    ///
    /// # Errors
    /// `invalid_parameter`: the integration type cannot change.
    pub fn update_client(&self, before: &Record, after: &Record) -> Result<Call<Record>> {
        let id = before.text("client_id").unwrap_or_default();
        self.call("updateClient", &[&id], replacement(before, after)?.json(), Record::parse)
    }

    /// Deactivates a client; nothing is ever deleted.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn deactivate_client(&self, id: &str) -> Result<Call<()>> {
        self.call("deactivateClient", &[id], "", expect_nothing)
    }

    /// A new secret, for the clients of ID-porten that have one; it lives 360 days at most.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn new_secret(&self, id: &str) -> Result<Call<Record>> {
        self.call("newSecret", &[id], "", Record::parse)
    }

    /// A client's keys, as JSON; an empty set where it has none. To change them, use [`KeyEditCall`](super::KeyEditCall).
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn keys(&self, id: &str) -> Result<Call<String>> {
        self.call("keys", &[id], "", as_text)
    }

    /// Writes a changed set of keys; it replaces the whole set.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn write_keys(&self, id: &str, change: &Change) -> Result<Call<()>> {
        match &change.set {
            Some(set) => self.call("replaceKeys", &[id], set, expect_nothing),
            None => self.call("deleteKeys", &[id], "", expect_nothing),
        }
    }

    /// Sets all keys of a client by PUT, which unlike the POST of [`write_keys`](Self::write_keys) may be sent again: `keys`, one
    /// to five, public. It replaces the whole set too.
    ///
    /// # Errors
    /// `key_refused`, `registration_conflict` for an id that is there twice, `invalid_parameter`.
    pub fn set_keys(&self, id: &str, keys: &Record) -> Result<Call<()>> {
        self.call("setKeys", &[id], keys.json(), expect_nothing)
    }

    /// One key, where the API has that address.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn key(&self, id: &str, kid: &str) -> Result<Call<Record>> {
        self.call("key", &[id, kid], "", Record::parse)
    }

    /// Replaces one key by a public one, where the API has that address; the others stay as they are.
    ///
    /// # Errors
    /// `key_refused`, `invalid_parameter` for an odd id.
    pub fn replace_key(&self, id: &str, kid: &str, key: &Record) -> Result<Call<Record>> {
        self.call("replaceKey", &[id, kid], key.json(), Record::parse)
    }

    /// Uploads a public key as the text of a PEM or a JWK; answers it as a JWK. It is the API's second version, which the
    /// portal uses; the base of the original guide has none.
    ///
    /// # Errors
    /// `key_refused` for anything but a public key, `invalid_parameter` for an odd id or a base without second version.
    pub fn upload_key(&self, id: &str, key: &str) -> Result<Call<Record>> {
        self.call("uploadKey", &[id], key, Record::parse)
    }

    /// Removes one key, where the API has that address.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn delete_key(&self, id: &str, kid: &str) -> Result<Call<()>> {
        self.call("deleteKey", &[id, kid], "", expect_nothing)
    }

    /// Those on whose behalf a client acts.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn on_behalf_of(&self, id: &str) -> Result<Call<Vec<Record>>> {
        self.call("onBehalfOf", &[id], "", records)
    }

    /// Adds one on whose behalf a client acts.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn add_on_behalf_of(&self, id: &str, who: &Record) -> Result<Call<Record>> {
        self.call("addOnBehalfOf", &[id], who.json(), Record::parse)
    }

    /// Replaces one; `name` is its `onbehalfof`.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn update_on_behalf_of(&self, id: &str, name: &str, who: &Record) -> Result<Call<Record>> {
        self.call("updateOnBehalfOf", &[id, name], who.clone().without(&["created", "last_updated"]).json(), Record::parse)
    }

    /// Removes one.
    ///
    /// # Errors
    /// `invalid_parameter` for an odd id.
    pub fn delete_on_behalf_of(&self, id: &str, name: &str) -> Result<Call<()>> {
        self.call("deleteOnBehalfOf", &[id, name], "", expect_nothing)
    }

    /// Your organisation's scopes; deactivated ones only when asked for.
    ///
    /// # Errors
    /// None today.
    pub fn scopes(&self, inactive: bool) -> Result<Call<Vec<Record>>> {
        self.call("scopes", &["", if inactive { "true" } else { "" }], "", records)
    }

    /// A scope.
    ///
    /// # Errors
    /// `invalid_scope` for what is no name of a scope.
    pub fn scope(&self, name: &str) -> Result<Call<Record>> {
        self.call("scope", &[name, ""], "", Record::parse)
    }

    /// Creates a scope: `prefix`, `subscope`, `description`, and what else it takes.
    ///
    /// # Errors
    /// `invalid_parameter`.
    pub fn create_scope(&self, scope: &Record) -> Result<Call<Record>> {
        self.call("createScope", &[], scope.json(), Record::parse)
    }

    /// Replaces a scope as it was read by another; its name cannot change.
    ///
    /// # Errors
    /// `invalid_parameter` for another name.
    pub fn update_scope(&self, before: &Record, after: &Record) -> Result<Call<Record>> {
        let name = before.text("name").unwrap_or_default();
        self.call("updateScope", &[&name], replacement(before, after)?.json(), Record::parse)
    }

    /// Deactivates a scope; the grants to it are kept.
    ///
    /// # Errors
    /// `invalid_scope` for what is no name of a scope.
    pub fn deactivate_scope(&self, name: &str) -> Result<Call<()>> {
        self.call("deactivateScope", &[name], "", expect_nothing)
    }

    /// Who has access to one of your scopes.
    ///
    /// # Errors
    /// `invalid_scope` for what is no name of a scope.
    pub fn access(&self, scope: &str) -> Result<Call<Vec<ScopeAccess>>> {
        self.call("access", &[scope], "", accesses)
    }

    /// What you granted one organisation.
    ///
    /// # Errors
    /// None today.
    pub fn access_of(&self, organisation: &OrganisationNumber) -> Result<Call<Vec<ScopeAccess>>> {
        self.call("accessOf", &[organisation.as_str()], "", accesses)
    }

    /// What your organisation may use.
    ///
    /// # Errors
    /// None today.
    pub fn my_access(&self) -> Result<Call<Vec<ScopeAccess>>> {
        self.call("myAccess", &[], "", accesses)
    }

    /// Grants an organisation access to one of your scopes.
    ///
    /// # Errors
    /// `invalid_scope` for what is no name of a scope.
    pub fn grant_access(&self, organisation: &OrganisationNumber, scope: &str) -> Result<Call<ScopeAccess>> {
        self.call("grantAccess", &[organisation.as_str(), scope], "", access)
    }

    /// Withdraws it.
    ///
    /// # Errors
    /// `invalid_scope` for what is no name of a scope.
    pub fn withdraw_access(&self, organisation: &OrganisationNumber, scope: &str) -> Result<Call<ScopeAccess>> {
        self.call("withdrawAccess", &[organisation.as_str(), scope], "", access)
    }

    /// Who can be named as the source of delegations; a public list.
    ///
    /// # Errors
    /// None today.
    pub fn delegation_sources(&self) -> Result<Call<Vec<Record>>> {
        self.call("delegationSources", &[], "", records)
    }

    /// Every organisation's public scopes, of an integration type in capitals such as `MASKINPORTEN`, or of all; no token is sent.
    ///
    /// # Errors
    /// `invalid_parameter` for another type.
    pub fn all_scopes(&self, integration_type: &str) -> Result<Call<Vec<Record>>> {
        self.call("allScopes", &["", "", integration_type], "", records)
    }

    /// Your prefixes of scopes, as JSON whose shape is not documented.
    ///
    /// # Errors
    /// None today.
    pub fn prefixes(&self) -> Result<Call<String>> {
        self.call("prefixes", &[], "", as_text)
    }

    /// What is known of an organisation, as JSON whose shape is not documented.
    ///
    /// # Errors
    /// None today.
    pub fn organisation(&self, organisation: &OrganisationNumber) -> Result<Call<String>> {
        self.call("organisation", &[organisation.as_str()], "", as_text)
    }

    /// Who is logged in to the portal, as JSON whose shape is not documented. The token is one of a person's session there
    /// (Ansattporten), not one of Maskinporten's.
    ///
    /// # Errors
    /// None today.
    pub fn portal_user(&self) -> Result<Call<String>> {
        self.call("portalUser", &[], "", as_text)
    }

    /// Lets a person's session in the portal act for another synthetic organisation, in the test environment; members as the
    /// portal has them, which is not documented. Answers JSON or nothing.
    ///
    /// # Errors
    /// `key_refused` for private keys among the members.
    pub fn switch_synthetic_organisation(&self, to: &Record) -> Result<Call<String>> {
        self.call("switchSyntheticOrganisation", &[], to.json(), as_text)
    }
}
