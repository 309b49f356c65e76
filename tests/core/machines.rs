//! What a machine sends to ACM/IDM and to Region Halland: assertion and form as documented, and keys that neither takes.

use crate::by_hand::by_hand;
use crate::encode::base64url_decode;
use samtykke::jose::{Algorithm, KeyInfo, der};
use samtykke::protocol::grant::Target;
use samtykke::provider::acmidm::{self, Environment};
use samtykke::provider::{adfs, halland};
use samtykke::{ClientAuthentication, ClientCredentials, Exchange, Profile, Registration, Step};
use serde_json::{Value, json};

const NOW: u64 = 1_800_000_000;
const THUMBPRINT: &str = "tROADrJlScDCfjGrmIBliLNVRBg"; // as openssl prints it, in base64url

fn pem() -> &'static str {
    let file = include_str!("../js/certificate.mjs");
    file.get(file.find("-----BEGIN CERTIFICATE").unwrap()..).unwrap()
}

/// A key with its certificate, for an algorithm.
fn key(alg: &str) -> KeyInfo {
    KeyInfo::new(Algorithm::from_name(alg).unwrap(), der::public_key(pem()).unwrap()).unwrap().certificates(pem()).unwrap()
}

fn asked(profile: Profile, key: KeyInfo, scope: &str, target: &Target) -> Exchange {
    let client = Registration::new(profile.for_machines(), "my-client", "").unwrap();
    let exchange = Exchange::client_credentials(&client, &ClientAuthentication::private_key_jwt(key), &ClientCredentials::new(scope));
    exchange.unwrap().target(target).unwrap()
}

/// The header, the claims and the form, but for the assertion.
fn sent(exchange: Exchange) -> (Value, Value, Vec<(String, String)>) {
    let mut exchange = by_hand(exchange);
    let Step::Sign(wanted) = exchange.step(&[7; 32], NOW).unwrap() else { panic!("unsigned") };
    let mut parts = wanted.input.split('.').map(|part| serde_json::from_slice(&base64url_decode(part).unwrap()).unwrap());
    let (header, mut claims): (Value, Value) = (parts.next().unwrap(), parts.next().unwrap());
    assert!(claims.as_object_mut().unwrap().remove("jti").unwrap().as_str().is_some_and(is_uuid));
    exchange.accept_signature(&[1; 256]);
    let Step::Send(request) = exchange.step(&[8; 32], NOW).unwrap() else { panic!("unsent") };
    let body = request.body.unwrap();
    let form = form_urlencoded::parse(body.expose().as_bytes()).into_owned().filter(|(name, _)| name != "client_assertion");
    (header, claims, form.collect())
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all: Vec<_> = pairs.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
    all.push(("client_assertion_type".into(), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".into()));
    all.sort();
    all
}

/// A random UUID (RFC 9562 section 5.4): ACM/IDM and AD FS want one as `jti`.
fn is_uuid(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && parts.iter().all(|part| part.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'a'..=b'f')))
        && parts[2].starts_with('4')
        && parts[3].starts_with(['8', '9', 'a', 'b'])
}

#[test]
fn acmidm_gets_the_issuer_as_audience_and_the_api_by_name() {
    let (header, claims, mut form) =
        sent(asked(acmidm::profile(&Environment::ti()), key("RS256"), "vo_info elys_depzorg", &Target::new().audience("api-client")));
    assert_eq!(header, json!({"alg": "RS256", "typ": "JWT"}));
    let issuer = "https://authenticatie-ti.vlaanderen.be/op";
    assert_eq!(claims, json!({"iss": "my-client", "sub": "my-client", "aud": issuer, "iat": NOW, "exp": NOW + 300}));
    form.sort();
    let scope = ("scope", "vo_info elys_depzorg");
    assert_eq!(form, pairs(&[("grant_type", "client_credentials"), ("client_id", "my-client"), scope, ("audience", "api-client")]));
}

#[test]
fn halland_gets_the_certificate_the_endpoint_as_called_and_a_bare_resource() {
    let scope = "hsainfoapi.read hsainfoapi.write";
    for (slash, endpoint) in [(true, "https://adfs.example.se/adfs/oauth2/token/"), (false, "https://adfs.example.se/adfs/oauth2/token")] {
        let mut profile = halland::profile("https://adfs.example.se/adfs");
        if !slash {
            profile.token_endpoint = endpoint.into();
        }
        let target = adfs::target("hsainfoapi.regionhalland.se").unwrap();
        let (header, claims, mut form) = sent(asked(profile, key("RS256"), scope, &target));
        assert_eq!(header, json!({"alg": "RS256", "typ": "JWT", "x5t": THUMBPRINT}));
        assert_eq!(claims, json!({"iss": "my-client", "sub": "my-client", "aud": endpoint, "iat": NOW, "nbf": NOW, "exp": NOW + 300}));
        form.sort();
        let resource = ("resource", "hsainfoapi.regionhalland.se");
        assert_eq!(form, pairs(&[("grant_type", "client_credentials"), ("client_id", "my-client"), ("scope", scope), resource]));
    }
}

#[test]
fn neither_takes_another_algorithm_and_halland_no_key_without_certificate() {
    let refused = |profile: Profile, key: KeyInfo| {
        let exchange = asked(profile, key, "a", &Target::new());
        by_hand(exchange).step(&[7; 32], NOW).unwrap_err().code()
    };
    for alg in ["PS256", "RS384", "RS512"] {
        assert_eq!(refused(acmidm::profile(&Environment::ti()), key(alg)), "invalid_configuration", "{alg}");
        assert_eq!(refused(halland::profile("https://adfs.example.se/adfs"), key(alg)), "invalid_configuration", "{alg}");
    }
    let bare = KeyInfo::new(Algorithm::from_name("RS256").unwrap(), der::public_key(pem()).unwrap()).unwrap();
    assert_eq!(refused(halland::profile("https://adfs.example.se/adfs"), bare), "invalid_configuration");
}
