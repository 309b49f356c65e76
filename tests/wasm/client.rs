//! Clients that remember, HelseID, the token source and the processes of providers, against the same servers.

use samtykke::fetch::{self, Client, HelseId, Key, TokenSource};
use samtykke::jose::Algorithm;
use samtykke::protocol::metadata::Policy;
use samtykke::provider::helseid::{Environment, TokenRequest};
use samtykke::provider::{acmidm, halland, maskinporten};
use samtykke::signer::p256::P256Key;
use samtykke::{AuthorizationRequest, Callback, ClientAuthentication, Request, Tokens};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::bound::CLIENT_KEY;
use crate::{counted, key, server};

fn es256() -> &'static Algorithm {
    Algorithm::from_name("ES256").unwrap()
}

/// A client of a server that behaves well, by its metadata.
async fn discovered(id: &str, own: Key, dpop: Key) -> Client {
    let issuer = format!("{}/op/good/{id}", server());
    let profile = r#"{"id_token_signing_alg_values_supported":["ES256"]}"#;
    let policy = Policy { profile, origins: None, development: true.into() };
    let client = Client::discover_with(&issuer, "eksempelbank-client", "https://app.example.no/callback", policy).await.unwrap();
    let mut profile = client.registration().profile().clone();
    profile.requests.dpop = true;
    profile.requests.signing_algorithms = vec!["ES256".into()];
    let registration = samtykke::Registration::new(profile, "eksempelbank-client", "https://app.example.no/callback").unwrap();
    Client::new(registration).key(own).dpop(dpop).api(server()).timeout(5)
}

async fn login_and_call(id: &str, own: Key, dpop: Key) -> (Client, Tokens) {
    let client = discovered(id, own, dpop).await;
    let login = client.begin(AuthorizationRequest::new("openid read")).await.unwrap();
    let (_, reference) = login.url.split_once("&request_uri=").unwrap();
    let issuer = js_sys::encode_uri_component(&client.registration().profile().issuer);
    let url = format!("https://app.example.no/callback?code={reference}&state={}&iss={issuer}", login.transaction.state());
    let tokens = client.finish(login.transaction, Callback::Url(&url)).await.unwrap();
    assert_eq!(client.userinfo(&tokens).await.unwrap().text("name").as_deref(), Some("Ola"));
    let stored = std::cell::RefCell::new(Vec::new());
    let store = async |token: samtykke::Secret| {
        stored.borrow_mut().push(token);
        Ok(())
    };
    let tokens = client.refresh_to(&tokens, store).await.unwrap();
    assert_eq!(*stored.borrow(), [tokens.refresh_token.clone().unwrap()]);
    let request = |url: String| Request { method: "POST", url, headers: Vec::new(), body: None, repeatable: false };
    let answer = client.send(&tokens, request(format!("{}/op/good/{id}/api", server()))).await.unwrap();
    assert_eq!(answer.status, 200);
    let refused = client.send(&tokens, request("https://evil.example/".into())).await.unwrap_err();
    assert_eq!(refused.code(), "resource_refused");
    (client, tokens)
}

#[wasm_bindgen_test]
async fn a_client_remembers_nonces_and_keys() {
    let id = key();
    let own = Key::of(P256Key::from_jwk(CLIENT_KEY).unwrap());
    let (client, _) = login_and_call(&id, own, Key::of(P256Key::from_random(&[7; 32]).unwrap())).await;
    // One challenge for each of the two servers of nonces, and the key set once.
    let mut counts = [0; 5];
    for (count, endpoint) in counts.iter_mut().zip(["par", "token", "jwks", "userinfo", "api"]) {
        *count = counted("asked", &format!("{id}-{endpoint}")).await;
    }
    assert_eq!(counts, [2, 2, 1, 2, 1]);
    assert!(!format!("{client:?}").contains("jpsQ"));
}

#[wasm_bindgen_test]
async fn a_jwk_signs_by_webcrypto_and_is_no_value_of_javascripts() {
    let own = Key::from_jwk(CLIENT_KEY, es256()).await.unwrap();
    login_and_call(&key(), own.clone(), own.clone()).await;
    assert_eq!(format!("{own:?}"), "Key(…)");
    let public =
        r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
    assert_eq!(Key::from_jwk(public, es256()).await.unwrap_err().code(), "key_refused");
}

#[wasm_bindgen_test]
async fn a_refresh_token_that_came_with_a_refused_answer_is_not_lost() {
    let own = || Key::of(P256Key::from_jwk(CLIENT_KEY).unwrap());
    let issuer = format!("{}/op/refresh-other-person/{}", server(), key());
    let of = |endpoint: &str| format!("{issuer}/{endpoint}");
    let mut profile = samtykke::Profile::new(&issuer, &of("authorize"), &of("token"));
    (profile.development, profile.iss_parameter, profile.requests.dpop) = (true.into(), true, true);
    profile.endpoints.pushed_authorization_request = Some(of("par"));
    profile.endpoints.jwks_uri = Some(of("jwks"));
    profile.requests.signing_algorithms = vec!["ES256".into()];
    let registration = samtykke::Registration::new(profile, "eksempelbank-client", "https://app.example.no/callback").unwrap();
    let client = Client::new(registration).key(own()).dpop(own());
    let login = client.begin(AuthorizationRequest::new("openid read")).await.unwrap();
    let (_, reference) = login.url.split_once("&request_uri=").unwrap();
    let iss = js_sys::encode_uri_component(&issuer);
    let url = format!("https://app.example.no/callback?code={reference}&state={}&iss={iss}", login.transaction.state());
    let tokens = client.finish(login.transaction, Callback::Url(&url)).await.unwrap();
    let stored = std::cell::RefCell::new(None);
    let store = async |token: samtykke::Secret| {
        *stored.borrow_mut() = Some(token);
        Ok(())
    };
    // Its id_token is of somebody else, and so the answer is refused; the refresh token before it is spent all the same.
    assert!(client.refresh_to(&tokens, store).await.is_err());
    assert_ne!(stored.borrow().clone(), tokens.refresh_token);
    assert!(stored.borrow().is_some());
}

