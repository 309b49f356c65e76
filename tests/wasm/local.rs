//! Clients of providers over fetch against the local servers, from a login or a grant to an API's answer.
//!
//! `tests/lib/local_world.mjs` starts the servers, says what is registered there, and walks logins as a person does.
//! Refuses nothing: each provider's client must get through, and what a provider refuses must come as its own error.

use samtykke::fetch::{self, Client, HelseId, Key};
use samtykke::jose::Algorithm;
use samtykke::protocol::grant::Target;
use samtykke::provider::helseid::{self, LoginRequest, TokenRequest};
use samtykke::provider::maskinporten::{self, Problem, SelfService};
use samtykke::provider::selvbetjening::{self, Draft, Enrolment, Pacing, PublicKey, Wait};
use samtykke::provider::{acmidm, halland, idporten};
use samtykke::{AuthorizationRequest, Callback, ClientCredentials, Profile, Request, Tokens};
use serde_json::Value;
use wasm_bindgen_test::wasm_bindgen_test;

/// The address of the world's own.
fn address() -> &'static str {
    option_env!("SAMTYKKE_LOCAL_WORLD").expect("run these tests by `node tests/wasm/run.mjs`")
}

fn get(url: &str) -> Request {
    Request { method: "GET", url: url.into(), headers: Vec::new(), body: None, repeatable: true }
}

async fn asked(url: &str) -> String {
    let mut profile = Profile::new(address(), &format!("{}/authorize", address()), &format!("{}/token", address()));
    profile.development = true.into();
    let client = Client::new(samtykke::Registration::new(profile.for_machines(), "nobody", "").unwrap()).api(address());
    let answer = client.send(&Tokens::bare("none", Default::default()), get(url)).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body.expose());
    answer.body.expose().to_owned()
}

/// What is registered at a provider.
struct Facts {
    provider: &'static str,
    facts: Value,
}

impl Facts {
    async fn of(provider: &'static str) -> Self {
        let all: Value = serde_json::from_str(&asked(&format!("{}/world", address())).await).unwrap();
        Self { provider, facts: all[provider].clone() }
    }

    fn get(&self, fact: &str) -> &str {
        self.facts[fact].as_str().unwrap_or_else(|| panic!("{} has no {fact}", self.provider))
    }

    async fn key(&self, fact: &str) -> Key {
        let jwk: Value = serde_json::from_str(self.get(fact)).unwrap();
        let key = Key::from_jwk(self.get(fact), Algorithm::from_name(jwk["alg"].as_str().unwrap()).unwrap()).await.unwrap();
        match jwk["kid"].as_str() {
            Some(kid) => key.with_kid(kid),
            None => key,
        }
    }

    /// Where the browser is sent after the login.
    async fn walk(&self, url: &str) -> String {
        asked(&format!("{}/walk?provider={}&url={}", address(), self.provider, js_sys::encode_uri_component(url))).await
    }
}

