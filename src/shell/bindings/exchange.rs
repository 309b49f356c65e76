//! Operations of requests to authorization servers and APIs: forms, assertions, proofs, and the answers.
//!
//! The shell signs and sends; what is signed, what is sent and whether it is sent again is decided here. No private key comes in.

use alloc::string::String;
use alloc::vec::Vec;

use super::browser::client;
use super::jose::{algorithms, push_unverified};
use super::text::{listed, push_line, response};
use super::{Lines, browser, refused, some};
use crate::flow::device::Device;
use crate::flow::login::{front_channel, parameters};
use crate::flow::token::check_token_endpoint;
use crate::flow::{jarm, resource};
use crate::ground::error::{Error, Phase, Result, codes};
use crate::ground::json::{Value, Writer};
use crate::ground::secret::Secret;
use crate::ground::text::{Form, Parts, base64url, cut, decimal, number, word};
use crate::jose::{Algorithm, Stamp};
use crate::protocol::answers::introspection::{TokenHint, form as token_form};
use crate::protocol::assertion::{self, KeyNames, Shape, Statement};
use crate::protocol::authorization::jar;
use crate::protocol::authorization::par::PushedRequest;
use crate::protocol::authorization::response::{self, AuthorizationCode, Callback};
use crate::protocol::authorization::transaction::{self, has_openid};
use crate::protocol::client::Registration;
use crate::protocol::client_auth::{self, basic};
use crate::protocol::dpop::{self, Proof, Server};
use crate::protocol::endpoint;
use crate::protocol::grant::{self, target};
use crate::protocol::profile::Presence;
use crate::protocol::token::{self, Expectation, Found, RequestKind, TokenType};

pub(super) fn call(operation: &str, lines: Lines<'_>, text: &mut String) -> Result<()> {
    match operation {
        "form" => form(lines, text),
        "assertion" => assertion(lines, text),
        "request_object" => request_object(lines, text),
        "proof" => proof(lines, text),
        "dpop_answer" => dpop_answer(lines, text),
        "tokens" => tokens(lines, text),
        "pushed" => pushed(lines, text),
        "jarm" => jarm_check(lines, text),
        "jarm_finish" => jarm_finish(lines, text),
        "device" => device(lines, text),
        "resource" => resource_request(lines, text),
        _ => refused("a known operation"),
    }
}

/// Client, address, its metadata name, method, secret, whether `client_id` stands beside an assertion, whether a resource is
/// any text; then grant and its values, then what the token is for, a line each: `r` resource, `a` audience, `d` details,
/// `p` name=value. Answers whether an id_token must come, the scope that is asked for, then the request.
fn form(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let client = browser::client(&mut lines)?;
    let [address, name, method, secret, beside, free] = lines.take();
    // The shell asks for assertions itself; here they add nothing but the client id.
    let Some(method_at) = word(METHODS, method.as_bytes()) else { return refused("a client authentication method") };
    client_auth::check_method(method, client.rules)?;
    let mut form = Form::new();
    let asked = grant(&client, method_at == NONE, &mut lines, &mut form)?;
    match word(ENDPOINTS, name.as_bytes()) {
        Some(0) => check_token_endpoint(address, client.development)?,
        // The names that errors have are texts of this very list.
        Some(at) => {
            let name = endpoint_name(at);
            let phase = if at == 1 { Phase::Authorization } else { Phase::Token };
            endpoint::check(name, address, client.development).map_err(|error| error.at(phase))?;
        }
        None => return refused("a known endpoint"),
    }
    if !asked.named && method_at != BASIC && (!beside.is_empty() || !matches!(method_at, SECRET_JWT | KEY_JWT)) {
        form.push("client_id", client.client_id);
    }
    if secret.is_empty() && matches!(method_at, BASIC | POST | SECRET_JWT) {
        return Err(client_auth::no_secret());
    }
    if method_at == POST {
        form.push("client_secret", secret);
    }
    let mut names: Vec<&str> = Vec::new();
    while lines.more() {
        let (kind, value) = lines.next().split_at_checked(1).unwrap_or_default();
        match kind {
            "r" => target::push_resource(&mut form, value, !free.is_empty())?,
            "a" => target::push_audience(&mut form, value)?,
            "d" => target::push_details(&mut form, value)?,
            "p" => {
                let (name, value) = cut(value, b'=');
                target::push_parameter(&mut form, name, value.unwrap_or_default(), names.contains(&name))?;
                names.push(name);
            }
            _ => return refused("a known kind of target"),
        }
    }
    push_line(text, if asked.id_token { "1" } else { "" });
    push_line(text, &asked.scope);
    push_line(text, if asked.repeatable { "1" } else { "" });
    push_line(text, "POST");
    push_line(text, address);
    text.push_str("accept: application/json\ncontent-type: application/x-www-form-urlencoded\n");
    if method_at == BASIC {
        text.push_str("authorization: ");
        push_line(text, basic(client.client_id, secret).expose());
    }
    text.push_str("\n");
    text.push_str(&form.into_string());
    Ok(())
}

