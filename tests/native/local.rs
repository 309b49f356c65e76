//! Providers' clients against the local servers, from a login or a grant to an API's answer.
//!
//! `tests/programs/providers.test.mjs` starts the servers and runs this with the address of what is registered there; without one
//! there is nothing to do. Refuses nothing: each provider's client must get through.

use samtykke::native::acmidm::{self, AcmIdm, ElysEnvironment};
use samtykke::native::bytes::Bytes;
use samtykke::native::halland::Halland;
use samtykke::native::helseid::{self, HelseId, TokenRequest};
use samtykke::native::http::{self, Request};
use samtykke::native::idporten::{self, IdPorten};
use samtykke::native::maskinporten::{Environment, Maskinporten};
use samtykke::native::{SigningKey, Wanted};
use samtykke::provider::halland::SubscriberKey;
use samtykke::provider::maskinporten::Problem;
use samtykke::{Algorithm, AuthorizationRequest, Callback};
use serde_json::Value;

use super::support::run;

/// What is registered, and who logs in.
struct World {
    address: String,
    facts: Value,
}

impl World {
    async fn at(address: String) -> Self {
        let text = get(&format!("{address}/world")).await;
        Self { facts: serde_json::from_str(&text).unwrap(), address }
    }

    fn of(&self, provider: &str, fact: &str) -> &str {
        self.facts[provider][fact].as_str().unwrap_or_else(|| panic!("{provider} has no {fact}"))
    }

    fn key(&self, provider: &str, fact: &str) -> SigningKey {
        SigningKey::from_jwk(self.of(provider, fact)).unwrap()
    }

    /// Where the browser is sent after the login.
    async fn walk(&self, provider: &str, url: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("provider", provider).append_pair("url", url).finish();
        get(&format!("{}/walk?{query}", self.address)).await
    }
}

async fn get(address: &str) -> String {
    let answer = reqwest::Client::builder().no_proxy().build().unwrap().get(address).send().await.unwrap();
    assert_eq!(answer.status(), 200, "{address}");
    answer.text().await.unwrap()
}

fn call(address: &str) -> Request<Bytes> {
    Request::get(address).body(Bytes::new()).unwrap()
}

fn text(answer: &http::Response<Bytes>) -> &str {
    core::str::from_utf8(answer.body()).unwrap()
}

async fn helseid(world: &World) {
    let of = |fact| world.of("helseid", fact);
    let environment = helseid::Environment::custom(of("issuer")).unwrap();
    let settings = |client: samtykke::native::Builder| client.redirect_uri(of("redirectUri")).api(of("api"));
    let client = HelseId::connect(environment, of("clientId"), world.key("helseid", "jwk"), settings).await.unwrap();
    let scope =
        format!("openid profile offline_access helseid://scopes/identity/security_level {}/api {}/mhd/read", of("own"), of("other"));
    let login = client.begin(&helseid::LoginRequest::new(scope)).await.unwrap();
    let callback = world.walk("helseid", &login.url).await;
    let other = TokenRequest::new().resource(of("other"));
    let session = client.finish(login.transaction, Callback::Url(&callback), &other).await.unwrap();
    // The first audience is there, the second one takes a refresh, and its API takes token and proof.
    let own = TokenRequest::new().resource(of("own"));
    let (first, again) = (session.tokens(&other).await.unwrap(), session.tokens(&other).await.unwrap());
    assert_eq!(first.tokens.access_token, again.tokens.access_token);
    let answer = session.send(&own, call(&format!("{}/documents?patient=1", of("api")))).await.unwrap();
    assert_eq!(answer.status(), 200);
    let claims: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(claims["aud"], of("own"));
    assert_eq!(session.userinfo().await.unwrap().text("sub"), session.claims().unwrap().text("sub"));
    // A session that was stored goes on where this one is.
    let stored = client.session(session.serialize().expose(), None).unwrap();
    assert_eq!(stored.send(&own, call(&format!("{}/documents", of("api")))).await.unwrap().status(), 200);
}

async fn maskinporten(world: &World) {
    let of = |fact| world.of("maskinporten", fact);
    let environment = || Environment::custom(of("issuer"), of("tokenEndpoint"), of("selfService")).unwrap();
    let client = Maskinporten::new(environment(), of("clientId"), world.key("maskinporten", "jwk")).unwrap();
    assert_eq!(client.token_source().get(of("scope")).await.unwrap().scope.as_deref(), Some(of("scope")));
    let refused = client.token_source().get("nobody:has.this").await.unwrap_err();
    assert!(Problem::of(&refused).id.is_some(), "{refused:?}");
    let admin = Maskinporten::new(environment(), of("adminId"), world.key("maskinporten", "adminJwk")).unwrap();
    let tokens = admin.token_source().get("idporten:dcr.read").await.unwrap();
    let clients = admin.call(admin.self_service(&tokens).clients(false).unwrap()).await.unwrap();
    assert!(!clients.is_empty());
}

