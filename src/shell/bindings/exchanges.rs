//! The protocol's machines, made of lines: every grant, pushed requests, devices, introspection, revocation, userinfo, signed
//! answers, id_tokens, logout tokens, metadata and key sets.
//!
//! A client's lines are the same for each of its requests, so the loader joins them once. No private key comes in.

use alloc::string::String;
use alloc::vec::Vec;

use super::outcome::{Live, Out, live, texted};
use super::party::{Party, key, members_of, party, rules};
use super::text::{listed, push_line};
use super::{Lines, browser, lookups, refused, some, whole};
use crate::flow::device::{Device, DeviceRequest};
use crate::flow::exchange::Exchange;
use crate::flow::login::{DPOP_JKT, Start};
use crate::flow::session::SessionRenewal;
use crate::ground::error::{Error, Result, codes};
use crate::ground::secret::Secret;
use crate::ground::text::{cut, number};
use crate::jose::thumbprint;
use crate::protocol::authorization::jar::RequestObject;
use crate::protocol::authorization::request::Login;
use crate::protocol::authorization::response::{AuthorizationCode, Callback};
use crate::protocol::authorization::transaction::Transaction;
use crate::protocol::grant::{ACCESS_TOKEN, ClientCredentials, JwtBearer, Refresh, Target, TokenExchange};
use crate::protocol::id_token::claims::Claims;
use crate::protocol::id_token::rules::IdTokenRules;
use crate::protocol::introspection::TokenHint;
use crate::protocol::token::{TokenType, Tokens};
use crate::protocol::userinfo::Subject;

pub(super) fn make(operation: &str, lines: Lines<'_>, now: u64, random: &[u8]) -> Result<Live> {
    // These know no client.
    match operation {
        #[cfg(samtykke_machine = "norskgjeld")]
        "norskgjeld" => super::norskgjeld::make(lines),
        #[cfg(samtykke_machine = "maskinporten")]
        "maskinporten" => super::maskinporten::make(lines),
        #[cfg(samtykke_machine = "maskinporten_keys")]
        "maskinporten_keys" => super::maskinporten::key_edit(lines),
        #[cfg(samtykke_machine = "maskinporten_update")]
        "maskinporten_update" => super::maskinporten::update(lines),
        #[cfg(samtykke_machine = "norskgjeld_feed")]
        "norskgjeld_feed" => super::norskgjeld::feed(lines),
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "id_token", samtykke_machine = "logout_token"))]
        "id_token" | "logout_token" => lookups::verification(operation == "logout_token", lines),
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "metadata", samtykke_machine = "resource", samtykke_machine = "keys"))]
        "metadata" | "resource" | "keys" => lookups::discovery(operation, lines),
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "api", samtykke_machine = "api_bearer"))]
        "api" | "api_bearer" => lookups::api(lines),
        #[cfg(samtykke_entry = "selvbetjening")]
        operation if operation.starts_with("selvbetjening_") => super::selvbetjening_machines::make(operation, lines),
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
        "refresh" => party.issued(party.refresh(&mut lines)?, lines),
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "session"))]
        "session" => {
            let name = lines.next();
            let renewal = SessionRenewal::of(lines.0, move |kept| Ok(texted(party.refresh(&mut Lines(kept))?)));
            Ok(alloc::boxed::Box::new(if name.is_empty() { renewal } else { renewal.shared(name) }))
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "bearer"))]
        "bearer" => {
            let [given, scope] = lines.take();
            let grant = match given {
                "" => {
                    let (rules, key) = (rules(&mut lines)?, key(&mut lines)?);
                    let [issuer, subject] = lines.take();
                    let mut grant = JwtBearer::sign_with(key.ok_or_else(|| Error::new(&codes::ALGORITHM_REFUSED))?, rules).issuer(issuer);
                    if !subject.is_empty() {
                        grant = grant.subject(subject);
                    }
                    grant
                }
                given => JwtBearer::from_assertion(given),
            };
            party.issued(Exchange::jwt_bearer(client, authentication, &grant.scope(scope))?, lines)
        }
        #[cfg(samtykke_machine = "maskinporten_token")]
        "maskinporten_token" => {
            let call = super::maskinporten::token_call(client, &mut lines, key)?;
            Ok(alloc::boxed::Box::new(super::outcome::Outcome(call.target(target(lines)?))))
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "exchange"))]
        "exchange" => {
            let [subject, subject_type, actor, actor_type, requested, scope] = lines.take();
            let mut grant = TokenExchange::with_token_type(subject, some(subject_type).unwrap_or(ACCESS_TOKEN)).scope(scope);
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
            let device = Device::poll(device_code, scope);
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
            Ok(live(Exchange::introspection(client, authentication, &Secret::new(token), TokenHint::from_name(hint)?)?))
        }
        #[cfg(any(samtykke_entry = "full", samtykke_machine = "revoke"))]
        "revoke" => {
            let [token, hint] = lines.take();
            Ok(live(Exchange::revocation(client, authentication, &Secret::new(token), TokenHint::from_name(hint)?)?))
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
        #[cfg(samtykke_entry = "helseid")]
        operation => super::helseid_machines::make(operation, &party, lines, random),
        #[cfg(not(samtykke_entry = "helseid"))]
        _ => refused("a known operation"),
    }
}

impl Party {
    /// A refresh, bound to the key where there is one: refresh token, scope, `1` where the one that was granted follows, id_token, claims,
    /// subject, `1` where nobody is to be compared.
    #[inline(never)]
    fn refresh(&self, lines: &mut Lines<'_>) -> Result<Exchange> {
        let [token, scope, granted, known, id_token, claims, subject, unchecked] = lines.take();
        let mut grant = Refresh::new(token).scope(scope);
        if !known.is_empty() {
            grant = grant.with_granted_scope(granted);
        }
        if !claims.is_empty() {
            grant = grant.claims(Claims::from_stored(claims)?);
        }
        grant.id_token = some(id_token).map(Secret::new);
        grant.subject = some(subject).map(String::from);
        grant.unchecked = !unchecked.is_empty();
        let exchange = Exchange::refresh(&self.client, &self.authentication, &grant)?;
        Ok(self.judging(self.bound(exchange)))
    }

    fn bound<T>(&self, exchange: Exchange<T>) -> Exchange<T> {
        match &self.dpop {
            Some(key) => exchange.dpop(key, self.nonce.as_deref()),
            None => exchange,
        }
    }

    /// A request for tokens: bound to the key where there is one, for a target.
    fn issued<T: Out + 'static>(&self, exchange: Exchange<T>, lines: Lines<'_>) -> Result<Live> {
        let mut exchange = self.bound(exchange);
        if self.storing {
            exchange = exchange.with_store();
        }
        exchange = exchange.target(&target(lines)?)?;
        Ok(live(self.judging(exchange)))
    }

    /// `1` where the request is signed, then `typ`, lifetime, whether the parameters stand beside it (`o` some of them too), claims, key; then what `begin`
    /// takes after the client: time by the host's clock, scope, and so on.
    fn login(&self, mut lines: Lines<'_>, random: &[u8]) -> Result<Live> {
        let mut start = Start::new();
        let [signed, typ, seconds, beside, claims] = lines.take();
        let key = key(&mut lines)?;
        if !signed.is_empty() {
            let Some(key) = key else {
                return Err(Error::new_expected(&codes::INVALID_CONFIGURATION, "requestObject.key: a key to sign with"));
            };
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
        browser::begun(&self.client.settings(), Lines(&asked), random, &mut begun)?;
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