/// Ways to authenticate a client, and their places in the list.
const METHODS: &str = "none client_secret_basic client_secret_post client_secret_jwt private_key_jwt tls_client_auth";
const NONE: usize = 0;
const BASIC: usize = 1;
const POST: usize = 2;
const SECRET_JWT: usize = 3;
const KEY_JWT: usize = 4;

/// Where forms go.
const ENDPOINTS: &str = "token_endpoint pushed_authorization_request_endpoint introspection_endpoint revocation_endpoint \
    device_authorization_endpoint";

fn endpoint_name(wanted: usize) -> &'static str {
    Parts(Some(ENDPOINTS), b' ').nth(wanted).unwrap_or_default()
}

/// What a grant's answer is judged against, and how its form is sent.
#[derive(Default)]
struct Asked {
    scope: String,
    id_token: bool,
    named: bool,
    repeatable: bool,
}

fn grant(client: &Registration<'_>, public: bool, lines: &mut Lines<'_>, form: &mut Form) -> Result<Asked> {
    let wants_id_token = |scope: &str| has_openid(scope) && !client.rules.id_token_optional;
    let mut asked = Asked::default();
    let grant = lines.next();
    let unauthenticated = match grant {
        "client_credentials" => "client authentication for client_credentials",
        "introspect" => "client authentication for introspection",
        _ => "",
    };
    if public && !unauthenticated.is_empty() {
        return Err(Error::wanted(&codes::INVALID_CONFIGURATION, unauthenticated));
    }
    let scope = match grant {
        "authorization_code" => {
            let code = AuthorizationCode::parse(lines.next())?;
            asked.id_token = code.acr_values().is_some() || wants_id_token(code.scope());
            asked.named = true;
            *form = code.form(client)?;
            asked.scope = code.scope().into();
            return Ok(asked);
        }
        "client_credentials" => {
            let [audience, scope] = lines.take();
            asked.repeatable = true;
            grant::push_credentials(form, some(audience), scope)?;
            scope
        }
        "refresh_token" => {
            let [token, scope, granted, known] = lines.take();
            let granted = if known.is_empty() { None } else { Some(granted) };
            grant::refresh::push(form, token, granted, scope)?;
            some(scope).or(granted).unwrap_or_default()
        }
        "jwt_bearer" => {
            let [assertion, scope] = lines.take();
            asked.named = public;
            grant::bearer::push(form, some(assertion), scope)?;
            scope
        }
        "token_exchange" => {
            let [subject, subject_type, actor, actor_type, requested, scope] = lines.take();
            let subject = (subject, some(subject_type).unwrap_or(grant::ACCESS_TOKEN));
            let acting = !actor.is_empty() || !actor_type.is_empty();
            grant::token_exchange::push(form, subject, acting.then_some((actor, actor_type)), some(requested), scope)?;
            scope
        }
        "device_code" => {
            let [code, scope] = lines.take();
            grant::check_token(code, "a device code: visible ASCII")?;
            form.push("grant_type", "urn:ietf:params:oauth:grant-type:device_code").push("device_code", code);
            asked.id_token = wants_id_token(scope);
            scope
        }
        "introspect" | "revoke" => {
            let [token, hint] = lines.take();
            asked.repeatable = true;
            *form = token_form(token, TokenHint::named(hint)?)?;
            ""
        }
        "device" => {
            let scope = lines.next();
            grant::push_scope(form, scope)?;
            scope
        }
        "push" => {
            // The parameters of a login's URL; with a request object the client id alone, as all others are in it.
            let [url, whole] = lines.take();
            asked.named = true;
            if whole.is_empty() {
                form.append(parameters(url, client.authorization_endpoint));
            } else {
                form.push("client_id", client.client_id);
            }
            ""
        }
        _ => return refused("a known grant"),
    };
    asked.scope = scope.into();
    Ok(asked)
}

