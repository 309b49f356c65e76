//! The token source: one question for all, early renewal, trouble and refusals, stores that fail.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use samtykke::jose::Algorithm;
use samtykke::native::testing::{Clock, Scripted};
use samtykke::native::{
    Body, BoxFuture, Client, Http, Kept, Lock, MemoryStore, SigningKey, StoreError, StoreFuture, TokenSource, TokenStore, TransportError,
    Wanted, bytes::Bytes, http,
};
use samtykke::protocol::token_record::TokenRecord;
use samtykke::{ClientAuthentication, Secret};

use super::support::{NOW, profile, run};

/// Gives `t1`, `t2`, …, each alive for two minutes.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU32>);

impl Counting {
    fn asked(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Http for Counting {
    fn send(&self, _: http::Request<Bytes>) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async {
            let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let json = format!(r#"{{"access_token":"t{number}","token_type":"Bearer","expires_in":120,"extra":[1]}}"#);
            let mut answer = http::Response::new(Body::from(json));
            answer.headers_mut().insert("content-type", "application/json".parse().unwrap());
            Ok(answer)
        })
    }
}

async fn client(http: impl Http + 'static, clock: &Clock) -> Client {
    let secret = ClientAuthentication::secret_basic("correct horse");
    Client::with_profile(profile(), "client-1").authentication(secret).runtime(clock.clone()).http(http).build().await.unwrap()
}

fn text(tokens: &samtykke::Tokens) -> &str {
    tokens.access_token.expose()
}

#[test]
fn a_thousand_tasks_ask_once() {
    run(async {
        let http = Counting::default();
        let source = TokenSource::new(&client(http.clone(), &Clock::at(NOW)).await);
        let tasks: Vec<_> = (0..1000)
            .map(|_| {
                let source = source.clone();
                tokio::spawn(async move { source.get("read").await.unwrap() })
            })
            .collect();
        for task in tasks {
            assert_eq!(text(&task.await.unwrap()), "t1");
        }
        assert_eq!(http.asked(), 1);
        // What differs is kept apart, what is equal is not.
        assert_eq!(text(&source.get(Wanted::new("read").audience("a")).await.unwrap()), "t2");
        assert_eq!(text(&source.get(Wanted::new(" read ").audience("a")).await.unwrap()), "t2");
    });
}

#[test]
fn a_token_that_ends_soon_is_given_and_replaced() {
    run(async {
        let (http, clock) = (Counting::default(), Clock::at(NOW));
        let source = TokenSource::new(&client(http.clone(), &clock).await).margin(Duration::from_secs(30));
        assert_eq!(text(&source.get("read").await.unwrap()), "t1");
        clock.advance(Duration::from_secs(80));
        assert_eq!(text(&source.get("read").await.unwrap()), "t1");
        assert_eq!(http.asked(), 1);
        clock.advance(Duration::from_secs(15));
        assert_eq!(text(&source.get("read").await.unwrap()), "t1", "nobody waits for a new one while the old one is good");
        while text(&source.get("read").await.unwrap()) != "t2" {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        clock.advance(Duration::from_secs(200));
        assert_eq!(text(&source.get("read").await.unwrap()), "t3", "a token past its end is never given");
    });
}

#[test]
fn a_caller_that_breaks_off_breaks_off_alone() {
    run(async {
        let http = Counting::default();
        let source = TokenSource::new(&client(http.clone(), &Clock::at(NOW)).await);
        let asking = source.clone();
        let caller = tokio::spawn(async move { asking.get("read").await });
        while http.asked() == 0 {
            tokio::task::yield_now().await;
        }
        caller.abort();
        assert_eq!(text(&source.get("read").await.unwrap()), "t1");
        assert_eq!(http.asked(), 1);
    });
}

#[test]
fn a_refused_token_is_replaced_once() {
    run(async {
        let (http, clock) = (Counting::default(), Clock::at(NOW));
        let source = TokenSource::new(&client(http.clone(), &clock).await);
        let first = source.get("read").await.unwrap();
        let callers: Vec<_> = (0..20)
            .map(|_| {
                let (source, first) = (source.clone(), first.clone());
                tokio::spawn(async move { source.renew("read", &first).await.unwrap() })
            })
            .collect();
        for caller in callers {
            assert_eq!(text(&caller.await.unwrap()), "t2");
        }
        let second = source.get("read").await.unwrap();
        assert_eq!(text(&source.renew("read", &second).await.unwrap()), "t2", "so soon again it is the API's trouble");
        clock.advance(Duration::from_secs(31));
        assert_eq!(text(&source.renew("read", &second).await.unwrap()), "t3");
    });
}

const GOOD: &str = r#"{"access_token":"good","token_type":"Bearer","expires_in":120}"#;

#[test]
fn trouble_is_asked_again_and_a_refusal_is_not() {
    run(async {
        let clock = Clock::at(NOW);
        let turning = clock.clone();
        let turn = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                turning.advance(Duration::from_millis(50));
            }
        });
        let http = Scripted::new().json(503, "{}").fails().json(200, GOOD);
        let source = TokenSource::new(&client(http.clone(), &clock).await);
        assert_eq!(text(&source.get("read").await.unwrap()), "good");
        assert_eq!(http.left(), 0);

        let http = Scripted::new().json(400, r#"{"error":"invalid_scope"}"#).json(200, GOOD);
        let source = TokenSource::new(&client(http.clone(), &clock).await);
        assert!(source.get("read").await.unwrap_err().oauth().unwrap().is("invalid_scope"));
        assert!(source.get("read").await.unwrap_err().oauth().unwrap().is("invalid_scope"), "left alone for a while");
        assert_eq!(http.left(), 1);
        turn.abort();
    });
}

