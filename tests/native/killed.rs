//! Processes that are killed before and after each store, with a real Redis between them and the next one. The process is this program
//! again: it says where it stands, stays there, and is killed.
//!
//! tests/tokens/session.test.mjs does the same to the package's processes. Without `redis-server` nothing of this runs, and it says so.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use samtykke::jose::Algorithm;
use samtykke::native::helseid::HelseId;
use samtykke::native::{
    Body, BoxFuture, Client, Http, Kept, Lock, Redis, Reqwest, SigningKey, StoreFuture, TokenSource, TokenStore, TransportError,
    bytes::Bytes, http,
};
use samtykke::protocol::grant::Refresh;
use samtykke::provider::helseid::{Environment, TokenRequest};
use samtykke::{AuthorizationRequest, Callback, ClientAuthentication, Error, Result, Secret, Transaction};

use super::redis::server;
use super::support::{profile, run};

const LIFE: Duration = Duration::from_secs(600);

/// What a process is to do: which flow, where it stops, and what it needs for that, one to a line.
const TASK: &str = "SAMTYKKE_KILLED_TASK";

/// What the server was sent that is spent by it, and how many tokens it gave.
#[derive(Default)]
struct Seen {
    spent: Vec<String>,
    given: u32,
}

/// A server whose refresh tokens are `r0`, `r1`, …, each good until the next one is given.
fn token_server() -> (u16, Arc<Mutex<Seen>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Seen::default())));
    let shared = seen.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let shared = shared.clone();
            std::thread::spawn(move || answer(stream.unwrap(), &shared));
        }
    });
    (port, seen)
}

fn answer(mut stream: TcpStream, seen: &Mutex<Seen>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut length, mut bound) = (0, false);
    for line in reader.by_ref().lines() {
        let line = line.unwrap().to_ascii_lowercase();
        length = line.strip_prefix("content-length: ").map_or(length, |length| length.parse().unwrap());
        bound |= line.starts_with("dpop:");
        if line.is_empty() {
            break;
        }
    }
    let mut form = vec![0; length];
    reader.read_exact(&mut form).unwrap();
    let (status, json) = token_answer(&form, bound, &mut seen.lock().unwrap());
    let head =
        format!("HTTP/1.1 {status} -\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", json.len());
    let _ = stream.write_all(format!("{head}{json}").as_bytes());
}

fn token_answer(form: &[u8], bound: bool, seen: &mut Seen) -> (u16, String) {
    let spends = form_urlencoded::parse(form).find(|(name, _)| name == "code" || name == "refresh_token");
    let spends = spends.map(|(_, value)| value.into_owned());
    let good = match &spends {
        Some(token) if token.starts_with('r') => *token == format!("r{}", seen.given),
        Some(code) => !seen.spent.contains(code),
        None => true,
    };
    seen.spent.extend(spends);
    if !good {
        return (400, r#"{"error":"invalid_grant"}"#.into());
    }
    seen.given += 1;
    let (given, kind) = (seen.given, if bound { "DPoP" } else { "Bearer" });
    (200, format!(r#"{{"access_token":"t{given}","token_type":"{kind}","expires_in":300,"refresh_token":"r{given}"}}"#))
}

/// Sends all to the server of the tests.
struct Forward(Reqwest, u16);

impl Http for Forward {
    fn send(&self, mut request: http::Request<Bytes>) -> BoxFuture<'_, std::result::Result<http::Response<Body>, TransportError>> {
        *request.uri_mut() = format!("http://127.0.0.1:{}{}", self.1, request.uri().path()).parse().unwrap();
        self.0.send(request)
    }
}

/// Where a process is to stop.
#[derive(Clone)]
struct Stop(String);

impl Stop {
    /// Says that it is there, and stays.
    fn at(&self, place: &str) {
        if self.0 == place {
            println!("\nstops");
            std::thread::sleep(LIFE);
        }
    }
}

/// A store in which a process stops.
#[derive(Clone)]
struct Stopping(Redis, Stop);

impl TokenStore for Stopping {
    fn read<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Kept>> {
        self.0.read(name)
    }
    fn lock<'a>(&'a self, name: &'a str, lease: Duration) -> StoreFuture<'a, Option<Lock>> {
        self.0.lock(name, lease)
    }
    fn write<'a>(&'a self, name: &'a str, fence: &'a str, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            self.1.at("before");
            let written = self.0.write(name, fence, text, life).await;
            self.1.at("after");
            written
        })
    }
    fn unlock<'a>(&'a self, name: &'a str, fence: &'a str) -> StoreFuture<'a, ()> {
        self.0.unlock(name, fence)
    }
    fn compare_and_set<'a>(&'a self, name: &'a str, before: Option<&'a Secret>, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            self.1.at("before");
            let set = self.0.compare_and_set(name, before, text, life).await;
            self.1.at("after");
            set
        })
    }
    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()> {
        self.0.delete(name)
    }
}