/// Algorithm, kid, x5t, x5t#S256, certificates with a comma between them.
fn key<'a>(lines: &mut Lines<'a>) -> Result<KeyNames<'a>> {
    let [alg, kid, x5t, x5t_s256, x5c] = lines.take();
    let Some(alg) = Algorithm::named(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED)) };
    let x5c = listed(x5c, b',');
    Ok(KeyNames { alg, kid: some(kid), x5t: some(x5t), x5t_s256: some(x5t_s256), x5c })
}

/// Audience (`i` issuer, `e` endpoint, `l` and a literal), header members (`n` never, `k` if known, `a` always, for kid, x5t,
/// x5t#S256, x5c), typ, lifetime, nbf, algorithms, claims as JSON.
fn shape<'a, 'l: 'a>(lines: &mut Lines<'l>, claims: &'a mut Vec<(String, String)>) -> Result<(&'l str, Shape<'a>)> {
    let [audience, members, typ, lifetime, not_before, algorithms, own] = lines.take();
    *claims = members_of(own)?;
    let mut names = [Presence::Never; 4];
    for (place, letter) in names.iter_mut().zip(members.bytes()) {
        *place = match letter {
            b'n' => Presence::Never,
            b'k' => Presence::IfKnown,
            b'a' => Presence::Always,
            _ => return refused("kid, x5t, x5tS256, x5c: never, if_known or always"),
        };
    }
    let lifetime = seconds(lifetime);
    let algorithms = listed(algorithms, b' ');
    Ok((audience, Shape { typ: some(typ), names, lifetime, not_before: !not_before.is_empty(), claims, algorithms }))
}

/// A lifetime; 0, which is none, for what cannot be one.
fn seconds(line: &str) -> u32 {
    number(line).and_then(|seconds| u32::try_from(seconds).ok()).unwrap_or_default()
}

/// The members of a JSON object, as names and JSON texts; nothing for an empty line.
fn members_of(json: &str) -> Result<Vec<(String, String)>> {
    if json.is_empty() {
        return Ok(Vec::new());
    }
    match Value::parse(json) {
        Some(Value::Object(members)) => {
            let mut found = Vec::new();
            for member in members.iter() {
                found.push((String::from(&*member.name), member.raw.into()));
            }
            Ok(found)
        }
        _ => refused("claims: an object of JSON"),
    }
}

/// Rules, `iss`, `sub`, the server's issuer, address of the request, claims of this request; then the key, or for a shared
/// secret an empty line, the secret, `jti` and time. Answers the encoded header and the claims with the stamp left open, or
/// the whole assertion.
fn assertion(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let mut own = Vec::new();
    let (audience, rules) = shape(&mut lines, &mut own)?;
    let [issuer, subject, server, address, claims] = lines.take();
    let claims = members_of(claims)?;
    let (kind, literal) = audience.split_at_checked(1).unwrap_or_default();
    let audience = match kind {
        "i" => server,
        "e" => address,
        "l" => literal,
        _ => return refused("audience: issuer, endpoint or a literal"),
    };
    let mut statement = Statement { issuer, subject: some(subject), audience, stamp: Stamp::Open, claims: &claims };
    if lines.0.starts_with('\n') {
        let [_, secret, jti, now] = lines.take();
        statement.stamp = Stamp::Made { jti, now: number(now).unwrap_or_default() };
        text.push_str(assertion::secret_jwt(&rules, secret, &statement)?.expose());
    } else {
        push_open(text, &assertion::parts(&rules, &key(&mut lines)?, &statement)?);
    }
    Ok(())
}

