//! Any AD FS: how assertions name the certificate, who may ask, issuers, and Region Halland as one of them.

use samtykke::error::Action;
use samtykke::protocol::profile::{Audience, Presence};
use samtykke::provider::adfs::{self, KeyName, Msis};
use samtykke::provider::halland;
use samtykke::{ClientAuthentication, ClientCredentials, Exchange, Registration};

const ISSUER: &str = "https://adfs.example.org/adfs";

#[test]
fn a_certificate_is_named_as_the_server_wants() {
    for (name, kid, x5t) in [
        (KeyName::X5t, Presence::Never, Presence::Always),
        (KeyName::Kid, Presence::Always, Presence::Never),
        (KeyName::X5tAndKid, Presence::Always, Presence::Always),
    ] {
        let rules = adfs::named(adfs::profile(ISSUER), name).requests.assertion;
        assert_eq!((rules.kid, rules.x5t, rules.audience), (kid, x5t, Audience::Endpoint), "{name:?}");
        assert_eq!(rules.algorithms, ["RS256"]);
    }
    assert_eq!(adfs::profile(ISSUER).requests.assertion, adfs::named(adfs::profile(ISSUER), KeyName::default()).requests.assertion);
}

#[test]
fn secrets_and_public_clients_are_taken_and_a_secret_that_signs_is_not() {
    let client = Registration::new(adfs::profile(ISSUER).for_machines(), "c", "").unwrap();
    let asked = ClientCredentials::new("read");
    for (authentication, taken) in [
        (ClientAuthentication::secret_post("s"), true),
        (ClientAuthentication::secret_basic("s"), true),
        (ClientAuthentication::secret_jwt("a secret of at least thirty-two octets"), false),
    ] {
        assert_eq!(Exchange::client_credentials(&client, &authentication, &asked).is_ok(), taken);
    }
}

#[test]
fn an_issuer_is_a_host_or_an_address_without_a_slash_at_its_end() {
    assert_eq!(adfs::issuer_of("adfs.example.org").unwrap(), ISSUER);
    assert_eq!(adfs::issuer_of("https://adfs.example.org/sts").unwrap(), "https://adfs.example.org/sts");
    for odd in [
        "",
        "adfs.example.org/adfs",
        "https://adfs.example.org/adfs/",
        "http://adfs.example.org/adfs",
        "a@b",
        "https://x.example/adfs?a",
        "a b",
    ] {
        assert_eq!(adfs::issuer_of(odd).err().map(|error| error.code()), Some("invalid_configuration"), "{odd}");
    }
}

#[test]
fn region_halland_is_an_ad_fs_that_takes_certificates_alone() {
    let [region, any] = [halland::profile(ISSUER), adfs::profile(ISSUER)];
    let told = |profile: &samtykke::Profile| format!("{:?} {:?}", profile.requests, profile.endpoints);
    assert_eq!(told(&region), told(&any));
    assert_eq!((region.token_endpoint, region.authorization_endpoint), (any.token_endpoint, any.authorization_endpoint));
    assert_eq!((region.rules.id, any.rules.id), ("halland", "adfs"));
    assert_eq!(region.rules.client_authentication, ["private_key_jwt"]);
}

#[test]
fn a_code_says_what_to_do() {
    for (text, code, action) in [
        ("MSIS9604: An error occurred.", "MSIS9604", Some(Action::TryLater)),
        ("MSIS9615: expired", "MSIS9615", Some(Action::Restart)),
        ("MSIS9622: Registration authentication failed.", "MSIS9622", Some(Action::FixConfiguration)),
        ("MSIS9999: new", "MSIS9999", None),
    ] {
        let found = Msis::find(text).unwrap();
        assert_eq!((&*found.code, found.action, found.advice.is_empty()), (code, action, action.is_none()));
    }
}
