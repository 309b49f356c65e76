//! Providers by clients that remember: HelseID, ACM/IDM with eLys, Halland, ID-porten, Altinn, by scripted answers.

use std::sync::{Arc, Mutex};

use base64ct::{Base64UrlUnpadded, Encoding};
use samtykke::jose::{Algorithm, thumbprint};
use samtykke::native::acmidm::{self, AcmIdm, ElysEnvironment};
use samtykke::native::adfs::{Adfs, KeyName};
use samtykke::native::altinn;
use samtykke::native::bytes::Bytes;
use samtykke::native::halland::Halland;
use samtykke::native::helseid::{self, HelseId, SaveSession, TokenRequest};
use samtykke::native::http::Request;
use samtykke::native::idporten::{self, IdPorten, LoginRequest};
use samtykke::native::testing::{Clock, Scripted};
use samtykke::native::{Builder, Loopback, SigningKey, Wanted};
use samtykke::protocol::token::{TokenType, Tokens};
use samtykke::provider::halland::SubscriberKey;
use samtykke::{Callback, ClientAuthentication};

use super::support::{NOW, parameter, run};

fn form(request: &Request<Bytes>) -> String {
    String::from_utf8(request.body().to_vec()).unwrap()
}

fn settings(http: &Scripted) -> impl FnOnce(Builder) -> Builder + use<> {
    let http = http.clone();
    |builder| builder.redirect_uri("https://rp.example/cb").runtime(Clock::at(NOW)).http(http)
}

