//! Pushed requests, assertions, proofs, id_tokens, refresh and API calls against a server that judges each of them.
//!
//! `op.mjs` is the other side; it behaves as the path of the issuer says. Keys are in software, by the feature `p256`.

use samtykke::error::Phase;
use samtykke::fetch::{self, Keys, Transport};
use samtykke::flow::login::Start;
use samtykke::jose::{Encryption, KeyInfo, Signer};
use samtykke::protocol::grant::Refresh;
use samtykke::protocol::userinfo::Subject;
use samtykke::signer::p256::{P256Key, P256Verifier};
use samtykke::{
    AuthorizationCode, AuthorizationRequest, Callback, ClientAuthentication, Error, Exchange, Login, Profile, Registration, Request,
    Response, Result, Secret, Tokens,
};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{counted, key, server};

/// That of RFC 7515 appendix A.3.
pub(crate) const CLIENT_KEY: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"}"#;

/// A client of a server that behaves so, with what it has learnt.
pub(crate) struct Party {
    id: String,
    issuer: String,
    client: Registration,
    key: P256Key,
    dpop: P256Key,
    nonce: Option<String>,
    jwks: Option<String>,
}

pub(crate) fn at(behaviour: &str) -> Party {
    let id = key();
    let issuer = format!("{}/op/{behaviour}/{id}", server());
    let of = |endpoint: &str| format!("{issuer}/{endpoint}");
    let mut profile = Profile::new(&issuer, &of("authorize"), &of("token"));
    profile.development = true.into();
    profile.iss_parameter = true;
    profile.endpoints.pushed_authorization_request = Some(of("par"));
    profile.endpoints.jwks_uri = Some(of("jwks"));
    profile.endpoints.userinfo = Some(of("userinfo"));
    profile.requests.pushed = true;
    profile.requests.dpop = true;
    profile.requests.signing_algorithms = vec!["ES256".into()];
    let client = Registration::new(profile, "eksempelbank-client", "https://app.example.no/callback").unwrap();
    let (key, dpop) = (P256Key::from_jwk(CLIENT_KEY).unwrap(), P256Key::from_random(&[7; 32]).unwrap());
    Party { id, issuer, client, key, dpop, nonce: None, jwks: None }
}

impl Party {
    fn authentication(&self) -> ClientAuthentication {
        ClientAuthentication::private_key_jwt(self.key.info().clone())
    }

    /// The algorithm of the server's id_tokens.
    pub(crate) fn signed_with(&mut self, name: &str) {
        let mut profile = self.client.profile().clone();
        profile.requests.signing_algorithms = vec![name.into()];
        self.client = Registration::new(profile, self.client.client_id(), self.client.redirect_uri()).unwrap();
    }

    /// The client is registered for id_tokens that are encrypted.
    pub(crate) fn encrypted(&mut self) {
        let mut profile = self.client.profile().clone();
        profile.requests.encryption = Some(Encryption::new(&["ECDH-ES"], &["A256GCM"]).unwrap());
        self.client = Registration::new(profile, self.client.client_id(), self.client.redirect_uri()).unwrap();
    }

    /// A login by these keys, to its tokens.
    pub(crate) async fn tokens_by(&mut self, keys: &Keys<'_>, dpop: &KeyInfo) -> Result<Tokens> {
        let start = Start::new().dpop(dpop, None);
        let mut login = fetch::login(&self.client, &self.authentication(), AuthorizationRequest::new("openid read"), start)?;
        let code = self.returned(Transport::new().timeout(5).drive(&mut login, keys).await?)?;
        let exchange = Exchange::authorization_code(&self.client, &self.authentication(), code)?;
        Transport::new().timeout(5).drive(&mut exchange.dpop(dpop, login.dpop_nonce()), keys).await
    }

