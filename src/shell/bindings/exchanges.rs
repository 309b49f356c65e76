//! The protocol's machines, made of lines: every grant, pushed requests, devices, introspection, revocation, userinfo, signed
//! answers, id_tokens, logout tokens, metadata and key sets.
//!
//! A client's lines are the same for each of its requests, so the loader joins them once. No private key comes in.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use super::outcome::{Live, Out, live};
use super::text::{listed, push_line};
use super::{Lines, browser, lookups, refused, some};
use crate::flow::device::{Device, DeviceRequest};
use crate::flow::exchange::Exchange;
use crate::flow::login::{DPOP_JKT, Start};
use crate::ground::error::{Error, Result, codes};
use crate::ground::json::Value;
use crate::ground::secret::Secret;
use crate::ground::text::{cut, number};
use crate::jose::{Encryption, KeyInfo, thumbprint};
use crate::protocol::authorization::jar::RequestObject;
use crate::protocol::authorization::request::Login;
use crate::protocol::authorization::response::{AuthorizationCode, Callback};
use crate::protocol::authorization::transaction::Transaction;
use crate::protocol::client::Client;
use crate::protocol::client_auth::{ClientAuthentication, PrivateKeyJwt};
use crate::protocol::grant::{ACCESS_TOKEN, ClientCredentials, JwtBearer, Refresh, Target, TokenExchange};
use crate::protocol::id_token::claims::Claims;
use crate::protocol::id_token::rules::IdTokenRules;
use crate::protocol::introspection::TokenHint;
use crate::protocol::profile::{AssertionRules, Audience, Endpoints, Presence, Profile, Requests};
use crate::protocol::token::{TokenType, Tokens};
use crate::protocol::userinfo::Subject;

/// Who sends, and with what.
struct Party {
    client: Client,
    authentication: ClientAuthentication,
    dpop: Option<KeyInfo>,
    nonce: Option<String>,
    storing: bool,
    trusted_audiences: Vec<String>,
    skew: Option<u32>,
    keyed: bool,
}

pub(super) fn make(operation: &str, lines: Lines<'_>, now: u64, random: &[u8]) -> Result<Live> {
    // These know no client.
    match operation {
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "id_token", samtykke_machine = "logout_token"))]
        "id_token" | "logout_token" => lookups::verification(operation == "logout_token", lines),
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "metadata", samtykke_machine = "resource", samtykke_machine = "keys"))]
        "metadata" | "resource" | "keys" => lookups::discovery(operation, lines),
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "api", samtykke_machine = "api_bearer"))]
        "api" | "api_bearer" => lookups::api(lines),
        #[cfg(any(samtykke_entry = "full", samtykke_party))]
        _ => of_party(operation, lines, now, random),
        #[cfg(not(any(samtykke_entry = "full", samtykke_party)))]
        _ => refused("a known operation"),
    }
}

/// The machines of a client.
fn of_party(operation: &str, mut lines: Lines<'_>, now: u64, random: &[u8]) -> Result<Live> {
    let party = party(&mut lines)?;
    let Party { client, authentication, .. } = &party;
    match operation {
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "code"))]
        "code" => {
            let [code, acr_values] = lines.take();
            let mut exchange = Exchange::authorization_code(client, authentication, AuthorizationCode::parse(code)?)?;
            exchange.narrow_acr(acr_values)?;
            party.issued(exchange, lines)
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "credentials"))]
        "credentials" => {
            let [audience, scope] = lines.take();
            let grant = ClientCredentials { scope: scope.into(), audience: some(audience).map(String::from) };
            party.issued(Exchange::client_credentials(client, authentication, &grant)?, lines)
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "refresh"))]
        "refresh" => {
            let [token, scope, granted, known, id_token, claims] = lines.take();
            let mut grant = Refresh::new(token).scope(scope);
            if !known.is_empty() {
                grant = grant.granted(granted);
            }
            if !claims.is_empty() {
                grant = grant.claims(Claims::stored(claims)?);
            }
            grant.id_token = some(id_token).map(Secret::new);
            party.issued(Exchange::refresh(client, authentication, &grant)?, lines)
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "bearer"))]
        "bearer" => {
            let [given, scope] = lines.take();
            let grant = match given {
                "" => {
                    let (rules, key) = (rules(&mut lines)?, key(&mut lines)?);
                    let [issuer, subject] = lines.take();
                    let mut grant = JwtBearer::signed(key.ok_or_else(|| Error::new(&codes::ALGORITHM_REFUSED))?, rules).issuer(issuer);
                    if !subject.is_empty() {
                        grant = grant.subject(subject);
                    }
                    grant
                }
                given => JwtBearer::given(given),
            };
            party.issued(Exchange::jwt_bearer(client, authentication, &grant.scope(scope))?, lines)
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "exchange"))]
        "exchange" => {
            let [subject, subject_type, actor, actor_type, requested, scope] = lines.take();
            let mut grant = TokenExchange::typed(subject, some(subject_type).unwrap_or(ACCESS_TOKEN)).scope(scope);
            if !(actor.is_empty() && actor_type.is_empty()) {
                grant = grant.actor(actor, actor_type);
            }
            if !requested.is_empty() {
                grant = grant.requested_type(requested);
            }
            party.issued(Exchange::token_exchange(client, authentication, &grant)?, lines)
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "poll"))]
        "poll" => {
            let [device_code, scope] = lines.take();
            let device = Device::polled(device_code, scope);
            party.issued(Exchange::device_poll(client, authentication, &device)?, lines)
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "device"))]
        "device" => {
            let request = DeviceRequest::new(lines.next());
            party.issued(Exchange::device_authorization(client, authentication, &request)?, lines)
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "introspect"))]
        "introspect" => {
            let [token, hint] = lines.take();
            Ok(live(Exchange::introspection(client, authentication, &Secret::new(token), TokenHint::named(hint)?)?))
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "revoke"))]
        "revoke" => {
            let [token, hint] = lines.take();
            Ok(live(Exchange::revocation(client, authentication, &Secret::new(token), TokenHint::named(hint)?)?))
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "login"))]
        "login" => party.login(lines, random),
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "userinfo"))]
        "userinfo" => party.userinfo(lines),
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "jarm"))]
        "jarm" => {
            let [transaction, content_type] = lines.take();
            let callback = match content_type {
                "" => Callback::Url(lines.0),
                content_type => Callback::FormPost { content_type, body: lines.0 },
            };
            let exchange = Transaction::parse(transaction)?.finish_jarm(client, callback, now)?;
            Ok(live(party.judging(exchange)))
        }
        _ => refused("a known operation"),
    }
}