#[wasm_bindgen_test]
async fn helseid_from_a_login_to_the_api_of_each_audience() {
    let world = Facts::of("helseid").await;
    let (own, other) = (world.get("own"), world.get("other"));
    let environment = helseid::Environment::custom(world.get("issuer")).unwrap();
    let key = world.key("jwk").await;
    let client = HelseId::connect(&environment, world.get("clientId"), world.get("redirectUri"), key).await.unwrap();
    let machine = client.machine(&TokenRequest::new().scope("nhn:selvbetjening/client")).await.unwrap();
    assert!(machine.tokens.refresh_token.is_none());

    let scope = format!("openid profile offline_access helseid://scopes/identity/security_level {own}/api {other}/mhd/read");
    let login = client.begin(&LoginRequest::new(scope)).await.unwrap();
    let callback = world.walk(&login.url).await;
    let first = TokenRequest::new().resource(other);
    let session = client.finish(login.transaction, Callback::Url(&callback), &first).await.unwrap();
    let begun = session.serialize();
    // The token of the login's audience is there; the other takes a refresh, which is stored before it is given out, and its API takes
    // token and proof.
    let saved = std::cell::RefCell::new(Vec::new());
    let save = async |text: samtykke::Secret| {
        saved.borrow_mut().push(text);
        Ok(())
    };
    session.tokens(&first, save).await.unwrap();
    assert!(saved.borrow().is_empty());
    let granted = session.tokens(&TokenRequest::new().resource(own), save).await.unwrap();
    let texts = saved.take();
    assert_eq!(texts.len(), 2, "with the new refresh token before anything else, and when all is verified");
    assert!(texts.iter().all(|text| text.expose().contains(r#""turn":1"#) && *text != begun));
    assert_eq!(texts.last(), Some(&session.serialize()));
    let api = client.client().clone().api(world.get("api"));
    let answer = api.send(&granted.tokens, get(&format!("{}/documents?patient=1", world.get("api")))).await.unwrap();
    let claims: Value = serde_json::from_str(answer.body.expose()).unwrap();
    assert_eq!((answer.status, claims["aud"].as_str()), (200, Some(own)));
    // A session that was stored goes on where this one is.
    let stored = client.session(session.serialize().expose()).unwrap();
    assert_eq!(stored.claims().unwrap().text("sub"), session.claims().unwrap().text("sub"));
    let again = stored.tokens(&TokenRequest::new().resource(own), async |_| Ok(())).await.unwrap();
    assert_eq!(api.send(&again.tokens, get(&format!("{}/documents", world.get("api")))).await.unwrap().status, 200);
    // And the text before it holds a refresh token that is spent.
    let old = client.session(begun.expose()).unwrap();
    let refused = old.tokens(&TokenRequest::new().resource(own), async |_| Ok(())).await.unwrap_err();
    assert_eq!(refused.code(), "token_error");
}

#[wasm_bindgen_test]
async fn a_store_that_fails_loses_no_refresh_token_of_helseid() {
    let world = Facts::of("helseid").await;
    let environment = helseid::Environment::custom(world.get("issuer")).unwrap();
    let key = world.key("jwk").await;
    let client = HelseId::connect(&environment, world.get("clientId"), world.get("redirectUri"), key).await.unwrap();
    let scope = format!("openid offline_access helseid://scopes/identity/security_level {}/api", world.get("own"));
    let login = client.begin(&LoginRequest::new(scope)).await.unwrap();
    let callback = world.walk(&login.url).await;
    let session = client.finish(login.transaction, Callback::Url(&callback), &TokenRequest::new()).await.unwrap();
    let narrow = TokenRequest::new().scope(format!("{}/api", world.get("own")));
    let down = async |_: samtykke::Secret| Err(samtykke::Error::new(&samtykke::error::codes::STORE_FAILED));
    assert_eq!(session.tokens(&narrow, down).await.unwrap_err().code(), "store_failed");
    // It is kept here all the same: the next refresh goes with it.
    assert!(session.tokens(&narrow, async |_| Ok(())).await.is_ok());
}

#[wasm_bindgen_test]
async fn maskinporten_and_its_self_service() {
    let world = Facts::of("maskinporten").await;
    let of = |fact| world.get(fact);
    let environment = maskinporten::Environment::custom(of("issuer"), of("tokenEndpoint"), of("selfService")).unwrap();
    let client = fetch::maskinporten(&environment, of("clientId"), world.key("jwk").await).unwrap();
    let tokens = client.maskinporten_token(&maskinporten::TokenRequest::new(of("scope"))).await.unwrap();
    assert_eq!(tokens.scope.as_deref(), Some(of("scope")));
    let refused = client.maskinporten_token(&maskinporten::TokenRequest::new("nobody:has.this")).await.unwrap_err();
    assert!(Problem::of(&refused).id.is_some(), "{refused:?}");
    let admin = fetch::maskinporten(&environment, of("adminId"), world.key("adminJwk").await).unwrap();
    let tokens = admin.maskinporten_token(&maskinporten::TokenRequest::new("idporten:dcr.read")).await.unwrap();
    let clients = admin.call(SelfService::new(&environment, &tokens.access_token).clients(false).unwrap()).await.unwrap();
    assert!(!clients.is_empty());
}

#[wasm_bindgen_test]
async fn acmidm_with_elys_and_a_delegated_token() {
    let world = Facts::of("acmidm").await;
    let environment = acmidm::Environment::custom(world.get("issuer")).unwrap();
    let elys = acmidm::ElysEnvironment::custom(world.get("elys")).unwrap();
    let machine = fetch::acmidm(&environment, world.get("machine"), "").unwrap().key(world.key("jwk").await);
    let grant = ClientCredentials::new("vo_info elys_depzorg").audience(world.get("api"));
    let tokens = machine.client_credentials(&grant, &Target::new()).await.unwrap();
    let expected = (world.get("organisation"), "vo_info elys_depzorg");
    let (ping, mismatches) = machine.elys_ping((&environment, &elys), &tokens, expected).await.unwrap();
    assert!(mismatches.is_empty(), "{ping:?} {mismatches:?}");

    let client = fetch::acmidm(&environment, world.get("person"), world.get("redirectUri")).unwrap().key(world.key("jwk").await);
    let login = client.begin(AuthorizationRequest::new("openid vo profile")).await.unwrap();
    let callback = world.walk(&login.url).await;
    let tokens = client.finish(login.transaction, Callback::Url(&callback)).await.unwrap();
    let delegated = client.delegate(&tokens, world.get("api"), "").await.unwrap();
    assert!(client.introspect(&delegated.access_token, None).await.unwrap().active());
    let subject = tokens.claims.as_ref().and_then(|claims| claims.text("sub"));
    assert_eq!(client.userinfo(&tokens).await.unwrap().text("sub"), subject);
}

#[wasm_bindgen_test]
async fn halland_with_its_gateway() {
    let world = Facts::of("halland").await;
    let mut profile = halland::profile(world.get("issuer")).for_machines();
    profile.development = true.into();
    let registration = samtykke::Registration::new(profile, world.get("clientId"), "").unwrap();
    let key = world.key("jwk").await;
    assert_eq!(world.key("jwk").await.with_certificates("none").unwrap_err().code(), "key_refused");
    let client = Client::new(registration).key(key.with_certificates(world.get("certificates")).unwrap()).api(world.get("gateway"));
    let ask = async |scope: &str, resource: &str| {
        let target = samtykke::provider::adfs::target(resource).unwrap();
        client.client_credentials(&ClientCredentials::new(scope), &target).await.unwrap()
    };
    let tokens = ask("hsainfoapi.read", world.get("resource")).await;
    let units = || get(&format!("{}/hsa/units", world.get("gateway")));
    let key = halland::SubscriberKey::new(world.get("key")).unwrap();
    let answer = client.send_keyed(&tokens, &key, units()).await.unwrap();
    let said: Value = serde_json::from_str(answer.body.expose()).unwrap();
    assert_eq!(said["api"].as_str(), Some(world.get("resource")));
    let other = ask("exempelapi.Public", world.get("other")).await;
    assert_eq!(client.send_keyed(&other, &key, units()).await.unwrap_err().code(), "token_invalid");
    let unknown = halland::SubscriberKey::new("unknown").unwrap();
    assert_eq!(client.send_keyed(&tokens, &unknown, units()).await.unwrap_err().code(), "subscription_key_refused");
}

#[wasm_bindgen_test]
async fn idporten_from_a_login_to_an_api() {
    let world = Facts::of("idporten").await;
    let environment = idporten::Environment::custom(world.get("issuer")).unwrap();
    let client = fetch::idporten(&environment, world.get("clientId"), world.get("redirectUri")).unwrap();
    let client = client.key(world.key("jwk").await).api(address());
    let request = idporten::LoginRequest::new("openid profile").acr_values("idporten-loa-high").request();
    let login = client.begin(request).await.unwrap();
    let callback = world.walk(&login.url).await;
    let tokens = client.finish(login.transaction, Callback::Url(&callback)).await.unwrap();
    let pid = tokens.claims.as_ref().and_then(|claims| claims.text("pid")).unwrap();
    let tokens = client.refresh(&tokens).await.unwrap();
    let answer = client.send(&tokens, get(&format!("{}/things", address()))).await.unwrap();
    assert_eq!((answer.status, answer.body.expose()), (200, &*format!("things of {pid}")));
}

#[wasm_bindgen_test]
async fn selvbetjening_from_a_draft_to_a_client_that_helseid_knows() {
    let world = Facts::of("selvbetjening").await;
    let environment = selvbetjening::Environment::custom(world.get("portal"), world.get("api")).unwrap();
    let jwk: Value = serde_json::from_str(world.get("jwk")).unwrap();
    let public: serde_json::Map<_, _> = jwk.as_object().unwrap().clone().into_iter().filter(|(name, _)| name != "d").collect();
    let mut draft = Draft::new(world.get("organization"), PublicKey::parse(&Value::from(public).to_string()).unwrap());
    draft.api_scopes = Some(vec![selvbetjening::SCOPE.into()]);
    draft.confirmation_redirect_uri = Some("http://localhost:4406/confirmed/8fdK".into());
    let issuer = helseid::Environment::custom(world.get("issuer")).unwrap();
    let records = std::cell::RefCell::new(Vec::new());
    let store = async |record: &str| {
        records.borrow_mut().push(record.to_owned());
        Ok(())
    };
    let unasked = async |_: &str| -> samtykke::Result<Tokens> { panic!("a draft takes no token") };

    let nobody = HelseId::with(&issuer, "nobody", "", world.key("jwk").await).unwrap();
    let api_key = samtykke::Secret::new(world.get("apiKey"));
    let mut drafting = Enrolment::begin(&environment, &api_key, draft, "keys/1").unwrap();
    let mut enrolment = nobody.client().carry_out(&environment, &mut drafting, store, unasked, |_| Ok(())).await.unwrap();
    assert!(!enrolment.client_id().is_empty() && records.borrow().len() >= 2, "stored before it is sent, and when it is known");
    let url = js_sys::encode_uri_component(&enrolment.confirm_url().unwrap());
    let back = asked(&format!("{}/confirm?url={url}", address())).await;
    let now = std::time::Duration::from_millis(js_sys::Date::now() as u64);
    enrolment.confirm(&back, now).unwrap();
    assert!(enrolment.is_confirmed());

    let own = HelseId::with(&issuer, enrolment.client_id(), "", world.key("jwk").await).unwrap();
    let wanted = TokenRequest::new().scope(selvbetjening::SCOPE);
    let tokens = async |key: &str| {
        assert_eq!(key, "keys/1");
        Ok(own.machine(&wanted).await?.tokens)
    };
    let seconds = std::time::Duration::from_secs;
    let mut wait = Wait::until_usable(&enrolment, Pacing::new(seconds(1), seconds(2), seconds(60)).unwrap());
    let found = own.client().carry_out(&environment, &mut wait, store, tokens, |_| Ok(())).await.unwrap();
    assert!(found.settings().is_ok());
}