    /// The begin of a login by a transport and keys.
    pub(crate) async fn begun_by(&self, transport: Transport, keys: &Keys<'_>, dpop: &KeyInfo) -> Result<Login> {
        let start = Start::new().dpop(dpop, None);
        let mut login = fetch::login(&self.client, &self.authentication(), AuthorizationRequest::new("openid read"), start)?;
        transport.drive(&mut login, keys).await
    }

    async fn drive<T>(&mut self, mut exchange: Exchange<T>) -> Result<T> {
        let keys = Keys::new().client(&self.key).dpop(&self.dpop).verifier(&P256Verifier);
        let outcome = Transport::new().timeout(5).retries(5).drive(&mut exchange, &keys).await;
        self.nonce = exchange.dpop_nonce().map(String::from).or(self.nonce.take());
        self.jwks = exchange.known_jwks().map(String::from).or(self.jwks.take());
        outcome
    }

    async fn login(&mut self) -> Result<Login> {
        let start = Start::new().dpop(self.dpop.info(), self.nonce.as_deref());
        self.drive(fetch::login(&self.client, &self.authentication(), AuthorizationRequest::new("openid read"), start)?).await
    }

    async fn code(&mut self) -> Result<AuthorizationCode> {
        let login = self.login().await?;
        self.returned(login)
    }

    fn returned(&self, login: Login) -> Result<AuthorizationCode> {
        // This server takes its references for codes.
        let (_, reference) = login.url.split_once("&request_uri=").unwrap();
        let issuer = js_sys::encode_uri_component(&self.issuer);
        let url = format!("https://app.example.no/callback?code={reference}&state={}&iss={issuer}", login.transaction.state());
        fetch::finish(login.transaction, &self.client, Callback::Url(&url))
    }

    async fn tokens(&mut self) -> Result<Tokens> {
        let code = self.code().await?;
        let mut exchange = Exchange::authorization_code(&self.client, &self.authentication(), code)?;
        exchange = exchange.dpop(self.dpop.info(), self.nonce.as_deref());
        if let Some(known) = &self.jwks {
            exchange = exchange.jwks(known.clone());
        }
        self.drive(exchange).await
    }

    async fn refresh(&mut self, tokens: &Tokens) -> Result<Tokens> {
        let exchange = Exchange::refresh(&self.client, &self.authentication(), &Refresh::of(tokens)?)?;
        self.drive(exchange.dpop(self.dpop.info(), self.nonce.as_deref())).await
    }