async fn acmidm(world: &World) {
    let of = |fact| world.of("acmidm", fact);
    let environment = || acmidm::Environment::custom(of("issuer")).unwrap();
    let elys = ElysEnvironment::custom(of("elys")).unwrap();
    let machine = AcmIdm::new(environment(), of("machine"), world.key("acmidm", "jwk")).unwrap();
    let wanted = Wanted::new("vo_info elys_depzorg").audience(of("api"));
    let tokens = machine.token_source().get(wanted).await.unwrap();
    let api = machine.elys(&elys, &tokens).unwrap();
    let (ping, mismatches) = api.ping(of("organisation"), "vo_info elys_depzorg").await.unwrap();
    assert!(mismatches.is_empty(), "{ping:?} {mismatches:?}");
    let answer = api.send(call("/declarations/v1")).await.unwrap();
    assert_eq!((answer.status().as_u16(), text(&answer)), (200, r#"{"path":"/declarations/v1"}"#));

    let settings = |client: samtykke::native::Builder| client.redirect_uri(of("redirectUri"));
    let client = AcmIdm::with(environment(), of("person"), world.key("acmidm", "jwk"), settings).unwrap();
    let login = client.begin(AuthorizationRequest::new("openid vo profile")).await.unwrap();
    let callback = world.walk("acmidm", &login.url).await;
    let tokens = client.finish(login.transaction, Callback::Url(&callback)).await.unwrap();
    let subject = tokens.claims.as_ref().and_then(|claims| claims.text("sub"));
    let delegated = client.delegate(&tokens, of("api"), "").await.unwrap();
    assert_ne!(delegated.access_token, tokens.access_token);
    let found = client.client().introspect(&delegated.access_token, None).await.unwrap();
    assert!(found.active());
    assert_eq!(client.client().userinfo(&tokens).await.unwrap().text("sub"), subject);
}

async fn halland(world: &World) {
    let of = |fact| world.of("halland", fact);
    let key = SigningKey::from_pem(of("pem"), Algorithm::RS256).unwrap();
    let settings = |client: samtykke::native::Builder| client.api(of("gateway")).development();
    let client = Halland::connect(of("issuer"), of("clientId"), key, settings).await.unwrap();
    let client = client.subscriber_key(SubscriberKey::new(of("key")).unwrap());
    let source = client.token_source();
    let tokens = source.get(Wanted::new("hsainfoapi.read").resource(of("resource"))).await.unwrap();
    let address = format!("{}/hsa/units", of("gateway"));
    let answer = client.send(&tokens, call(&address)).await.unwrap();
    let said: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(said["api"], of("resource"));
    // The token of another API, and no key.
    let other = source.get(Wanted::new("exempelapi.Public").resource(of("other"))).await.unwrap();
    assert_eq!(client.send(&other, call(&address)).await.unwrap_err().code(), "token_invalid");
    let bare = client.subscriber_key(SubscriberKey::new("unknown").unwrap());
    assert_eq!(bare.send(&tokens, call(&address)).await.unwrap_err().code(), "subscription_key_refused");
}

async fn idporten(world: &World) {
    let of = |fact| world.of("idporten", fact);
    let settings = |client: samtykke::native::Builder| client.redirect_uri(of("redirectUri")).api(&world.address);
    let environment = idporten::Environment::custom(of("issuer")).unwrap();
    let client = IdPorten::with(environment, of("clientId"), world.key("idporten", "jwk"), settings).unwrap();
    let request = idporten::LoginRequest::new("openid profile").acr_values("idporten-loa-high");
    let login = client.begin(request).await.unwrap();
    let callback = world.walk("idporten", &login.url).await;
    let tokens = client.finish(login.transaction, Callback::Url(&callback)).await.unwrap();
    let pid = tokens.claims.as_ref().and_then(|claims| claims.text("pid")).unwrap();
    let tokens = client.client().refresh(&tokens).await.unwrap();
    let answer = client.client().send(&tokens, call(&format!("{}/things", world.address))).await.unwrap();
    assert_eq!((answer.status().as_u16(), text(&answer)), (200, &*format!("things of {pid}")));
}

#[test]
fn clients_of_providers_get_through() {
    let Ok(address) = std::env::var("SAMTYKKE_LOCAL_WORLD") else { return };
    run(async {
        let world = World::at(address).await;
        helseid(&world).await;
        println!("\nthrough helseid");
        maskinporten(&world).await;
        println!("through maskinporten");
        acmidm(&world).await;
        println!("through acmidm");
        halland(&world).await;
        println!("through halland");
        idporten(&world).await;
        println!("through idporten");
    });
}