fn client(port: u16) -> Client {
    let builder = Client::with_profile(profile(), "client-1").redirect_uri("https://rp.example/cb");
    let builder = builder.authentication(ClientAuthentication::secret_basic("correct horse"));
    builder.http(Forward(Reqwest::new().unwrap(), port)).build_known().unwrap()
}

/// Plays a flow, and gives the access token that comes of it. What a flow keeps in Redis is under its own name.
async fn play(flow: &str, store: Arc<Stopping>, port: u16, more: &str) -> Result<String> {
    let kept = async || store.read(flow).await.unwrap().map(|kept| kept.text);
    let keep = {
        let (store, flow, before) = (store.clone(), flow.to_owned(), kept().await);
        move |text: Secret| -> BoxFuture<'static, Result<()>> {
            let (store, flow, before) = (store.clone(), flow.clone(), before.clone());
            Box::pin(async move {
                // A session is stored again when all is done.
                let before = store.read(&flow).await.unwrap().map(|kept| kept.text).or(before);
                assert!(store.compare_and_set(&flow, before.as_ref(), &text, LIFE).await.unwrap());
                Ok(())
            })
        }
    };
    match flow {
        "refresh" => {
            let grant = Refresh::new(kept().await.unwrap().expose());
            let tokens = client(port).refresh_with(grant, Some(Arc::new(keep))).await?;
            Ok(tokens.access_token.expose().to_owned())
        }
        "session" => {
            let key = || SigningKey::generate(Algorithm::ES256).unwrap();
            let http = Forward(Reqwest::new()?, port);
            let helseid = HelseId::with(&Environment::test(), "client-1", key(), |builder| builder.http(http))?;
            let session = helseid.session(kept().await.unwrap().expose(), Some(Arc::new(keep)))?;
            let granted = session.tokens(&TokenRequest::new().resource("nhn:a")).await?;
            Ok(granted.tokens.access_token.expose().to_owned())
        }
        "exchange" => {
            let (state, transaction) = more.split_once(' ').unwrap();
            let callback = format!("https://rp.example/cb?code=c&state={state}");
            let tokens = client(port).finish_once(Transaction::restore(transaction)?, Callback::Url(&callback), &*store).await?;
            Ok(tokens.access_token.expose().to_owned())
        }
        "source" => {
            let source = TokenSource::new(&client(port)).question_timeout(Duration::from_secs(1)).store((*store).clone())?;
            Ok(source.get("read").await?.access_token.expose().to_owned())
        }
        other => panic!("no flow {other}"),
    }
}

/// The process: does nothing where it has no task.
#[test]
fn a_process_with_a_task() {
    let Ok(task) = std::env::var(TASK) else { return };
    let [flow, stop, redis, port, more] = task.splitn(5, '\n').collect::<Vec<_>>()[..] else { panic!("no task") };
    let outcome = run(async {
        let store = Stopping(Redis::new(&format!("redis://127.0.0.1:{redis}/")).unwrap(), Stop(stop.into()));
        play(flow, Arc::new(store), port.parse().unwrap(), more).await
    });
    println!("\nends {}", outcome.unwrap_or_else(|error: Error| format!("{} {}", error.code(), error.action().as_str())));
}

