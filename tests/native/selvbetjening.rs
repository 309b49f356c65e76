//! Selvbetjening's machines by the native driver: a draft, a key replaced, settings changed, by calls and a store of a program's.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use samtykke::error::codes;
use samtykke::native::Client;
use samtykke::native::testing::Scripted;
use samtykke::protocol::token::TokenType;
use samtykke::provider::selvbetjening::{Draft, Enrolment, Environment, Key, Pacing, PublicKey, Rotation, Update};
use samtykke::{ClientAuthentication, Error, Secret, Tokens};

use super::support::{profile, run};

const OLD: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const NEW: &str = r#"{"kty":"EC","crv":"P-256","alg":"ES256","kid":"k2","x":"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0","y":"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps"}"#;
const CLIENT: &str = r#"{"apiScopes":[{"scope":"nhn:selvbetjening/client","status":"ok"}],"audienceSpecificClientClaims":null,"redirectUris":[],"postLogoutRedirectUris":[],"childOrganizationNumbers":null}"#;

async fn client(http: &Scripted) -> Client {
    let builder = Client::with_profile(profile(), "client-1").redirect_uri("https://rp.example/cb");
    builder.authentication(ClientAuthentication::secret_basic("correct horse")).http(http.clone()).build().await.unwrap()
}

/// Records that were stored, in order.
type Stored = Arc<Mutex<Vec<String>>>;

fn store(stored: &Stored) -> impl Fn(Secret) -> std::future::Ready<samtykke::Result<()>> + Send + Sync {
    let stored = stored.clone();
    move |record| {
        stored.lock().unwrap().push(record.expose().to_owned());
        std::future::ready(Ok(()))
    }
}

/// A token that tells its key; there is none for `unknown` the first time.
fn tokens(unknown: &'static str) -> impl Fn(String) -> std::future::Ready<samtykke::Result<Tokens>> + Send + Sync {
    let asked = Mutex::new(0);
    move |key| {
        let mut asked = asked.lock().unwrap();
        *asked += u32::from(key == unknown);
        std::future::ready(if key == unknown && *asked == 1 {
            let oauth = samtykke::error::OAuthError { error: "invalid_client".into(), description: None, uri: None };
            Err(Error::new(&codes::TOKEN_ERROR).oauth_error(oauth))
        } else {
            Ok(Tokens::bare(&format!("at-{key}"), TokenType::Bearer))
        })
    }
}

fn sent(http: &Scripted) -> Vec<String> {
    let shown = |request: &samtykke::native::http::Request<_>| {
        let token = request.headers().get("authorization").map_or("", |value| value.to_str().unwrap());
        format!("{} {} {token}", request.method(), request.uri().path())
    };
    http.sent().iter().map(shown).collect()
}

fn enrolment() -> Enrolment {
    Enrolment::of(&Environment::test(), "6a1f", Key::new("old", PublicKey::parse(OLD).unwrap()).unwrap()).unwrap()
}

#[test]
fn a_draft_is_stored_before_and_after_it_is_sent_and_without_a_token() {
    run(async {
        let http = Scripted::new().json(200, r#"{"clientId":"6a1f"}"#);
        let mut draft = Draft::new("999977774", PublicKey::parse(OLD).unwrap());
        draft.confirmation_redirect_uri = Some("http://localhost:4406/confirmed/8fdK".into());
        let (environment, stored) = (Environment::test(), Stored::default());
        let begin = || Enrolment::begin(&environment, &Secret::new("S3CRET"), draft.clone(), "old").unwrap();
        let client = client(&http).await;
        let done = client.carry_out(&environment, &mut begin(), store(&stored), tokens(""), |_| Ok(())).await.unwrap();
        assert_eq!(done.client_id(), "6a1f");
        let records = stored.lock().unwrap().clone();
        assert!(records.len() == 2 && !records[0].contains("6a1f") && records[1] == done.serialize());
        assert_eq!(sent(&http), ["POST /v1/client-drafts "]);
        // What cannot be stored is not sent.
        let fails = |_| std::future::ready(Err(Error::new(&codes::STORE_FAILED)));
        let error = client.carry_out(&environment, &mut begin(), fails, tokens(""), |_| Ok(())).await.unwrap_err();
        assert_eq!((error.code(), http.sent().len()), ("store_failed", 0));
    });
}

#[test]
fn a_key_is_replaced_by_calls_of_the_old_and_the_new_one() {
    run(async {
        let http = Scripted::new().json(200, "{}").json(200, CLIENT);
        let (mut enrolment, stored) = (enrolment(), Stored::default());
        let next = Key::new("new", PublicKey::parse(NEW).unwrap()).unwrap();
        let moment = Duration::from_millis(1);
        let pacing = Pacing::new(moment, moment, Duration::from_secs(60)).unwrap();
        let mut rotation = Rotation::begin(&mut enrolment, next).unwrap().with_pacing(pacing);
        let client = client(&http).await;
        let done = client.carry_out(&Environment::test(), &mut rotation, store(&stored), tokens("new"), |_| Ok(())).await.unwrap();
        assert_eq!((done.key.reference(), done.retired.reference(), enrolment.key().reference()), ("new", "old", "new"));
        assert_eq!(stored.lock().unwrap().last().unwrap(), &enrolment.serialize());
        assert_eq!(sent(&http), ["POST /v1/client-secret Bearer at-old", "GET /v1/client Bearer at-new"]);
    });
}

#[test]
fn settings_are_what_the_program_makes_of_them_or_nothing_is_written() {
    run(async {
        let http = Scripted::new().json(200, CLIENT).json(200, CLIENT).json(200, "").json(200, CLIENT).json(200, CLIENT);
        let (environment, stored) = (Environment::test(), Stored::default());
        let client = client(&http).await;
        let change = |settings: &mut samtykke::provider::selvbetjening::ClientSettings| {
            settings.redirect_uris = Some(vec!["https://journal.example.no/callback".into()]);
            Ok(())
        };
        let done = client.carry_out(&environment, &mut Update::new(&enrolment()), store(&stored), tokens(""), change).await.unwrap();
        assert!(done.is_ready() && stored.lock().unwrap().is_empty());
        let sent = http.sent();
        let methods: Vec<_> = sent.iter().map(|request| request.method().to_string()).collect();
        assert_eq!(methods, ["GET", "GET", "PUT", "GET"]);
        assert!(String::from_utf8_lossy(sent[2].body()).contains("journal.example.no"));
        let refuses = |_: &mut _| Err(Error::new(&codes::INVALID_SCOPE));
        let error = client.carry_out(&environment, &mut Update::new(&enrolment()), store(&stored), tokens(""), refuses).await;
        assert_eq!((error.unwrap_err().code(), http.sent().len()), ("invalid_scope", 1));
    });
}
