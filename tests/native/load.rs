//! Sixty-four connections to axum by a driver of our own: what a session costs beside bare axum, and no refresh done twice.
//!
//! CPU time is the process's, driver and server together, so that what differs is the session alone. Refuses to pass where an answer
//! is not the one that was asked for.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use samtykke::native::MemoryStore;
use samtykke::native::testing::Clock;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::browser::{Op, browser, edge, home};
use super::support::{NOW, run};

const CONNECTIONS: usize = 64;
/// Requests that each connection carries, one after the other.
const EACH: usize = 24;
/// Microseconds of CPU that a session may cost, of a build without optimisation on a machine that does other things too.
const MOST: u64 = 20_000;

/// Serves a router on a port of its own.
async fn serving(app: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    place
}

/// One answer of a connection: its body, by the length that its head says.
async fn answer(stream: &mut TcpStream) -> (u16, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length: usize = head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), String::from_utf8(body).unwrap())
}

/// Loads a server, and gives the bodies that came.
async fn load(place: &str, cookie: &str, each: usize) -> Vec<String> {
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|_| {
            let (place, cookie) = (place.to_owned(), cookie.to_owned());
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(&place).await.unwrap();
                let mut bodies = Vec::new();
                for _ in 0..each {
                    let request = format!("GET / HTTP/1.1\r\nhost: rp.example\r\ncookie: {cookie}\r\naccept: text/html\r\n\r\n");
                    stream.write_all(request.as_bytes()).await.unwrap();
                    let (status, body) = answer(&mut stream).await;
                    assert_eq!(status, 200, "{body}");
                    bodies.push(body);
                }
                bodies
            })
        })
        .collect();
    let mut bodies = Vec::new();
    for task in tasks {
        bodies.extend(task.await.unwrap());
    }
    bodies
}

/// Microseconds of CPU that this process has used.
#[cfg(target_os = "linux")]
fn used() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<u64> = stat.rsplit(") ").next().unwrap().split(' ').skip(11).take(2).map(|field| field.parse().unwrap()).collect();
    fields.iter().sum::<u64>() * 10_000 // ticks of a hundredth of a second
}

#[cfg(target_os = "linux")]
#[test]
fn a_session_costs_little_beside_bare_axum() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let bare = serving(Router::new().route("/", get(|| async { "Kari a0" }))).await;
        let mut costs = Vec::new();
        for stored in [false, true] {
            let edge = edge(&op, &clock, |builder| if stored { builder.store(MemoryStore::new().clock(clock.clone())) } else { builder });
            let mut browser = browser(&edge, &op);
            browser.log_in("/login").await;
            let server = serving(edge.protect(Router::new().route("/", get(home)))).await;
            let measure = async |place: &str| {
                load(place, &browser.cookie(), 2).await; // connections and tables are warm
                let before = used();
                let bodies = load(place, &browser.cookie(), EACH).await;
                assert_eq!(bodies.len(), CONNECTIONS * EACH);
                assert!(bodies.iter().all(|body| body.starts_with("Kari a")));
                (used() - before) / (CONNECTIONS * EACH) as u64
            };
            let (without, with) = (measure(&bare).await, measure(&server).await);
            costs.push(format!(
                "{}: {with} µs of CPU for a request with a session, {without} µs without",
                if stored { "store" } else { "cookies" }
            ));
            assert!(with.saturating_sub(without) < MOST, "{costs:?}");
        }
        println!("{}", costs.join("; "));
    });
}

#[test]
fn sixty_four_connections_refresh_once() {
    run(async {
        let (op, clock) = (Op::default(), Clock::at(NOW));
        let edge = edge(&op, &clock, |builder| builder.store(MemoryStore::new().clock(clock.clone())));
        let mut browser = browser(&edge, &op);
        browser.log_in("/login").await;
        let server = serving(edge.protect(Router::new().route("/", get(home)))).await;
        clock.advance(Duration::from_secs(250));
        let turning = clock.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(1)).await;
                turning.advance(Duration::from_millis(10));
            }
        });
        let bodies = load(&server, &browser.cookie(), 1).await;
        assert!(bodies.iter().all(|body| body == "Kari a1"), "{bodies:?}");
        assert_eq!(op.refreshes.load(Ordering::SeqCst), 1);
    });
}
