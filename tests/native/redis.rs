//! The store in Redis, against a server of the tests' own. Without `redis-server` nothing of this runs, and it says so.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use samtykke::Secret;
use samtykke::native::{Redis, TokenStore};

use super::stores::contract;
use super::support::run;

pub(super) struct Server(Child, pub(super) u16);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server on a free port that keeps nothing on disk.
pub(super) fn server() -> Option<Server> {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let port_text = port.to_string();
    let arguments = ["--port", port_text.as_str(), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
    let child = Command::new("redis-server").args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(child) = child else {
        assert!(std::env::var_os("CI").is_none(), "redis-server is missing");
        eprintln!("not run: redis-server is missing");
        return None;
    };
    let server = Server(child, port);
    for _ in 0..200 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some(server);
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("redis-server does not answer");
}

#[test]
fn redis_keeps_to_the_contract() {
    let Some(server) = server() else { return };
    run(async {
        let store = Redis::new(&format!("redis://127.0.0.1:{}/", server.1)).unwrap();
        contract(&store, async |time| tokio::time::sleep(time).await).await;
        assert!(store.clone().prefix("a{b").is_err());
        assert_eq!(format!("{store:?}"), r#"Redis { prefix: "samtykke:", .. }"#);
    });
}

#[test]
fn a_redis_that_is_gone_is_an_error_in_time() {
    run(async {
        let store = Redis::new("redis://127.0.0.1:1/").unwrap();
        let started = std::time::Instant::now();
        assert!(store.read("a").await.is_err());
        assert!(store.compare_and_set("a", None, &Secret::new("b"), Duration::from_secs(1)).await.is_err());
        assert!(started.elapsed() < Duration::from_secs(4), "{:?}", started.elapsed());
        assert!(Redis::new("no address").is_err());
    });
}