#[test]
fn a_server_that_says_when_is_left_alone_until_then() {
    run(async {
        let clock = Clock::at(NOW);
        let mut busy = http::Response::new(Body::from("{}"));
        *busy.status_mut() = http::StatusCode::TOO_MANY_REQUESTS;
        busy.headers_mut().insert("retry-after", "40".parse().unwrap());
        let http = Scripted::new().answer(busy).json(200, GOOD);
        let source = TokenSource::new(&client(http.clone(), &clock).await);
        assert_eq!(source.get("read").await.unwrap_err().status(), Some(429));
        clock.advance(Duration::from_secs(39));
        assert_eq!(source.get("read").await.unwrap_err().status(), Some(429));
        assert_eq!(http.left(), 1);
        clock.advance(Duration::from_secs(2));
        assert_eq!(text(&source.get("read").await.unwrap()), "good");
    });
}

#[test]
fn patience_and_questions_end() {
    run(async {
        let clock = Clock::at(NOW);
        let source = TokenSource::new(&client(Scripted::new().hangs(), &clock).await).retries(0);
        let asking = tokio::spawn(async move { source.get("read").await });
        while !asking.is_finished() {
            tokio::time::sleep(Duration::from_millis(1)).await;
            clock.advance(Duration::from_millis(200));
        }
        assert_eq!(asking.await.unwrap().unwrap_err().code(), "timeout");
    });
}

#[test]
fn a_question_that_panics_poisons_nothing() {
    run(async {
        let http = Scripted::new().then(|_| panic!("a poisoned task")).json(200, GOOD);
        let source = TokenSource::new(&client(http, &Clock::at(NOW)).await);
        assert_eq!(source.get("read").await.unwrap_err().code(), "aborted");
        // The question's own failure is trouble of nobody's, so the next one goes out at once, or after its pause.
        let again = TokenSource::get(&source, "other").await;
        assert_eq!(text(&again.unwrap()), "good");
    });
}

#[test]
fn sources_that_share_a_store_ask_once() {
    run(async {
        let (http, clock) = (Counting::default(), Clock::at(NOW));
        let store = MemoryStore::new().clock(clock.clone());
        let mut sources = Vec::new();
        for _ in 0..4 {
            sources.push(TokenSource::new(&client(http.clone(), &clock).await).store(store.clone()).unwrap());
        }
        let turning = clock.clone();
        let turn = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                turning.advance(Duration::from_millis(1));
            }
        });
        let tasks: Vec<_> = (0..200)
            .map(|at| {
                let source = sources[at % 4].clone();
                tokio::spawn(async move { source.get("read").await.unwrap() })
            })
            .collect();
        for task in tasks {
            assert_eq!(text(&task.await.unwrap()), "t1");
        }
        assert_eq!(http.asked(), 1);
        assert_eq!(sources[3].get("read").await.unwrap().others.len(), 1);
        turn.abort();
    });
}

/// A store that fails, and counts how often it is asked.
#[derive(Clone, Default)]
struct Down(Arc<AtomicU32>);

impl Down {
    fn fail<T: 'static>(&self) -> StoreFuture<'_, T> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Err(StoreError::new("down")) })
    }
}

