//! Machines that need no client of one's own: tokens that came another way are verified, documents and key
//! sets looked up, APIs called.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::jose::public_key;
use super::outcome::{Live, Outcome, live};
use super::text::listed;
use super::{Lines, refused, some};
use crate::flow::discovery::{Discovery, WellKnown};
use crate::flow::exchange::Exchange;
use crate::flow::resource;
use crate::ground::error::Result;
use crate::ground::http::Request;
use crate::ground::lean::PROOFS;
use crate::ground::secret::Secret;
use crate::ground::text::number;
use crate::protocol::answers::metadata::Policy;
use crate::protocol::client::Registration;
use crate::protocol::endpoint::Local;
use crate::protocol::id_token::claims::Claims;
use crate::protocol::profile::Profile;
use crate::protocol::token::{TokenType, Tokens};

/// Skew, issuer, client, algorithms, other audiences (a tab between them), nonce, `max_age`, `acr` values, access token, code,
/// state, the login's claims when this is a refresh, whether `auth_time` may be a text; then the token. A logout token is judged by
/// the first five, and the last says whether it may lack `exp`.
pub(super) fn verification(logout: bool, mut lines: Lines<'_>) -> Result<Live> {
    let [skew, issuer, client_id, allowed, trusted] = lines.take();
    let [nonce, max_age, acr_values, access_token, code, state, before, lax, encryption] = lines.take();
    let own = |line: &str| some(line).map(String::from);
    let seconds = |line: &str| number(line).and_then(|seconds| u32::try_from(seconds).ok());
    let mut profile = Profile::new(issuer, "", "");
    profile.requests.encryption = super::party::encryption_of(encryption)?;
    let client = Registration { profile, client_id: client_id.into(), redirect_uri: String::new() };
    let mut exchange = if logout { Exchange::logout_token(&client, lines.0) } else { Exchange::id_token(&client, lines.0) };
    let rules = exchange.id_token_expectation();
    rules.skew = match seconds(skew) {
        Some(skew) => skew,
        None => return refused("skew: whole seconds"),
    };
    rules.algorithms = super::jose::algorithms(allowed)?;
    rules.trusted_audiences = listed(trusted, b'\t').into_iter().map(String::from).collect();
    rules.nonce = own(nonce);
    rules.max_age = seconds(max_age);
    if rules.max_age.is_none() && !max_age.is_empty() {
        return refused("maxAge: whole seconds");
    }
    rules.acr_values = acr_values.into();
    rules.access_token = some(access_token).map(Secret::new);
    rules.code = some(code).map(Secret::new);
    rules.state = own(state);
    rules.refresh_of = some(before).map(Claims::from_stored).transpose()?;
    (rules.auth_time_text, rules.logout_token_without_exp) = (!lax.is_empty(), !lax.is_empty());
    Ok(live(exchange.keys_outside()))
}

/// `metadata`: issuer, development, `openid` or `oauth` for one address alone, whether origins are pinned, these with spaces between
/// them, the profile as an object. `resource`: the resource, development, the issuer or nothing, the challenge that it refused a
/// request with. `keys`: the address, development.
pub(super) fn discovery(operation: &str, mut lines: Lines<'_>) -> Result<Live> {
    let [at, development] = lines.take();
    let development = Local::marked(development);
    Ok(match operation {
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "metadata"))]
        "metadata" => {
            let [form, pinned, origins, profile] = lines.take();
            let origins = listed(origins, b' ');
            let origins = (!pinned.is_empty()).then_some(origins.as_slice());
            let addresses: &[WellKnown] = match form {
                "openid" => &[WellKnown::OpenId],
                "oauth" => &[WellKnown::OAuth],
                _ => &[WellKnown::OpenId, WellKnown::OAuth],
            };
            Box::new(Outcome(Discovery::at(at, Policy { profile, origins, development }, addresses)?))
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "resource"))]
        "resource" => {
            let [issuer, challenge] = lines.take();
            Box::new(Outcome(Discovery::resource(at, some(challenge), some(issuer), development)?))
        }
        _ => Box::new(Outcome(Discovery::keys(at, development)?)),
    })
}

/// A call to an API, whose body the shell has and whose answer's head alone is judged: address, method, development, origins with a
/// space between them, token type, token, names of the caller's own headers, the key that the token is bound to, nonce. `api_bearer`
/// is the same where tokens are bound to no key.
pub(super) fn api(mut lines: Lines<'_>) -> Result<Live> {
    let [url, method, development, origins, kind, token, names, alg, jwk, nonce] = lines.take();
    let mut profile = Profile::new("", "", "");
    profile.development = Local::marked(development).into();
    let client = Registration { profile, client_id: String::new(), redirect_uri: String::new() };
    let token_type = match kind {
        "DPoP" if PROOFS => TokenType::DPoP,
        "Bearer" => TokenType::Bearer,
        _ => TokenType::NotApplicable,
    };
    listed(names, b' ').into_iter().try_for_each(resource::check_header)?;
    // Nothing here is freed: it lasts as long as the run, whatever the method's name.
    let method = String::from(method).leak();
    let request = Request { method, url: url.into(), headers: Vec::new(), body: None, repeatable: false };
    let mut exchange = Exchange::resource(&client, &Tokens::bare(token, token_type), &listed(origins, b' '), request)?;
    if let Some(key) = public_key(alg, jwk)? {
        exchange = exchange.dpop(&key, some(nonce));
    }
    Ok(live(exchange))
}
