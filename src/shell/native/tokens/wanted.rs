//! What a token is wanted for, and the name under which it is kept.
//!
//! docs/formats.md, "Tokens": names are those of the package. Refuses nothing: the grant judges what it takes.

use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::secret::Secret;
use crate::ground::text::base64url;
use crate::jose::thumbprint;
use crate::protocol::token_cache::Target;
use crate::shell::native::client::Client;

/// What a token is for. Callers with equal wants share one token; whatever differs keeps them apart.
///
/// ```
/// use samtykke::native::Wanted;
/// let wanted = Wanted::new("read").audience("https://api.example");
/// let same: Wanted = "read".into();
/// assert_ne!(wanted, same);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub(crate) scope: String,
    pub(crate) resource: Vec<String>,
    pub(crate) audience: Vec<String>,
    pub(crate) organisation: String,
    pub(crate) subject: String,
    pub(crate) parameters: Vec<(String, String)>,
}

impl Wanted {
    /// For a scope: tokens with spaces between them, in any order.
    pub fn new(scope: impl Into<String>) -> Self {
        Self { scope: scope.into(), ..Self::default() }
    }

    /// A service by URI (RFC 8707). Repeatable.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource.push(resource.into());
        self
    }

    /// A service by name (RFC 8693 section 2.1). Repeatable.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience.push(audience.into());
        self
    }

    /// On whose behalf: an organisation, where the provider has a place for it.
    #[must_use]
    pub fn organisation(mut self, organisation: impl Into<String>) -> Self {
        self.organisation = organisation.into();
        self
    }

    /// On whose behalf: a person, where the provider has a place for them. Personal data; in a store it is part of a hash alone.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = subject.into();
        self
    }

    /// Another parameter of the request, where the grant is a form.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.push((name.into(), value.into()));
        self
    }

    /// The name of the target; `base` holds the lines of issuer, client and key.
    pub(crate) fn name(&self, base: &str) -> String {
        let resource: Vec<&str> = self.resource.iter().map(String::as_str).collect();
        let audience: Vec<&str> = self.audience.iter().map(String::as_str).collect();
        let own: Vec<(String, &str)> = self.parameters.iter().map(|(name, value)| (["p.", name].concat(), value.as_str())).collect();
        let more: Vec<(&str, &str)> = own.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let target = Target {
            scope: &self.scope,
            resource: &resource,
            audience: &audience,
            organisation: &self.organisation,
            subject: &self.subject,
            more: &more,
            ..Target::default()
        };
        let mut name = String::from(base);
        name.push_str(&target.name());
        name
    }
}

impl From<&str> for Wanted {
    fn from(scope: &str) -> Self {
        Self::new(scope)
    }
}

impl From<String> for Wanted {
    fn from(scope: String) -> Self {
        Self::new(scope)
    }
}

/// The lines of issuer, client and key with which each name of a client begins. `grant` is the thumbprint of a grant's key alone.
pub(crate) fn base(client: &Client, grant: &str) -> String {
    let inner = &client.0;
    let own = |key: Option<&crate::jose::KeyInfo>| key.map(|key| thumbprint(&key.public)).unwrap_or_default();
    let key = if grant.is_empty() { [own(inner.keys.client_info()), own(inner.keys.dpop_info())].join("  ") } else { grant.into() };
    let (issuer, client_id) = (inner.registration.profile().issuer.as_str(), inner.registration.client_id());
    Target { issuer, client_id, key: key.trim(), ..Target::default() }.name()
}

/// Eighteen bits of what a client authenticates with: enough to tell a new secret from the one before, none to find a secret by.
pub(crate) fn credential(client: &Client, grant: &str) -> String {
    use crate::protocol::client_auth::ClientAuthentication as By;
    let (By::SecretBasic(secret) | By::SecretPost(secret) | By::SecretJwt(secret)) = &client.0.authentication else { return String::new() };
    let mut text = Secret::new(base(client, grant));
    text.push_str(secret.expose());
    base64url(&crate::ground::sha256::digest(text.expose().as_bytes())).get(..3).unwrap_or_default().into()
}