fn begun(task: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed::a_process_with_a_task", "--nocapture"]).env(TASK, task);
    command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// What a process says first: that it stops, or how it ended.
fn says(child: &mut Child) -> String {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(|line| line.unwrap());
    lines.into_iter().find(|line| line == "stops" || line.starts_with("ends ")).unwrap_or_else(|| "nothing".into())
}

/// One is killed before or after it stores, and others go on: what these end with, what the server saw, how many tokens it gave.
fn killed(flow: &str, place: &str, first: &str) -> Option<(Vec<String>, Vec<String>, u32)> {
    let redis = server()?;
    let (port, seen) = token_server();
    let mut more = String::new();
    run(async {
        let store = Redis::new(&format!("redis://127.0.0.1:{}/", redis.1)).unwrap();
        if !first.is_empty() {
            assert!(store.compare_and_set(flow, None, &Secret::new(first), LIFE).await.unwrap());
        }
        let login = client(port).begin(AuthorizationRequest::new("read")).await.unwrap();
        more = format!("{} {}", login.transaction.state(), login.transaction.serialize().expose());
    });
    let task = |stop: &str| format!("{flow}\n{stop}\n{}\n{port}\n{more}", redis.1);
    let mut child = begun(&task(place));
    assert_eq!(says(&mut child), "stops", "{flow}, {place}");
    child.kill().unwrap();
    child.wait().unwrap();
    let began = Instant::now();
    // A source's processes meet; of the others the application lets one at a time.
    let count = if flow == "source" { 4 } else { 1 };
    let mut children: Vec<_> = (0..count).map(|_| begun(&task(""))).collect();
    let ends = children.iter_mut().map(|child| says(child).replace("ends ", "")).collect();
    for mut child in children {
        child.wait().unwrap();
    }
    assert!(began.elapsed() < Duration::from_secs(60), "{flow}, {place}: {:?}", began.elapsed());
    let seen = seen.lock().unwrap();
    Some((ends, seen.spent.clone(), seen.given))
}

#[test]
fn a_process_that_is_killed_where_it_stores_leaves_the_next_one_what_came() {
    const SESSION: &str =
        r#"{"issuer":"https://helseid-sts.test.nhn.no","clientId":"client-1","scope":"nhn:a/x offline_access","refreshToken":"r0"}"#;
    for (flow, first) in [("refresh", "r0"), ("session", SESSION)] {
        let Some((ends, spent, _)) = killed(flow, "after", first) else { return };
        assert_eq!((ends, spent), (vec!["t2".into()], vec!["r0".into(), "r1".into()]), "{flow}");
        // What came went with the process, which the next one cannot know: the person logs in again.
        let (ends, spent, given) = killed(flow, "before", first).unwrap();
        assert_eq!((ends, spent, given), (vec!["token_error restart".into()], vec!["r0".into(), "r0".into()], 1), "{flow}");
    }
}

#[test]
fn a_code_is_sent_once_whichever_process_is_killed() {
    let Some((ends, spent, _)) = killed("exchange", "before", "") else { return };
    assert_eq!((ends, spent), (vec!["t1".into()], vec!["c".into()]));
    let (ends, spent, _) = killed("exchange", "after", "").unwrap();
    assert_eq!((ends, spent), (vec!["transaction_used restart".into()], vec![]));
}

#[test]
fn a_killed_source_keeps_nobody_from_a_token() {
    for (place, token) in [("before", "t2"), ("after", "t1")] {
        let Some((ends, _, given)) = killed("source", place, "") else { return };
        assert_eq!(ends, vec![token.to_owned(); 4], "{place}");
        assert_eq!(given, if place == "before" { 2 } else { 1 }, "{place}");
    }
}