/// The header encoded, for it does not change; the claims with their marks.
fn push_open(text: &mut String, [header, claims]: &[String; 2]) {
    push_line(text, &base64url(header.as_bytes()));
    text.push_str(claims);
}

/// Client, key, typ, lifetime, whether the parameters stand beside it, URL of the login, `jti`, time; then claims as JSON.
fn request_object(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let client = client(&mut lines)?;
    let key = key(&mut lines)?;
    let [typ, lifetime, beside, url, jti, now] = lines.take();
    let object = jar::Plan {
        typ,
        lifetime: seconds(lifetime),
        claims: &members_of(lines.0)?,
        issuer: client.issuer,
        client_id: client.client_id,
        parameters: if beside.is_empty() { parameters(url, client.authorization_endpoint) } else { "" },
    };
    text.push_str(&object.input(&key, jti, number(now).unwrap_or_default())?);
    Ok(())
}

/// Method, address, algorithm, public JWK, whether with a nonce. Answers as `assertion` does.
fn proof(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [method, url] = lines.take();
    push_proof(&mut lines, method, url, None, text)
}

fn push_proof(lines: &mut Lines<'_>, method: &str, url: &str, token: Option<&str>, text: &mut String) -> Result<()> {
    let [alg, jwk, nonce] = lines.take();
    let Some(alg) = Algorithm::named(alg) else { return Err(Error::new(&codes::ALGORITHM_REFUSED)) };
    push_open(text, &dpop::parts(alg, jwk, &Proof { method, url, nonce: some(nonce), token, stamp: Stamp::Open })?);
    Ok(())
}

/// Which server (`r` an API's, else an authorization server), whether this was the second attempt, response lines,
/// `DPoP-Nonce`, `WWW-Authenticate`, then the body. Answers whether to send it once more, and the nonce for the next request.
fn dpop_answer(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [server, second] = lines.take();
    let server = if server == "r" { Server::Resource } else { Server::Authorization };
    let mut answer = response(&mut lines);
    let [nonce, challenge] = lines.take();
    (answer.dpop_nonce, answer.www_authenticate) = (some(nonce).map(String::from), some(challenge).map(String::from));
    answer.body = Secret::new(lines.0);
    let again = dpop::is_challenge(server, &answer)?;
    if again && !second.is_empty() {
        return Err(dpop::refused(server, &answer));
    }
    push_line(text, if again { "1" } else { "" });
    push_line(text, dpop::next_nonce(&answer).unwrap_or_default());
    Ok(())
}

/// Response lines, the grant's name as in `form`, token type, id_token required, `expires_in` as a string accepted, token exchange (`x` and must name what it
/// issued, `o` and may), the refresh token that was sent, scope, then the body.
fn tokens(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let mut response = response(&mut lines);
    let [grant, kind, id_token, expires_in_string, exchange, refresh, scope] = lines.take();
    let asked = RequestKind::named(grant);
    let expectation = Expectation {
        token_type: if kind == "DPoP" { TokenType::DPoP } else { TokenType::Bearer },
        id_token: !id_token.is_empty(),
        expires_in_string: !expires_in_string.is_empty(),
        token_exchange: !exchange.is_empty(),
        issued_token_type: exchange == "x",
        kind: asked,
        ..Expectation::default()
    };
    response.body = Secret::new(lines.0);
    let answer = token::read(&response, asked)?;
    let found = Found::judge(&response, &answer, &expectation)?;
    let mut json = Writer::new();
    json.string("accessToken", found.access_token).string("tokenType", found.token_type.as_str());
    if let Some(seconds) = found.expires_in {
        json.raw("expiresIn", &decimal(u64::from(seconds)));
    }
    json.some("scope", found.scope).string("requestedScope", scope);
    // The old one stays when no new one comes.
    json.some("refreshToken", found.refresh_token.or(some(refresh))).some("idToken", found.id_token);
    let mut others = Writer::new();
    for member in answer.members() {
        if token::is_other(&member.name) {
            others.raw(&member.name, member.raw);
        }
    }
    text.push_str(&json.raw("others", &others.take()).take());
    Ok(())
}

