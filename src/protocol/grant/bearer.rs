//! A signed statement exchanged for a token.
//!
//! RFC 7521 section 4.1, RFC 7523 sections 2.1 and 3: `urn:ietf:params:oauth:grant-type:jwt-bearer`.
//! Refuses a statement without subject where it is to have one, and claims given twice; each request gets a statement of its own.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use crate::ground::error::Result;
use crate::ground::form::Form;
use crate::ground::secret::Secret;
use crate::jose::KeyInfo;
use crate::protocol::profile::AssertionRules;

/// A token request by an assertion: one that the client signs anew for each request, or one that someone else signed.
#[derive(Clone, Debug)]
pub struct JwtBearer {
    pub(crate) source: Source,
    pub(crate) scope: String,
    /// The scope that a claim asks for, where the form does not.
    asked: String,
}

#[derive(Clone, Debug)]
pub(crate) enum Source {
    Given(Secret),
    Signed(Box<SignedGrant>),
}

/// A statement to be signed. `Debug` shows none of it: its claims can name a person.
#[derive(Clone)]
pub(crate) struct SignedGrant {
    pub(crate) key: KeyInfo,
    pub(crate) rules: AssertionRules,
    pub(crate) issuer: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) claims: Vec<(String, String)>,
}

impl core::fmt::Debug for SignedGrant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("SignedGrant(…)")
    }
}

impl JwtBearer {
    /// With an assertion that someone else signed. Never a client assertion: those have another audience and use.
    pub fn from_assertion(assertion: impl Into<String>) -> Self {
        Self { source: Source::Given(Secret::new(assertion)), scope: String::new(), asked: String::new() }
    }

    /// With an assertion signed by this key ([`KeyRole::Grant`](crate::flow::step::KeyRole::Grant)), as the rules say;
    /// `iss` is the client id unless changed, `sub` is absent unless set.
    pub fn sign_with(key: KeyInfo, rules: AssertionRules) -> Self {
        let grant = SignedGrant { key, rules, issuer: None, subject: None, claims: Vec::new() };
        Self { source: Source::Signed(Box::new(grant)), scope: String::new(), asked: String::new() }
    }

    /// The scope, as a form parameter; a provider that wants it inside gets it by [`claim`](Self::claim).
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// The scope that a claim asks for: the answer is judged against it, the form does not hold it.
    pub(crate) fn with_scope(mut self, scope: String) -> Self {
        self.asked = scope;
        self
    }

    /// What the answer's scope is compared with.
    pub(crate) fn expected_scope(&self) -> String {
        if self.scope.is_empty() { self.asked.clone() } else { self.scope.clone() }
    }

    /// `iss` of the signed statement.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        if let Source::Signed(grant) = &mut self.source {
            grant.issuer = Some(issuer.into());
        }
        self
    }

    /// `sub` of the signed statement.
    #[must_use]
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        if let Source::Signed(grant) = &mut self.source {
            grant.subject = Some(subject.into());
        }
        self
    }

    /// A claim of the signed statement: a name and JSON.
    #[must_use]
    pub fn claim(mut self, name: impl Into<String>, json: impl Into<String>) -> Self {
        if let Source::Signed(grant) = &mut self.source {
            grant.claims.push((name.into(), json.into()));
        }
        self
    }

    /// The form; a statement that is signed for each request is added to it there.
    pub(crate) fn form(&self) -> Result<Form> {
        let mut form = Form::new();
        let given = if let Source::Given(assertion) = &self.source { Some(assertion.expose()) } else { None };
        push(&mut form, given, &self.scope)?;
        Ok(form)
    }
}

/// Adds a statement; one that is yet to be signed is added when it is.
pub(crate) fn push(form: &mut Form, given: Option<&str>, scope: &str) -> Result<()> {
    form.push("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    if let Some(assertion) = given {
        super::check_token(assertion, "an assertion: ASCII")?;
        form.push("assertion", assertion);
    }
    super::push_scope(form, scope)
}
