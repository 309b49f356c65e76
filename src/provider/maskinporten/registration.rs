//! Clients and scopes as they are sent: allowed combinations, and what a replacement must leave out.
//!
//! docs.digdir.no `oidc_api_admin_maskinporten`, `oidc_func_clientreg`. A PUT replaces all, and the API lets useless clients pass.
//! Refuses combinations that make a client nobody can use, another integration type, private keys.

use alloc::string::String;

use super::record::Record;
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::Value;
use crate::ground::text::word;
use crate::jose::jwk::PRIVATE;

/// What goes together: integration types, application types, authentication methods, grants. Types that are not here pass.
const COMBINATIONS: &[[&str; 4]] = &[
    ["maskinporten krr", "web", "private_key_jwt", "urn:ietf:params:oauth:grant-type:jwt-bearer"],
    [
        "idporten api_klient ansattporten",
        "web",
        "client_secret_basic client_secret_post private_key_jwt",
        "authorization_code refresh_token",
    ],
    ["idporten api_klient ansattporten", "browser native", "none", "authorization_code refresh_token"],
];

/// Members that the API sets itself, and would refuse or misread.
const READ_ONLY: &[&str] = &["created", "last_updated", "created_date", "client_secret", "onbehalfof", "jwks", "jwks_uri"];

/// A client for Maskinporten, as it is to be created.
///
/// ```
/// use samtykke::provider::maskinporten::maskinporten_client;
/// let client = maskinporten_client("My client", &["difitest:api3"]);
/// assert_eq!(client.text("token_endpoint_auth_method").as_deref(), Some("private_key_jwt"));
/// ```
pub fn maskinporten_client(name: &str, scopes: &[&str]) -> Record {
    Record::new()
        .text_member("integration_type", "maskinporten")
        .text_member("application_type", "web")
        .text_member("client_name", name)
        .text_member("token_endpoint_auth_method", "private_key_jwt")
        .texts_member("grant_types", &["urn:ietf:params:oauth:grant-type:jwt-bearer"])
        .texts_member("scopes", scopes)
}

/// Judges a client before it is created.
///
/// # Errors
/// `invalid_parameter`, naming the member.
pub fn check_client(client: &Record) -> Result<()> {
    let value = client.value();
    let text = |name| value.get(name).and_then(Value::as_str);
    let Some(integration) = text("integration_type") else { return Err(refusal("integration_type, such as maskinporten", "")) };
    let listed = |list: &str, word: &str| list.split(' ').any(|known| known == word);
    let rows = || COMBINATIONS.iter().filter(|[integrations, ..]| listed(integrations, integration));
    let kind = text("application_type");
    let fits = |[_, applications, ..]: &&[&str; 4]| kind.is_none_or(|kind| listed(applications, kind));
    if let Some([_, _, methods, grants]) = rows().find(fits) {
        if let Some(method) = text("token_endpoint_auth_method").filter(|method| !listed(methods, method)) {
            return Err(refusal("token_endpoint_auth_method that goes with integration_type and application_type", method));
        }
        for grant in value.get("grant_types").and_then(Value::as_array).unwrap_or_default() {
            let grant = grant.as_str().unwrap_or_default();
            if !listed(grants, grant) {
                return Err(refusal("grant_types that go with integration_type and application_type", grant));
            }
        }
    } else if rows().next().is_some() {
        return Err(refusal("application_type that goes with integration_type", kind.unwrap_or_default()));
    }
    let no_scope = value.get("scopes").and_then(Value::as_array).is_none_or(<[_]>::is_empty);
    if integration == "maskinporten" && no_scope {
        return Err(refusal("scopes: at least one", ""));
    }
    check_public(&value)
}

/// What is sent in a PUT that replaces `before` by `after`: members that are the API's own are left out. How a client logs in is
/// judged where that was changed; what the API gave is its own affair, also where it is not known here.
///
/// # Errors
/// `invalid_parameter` for another integration type than before, or another name; then as [`check_client`].
pub fn replacement(before: &Record, after: &Record) -> Result<Record> {
    for name in ["integration_type", "client_id", "name"] {
        let (old, new) = (before.text(name), after.text(name));
        if old.is_some() && new != old {
            return Err(refusal("integration_type, client_id and name as they are: they cannot be changed", name));
        }
    }
    let changed = |name: &&str| before.value().get(name) != after.value().get(name);
    if ["application_type", "token_endpoint_auth_method", "grant_types"].iter().any(changed) {
        check_client(after)?;
    }
    Ok(after.clone().without(READ_ONLY))
}

/// Whether no key in this value, however deep, has a private member.
pub(crate) fn check_public(value: &Value<'_>) -> Result<()> {
    if let Some(items) = value.as_array() {
        items.iter().try_for_each(check_public)?;
    }
    let private = |name: &str| word(PRIVATE, name.as_bytes()).is_some();
    if value.get("kty").is_some() && value.members().iter().any(|member| private(&member.name)) {
        return Err(Error::new(&codes::KEY_REFUSED).at(Phase::Api).expected("public keys, without private members"));
    }
    value.members().iter().try_for_each(|member| check_public(&member.value))
}

fn refusal(expected: &'static str, actual: &str) -> Error {
    Error::new(&codes::INVALID_PARAMETER).at(Phase::Api).expected(expected).actual(String::from(actual))
}