impl Party {
    /// A request for tokens: bound to the key where there is one, for a target.
    fn issued<T: Out + 'static>(&self, mut exchange: Exchange<T>, lines: Lines<'_>) -> Result<Live> {
        if let Some(key) = &self.dpop {
            exchange = exchange.dpop(key, self.nonce.as_deref());
        }
        if self.storing {
            exchange = exchange.storing();
        }
        exchange = exchange.target(&target(lines)?)?;
        Ok(live(self.judging(exchange)))
    }

    /// By what a token of the server's is judged.
    fn judging<T>(&self, mut exchange: Exchange<T>) -> Exchange<T> {
        let rules = exchange.id_token_expectation();
        rules.trusted_audiences.clone_from(&self.trusted_audiences);
        if let Some(skew) = self.skew {
            rules.skew = skew;
        }
        if self.keyed { exchange.keys_outside() } else { exchange }
    }

    /// `1` where the request is signed, then `typ`, lifetime, whether the parameters stand beside it (`o` some of them too), claims, key; then what `begin`
    /// takes after the client: time by the host's clock, scope, and so on.
    fn login(&self, mut lines: Lines<'_>, random: &[u8]) -> Result<Live> {
        let mut start = Start::new();
        let [signed, typ, seconds, beside, claims] = lines.take();
        let key = key(&mut lines)?;
        if !signed.is_empty() {
            let Some(key) = key else { return Err(Error::wanted(&codes::INVALID_CONFIGURATION, "requestObject.key: a key to sign with")) };
            let mut object = RequestObject::new(key).typ(typ).lifetime(whole(seconds));
            for (name, json) in members_of(claims)? {
                object = object.claim(name, json);
            }
            start = start.object(match beside {
                "" => object,
                "o" => object.outer_parameters(),
                _ => object.beside(),
            });
        }
        let mut asked = String::from(lines.0);
        if let Some(key) = &self.dpop {
            asked.push_str(DPOP_JKT);
            asked.push_str("=");
            push_line(&mut asked, &thumbprint(&key.public));
            start = start.dpop(key, self.nonce.as_deref());
        }
        let mut begun = Vec::new();
        browser::begun(&self.client.registration(), Lines(&asked), random, &mut begun)?;
        let begun = String::from_utf8(begun).unwrap_or_default();
        let (url, transaction) = cut(&begun, b'\n');
        let login = Login { url: url.into(), transaction: Transaction::from_text(transaction.unwrap_or_default().into()) };
        Ok(live(Exchange::begun(&self.client, &self.authentication, login, start)?))
    }

    /// Token type, access token, whether the subject is checked, the subject; `1` where a signed answer is agreed, then its
    /// algorithms, audiences to trust and skew.
    fn userinfo(&self, mut lines: Lines<'_>) -> Result<Live> {
        let [token_type, access_token, checked, subject, signed, algorithms, audiences, skew] = lines.take();
        let token_type = match token_type {
            "DPoP" => TokenType::DPoP,
            "Bearer" => TokenType::Bearer,
            _ => TokenType::NotApplicable,
        };
        let subject = if checked.is_empty() { Subject::Unchecked } else { Subject::Is(subject) };
        let signed = if signed.is_empty() {
            None
        } else {
            let mut rules = IdTokenRules::new(&*self.client.profile.issuer, &*self.client.client_id);
            rules.algorithms = super::jose::algorithms(algorithms)?;
            rules.trusted_audiences = listed(audiences, b'\t').into_iter().map(String::from).collect();
            if let Some(skew) = number(skew).and_then(|skew| u32::try_from(skew).ok()) {
                rules.skew = skew;
            }
            Some(rules)
        };
        let tokens = Tokens::bare(access_token, token_type);
        let mut exchange = Exchange::userinfo(&self.client, &self.authentication, &tokens, subject, signed)?;
        exchange = self.judging(exchange);
        if let (Some(key), TokenType::DPoP) = (&self.dpop, token_type) {
            exchange = exchange.dpop(key, self.nonce.as_deref());
        }
        Ok(live(exchange))
    }
}

