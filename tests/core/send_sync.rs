//! Every public type can move to another thread and be shared between threads, machines and errors too.
//!
//! Proved when this compiles, since no handler of axum or tower takes what is not `Send`. The shell on wasm is not among them: it
//! holds values of JavaScript. Refuses a public type that is missing from the list.

use std::collections::BTreeSet;
use std::path::Path;

const fn proved<T: Send + Sync>() {}

const _: () = {
    proved::<samtykke::flow::device::DeviceRequest>();
    proved::<samtykke::flow::device::Device>();
    proved::<samtykke::flow::device::Polled>();
    proved::<samtykke::flow::discovery::WellKnown>();
    proved::<samtykke::flow::discovery::Discovery>();
    proved::<samtykke::flow::keys::KeySet>();
    proved::<samtykke::flow::exchange::Exchange<()>>();
    proved::<samtykke::flow::keys::JwksTimes>();
    proved::<samtykke::flow::login::Start>();
    proved::<samtykke::flow::machine::Failure>();
    proved::<samtykke::flow::machine::Input>();
    proved::<samtykke::flow::machine::Moment<'static>>();
    proved::<samtykke::flow::machine::Spends<'static>>();
    proved::<samtykke::flow::session::SessionRenewal>();
    proved::<samtykke::Step<()>>();
    proved::<samtykke::flow::step::DecryptRequest>();
    proved::<samtykke::flow::step::FindRequest>();
    proved::<samtykke::flow::step::CallRequest>();
    proved::<samtykke::flow::step::Place>();
    proved::<samtykke::flow::step::Record>();
    proved::<samtykke::flow::step::KeyRole>();
    proved::<samtykke::flow::step::SignRequest>();
    proved::<samtykke::flow::step::VerifyRequest>();
    proved::<samtykke::error::message::Language>();
    proved::<samtykke::error::Phase>();
    proved::<samtykke::error::Action>();
    proved::<samtykke::error::Kind>();
    proved::<samtykke::error::ErrorKind>();
    #[cfg(feature = "serde")]
    proved::<samtykke::protocol::Exposed<'static>>();
    proved::<samtykke::error::OAuthError>();
    proved::<samtykke::error::Error>();
    proved::<samtykke::Request>();
    proved::<samtykke::Response>();
    proved::<samtykke::Secret>();
    proved::<samtykke::jose::alg::Family>();
    proved::<samtykke::jose::alg::Hash>();
    proved::<samtykke::jose::alg::Algorithm>();
    proved::<samtykke::jose::jwk::Jwk>();
    proved::<samtykke::jose::jws::Compact<'static>>();
    proved::<samtykke::jose::jwe::Encryption>();
    proved::<samtykke::jose::key::KeyInfo>();
    proved::<samtykke::protocol::introspection::TokenHint>();
    proved::<samtykke::protocol::introspection::Introspection>();
    proved::<samtykke::protocol::logout::Logout>();
    proved::<samtykke::protocol::metadata::Policy<'static>>();
    proved::<samtykke::protocol::metadata::Metadata>();
    proved::<samtykke::protocol::resource_metadata::ResourceMetadata>();
    proved::<samtykke::protocol::userinfo::Subject<'static>>();
    proved::<samtykke::protocol::authorization::jar::RequestObject>();
    proved::<samtykke::protocol::authorization::par::PushedRequest>();
    proved::<samtykke::protocol::authorization::pkce::Verifier>();
    proved::<samtykke::protocol::authorization::request::AuthorizationRequest>();
    proved::<samtykke::protocol::authorization::request::Login>();
    proved::<samtykke::protocol::authorization::response::Callback<'static>>();
    proved::<samtykke::protocol::authorization::response::AuthorizationCode>();
    proved::<samtykke::protocol::authorization::transaction::ResponseMode>();
    proved::<samtykke::protocol::authorization::transaction::Transaction>();
    proved::<samtykke::protocol::challenge::Challenge>();
    proved::<samtykke::protocol::profile::Rules>();
    proved::<samtykke::protocol::profile::Profile>();
    proved::<samtykke::protocol::client::Registration>();
    proved::<samtykke::protocol::client_auth::ClientAuthentication>();
    proved::<samtykke::protocol::client_auth::PrivateKeyJwt>();
    proved::<samtykke::protocol::dpop::Server>();
    proved::<samtykke::protocol::dpop::Nonces>();
    proved::<samtykke::protocol::grant::JwtBearer>();
    proved::<samtykke::protocol::grant::ClientCredentials>();
    proved::<samtykke::protocol::grant::Refresh>();
    proved::<samtykke::protocol::grant::Target>();
    proved::<samtykke::protocol::grant::TokenExchange>();
    proved::<samtykke::protocol::id_token::claims::Claims>();
    proved::<samtykke::protocol::id_token::claims::Unverified>();
    proved::<samtykke::protocol::id_token::IdTokenExpectation<'static>>();
    proved::<samtykke::protocol::id_token::rules::IdTokenRules>();
    proved::<samtykke::protocol::profile::Endpoints>();
    proved::<samtykke::protocol::profile::Presence>();
    proved::<samtykke::protocol::profile::Audience>();
    proved::<samtykke::protocol::profile::AssertionRules>();
    proved::<samtykke::protocol::profile::Requests>();
    proved::<samtykke::protocol::token::RequestKind>();
    proved::<samtykke::protocol::token::TokenType>();
    proved::<samtykke::protocol::token::Expectation>();
    proved::<samtykke::protocol::token::Tokens>();
    proved::<samtykke::protocol::token_cache::Target<'static>>();
    proved::<samtykke::protocol::token_cache::Fault>();
    proved::<samtykke::protocol::token_cache::Policy>();
    proved::<samtykke::protocol::token_cache::Decision<'static>>();
    proved::<samtykke::protocol::token_cache::TokenCache>();
    proved::<samtykke::protocol::token_record::TokenRecord>();
    proved::<samtykke::provider::acmidm::Delegation>();
    proved::<samtykke::provider::acmidm::Actor>();
    proved::<samtykke::provider::acmidm::ElysEnvironment>();
    proved::<samtykke::provider::acmidm::Trace<'static>>();
    proved::<samtykke::provider::acmidm::ElysApi<'static>>();
    proved::<samtykke::provider::acmidm::Environment>();
    proved::<samtykke::provider::acmidm::LoginMeans>();
    proved::<samtykke::provider::acmidm::GrantedAudience>();
    proved::<samtykke::provider::acmidm::Ping>();
    proved::<samtykke::provider::acmidm::Expected<'static>>();
    proved::<samtykke::provider::acmidm::Point>();
    proved::<samtykke::provider::acmidm::Mismatch>();
    proved::<samtykke::provider::adfs::Current>();
    proved::<samtykke::provider::halland::SubscriberKey>();
    proved::<samtykke::provider::halland::Refusal>();
    proved::<samtykke::provider::adfs::Msis>();
    proved::<samtykke::provider::adfs::KeyName>();
    proved::<samtykke::provider::helseid::TokenCache>();
    proved::<samtykke::provider::helseid::HelseId>();
    proved::<samtykke::provider::helseid::Organization>();
    proved::<samtykke::provider::helseid::Details>();
    proved::<samtykke::provider::helseid::TokenRequest>();
    proved::<samtykke::provider::helseid::Granted>();
    proved::<samtykke::provider::helseid::LoginRequest>();
    proved::<samtykke::provider::helseid::Session>();
    proved::<samtykke::provider::helseid::SessionToken>();
    proved::<samtykke::provider::helseid::Environment>();
    proved::<samtykke::provider::maskinporten::ClientScope>();
    proved::<samtykke::provider::maskinporten::ScopeAccess>();
    proved::<samtykke::provider::maskinporten::AccessState>();
    proved::<samtykke::provider::maskinporten::TokenExpectation<'static>>();
    proved::<samtykke::provider::maskinporten::Organisation>();
    proved::<samtykke::provider::maskinporten::AccessToken>();
    proved::<samtykke::provider::maskinporten::SelfService<'static>>();
    proved::<samtykke::provider::maskinporten::AuthorizationDetails>();
    proved::<samtykke::provider::maskinporten::ConsentFrom>();
    proved::<samtykke::provider::maskinporten::Edit>();
    proved::<samtykke::provider::maskinporten::ClientScope>();
    proved::<samtykke::provider::maskinporten::KeyEditCall>();
    proved::<samtykke::provider::maskinporten::TokenCall>();
    proved::<samtykke::provider::maskinporten::UpdateCall>();
    proved::<samtykke::provider::maskinporten::Updated>();
    proved::<samtykke::provider::maskinporten::EuropeanCaller>();
    proved::<samtykke::provider::maskinporten::Change>();
    proved::<samtykke::provider::maskinporten::Environment>();
    proved::<samtykke::provider::idporten::Environment>();
    proved::<samtykke::provider::idporten::LoginRequest>();
    proved::<samtykke::provider::altinn::Environment>();
    proved::<samtykke::provider::altinn::Issuer>();
    proved::<samtykke::provider::altinn::AltinnToken>();
    proved::<samtykke::provider::altinn::TokenExchange>();
    proved::<samtykke::provider::maskinporten::ClientScope>();
    proved::<samtykke::provider::maskinporten::Operation>();
    proved::<samtykke::provider::maskinporten::OrganisationNumber>();
    proved::<samtykke::provider::maskinporten::Again>();
    proved::<samtykke::provider::maskinporten::Problem>();
    proved::<samtykke::provider::maskinporten::Record>();
    proved::<samtykke::provider::maskinporten::TokenRequest>();
    proved::<samtykke::provider::norskgjeld::Agreement>();
    proved::<samtykke::provider::norskgjeld::RegisteredConsent>();
    proved::<samtykke::provider::call::Call<()>>();
    proved::<samtykke::provider::norskgjeld::Revoked>();
    proved::<samtykke::provider::norskgjeld::Api<'static>>();
    proved::<samtykke::provider::norskgjeld::DebtInformation>();
    proved::<samtykke::provider::norskgjeld::CreditorAnswer>();
    proved::<samtykke::provider::norskgjeld::Loan>();
    proved::<samtykke::provider::norskgjeld::DebtConsent>();
    proved::<samtykke::provider::norskgjeld::ConsentStatus>();
    proved::<samtykke::provider::norskgjeld::EventType>();
    proved::<samtykke::provider::norskgjeld::Event>();
    proved::<samtykke::provider::norskgjeld::EventPage>();
    proved::<samtykke::provider::norskgjeld::Batch>();
    proved::<samtykke::provider::norskgjeld::FeedCall>();
    proved::<samtykke::provider::norskgjeld::Reading>();
    proved::<samtykke::provider::call::ApiCall<()>>();
    proved::<samtykke::flow::step::BearerRequest>();
    proved::<samtykke::provider::norskgjeld::Environment>();
    proved::<samtykke::provider::norskgjeld::Service>();
    proved::<samtykke::provider::norskgjeld::Purpose>();
    proved::<samtykke::provider::norskgjeld::Scope>();
    proved::<samtykke::provider::selvbetjening::Abandoned>();
    proved::<samtykke::provider::selvbetjening::Abandon<&'static mut samtykke::provider::selvbetjening::Enrolment>>();
    proved::<samtykke::provider::selvbetjening::Delegation>();
    proved::<samtykke::provider::selvbetjening::ServiceTerms>();
    proved::<samtykke::provider::selvbetjening::Api<'static>>();
    proved::<samtykke::provider::selvbetjening::Status>();
    proved::<samtykke::provider::selvbetjening::ScopeAccess>();
    proved::<samtykke::provider::selvbetjening::ClaimAccess>();
    proved::<samtykke::provider::selvbetjening::CurrentClient>();
    proved::<samtykke::provider::selvbetjening::ClientSettings>();
    proved::<samtykke::provider::selvbetjening::Claim>();
    proved::<samtykke::provider::selvbetjening::Draft>();
    proved::<samtykke::provider::selvbetjening::Key>();
    proved::<samtykke::provider::selvbetjening::Enrolment>();
    proved::<samtykke::provider::selvbetjening::Drafting>();
    proved::<samtykke::provider::selvbetjening::PublicKey>();
    proved::<samtykke::provider::selvbetjening::SecretBody>();
    proved::<samtykke::provider::selvbetjening::ClientSecret>();
    proved::<samtykke::provider::selvbetjening::Loopback>();
    proved::<samtykke::provider::selvbetjening::Environment>();
    proved::<samtykke::provider::selvbetjening::Pause>();
    proved::<samtykke::provider::selvbetjening::Rotated>();
    proved::<samtykke::provider::selvbetjening::Rotation<&'static mut samtykke::provider::selvbetjening::Enrolment>>();
    proved::<samtykke::provider::selvbetjening::Update>();
    proved::<samtykke::provider::selvbetjening::Pacing>();
    proved::<samtykke::provider::selvbetjening::Wait>();
    #[cfg(feature = "aws-lc-rs")]
    proved::<samtykke::signer::native::NativeKey>();
    #[cfg(feature = "aws-lc-rs")]
    proved::<samtykke::signer::native::NativeVerifier>();
    #[cfg(feature = "p256")]
    proved::<samtykke::signer::p256::P256Key>();
    #[cfg(feature = "p256")]
    proved::<samtykke::signer::p256::P256Verifier>();
};

/// Floors and files whose types no user gets hold of.
const INSIDE: &[&str] = &["src/shell", "src/ground/json", "src/ground/text.rs", "src/ground/uri.rs"];

/// The name after `pub struct` or `pub enum` at the start of a line.
fn named(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub struct ").or_else(|| line.strip_prefix("pub enum "))?;
    rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

fn collect(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let inside = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        if INSIDE.contains(&&*inside) {
            continue;
        }
        if path.is_dir() {
            collect(&path, root, found);
        } else if inside.ends_with(".rs") {
            found.extend(std::fs::read_to_string(&path).unwrap().lines().filter_map(named).map(String::from));
        }
    }
}

#[test]
fn no_public_type_is_missing() {
    let listed: BTreeSet<&str> = include_str!("send_sync.rs")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("proved::<")?.strip_suffix(">();"))
        .map(|path| path.split('<').next().unwrap().rsplit("::").next().unwrap())
        .collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    collect(&root.join("src"), root, &mut found);
    assert!(found.len() > 100);
    let missing: Vec<&String> = found.iter().filter(|name| !listed.contains(name.as_str())).collect();
    assert!(missing.is_empty(), "not in the list: {missing:?}");
}