    async fn call(&mut self, tokens: &Tokens) -> Result<Response> {
        let headers = vec![("content-type", Secret::new("application/json"))];
        let body = Some(Secret::new(r#"{"ask":"æøå"}"#));
        let request = Request { method: "POST", url: format!("{}/api?page=1#top", self.issuer), headers, body, repeatable: false };
        let exchange = Exchange::resource(&self.client, tokens, &[server()], request)?;
        // An API's nonces are its own: none is known yet.
        self.drive(exchange.dpop(self.dpop.info(), None)).await
    }

    /// How often the server was asked at each of these endpoints.
    pub(crate) async fn asked<const N: usize>(&self, endpoints: [&str; N]) -> [u64; N] {
        let mut counts = [0; N];
        for (count, endpoint) in counts.iter_mut().zip(endpoints) {
            *count = counted("asked", &format!("{}-{endpoint}", self.id)).await;
        }
        counts
    }
}

#[track_caller]
pub(crate) fn refused<T>(behaviour: &str, outcome: Result<T>, code: &str) -> Error {
    let Err(error) = outcome else { panic!("{behaviour}: accepted") };
    assert_eq!(error.code(), code, "{behaviour}: {error}");
    error
}

#[wasm_bindgen_test]
async fn a_pushed_login_ends_with_bound_tokens() {
    let mut party = at("good");
    let tokens = party.tokens().await.unwrap();
    let claims = tokens.claims.unwrap();
    assert_eq!((tokens.token_type.as_str(), claims.text("sub").as_deref()), ("DPoP", Some("ola")));
    // The challenge of the first request, and then the nonce that came with its answer.
    assert_eq!(party.asked(["par", "token", "jwks"]).await, [2, 1, 1]);
}

#[wasm_bindgen_test]
async fn the_browser_carries_a_reference_alone() {
    let mut party = at("good");
    let login = party.login().await.unwrap();
    let start =
        format!("{}/authorize?client_id=eksempelbank-client&request_uri=urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri%3A", party.issuer);
    assert!(login.url.starts_with(&start), "{}", login.url);
    assert_eq!(login.url.matches('&').count(), 1);
}

#[wasm_bindgen_test]
async fn a_known_key_set_is_not_fetched_and_an_old_one_once() {
    let mut party = at("good");
    party.tokens().await.unwrap();
    party.tokens().await.unwrap();
    assert_eq!(party.asked(["jwks"]).await, [1]);
    party.jwks = Some(r#"{"keys":[]}"#.into());
    party.tokens().await.unwrap();
    assert_eq!(party.asked(["jwks"]).await, [2]);
}

#[wasm_bindgen_test]
async fn an_api_and_userinfo_ask_for_nonces_of_their_own() {
    let mut party = at("good");
    let tokens = party.tokens().await.unwrap();
    let response = party.call(&tokens).await.unwrap();
    // The body was sent twice, octet for octet.
    assert_eq!((response.status, response.body.expose()), (200, r#"{"method":"POST","body":"{\"ask\":\"æøå\"}"}"#));
    let userinfo = Exchange::userinfo(&party.client, &party.authentication(), &tokens, Subject::Is("ola"), None)
        .unwrap()
        .dpop(party.dpop.info(), None);
    assert_eq!(party.drive(userinfo).await.unwrap().text("name").as_deref(), Some("Ola"));
    assert_eq!(party.asked(["api", "userinfo"]).await, [2, 2]);
}

#[wasm_bindgen_test]
async fn another_persons_userinfo_is_refused() {
    let mut party = at("other-person");
    let tokens = party.tokens().await.unwrap();
    let userinfo = Exchange::userinfo(&party.client, &party.authentication(), &tokens, Subject::Is("ola"), None)
        .unwrap()
        .dpop(party.dpop.info(), None);
    refused("other-person", party.drive(userinfo).await, "subject_mismatch");
}

#[wasm_bindgen_test]
async fn refresh_tokens_rotate_and_stay_where_none_comes() {
    for (behaviour, rotates) in [("good", true), ("refresh-silent", false)] {
        let mut party = at(behaviour);
        let tokens = party.tokens().await.unwrap();
        let renewed = party.refresh(&tokens).await.unwrap();
        let secret = |tokens: &Tokens| tokens.refresh_token.as_ref().unwrap().expose().to_owned();
        assert_eq!(secret(&tokens) != secret(&renewed), rotates, "{behaviour}");
        assert_ne!(tokens.access_token.expose(), renewed.access_token.expose());
        // The server takes its newest alone.
        party.refresh(&renewed).await.unwrap();
        assert_eq!(party.asked(["token"]).await, [3]);
    }
}

#[wasm_bindgen_test]
async fn a_refresh_for_another_person_or_client_is_refused() {
    for (behaviour, claim) in [("refresh-other-person", "sub"), ("refresh-other-client", "aud")] {
        let mut party = at(behaviour);
        let tokens = party.tokens().await.unwrap();
        let error = refused(behaviour, party.refresh(&tokens).await, "claim_refused");
        assert!(error.to_string().contains(claim), "{behaviour}: {error}");
    }
}

#[wasm_bindgen_test]
async fn a_scope_is_never_widened_unseen() {
    let mut party = at("refresh-wider");
    let tokens = party.tokens().await.unwrap();
    let renewed = party.refresh(&tokens).await.unwrap();
    assert_eq!((renewed.scope.as_deref(), &*renewed.requested_scope), (Some("openid read write"), "openid read"));
    let wider = Refresh::of(&tokens).unwrap().scope("openid write");
    refused("wider", Exchange::refresh(&party.client, &party.authentication(), &wider), "invalid_scope");
}

#[wasm_bindgen_test]
async fn pushed_requests_that_go_wrong_are_sent_once() {
    for (behaviour, code, asked) in [
        ("par-html", "content_type_unexpected", 1),
        ("par-redirect", "redirect_refused", 1),
        ("par-refused", "oauth_error", 1),
        ("par-text", "par_response_malformed", 1),
        ("par-bare", "par_response_malformed", 1),
        ("par-down", "http_status_unexpected", 1),
        ("nonce-silent", "dpop_nonce_missing", 1),
        ("nonce-again", "dpop_nonce_refused", 2),
    ] {
        let mut party = at(behaviour);
        refused(behaviour, party.login().await, code);
        assert_eq!(party.asked(["par", "token"]).await, [asked, 0], "{behaviour}");
    }
}

#[wasm_bindgen_test]
async fn tokens_that_are_not_as_agreed_are_refused() {
    for (behaviour, code) in [
        ("bearer", "token_type_unexpected"),
        ("id-missing", "id_token_missing"),
        ("id-none", "token_response_malformed"),
        ("id-signature", "signature_invalid"),
        ("id-kid", "key_not_found"),
        ("id-issuer", "claim_refused"),
        ("id-audience", "claim_refused"),
        ("id-expired", "jwt_expired"),
        ("id-nonce", "nonce_mismatch"),
        ("id-hash", "claim_refused"),
    ] {
        let mut party = at(behaviour);
        let error = refused(behaviour, party.tokens().await, code);
        assert!(!error.retryable(), "{error}");
        assert_eq!(party.asked(["token"]).await, [1], "{behaviour}");
    }
}

#[wasm_bindgen_test]
async fn key_sets_that_are_none_are_refused() {
    for (behaviour, code) in [
        ("jwks-html", "content_type_unexpected"),
        ("jwks-redirect", "redirect_refused"),
        ("jwks-empty", "key_not_found"),
        ("jwks-down", "http_status_unexpected"),
        ("jwks-odd", "jwks_malformed"),
    ] {
        let mut party = at(behaviour);
        refused(behaviour, party.tokens().await, code);
        assert_eq!(party.asked(["token", "jwks"]).await, [1, 1], "{behaviour}");
    }
}

#[wasm_bindgen_test]
async fn an_api_is_asked_again_once_and_for_its_nonce_alone() {
    for (behaviour, code, asked) in
        [("api-again", "dpop_nonce_refused", 2), ("api-silent", "dpop_nonce_missing", 1), ("api-redirect", "redirect_refused", 1)]
    {
        let mut party = at(behaviour);
        let tokens = party.tokens().await.unwrap();
        let error = refused(behaviour, party.call(&tokens).await, code);
        assert_eq!(error.phase(), Phase::Api, "{behaviour}");
        assert_eq!(party.asked(["api"]).await, [asked], "{behaviour}");
    }
    let mut party = at("api-refused");
    let tokens = party.tokens().await.unwrap();
    assert_eq!(party.call(&tokens).await.unwrap().status, 401);
    assert_eq!(party.asked(["api"]).await, [1]);
}

#[wasm_bindgen_test]
async fn without_its_keys_nothing_is_sent() {
    let party = at("good");
    let start = || Start::new().dpop(party.dpop.info(), None);
    let login = || fetch::login(&party.client, &party.authentication(), AuthorizationRequest::new("openid"), start()).unwrap();
    for keys in [Keys::new(), Keys::new().client(&party.key), Keys::new().dpop(&party.dpop)] {
        refused("good", Transport::new().drive(&mut login(), &keys).await, "invalid_configuration");
    }
    assert_eq!(party.asked(["par"]).await, [0]);
}
