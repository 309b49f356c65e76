//! Stores by one contract, sealed or not; and values sealed by the package.

use std::time::Duration;

use samtykke::Secret;
use samtykke::native::testing::Clock;
use samtykke::native::{MemoryStore, SealKeys, Sealed, TokenStore};

use super::support::run;

pub(crate) const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

fn text(text: &str) -> Secret {
    Secret::new(text)
}

async fn read(store: &dyn TokenStore, name: &str) -> Option<String> {
    store.read(name).await.unwrap().map(|kept| kept.text.expose().to_owned())
}

/// What every store does. `pass` lets so much time pass.
pub(crate) async fn contract(store: &dyn TokenStore, pass: impl AsyncFn(Duration)) {
    let minute = Duration::from_secs(60);
    let name = format!("name-{}", std::process::id());
    let other = format!("{name}-other");
    assert_eq!(read(store, &name).await, None);

    // A lock is had by one, and names what is kept.
    let lock = store.lock(&name, minute).await.unwrap().unwrap();
    assert!(lock.kept.is_none());
    assert!(store.lock(&name, minute).await.unwrap().is_none());
    assert!(store.lock(&other, minute).await.unwrap().is_some());
    assert!(!store.write(&name, "another fence", &text("no"), minute).await.unwrap());
    assert!(store.write(&name, &lock.fence, &text("one two"), minute).await.unwrap());
    assert_eq!(read(store, &name).await.as_deref(), Some("one two"));
    let left = store.read(&name).await.unwrap().unwrap().left;
    assert!(left <= minute && left > Duration::from_secs(55), "{left:?}");

    // Writing unlocked; the next fence is another, and the old one is over.
    let next = store.lock(&name, minute).await.unwrap().unwrap();
    assert_ne!(next.fence, lock.fence);
    assert_eq!(next.kept.unwrap().text.expose(), "one two");
    store.unlock(&name, &lock.fence).await.unwrap();
    assert!(store.lock(&name, minute).await.unwrap().is_none());
    assert!(!store.write(&name, &lock.fence, &text("late"), minute).await.unwrap());
    store.unlock(&name, &next.fence).await.unwrap();

    // A lock ends by itself, and who lost it writes nothing.
    let short = store.lock(&name, Duration::from_millis(100)).await.unwrap().unwrap();
    pass(Duration::from_millis(150)).await;
    assert!(!store.write(&name, &short.fence, &text("late"), minute).await.unwrap());
    let free = store.lock(&name, minute).await.unwrap().unwrap();
    store.unlock(&name, &free.fence).await.unwrap();

    // Compare and set, whatever the lock.
    assert!(!store.compare_and_set(&name, None, &text("three"), minute).await.unwrap());
    assert!(!store.compare_and_set(&name, Some(&text("two")), &text("three"), minute).await.unwrap());
    assert!(store.compare_and_set(&name, Some(&text("one two")), &text("three"), Duration::from_millis(100)).await.unwrap());
    assert_eq!(read(store, &name).await.as_deref(), Some("three"));
    pass(Duration::from_millis(150)).await;
    assert_eq!(read(store, &name).await, None, "what has ended is not there");
    assert!(store.compare_and_set(&name, None, &text("four"), minute).await.unwrap());
    store.delete(&name).await.unwrap();
    assert_eq!(read(store, &name).await, None);
    assert!(!store.compare_and_set(&name, Some(&text("four")), &text("five"), minute).await.unwrap(), "what was deleted stays so");
}

#[test]
fn memory_keeps_to_the_contract() {
    let clock = Clock::at(1);
    let store = MemoryStore::new().clock(clock.clone());
    run(contract(&store, async |time| clock.advance(time)));
}

#[test]
fn sealed_keeps_to_the_contract() {
    let clock = Clock::at(1);
    let inner = MemoryStore::new().clock(clock.clone());
    let store = Sealed::new(inner.clone(), KEY.parse().unwrap());
    run(contract(&store, async |time| clock.advance(time)));
    run(async {
        assert!(store.compare_and_set("a", None, &text("secret"), Duration::from_secs(9)).await.unwrap());
        let raw = inner.read("a").await.unwrap().unwrap().text;
        assert!(!raw.expose().contains("secret"));
        // Under another name it is no text, and is replaced as such.
        assert!(inner.compare_and_set("b", None, &raw, Duration::from_secs(9)).await.unwrap());
        assert_eq!(read(&store, "b").await, None);
        assert!(store.compare_and_set("b", None, &text("own"), Duration::from_secs(9)).await.unwrap());
        assert_eq!(read(&store, "b").await.as_deref(), Some("own"));
    });
}

#[test]
fn keys_are_a_list_the_first_of_which_seals() {
    let old: SealKeys = KEY.parse().unwrap();
    let both: SealKeys = format!("_{} ,{KEY}", &KEY[1..]).parse().unwrap();
    let sealed = old.seal("login x", b"text").unwrap();
    assert_eq!(both.open("login x", &sealed).unwrap()[..], *b"text");
    assert!(old.open("login x", &both.seal("login x", b"text").unwrap()).is_none());
    assert!(old.open("login y", &sealed).is_none());
    assert!(old.open("session x", &sealed).is_none());
    assert!(old.open("login x", &format!("{sealed}=")).is_none());
    for wrong in ["", " , ", "AAAA", "not base64url at all, not at all"] {
        assert_eq!(wrong.parse::<SealKeys>().unwrap_err().code(), "invalid_configuration", "{wrong}");
    }
    assert_eq!(format!("{old:?}"), "SealKeys(…)");
}

/// Cookies that the package sealed; its own tests open the same (tests/js).
#[test]
fn what_the_package_sealed_is_opened() {
    let vectors: serde_json::Value = serde_json::from_str(include_str!("../vectors/edge_formats.json")).unwrap();
    let keys: SealKeys = vectors["key"].as_str().unwrap().parse().unwrap();
    let purpose = format!("login {}", vectors["binding"].as_str().unwrap());
    for part in ["cookies", "store"] {
        let (_, sealed) = vectors[part]["login"].as_object().unwrap().iter().next().unwrap();
        let octets = keys.open(&purpose, sealed.as_str().unwrap()).expect(part);
        let login: serde_json::Value = serde_json::from_slice(&octets).unwrap();
        assert!(samtykke::Transaction::restore(login["transaction"].as_str().unwrap()).is_ok());
        assert!(keys.open("login other", sealed.as_str().unwrap()).is_none());
    }
}
