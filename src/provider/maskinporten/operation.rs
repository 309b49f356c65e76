//! The operations of the self-service API, as data: method, path, query, the scope each needs.
//!
//! docs.digdir.no `oidc_api_admin`, `oidc_api_admin_maskinporten`; paths follow the base, `scope` stands in the query on purpose.
//! Refuses nothing itself; see api.rs for how arguments are judged by their names.

/// One operation.
#[derive(Debug)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// The method.
    pub method: &'static str,
    /// The path behind the base; arguments in braces.
    pub path: &'static str,
    /// Arguments that go into the query; empty ones are left out.
    pub query: &'static [&'static str],
    /// The scope the token needs; empty where any will do, or none; `portal` where it is no token of Maskinporten's, but of a
    /// person's session in Samarbeidsportalen.
    pub scope: &'static str,
    /// What it sends.
    pub(crate) sends: Sends,
    /// What it answers.
    pub(crate) answers: Answers,
}

/// What is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sends {
    Nothing,
    /// An object.
    Object,
    /// A client.
    Client,
    /// A key.
    Key,
    /// A set of keys.
    Keys,
    /// A key as text.
    Text,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answers {
    /// An object.
    One,
    /// An array of objects.
    Many,
    /// A set of keys.
    Keys,
    /// Nothing that is read.
    Done,
    /// JSON of any kind.
    Any,
    /// JSON of any kind, or nothing.
    Seen,
}

use Answers::{Any, Done, Keys, Many, One, Seen};

const READ: &str = "idporten:dcr.read";
const WRITE: &str = "idporten:dcr.write";
const SCOPES: &str = "idporten:scopes.write";
const BEHALF: &str = "idporten:dcr/onbehalfof:write";
/// No scope of Maskinporten's: a person's session in the portal.
pub(crate) const PORTAL: &str = "portal";

const fn row(
    name: &'static str,
    [method, path, scope]: [&'static str; 3],
    query: &'static [&'static str],
    sends: Sends,
    answers: Answers,
) -> Operation {
    Operation { name, method, path, query, scope, sends, answers }
}