/// Client, a signed request object or nothing, response lines, then the body. Answers where to send the browser.
fn pushed(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let client = client(&mut lines)?;
    let (endpoint, id) = (client.authorization_endpoint, client.client_id);
    let object = lines.next();
    if !object.is_empty() {
        text.push_str(&front_channel(endpoint, id, "request", object));
        return Ok(());
    }
    let mut answer = response(&mut lines);
    answer.body = Secret::new(lines.0);
    text.push_str(&front_channel(endpoint, id, "request_uri", &PushedRequest::judge(&answer, false)?.request_uri));
    Ok(())
}

/// Client, algorithms, time, transaction, the media type of a POST or nothing, then the URL or body as the rest.
/// Answers the token, then what is needed to verify it.
fn jarm_check(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let client = browser::client(&mut lines)?;
    let [allowed, now, stored, content_type] = lines.take();
    let now = number(now).unwrap_or_default();
    let fields = transaction::split(stored);
    transaction::check(&fields)?;
    response::check_transaction(&fields, &client, now)?;
    let callback = match content_type {
        "" => Callback::Url(lines.0),
        content_type => Callback::FormPost { content_type, body: lines.0 },
    };
    let token = response::response_jwt(&fields, &client, callback)?;
    let unverified = jarm::check(&token, &algorithms(allowed)?, client.issuer, client.client_id, fields[transaction::STATE], now)?;
    push_line(text, &token);
    push_unverified(text, &unverified);
    Ok(())
}

/// Client, time, transaction, then the verified claims. Answers as `finish` does.
fn jarm_finish(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let client = browser::client(&mut lines)?;
    let [now, stored] = lines.take();
    let fields = transaction::split(stored);
    transaction::check(&fields)?;
    let parameters = jarm::as_form(lines.0)?;
    let mut code = Vec::new();
    response::judge_parameters(&fields, &client, &parameters, number(now).unwrap_or_default())?.push_code(&mut code);
    text.push_str(core::str::from_utf8(&code).unwrap_or_default());
    Ok(())
}

/// Response lines, scope, whether loopback is allowed, then the body. Answers JSON.
fn device(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let mut answer = response(&mut lines);
    let [scope, development] = lines.take();
    answer.body = Secret::new(lines.0);
    let device = Device::judge(&answer, scope, !development.is_empty())?;
    let mut json = Writer::new();
    json.string("deviceCode", device.device_code.expose())
        .string("userCode", &device.user_code)
        .string("verificationUri", &device.verification_uri)
        .some("verificationUriComplete", device.verification_uri_complete.as_deref())
        .raw("expiresIn", &decimal(u64::from(device.expires_in)))
        .raw("interval", &decimal(u64::from(device.interval)))
        .string("requestedScope", &device.requested_scope);
    text.push_str(&json.take());
    Ok(())
}

/// Address, method, whether loopback is allowed, origins with a space between them, token type, token, then for a bound token
/// the key and nonce as in `proof`. Answers the `Authorization` value, then as `proof` does.
fn resource_request(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [url, method, development, origins, kind, token] = lines.take();
    let origins = listed(origins, b' ');
    resource::check(url, &origins, !development.is_empty())?;
    if !crate::protocol::syntax::is_vschar(token) || !matches!(kind, "Bearer" | "DPoP") {
        return refused("an access token: visible ASCII, Bearer or DPoP");
    }
    let mut header = String::from(kind);
    header.push(' ');
    header.push_str(token);
    push_line(text, &header);
    if kind == "DPoP" {
        return push_proof(&mut lines, method, url, Some(token), text);
    }
    Ok(())
}
