//! Who sends, and with what: a client's lines, which are the same for each of its requests.
//!
//! No private key comes in. Refuses a client authentication that nobody knows, and rules that are none.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::text::listed;
use super::{Lines, browser, refused, some, whole};
use crate::flow::exchange::Exchange;
use crate::ground::error::Result;
use crate::ground::json::Value;
use crate::ground::lean::KEYS;
use crate::ground::text::{cut, number};
use crate::jose::{Encryption, KeyInfo};
use crate::protocol::client::Registration;
use crate::protocol::client_auth::{ClientAuthentication, PrivateKeyJwt};
use crate::protocol::profile::{AssertionRules, Audience, Endpoints, Presence, Profile, Requests};
use crate::protocol::token::TokenType;

/// Who sends, and with what.
pub(super) struct Party {
    pub(super) client: Registration,
    pub(super) authentication: ClientAuthentication,
    pub(super) dpop: Option<KeyInfo>,
    pub(super) nonce: Option<String>,
    pub(super) storing: bool,
    pub(super) trusted_audiences: Vec<String>,
    pub(super) skew: Option<u32>,
    pub(super) keyed: bool,
}

impl Party {
    /// By what a token of the server's is judged.
    pub(super) fn judging<T>(&self, mut exchange: Exchange<T>) -> Exchange<T> {
        let rules = exchange.id_token_expectation();
        rules.trusted_audiences.clone_from(&self.trusted_audiences);
        if let Some(skew) = self.skew {
            rules.skew = skew;
        }
        if self.keyed { exchange.keys_outside() } else { exchange }
    }
}

/// Nonce, whether refresh tokens are stored by the shell; then what a client's lines hold: the client; endpoints (pushed requests,
/// device, userinfo, introspection, revocation, then aliases as name and address in turn); marks; codes that end a session;
/// algorithms; audiences to trust; skew; `alg` and `enc` of encryption; method, secret, rules, key; the DPoP key.
///
/// Marks: `P`, `O`, `D` the server requires pushed requests, request objects, DPoP; `U` none is pushed that need not be; `I` it may leave out `issued_token_type`;
/// `T` its `auth_time` may be a text; `S` its lifetimes may be; `L` its scopes may be lists; `b` or `d` tokens without a type are Bearer
/// or DPoP; `R` HTTP Basic is raw; `C` tokens are bound to a certificate; `K` its keys are known.
pub(super) fn party(lines: &mut Lines<'_>) -> Result<Party> {
    let [nonce, storing] = lines.take();
    let [_, _, _, token_endpoint] = lines.clone().take();
    let front = browser::client(lines)?;
    let mut profile = Profile::new(front.issuer, front.authorization_endpoint, token_endpoint);
    profile.rules = front.rules;
    profile.iss_parameter = front.iss_parameter;
    profile.development = front.development.into();
    let [par, device, userinfo, introspection, revocation, aliases, marks, session_end, algorithms, audiences, skew, encryption] =
        lines.take();
    let own = |line: &str| some(line).map(String::from);
    let mut mtls_aliases = Vec::new();
    let mut rest = listed(aliases, b' ').into_iter();
    while let (Some(name), Some(url)) = (rest.next(), rest.next()) {
        mtls_aliases.push((name.into(), url.into()));
    }
    profile.endpoints = Endpoints {
        pushed_authorization_request: own(par),
        device_authorization: own(device),
        jwks_uri: None,
        userinfo: own(userinfo),
        introspection: own(introspection),
        revocation: own(revocation),
        end_session: None,
        mtls_aliases,
    };
    let has = |wanted| cut(marks, wanted).1.is_some();
    let [method, secret] = lines.take();
    let (rules, key) = if KEYS {
        (rules(lines)?, key(lines)?)
    } else {
        let _: [&str; 14] = lines.take();
        (AssertionRules::default(), None)
    };
    let texts = |line, mark| listed(line, mark).into_iter().map(String::from).collect::<Vec<_>>();
    if !algorithms.is_empty() {
        super::jose::algorithms(algorithms)?;
    }
    profile.requests = Requests {
        pushed: has(b'P'),
        unpushed: has(b'U'),
        dpop: has(b'D'),
        request_object: has(b'O'),
        assertion: rules.clone(),
        free_resource: front.free_resource,
        session_end: texts(session_end, b' '),
        issued_token_type_optional: has(b'I'),
        signing_algorithms: texts(algorithms, b' '),
        auth_time_text: has(b'T'),
        expires_in_string: has(b'S'),
        scope_list: has(b'L'),
        default_token_type: if has(b'b') { Some(TokenType::Bearer) } else { has(b'd').then_some(TokenType::DPoP) },
        raw_basic: has(b'R'),
        certificate_bound: has(b'C'),
        encryption: encryption_of(encryption)?,
        ..Requests::default()
    };
    let authentication = match (method, key) {
        ("client_secret_basic", _) => ClientAuthentication::secret_basic(secret),
        _ if !KEYS => return refused("client_secret_basic: the client of another entry takes the others"),
        ("none", _) => ClientAuthentication::None,
        ("client_secret_post", _) => ClientAuthentication::secret_post(secret),
        ("client_secret_jwt", _) => ClientAuthentication::secret_jwt(secret),
        ("private_key_jwt", Some(key)) => ClientAuthentication::PrivateKeyJwt(Box::new(PrivateKeyJwt { key, rules: None })),
        ("tls_client_auth", _) => ClientAuthentication::Tls,
        _ => return refused("a client authentication method"),
    };
    let [dpop_alg, dpop_jwk] = lines.take();
    if !KEYS && !dpop_alg.is_empty() {
        return refused("no DPoP key: the client of another entry takes one");
    }
    let client = Registration { profile, client_id: front.client_id.into(), redirect_uri: front.redirect_uri.into() };
    Ok(Party {
        client,
        authentication,
        dpop: if KEYS { super::jose::public_key(dpop_alg, dpop_jwk)? } else { None },
        nonce: own(nonce),
        storing: !storing.is_empty(),
        trusted_audiences: texts(audiences, b'\t'),
        skew: number(skew).and_then(|skew| u32::try_from(skew).ok()),
        keyed: has(b'K'),
    })
}