/// An access token that says whose key it is bound to, and for whom it is.
fn access_token(key: &SigningKey, audience: &str, mark: &str) -> String {
    let jkt = thumbprint(&key.info().public);
    let payload = format!(r#"{{"cnf":{{"jkt":"{jkt}"}},"aud":"{audience}","jti":"{mark}"}}"#);
    format!("eyJhbGciOiJSUzI1NiJ9.{}.c2ln", Base64UrlUnpadded::encode_string(payload.as_bytes()))
}

fn granted(key: &SigningKey, audience: &str, mark: &str, refresh_token: &str) -> String {
    let token = access_token(key, audience, mark);
    format!(
        r#"{{"access_token":"{token}","token_type":"DPoP","expires_in":600,"scope":"{audience}/api","refresh_token":"{refresh_token}","rt_expires_in":7200}}"#
    )
}

#[test]
fn a_machine_of_helseid_asks_once_for_all_who_want_a_token() {
    run(async {
        let http = Scripted::new();
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let helseid = HelseId::with(&helseid::Environment::test(), "client-1", key.clone(), settings(&http)).unwrap();
        let _script = http.clone().json(200, &granted(&key, "nhn:kj", "one", "").replace(r#","refresh_token":"""#, ""));
        let request = TokenRequest::new().resource("nhn:kj").scope("nhn:kj/api");
        let (one, other) = tokio::join!(helseid.machine(&request), helseid.machine(&request));
        assert_eq!(one.unwrap().tokens.access_token, other.unwrap().tokens.access_token);
        let sent = http.sent();
        assert_eq!(sent.len(), 1, "FK3: no token while there is one");
        assert!(sent[0].headers().contains_key("dpop"));
        // A person's scope is refused before anything is sent, and so is a token that is bound to another key.
        assert_eq!(helseid.machine(&TokenRequest::new().scope("openid")).await.unwrap_err().code(), "invalid_scope");
        let stranger = SigningKey::generate(Algorithm::ES256).unwrap();
        let _script = http.clone().json(200, &granted(&stranger, "nhn:phr", "x", "r").replace("nhn:kj", "nhn:phr"));
        let refused = helseid.machine(&TokenRequest::new().resource("nhn:phr").scope("nhn:phr/api")).await.unwrap_err();
        assert_eq!(refused.code(), "claim_refused");
        let eddsa = SigningKey::generate(Algorithm::from_name("EdDSA").unwrap()).unwrap();
        let refused = HelseId::with(&helseid::Environment::test(), "client-1", eddsa, settings(&http)).unwrap_err();
        assert_eq!(refused.code(), "algorithm_refused");
    });
}

#[test]
fn a_session_of_helseid_stores_each_refresh_token_before_it_gives_a_token_out() {
    run(async {
        let http = Scripted::new();
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let helseid = HelseId::with(&helseid::Environment::test(), "client-1", key.clone(), settings(&http)).unwrap();
        let issuer = helseid::Environment::test().issuer().to_owned();
        let scope = "openid offline_access nhn:phr/api nhn:kj/api";
        let stored = format!(
            r#"{{"issuer":"{issuer}","clientId":"client-1","scope":"{scope}","resource":"nhn:phr","refreshToken":"r1","claims":{{"sub":"kari"}}}}"#
        );
        let texts: Arc<Mutex<Vec<String>>> = Arc::default();
        let save: SaveSession = {
            let texts = texts.clone();
            Arc::new(move |text| {
                texts.lock().unwrap().push(text.expose().to_owned());
                Box::pin(async { Ok(()) })
            })
        };
        let session = helseid.session(&stored, Some(save)).unwrap();
        let _script = http.clone().json(200, &granted(&key, "nhn:phr", "phr", "r2")).json(200, &granted(&key, "nhn:kj", "kj", "r3"));
        let requests = ["nhn:phr", "nhn:kj"].map(|audience| TokenRequest::new().resource(audience));
        let [phr, kj, again] = [&requests[0], &requests[1], &requests[0]].map(|request| session.tokens(request));
        let (phr, kj, again) = tokio::join!(phr, kj, again);
        assert_eq!(phr.unwrap().tokens.access_token, again.unwrap().tokens.access_token);
        assert!(kj.is_ok());
        // One refresh at a time, each with the token that the one before brought, and stored as it came.
        let sent: Vec<_> = http.sent().iter().map(|request| parameter(&form(request), "refresh_token").unwrap()).collect();
        assert_eq!(sent, ["r1", "r2"]);
        let texts = texts.lock().unwrap().clone();
        assert!(texts[0].contains(r#""refreshToken":"r2""#) && texts.last().unwrap().contains(r#""refreshToken":"r3""#), "stored in turn");
        let back = helseid.session(texts.last().unwrap(), None).unwrap();
        assert_eq!(back.claims().unwrap().text("sub").as_deref(), Some("kari"));
        assert_eq!(back.refresh_expires_at(), Some(NOW + 7200));
        let other = HelseId::with(&helseid::Environment::test(), "client-2", key, settings(&http)).unwrap();
        assert_eq!(other.session(&stored, None).unwrap_err().code(), "invalid_configuration");
        assert_eq!(helseid.session("{}", None).unwrap_err().code(), "session_invalid");
        assert!(!format!("{session:?}{helseid:?}").contains("r3"));
    });
}

#[test]
fn a_store_that_fails_gives_out_no_token_of_helseid() {
    run(async {
        let http = Scripted::new();
        let key = SigningKey::generate(Algorithm::ES256).unwrap();
        let helseid = HelseId::with(&helseid::Environment::test(), "client-1", key.clone(), settings(&http)).unwrap();
        let issuer = helseid::Environment::test().issuer().to_owned();
        let stored = format!(r#"{{"issuer":"{issuer}","clientId":"client-1","scope":"offline_access nhn:phr/api","refreshToken":"r1"}}"#);
        let save: SaveSession = Arc::new(|_| Box::pin(async { Err(samtykke::Error::new(&samtykke::error::codes::STORE_FAILED)) }));
        let session = helseid.session(&stored, Some(save)).unwrap();
        let _script = http.clone().json(200, &granted(&key, "nhn:phr", "phr", "r2"));
        assert_eq!(session.tokens(&TokenRequest::new().resource("nhn:phr")).await.unwrap_err().code(), "store_failed");
    });
}

#[test]
fn acmidm_gives_machine_tokens_delegated_ones_and_the_ping_of_elys() {
    run(async {
        let http = Scripted::new();
        let secret = ClientAuthentication::secret_basic("correct horse");
        let acm = AcmIdm::with(acmidm::Environment::ti(), "client-1", secret, settings(&http)).unwrap();
        let beta = ElysEnvironment::from_name("beta").unwrap();

        // A token without a stated end serves whoever waits for it, and nobody later.
        let bare = r#"{"access_token":"own","token_type":"Bearer"}"#;
        let _script = http.clone().json(200, bare).json(200, bare);
        let source = acm.token_source();
        let tokens = source.get("vo_info").await.unwrap();
        source.get("vo_info").await.unwrap();
        assert_eq!(http.sent().len(), 2);

        let pong = r#"{"VoOrgcode":"0123456789","scopes":["vo_info"],"clientId":"client-1","token":{"client_id":"client-1","aud":[]}}"#;
        let _script = http.clone().json(200, pong).json(200, "{}").json(401, "");
        let elys = acm.elys(&beta, &tokens).unwrap();
        let (ping, mismatches) = elys.ping("0123.456.789", "vo_info elys_lbbs").await.unwrap();
        assert_eq!((ping.organisation_code.as_deref(), mismatches.len()), (Some("0123456789"), 1));
        let answer = elys.send(Request::post("/declarations/v1").body(Bytes::from_static(b"{}")).unwrap()).await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(elys.ping("", "").await.unwrap_err().code(), "token_invalid");
        let sent = http.sent();
        assert_eq!(sent[1].uri(), "https://elys.api.beta-athumi.eu/declarations/v1");
        assert_eq!(sent[1].headers()["authorization"], "Bearer own");
        let ids =
            |request: &Request<Bytes>| ["x-correlation-id", "x-tracing-id", "x-request-id"].map(|name| request.headers()[name].clone());
        assert_eq!(ids(&sent[0])[..2], ids(&sent[1])[..2]);
        assert_ne!(ids(&sent[0])[2], ids(&sent[1])[2], "each request has an id of its own");
        let production = ElysEnvironment::from_name("production").unwrap();
        assert_eq!(acm.elys(&production, &tokens).unwrap_err().code(), "invalid_configuration");
        let _script = http.clone().json(200, "{}");
        elys.send(Request::get("https://evil.example/v1").body(Bytes::new()).unwrap()).await.unwrap();
        assert!(http.sent().iter().all(|request| request.uri().host() == Some("elys.api.beta-athumi.eu")));

        // A delegated token: the state that was sent comes back with the code, and the code is exchanged at once.
        let _script = http.clone().then(|request| {
            let state = parameter(&request.uri().to_string(), "state").unwrap();
            let mut answer = samtykke::native::http::Response::new(format!(r#"{{"code":"c1","state":"{state}"}}"#).into());
            answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
            Box::pin(async { Ok(answer) })
        });
        let _script = http.clone().json(200, r#"{"access_token":"delegated","token_type":"Bearer","expires_in":60}"#);
        let delegated = acm.delegate(&tokens, "api-1", "").await.unwrap();
        assert_eq!(delegated.access_token.expose(), "delegated");
        let sent = http.sent();
        assert_eq!(sent[0].headers()["authorization"], "Bearer own");
        assert_eq!(parameter(&form(&sent[1]), "code").as_deref(), Some("c1"));
        assert_eq!(acm.delegate(&tokens, "client-1", "").await.unwrap_err().code(), "invalid_parameter");
    });
}

#[test]
fn halland_sends_its_key_to_named_apis_alone() {
    run(async {
        let http = Scripted::new();
        // AD FS knows a client by its certificate, which is valid from 2026 on.
        let certified = SigningKey::from_pem(include_str!("../js/certificate.mjs"), Algorithm::RS256).unwrap();
        let api = |builder: Builder| settings(&http)(builder).runtime(Clock::at(1_800_000_000)).api("https://api.example.se");
        let key = SubscriberKey::new("0123456789abcdef").unwrap();
        let halland = Halland::with("https://adfs.example.se/adfs", "client-1", certified, api).unwrap().subscriber_key(key);
        let _script = http.clone().json(200, r#"{"access_token":"a","token_type":"bearer","expires_in":3600}"#);
        let source = halland.token_source();
        let tokens = source.get(Wanted::new("").resource("hsainfoapi.regionhalland.se")).await.unwrap();
        assert_eq!(parameter(&form(&http.sent()[0]), "resource").as_deref(), Some("hsainfoapi.regionhalland.se"));
        assert_eq!(source.get("read").await.unwrap_err().code(), "invalid_parameter", "a token without resource is for nobody's API");

        let missing = r#"{ "statusCode": 401, "message": "Access denied due to missing subscription key." }"#;
        let _script = http.clone().json(200, "[]").json(401, missing).json(401, "");
        let call = |url: &str| Request::get(url).body(Bytes::new()).unwrap();
        assert_eq!(halland.send(&tokens, call("https://api.example.se/v1/units")).await.unwrap().status(), 200);
        assert_eq!(http.sent()[0].headers()["ocp-apim-subscription-key"], "0123456789abcdef");
        let refused = halland.send(&tokens, call("https://api.example.se/v1/units")).await.unwrap_err();
        assert_eq!((refused.code(), refused.provider_code()), ("subscription_key_refused", Some("missing")));
        assert_eq!(halland.send(&tokens, call("https://api.example.se/v1/units")).await.unwrap_err().code(), "token_invalid");
        http.sent();
        assert_eq!(halland.send(&tokens, call("https://other.example.se/")).await.unwrap_err().code(), "resource_refused");
        let mut twice = call("https://api.example.se/v1/units");
        twice.headers_mut().insert("ocp-apim-subscription-key", "other".parse().unwrap());
        assert_eq!(halland.send(&tokens, twice).await.unwrap_err().code(), "reserved_parameter");
        assert!(http.sent().is_empty());
        assert!(!format!("{halland:?}").contains("0123456789abcdef"));
    });
}

#[test]
fn adfs_asks_for_one_resource_at_a_time() {
    run(async {
        let http = Scripted::new();
        let authentication = ClientAuthentication::secret_post("made-up");
        let adfs = Adfs::with("adfs.example.org", "client-1", KeyName::X5t, authentication, settings(&http)).unwrap();
        let _script = http.clone().json(200, r#"{"access_token":"a","token_type":"bearer","expires_in":3600,"resource":"urn:api"}"#);
        let source = adfs.token_source();
        assert_eq!(source.get(Wanted::new("read").resource("urn:api")).await.unwrap().access_token.expose(), "a");
        let sent = http.sent();
        assert_eq!(sent[0].uri().to_string(), "https://adfs.example.org/adfs/oauth2/token/");
        assert!(sent[0].headers().contains_key("client-request-id"));
        assert_eq!(parameter(&form(&sent[0]), "resource").as_deref(), Some("urn:api"));
        assert_eq!(source.get("read").await.unwrap_err().code(), "invalid_parameter", "a token for AD FS' own userinfo");
        assert!(http.sent().is_empty());
        let odd =
            Adfs::with("https://adfs.example.org/adfs/", "client-1", KeyName::X5t, ClientAuthentication::secret_post("x"), settings(&http));
        assert_eq!(odd.unwrap_err().code(), "invalid_configuration");
        let secret = ClientAuthentication::secret_post("x");
        assert!(
            Halland::with("https://adfs.example.org/adfs", "client-1", secret, settings(&http))
                .unwrap()
                .token_source()
                .get(Wanted::new("r").resource("a"))
                .await
                .is_err()
        );
    });
}

#[test]
fn adfs_takes_the_addresses_and_the_name_that_it_is_told() {
    run(async {
        let certified = || SigningKey::from_pem(include_str!("../js/certificate.mjs"), Algorithm::RS256).unwrap().with_kid("84E0");
        for (name, kid, x5t) in [(KeyName::X5t, false, true), (KeyName::Kid, true, false), (KeyName::X5tAndKid, true, true)] {
            let metadata = r#"{"issuer":"https://adfs.example.org/adfs","authorization_endpoint":"https://adfs.example.org/adfs/oauth2/authorize/","token_endpoint":"https://adfs.example.org/adfs/oauth2/token"}"#;
            let http = Scripted::new().json(200, metadata).json(200, r#"{"access_token":"a","token_type":"bearer"}"#);
            let timed = |builder: Builder| settings(&http)(builder).runtime(Clock::at(1_800_000_000));
            let adfs = Adfs::connect("adfs.example.org", "client-1", name, certified(), timed).await.unwrap();
            adfs.token_source().get(Wanted::new("read").resource("urn:api")).await.unwrap();
            let sent = http.sent();
            assert_eq!(sent[1].uri().to_string(), "https://adfs.example.org/adfs/oauth2/token");
            let assertion = parameter(&form(&sent[1]), "client_assertion").unwrap();
            let header = String::from_utf8(Base64UrlUnpadded::decode_vec(assertion.split('.').next().unwrap()).unwrap()).unwrap();
            assert_eq!((header.contains(r#""kid":"84E0""#), header.contains(r#""x5t":"#)), (kid, x5t), "{header}");
        }
    });
}

#[test]
fn idporten_pushes_a_login() {
    run(async {
        let http = Scripted::new();
        let key = SigningKey::generate(Algorithm::RS256).unwrap().with_kid("key-1");
        let idporten = IdPorten::with(idporten::Environment::test(), "client-1", key, settings(&http)).unwrap();
        let _script = http.clone().json(201, r#"{"request_uri":"urn:x:1","expires_in":60}"#);
        let login = idporten.begin(LoginRequest::new("openid").acr_values("idporten-loa-high").on_behalf_of("kunde")).await.unwrap();
        assert_eq!(parameter(&login.url, "request_uri").as_deref(), Some("urn:x:1"));
        let pushed = form(&http.sent()[0]);
        assert_eq!(parameter(&pushed, "acr_values").as_deref(), Some("idporten-loa-high"));
        assert!(parameter(&pushed, "client_assertion").is_some());
        let refused = idporten.finish(login.transaction, Callback::Url("https://rp.example/cb?code=c&state=other")).await;
        assert_eq!(refused.unwrap_err().code(), "state_mismatch");
        // A token of Altinn's for one of its own.
        let token = Tokens::bare("x.y.z", TokenType::Bearer);
        let mut answer = samtykke::native::http::Response::new(samtykke::native::Body::from(String::from("eyJh.e30.c2ln")));
        answer.headers_mut().insert("content-type", "text/plain; charset=utf-8".parse().unwrap());
        let _script = http.clone().answer(answer);
        let found = altinn::exchange(idporten.client(), &altinn::Environment::tt02(), altinn::Issuer::IdPorten, &token).await.unwrap();
        assert_eq!(found.token.expose(), "eyJh.e30.c2ln");
        assert_eq!(http.sent()[0].headers()["authorization"], "Bearer x.y.z");
    });
}

#[test]
fn a_loopback_hears_its_own_path_alone_and_not_for_ever() {
    use std::io::{Read, Write};
    use std::time::Duration;
    for wrong in
        ["https://127.0.0.1:0/cb", "http://192.0.2.1:0/cb", "http://127.0.0.1:0/cb?x", "http://127.0.0.1:0", "http://127.0.0.1:x/cb"]
    {
        assert_eq!(Loopback::bind(wrong).unwrap_err().code(), "invalid_configuration", "{wrong}");
    }
    let loopback = Loopback::bind("http://127.0.0.1:0/cb").unwrap().page("Done.\n");
    let uri = loopback.redirect_uri().to_owned();
    let taken = Loopback::bind(&uri).unwrap_err();
    assert!(std::error::Error::source(&taken).is_some());
    let place = uri.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
    let asking = std::thread::spawn(move || {
        // A browser's connection that it never uses stands in nobody's way.
        let _idle = std::net::TcpStream::connect(&place).unwrap();
        ["GET /favicon.ico", "POST /cb?code=c", "GET /cb?code=c&state=s"].map(|line| {
            let mut stream = std::net::TcpStream::connect(&place).unwrap();
            write!(stream, "{line} HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).unwrap();
            answer
        })
    });
    assert_eq!(run(loopback.callback(Duration::from_secs(20))).unwrap(), format!("{uri}?code=c&state=s"));
    let answers = asking.join().unwrap();
    assert!(
        answers[0].starts_with("HTTP/1.1 404") && answers[1].starts_with("HTTP/1.1 404") && answers[2].ends_with("Done.\n"),
        "{answers:?}"
    );
    let nobody = Loopback::bind("http://127.0.0.1:0/cb").unwrap().wait(Duration::from_millis(60)).unwrap_err();
    assert_eq!(nobody.code(), "timeout");
}