/// Nonce, whether refresh tokens are stored by the shell; then what a client's lines hold: the client; endpoints (pushed requests,
/// device, userinfo, introspection, revocation, then aliases as name and address in turn); marks; codes that end a session;
/// algorithms; audiences to trust; skew; `alg` and `enc` of encryption; method, secret, rules, key; the DPoP key.
///
/// Marks: `P`, `O`, `D` the server requires pushed requests, request objects, DPoP; `U` none is pushed that need not be; `I` it may leave out `issued_token_type`;
/// `T` its `auth_time` may be a text; `S` its lifetimes may be; `L` its scopes may be lists; `b` or `d` tokens without a type are Bearer
/// or DPoP; `R` HTTP Basic is raw; `C` tokens are bound to a certificate; `K` its keys are known.
fn party(lines: &mut Lines<'_>) -> Result<Party> {
    let [nonce, storing] = lines.take();
    let [_, _, _, token_endpoint] = lines.clone().take();
    let front = browser::client(lines)?;
    let mut profile = Profile::new(front.issuer, front.authorization_endpoint, token_endpoint);
    profile.rules = front.rules;
    profile.iss_parameter = front.iss_parameter;
    profile.development = front.development;
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
    let (rules, key) = (rules(lines)?, key(lines)?);
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
        ("none", _) => ClientAuthentication::None,
        ("client_secret_basic", _) => ClientAuthentication::secret_basic(secret),
        ("client_secret_post", _) => ClientAuthentication::secret_post(secret),
        ("client_secret_jwt", _) => ClientAuthentication::secret_jwt(secret),
        ("private_key_jwt", Some(key)) => ClientAuthentication::PrivateKeyJwt(Box::new(PrivateKeyJwt { key, rules: None })),
        ("tls_client_auth", _) => ClientAuthentication::Tls,
        _ => return refused("a client authentication method"),
    };
    let [dpop_alg, dpop_jwk] = lines.take();
    let client = Client { profile, client_id: front.client_id.into(), redirect_uri: front.redirect_uri.into() };
    Ok(Party {
        client,
        authentication,
        dpop: super::jose::public_key(dpop_alg, dpop_jwk)?,
        nonce: own(nonce),
        storing: !storing.is_empty(),
        trusted_audiences: texts(audiences, b'\t'),
        skew: number(skew).and_then(|skew| u32::try_from(skew).ok()),
        keyed: has(b'K'),
    })
}

/// Audience (`i` issuer, `e` endpoint, `l` and a literal), header members (`n` never, `k` if known, `a` always, for kid, x5t,
/// x5t#S256, x5c), typ, lifetime, `1` for nbf, algorithms, claims as JSON, `1` where `client_id` stands beside the assertion.
fn rules(lines: &mut Lines<'_>) -> Result<AssertionRules> {
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
fn encryption_of(line: &str) -> Result<Option<Encryption>> {
    let (algorithms, contents) = cut(line, b'\t');
    let Some(contents) = contents else { return Ok(None) };
    Encryption::new(&listed(algorithms, b' '), &listed(contents, b' ')).map(Some)
}

/// A lifetime; 0, which is none, for what cannot be one.
fn whole(line: &str) -> u32 {
    number(line).and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default()
}

/// The members of a JSON object, as names and JSON texts; nothing for an empty line.
fn members_of(json: &str) -> Result<Vec<(String, String)>> {
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
fn key(lines: &mut Lines<'_>) -> Result<Option<KeyInfo>> {
    let [alg, jwk, kid, x5t, x5t_s256, x5c] = lines.take();
    let Some(mut key) = super::jose::public_key(alg, jwk)? else { return Ok(None) };
    key.kid = some(kid).map(String::from);
    key.x5t = some(x5t).map(String::from);
    key.x5t_s256 = some(x5t_s256).map(String::from);
    key.x5c = listed(x5c, b',').into_iter().map(String::from).collect();
    Ok(Some(key))
}

/// A line each: `r` resource, `a` audience, `d` details, `p` name=value, `c` claims of the client assertion.
fn target(mut lines: Lines<'_>) -> Result<Target> {
    let mut target = Target::new();
    while lines.more() {
        let (kind, value) = lines.next().split_at_checked(1).unwrap_or_default();
        target = match kind {
            "r" => target.resource(value),
            "a" => target.audience(value),
            "d" => target.authorization_details(value),
            "p" => {
                let (name, value) = cut(value, b'=');
                target.parameter(name, value.unwrap_or_default())
            }
            "c" => {
                target.claims = members_of(value)?;
                target
            }
            _ => return refused("a known kind of target"),
        };
    }
    Ok(target)
}