/// Every operation.
static OPERATIONS: &[Operation] = &[
    row("clients", ["GET", "/clients", READ], &["inactive"], Sends::Nothing, Many),
    row("createClient", ["POST", "/clients", WRITE], &[], Sends::Client, One),
    row("client", ["GET", "/clients/{id}", READ], &[], Sends::Nothing, One),
    row("updateClient", ["PUT", "/clients/{id}", WRITE], &[], Sends::Object, One),
    row("deactivateClient", ["DELETE", "/clients/{id}", WRITE], &[], Sends::Nothing, Done),
    row("newSecret", ["POST", "/clients/{id}/secret", WRITE], &[], Sends::Nothing, One),
    row("keys", ["GET", "/clients/{id}/jwks", READ], &[], Sends::Nothing, Keys),
    row("replaceKeys", ["POST", "/clients/{id}/jwks", WRITE], &[], Sends::Keys, Done),
    row("setKeys", ["PUT", "/clients/{id}/jwks", WRITE], &[], Sends::Keys, Done),
    row("deleteKeys", ["DELETE", "/clients/{id}/jwks", WRITE], &[], Sends::Nothing, Done),
    row("key", ["GET", "/clients/{id}/jwks/{kid}", READ], &[], Sends::Nothing, One),
    row("replaceKey", ["PUT", "/clients/{id}/jwks/{kid}", WRITE], &[], Sends::Key, One),
    row("deleteKey", ["DELETE", "/clients/{id}/jwks/{kid}", WRITE], &[], Sends::Nothing, Done),
    row("uploadKey", ["POST", "v2/clients/{id}/key", WRITE], &[], Sends::Text, One),
    row("onBehalfOf", ["GET", "/clients/{id}/onbehalfof", READ], &[], Sends::Nothing, Many),
    row("addOnBehalfOf", ["POST", "/clients/{id}/onbehalfof", BEHALF], &[], Sends::Object, One),
    row("updateOnBehalfOf", ["PUT", "/clients/{id}/onbehalfof/{id}", BEHALF], &[], Sends::Object, One),
    row("deleteOnBehalfOf", ["DELETE", "/clients/{id}/onbehalfof/{id}", BEHALF], &[], Sends::Nothing, Done),
    row("scopes", ["GET", "/scopes", SCOPES], &["scope", "inactive"], Sends::Nothing, Many),
    row("scope", ["GET", "/scopes/scope", SCOPES], &["scope!", "inactive"], Sends::Nothing, One),
    row("createScope", ["POST", "/scopes", SCOPES], &[], Sends::Object, One),
    row("updateScope", ["PUT", "/scopes", SCOPES], &["scope!"], Sends::Object, One),
    row("deactivateScope", ["DELETE", "/scopes", SCOPES], &["scope!"], Sends::Nothing, Done),
    row("allScopes", ["GET", "/scopes/all", ""], &["accessible_for_all", "delegated_sources", "integration_type"], Sends::Nothing, Many),
    row("access", ["GET", "/scopes/access", SCOPES], &["scope!"], Sends::Nothing, Many),
    row("accessOf", ["GET", "/scopes/access", SCOPES], &["consumer_orgno!"], Sends::Nothing, Many),
    row("myAccess", ["GET", "/scopes/access/all", READ], &[], Sends::Nothing, Many),
    row("grantAccess", ["PUT", "/scopes/access/{organisation}", SCOPES], &["scope!"], Sends::Nothing, One),
    row("withdrawAccess", ["DELETE", "/scopes/access/{organisation}", SCOPES], &["scope!"], Sends::Nothing, One),
    row("delegationSources", ["GET", "/delegationsources", ""], &[], Sends::Nothing, Many),
    row("prefixes", ["GET", "/prefix", SCOPES], &[], Sends::Nothing, Any),
    row("organisation", ["GET", "/organizations/{organisation}", READ], &[], Sends::Nothing, Any),
    row("portalUser", ["GET", "/auth/user", PORTAL], &[], Sends::Nothing, Any),
    row("switchSyntheticOrganisation", ["POST", "/auth/switch-synth-org", PORTAL], &[], Sends::Object, Seen),
];

/// Which scope an admin client was given for clients (docs.digdir.no `oidc_api_admin`): one who registers for customers, or only
/// changes what is there, is never given `idporten:dcr.write`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientScope {
    /// `idporten:dcr.write`, and `idporten:dcr.read` for reading: your own organisation's clients.
    #[default]
    Write,
    /// `idporten:dcr.modify` for changes: clients that are there already.
    Modify,
    /// `idporten:dcr.supplier` for all of it: clients that a supplier registers for other organisations.
    Supplier,
}

impl ClientScope {
    /// By its name: `write`, `modify`, `supplier`.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "write" => Self::Write,
            "modify" => Self::Modify,
            "supplier" => Self::Supplier,
            _ => return None,
        })
    }
}

impl Operation {
    /// The scope its token needs from an admin client that was given this one for clients; else as [`scope`](Self::scope).
    #[must_use]
    pub fn scope_by(&self, given: ClientScope) -> &'static str {
        let clients = self.path.contains("/clients") && (self.scope == READ || self.scope == WRITE);
        match given {
            ClientScope::Supplier if clients => "idporten:dcr.supplier",
            ClientScope::Modify if clients && self.scope == WRITE && self.name != "createClient" => "idporten:dcr.modify",
            _ => self.scope,
        }
    }

    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.iter().find(|operation| operation.name == name)
    }

    /// Whether the same request may be sent again: what is read or set, not what is made.
    pub(crate) fn repeatable(&self) -> bool {
        self.method != "POST"
    }

    /// Whether a token goes with it; the public lists are read without.
    pub(crate) fn needs_token(&self) -> bool {
        !self.scope.is_empty()
    }
}