/// Audience (`i` issuer, `e` endpoint, `l` and a literal), header members (`n` never, `k` if known, `a` always, for kid, x5t,
/// x5t#S256, x5c), typ, lifetime, `1` for nbf, algorithms, claims as JSON, `1` where `client_id` stands beside the assertion.
pub(super) fn rules(lines: &mut Lines<'_>) -> Result<AssertionRules> {
    let [audience, members, typ, lifetime, not_before, algorithms, claims, client_id] = lines.take();
    let (kind, literal) = audience.split_at_checked(1).unwrap_or_default();
    let audience = match kind {
        "i" => Audience::Issuer,
        "e" => Audience::Endpoint,
        "l" => Audience::Literal(literal.into()),
        _ => return refused("audience: issuer, endpoint or a literal"),
    };
    let mut names = [Presence::Never; 4];
    for (place, letter) in names.iter_mut().zip(members.bytes()) {
        *place = match letter {
            b'n' => Presence::Never,
            b'k' => Presence::IfKnown,
            b'a' => Presence::Always,
            _ => return refused("kid, x5t, x5tS256, x5c: never, if_known or always"),
        };
    }
    let [kid, x5t, x5t_s256, x5c] = names;
    Ok(AssertionRules {
        audience,
        kid,
        x5t,
        x5t_s256,
        x5c,
        typ: some(typ).map(String::from),
        lifetime: whole(lifetime),
        not_before: !not_before.is_empty(),
        claims: members_of(claims)?,
        algorithms: listed(algorithms, b' ').into_iter().map(String::from).collect(),
        client_id: !client_id.is_empty(),
    })
}

/// How the server encrypts for the client: `alg` values, a tab, `enc` values; nothing where it does not.
pub(super) fn encryption_of(line: &str) -> Result<Option<Encryption>> {
    let (algorithms, contents) = cut(line, b'\t');
    let Some(contents) = contents else { return Ok(None) };
    Encryption::new(&listed(algorithms, b' '), &listed(contents, b' ')).map(Some)
}

/// The members of a JSON object, as names and JSON texts; nothing for an empty line.
pub(super) fn members_of(json: &str) -> Result<Vec<(String, String)>> {
    if json.is_empty() {
        return Ok(Vec::new());
    }
    match Value::parse(json) {
        Some(value @ Value::Object(_)) => {
            Ok(value.members().iter().map(|member| (String::from(&*member.name), String::from(member.raw))).collect())
        }
        _ => refused("claims: an object of JSON"),
    }
}

/// Algorithm (empty: no key), public JWK, kid, x5t, x5t#S256, certificates with a comma between them.
pub(super) fn key(lines: &mut Lines<'_>) -> Result<Option<KeyInfo>> {
    let [alg, jwk, kid, x5t, x5t_s256, x5c] = lines.take();
    let Some(mut key) = super::jose::public_key(alg, jwk)? else { return Ok(None) };
    key.kid = some(kid).map(String::from);
    key.x5t = some(x5t).map(String::from);
    key.x5t_s256 = some(x5t_s256).map(String::from);
    key.x5c = listed(x5c, b',').into_iter().map(String::from).collect();
    Ok(Some(key))
}