#[wasm_bindgen_test]
async fn a_source_asks_once_for_many() {
    let id = key();
    let mut profile = samtykke::Profile::new(server(), &format!("{}/authorize", server()), &format!("{}/token/ok?{id}", server()));
    profile.development = true.into();
    let registration = samtykke::Registration::new(profile.for_machines(), "eksempelbank-client", "").unwrap();
    let client = Client::new(registration).authentication(ClientAuthentication::secret_basic("a%b+c d:e/f"));
    let source = TokenSource::new(&client);
    let grant = samtykke::ClientCredentials::new("debt").audience("https://api.example/v1/debt");
    let ask = async |client: &Client| client.client_credentials(&grant, &Default::default()).await;
    let mut asking: Vec<_> = (0..20).map(|_| Box::pin(source.get("debt", ask))).collect();
    let mut tokens = Vec::new();
    std::future::poll_fn(|context| {
        asking.retain_mut(|one| match one.as_mut().poll(context) {
            std::task::Poll::Ready(outcome) => {
                tokens.push(outcome.unwrap());
                false
            }
            std::task::Poll::Pending => true,
        });
        if asking.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    assert_eq!((tokens.len(), counted("asked", &id).await), (20, 1));
    // A refusal makes room for another one, once in a while.
    assert!(source.refuse("debt", &tokens[0]));
    source.get("debt", ask).await.unwrap();
    assert_eq!(counted("asked", &id).await, 2);
    assert!(!source.refuse("debt", &tokens[0]));
    // Whoever asks and goes away leaves the question to the next one.
    let mut first = Box::pin(source.get("other", ask));
    std::future::poll_fn(|context| {
        assert!(first.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    drop(first);
    source.get("other", ask).await.unwrap();
}

#[wasm_bindgen_test]
async fn helseid_takes_its_keys_and_keeps_a_session() {
    let own = Key::of(P256Key::from_jwk(CLIENT_KEY).unwrap());
    let environment = Environment::custom(&format!("{}/op/good/{}", server(), key())).unwrap();
    let helseid = HelseId::with(&environment, "eksempelbank-client", "https://app.example.no/callback", own).unwrap();
    let refused = helseid.machine(&TokenRequest::new().scope("openid")).await.unwrap_err();
    assert_eq!(refused.code(), "invalid_scope");
    let issuer = environment.issuer();
    let stored = format!(r#"{{"issuer":"{issuer}","clientId":"eksempelbank-client","scope":"openid","claims":{{"sub":"ola"}}}}"#);
    let session = helseid.session(&stored).unwrap();
    assert_eq!(session.claims().unwrap().text("sub").as_deref(), Some("ola"));
    let without = session.tokens(&TokenRequest::new(), async |_| Ok(())).await.unwrap_err();
    assert_eq!(without.code(), "invalid_parameter");
    assert_eq!(helseid.session("{}").unwrap_err().code(), "session_invalid");
    assert!(session.serialize().expose().contains("ola") && format!("{session:?}") == "HelseIdSession(…)");
}

#[wasm_bindgen_test]
async fn providers_are_clients_too() {
    let own = || Key::of(P256Key::from_jwk(CLIENT_KEY).unwrap());
    let mp = fetch::maskinporten(&maskinporten::Environment::test(), "client-1", own()).unwrap();
    let refused = mp.maskinporten_token(&maskinporten::TokenRequest::new("difitest:api3")).await.unwrap_err();
    assert_eq!(refused.code(), "invalid_configuration", "Maskinporten takes RSA alone");
    let acm = fetch::acmidm(&acmidm::Environment::ti(), "client-1", "").unwrap();
    let tokens = Tokens::bare("x.y", Default::default());
    let production = acmidm::ElysEnvironment::from_name("production").unwrap();
    let refused = acm.elys_ping((&acmidm::Environment::ti(), &production), &tokens, ("", "")).await.unwrap_err();
    assert_eq!(refused.code(), "invalid_configuration");
    let adfs = fetch::halland("https://adfs.example.se/adfs", "client-1").unwrap().api("https://api.example.se");
    let gateway = halland::SubscriberKey::new("0123").unwrap();
    let elsewhere = Request { method: "GET", url: "https://other.example.se/".into(), headers: Vec::new(), body: None, repeatable: true };
    assert_eq!(adfs.send_keyed(&tokens, &gateway, elsewhere).await.unwrap_err().code(), "resource_refused");
}