impl TokenStore for Down {
    fn read<'a>(&'a self, _: &'a str) -> StoreFuture<'a, Option<Kept>> {
        self.fail()
    }
    fn lock<'a>(&'a self, _: &'a str, _: Duration) -> StoreFuture<'a, Option<Lock>> {
        self.fail()
    }
    fn write<'a>(&'a self, _: &'a str, _: &'a str, _: &'a Secret, _: Duration) -> StoreFuture<'a, bool> {
        self.fail()
    }
    fn unlock<'a>(&'a self, _: &'a str, _: &'a str) -> StoreFuture<'a, ()> {
        self.fail()
    }
    fn compare_and_set<'a>(&'a self, _: &'a str, _: Option<&'a Secret>, _: &'a Secret, _: Duration) -> StoreFuture<'a, bool> {
        self.fail()
    }
    fn delete<'a>(&'a self, _: &'a str) -> StoreFuture<'a, ()> {
        self.fail()
    }
}

#[test]
fn a_store_that_is_down_costs_one_question() {
    run(async {
        let (http, store, heard) = (Counting::default(), Down::default(), Arc::new(AtomicU32::new(0)));
        let hearing = heard.clone();
        let source =
            TokenSource::new(&client(http.clone(), &Clock::at(NOW)).await).store(store.clone()).unwrap().on_store_error(move |_| {
                hearing.fetch_add(1, Ordering::SeqCst);
            });
        assert_eq!(text(&source.get("read").await.unwrap()), "t1");
        assert_eq!(text(&source.get("write").await.unwrap()), "t2");
        assert_eq!((http.asked(), store.0.load(Ordering::SeqCst), heard.load(Ordering::SeqCst)), (2, 1, 1));
    });
}

#[test]
fn a_key_of_this_process_and_a_shared_store_do_not_go_together() {
    run(async {
        let client = Client::with_profile(profile(), "client-1")
            .authentication(ClientAuthentication::secret_basic("x"))
            .dpop(SigningKey::generate(Algorithm::ES256).unwrap())
            .http(Scripted::new())
            .build()
            .await
            .unwrap();
        assert_eq!(TokenSource::new(&client).store(Down::default()).unwrap_err().code(), "invalid_configuration");
        assert!(TokenSource::new(&client).store(MemoryStore::new()).is_ok());
    });
}

#[test]
fn records_are_those_of_the_shared_table() {
    let table: serde_json::Value = serde_json::from_str(include_str!("../tokens/records.json")).unwrap();
    let rows = table["records"].as_array().unwrap();
    assert!(rows.len() > 8);
    for row in rows {
        let text = row["text"].as_str().unwrap();
        match TokenRecord::read(text) {
            None => assert_eq!(row["read"], serde_json::Value::Null, "{text:?}"),
            Some(record) => {
                let read = &row["read"];
                assert_eq!(record.tokens.as_ref().map(|tokens| tokens.access_token.expose()), read["accessToken"].as_str(), "{text:?}");
                assert_eq!(Some(record.replace), read["replace"].as_u64(), "{text:?}");
                assert_eq!(record.error.as_ref().map(samtykke::Error::code), read["code"].as_str(), "{text:?}");
                assert_eq!(record.text().expose(), row["written"].as_str().unwrap_or(text), "{text:?}");
            }
        }
    }
    let tomorrow = r#"{"tail":0,"replace":0,"failures":1,"resume":1,"error":{"code":"from_tomorrow"}}"#;
    assert!(TokenRecord::read(tomorrow).is_none(), "a code that is not known yet says nothing");
    let base = "ihttps://op.example\ncclient-1\n";
    for row in table["names"].as_array().unwrap() {
        let texts = |name: &str| row["target"][name].as_array().into_iter().flatten().map(|one| one.as_str().unwrap());
        let one = |name: &str| row["target"][name].as_str().unwrap_or_default();
        let (resource, audience) = (texts("resource").collect::<Vec<_>>(), texts("audience").collect::<Vec<_>>());
        let extra: Vec<(String, &str)> = row["target"]["extra"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| (format!("p.{name}"), value.as_str().unwrap()))
            .collect();
        let more: Vec<(&str, &str)> = extra.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        let target = samtykke::protocol::token_cache::Target {
            issuer: "https://op.example",
            client_id: "client-1",
            scope: one("scope"),
            organisation: one("organisation"),
            subject: one("subject"),
            resource: &resource,
            audience: &audience,
            more: &more,
            ..Default::default()
        };
        assert_eq!(target.name(), format!("{base}{}", row["name"].as_str().unwrap()), "{row}");
    }
}
