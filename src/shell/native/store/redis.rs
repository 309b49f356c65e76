//! A store in Redis: one key for the text, one for the lock, one for the counter behind its fences.
//!
//! docs/formats.md, "Stores": what the package's `redisStore` writes, this reads, and the other way round. Each operation is one
//! command or one script, so one round trip and nothing in between. Times are Redis's own.
//! Refuses answers of another form.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Script, Value};

use super::{Kept, Lock, StoreError, StoreFuture, TokenStore};
use crate::ground::secret::Secret;
use crate::ground::text::{base64url, number};
use crate::shell::native::driver::random;

/// What every script begins with: the time in milliseconds.
macro_rules! timed {
    ($rest:literal) => {
        concat!("local t=redis.call('time');local now=t[1]*1000+math.floor(t[2]/1000)\n", $rest)
    };
}

const READ: &str = timed!("return {string.format('%.0f',now),redis.call('get',KEYS[1])}");
const LOCK: &str = timed!(
    "if redis.call('exists',KEYS[2])==1 then return false end
local fence=redis.call('incr',KEYS[3])..'.'..ARGV[2]
redis.call('pexpire',KEYS[3],86400000)
redis.call('set',KEYS[2],fence,'px',ARGV[1])
return {fence,string.format('%.0f',now),redis.call('get',KEYS[1])}"
);
const WRITE: &str = timed!(
    "if redis.call('get',KEYS[2])~=ARGV[1] then return 0 end
redis.call('set',KEYS[1],string.format('%.0f',now+ARGV[3])..' '..ARGV[2],'px',ARGV[3])
redis.call('del',KEYS[2])
return 1"
);
const SWAP: &str = timed!(
    "local kept=redis.call('get',KEYS[1])
local cut=kept and string.find(kept,' ',1,true)
if cut then if tonumber(string.sub(kept,1,cut-1))>now then kept=string.sub(kept,cut+1) else kept=false end end
if ARGV[3]=='1' then if kept~=ARGV[4] then return 0 end elseif kept then return 0 end
redis.call('set',KEYS[1],string.format('%.0f',now+ARGV[2])..' '..ARGV[1],'px',ARGV[2])
return 1"
);
const UNLOCK: &str = "if redis.call('get',KEYS[1])==ARGV[1] then redis.call('del',KEYS[1]) end return 0";

/// A store in Redis, or what speaks its language. A cheap clone, which shares one connection that mends itself. It is made in tokio's
/// runtime, and asks for nothing before it is used.
#[derive(Clone)]
pub struct Redis {
    connection: ConnectionManager,
    prefix: String,
}

impl core::fmt::Debug for Redis {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Redis").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Redis {
    /// A store at this address, such as `redis://127.0.0.1/`; every key begins with `samtykke:`.
    ///
    /// # Errors
    /// For an address that is none.
    pub fn new(url: &str) -> core::result::Result<Self, StoreError> {
        let client = redis::Client::open(url).map_err(StoreError::new)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(Duration::from_secs(1)))
            .set_number_of_retries(0);
        let connection = client.get_connection_manager_lazy(config).map_err(StoreError::new)?;
        Ok(Self { connection, prefix: "samtykke:".into() })
    }

    /// What every key begins with; without braces, which Redis Cluster reads.
    ///
    /// # Errors
    /// For a prefix with braces.
    pub fn prefix(mut self, prefix: &str) -> core::result::Result<Self, StoreError> {
        if prefix.contains(['{', '}']) {
            return Err(StoreError::new("prefix: a text without braces"));
        }
        self.prefix = prefix.into();
        Ok(self)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{{{name}}}", self.prefix)
    }

    async fn run(&self, script: &str, keys: &[&str], arguments: &[&str]) -> core::result::Result<Value, StoreError> {
        let script = Script::new(script);
        let mut call = script.prepare_invoke();
        for key in keys {
            call.key(*key);
        }
        for argument in arguments {
            call.arg(*argument);
        }
        call.invoke_async(&mut self.connection.clone()).await.map_err(StoreError::new)
    }
}

/// A text of Redis's.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::BulkString(octets) => String::from_utf8(octets.clone()).ok(),
        Value::SimpleString(text) => Some(text.clone()),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A record as it is kept, its end and the text, at a time of Redis's.
fn kept(value: Option<&Value>, now: u64) -> Option<Kept> {
    let record = text(value?)?;
    let (ends, text) = record.split_once(' ')?;
    // The time was cut to whole milliseconds: an end comes too soon rather than too late.
    let left = number(ends)?.checked_sub(now.saturating_add(1)).filter(|left| *left > 0)?;
    Some(Kept { text: Secret::new(text), left: Duration::from_millis(left) })
}

fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        _ => &[],
    }
}

fn millis(duration: Duration) -> String {
    duration.as_millis().max(1).to_string()
}

fn is_one(value: &Value) -> bool {
    matches!(value, Value::Int(1))
}

fn odd() -> StoreError {
    StoreError::new("an answer that Redis does not give")
}

impl TokenStore for Redis {
    fn read<'a>(&'a self, name: &'a str) -> StoreFuture<'a, Option<Kept>> {
        Box::pin(async move {
            let answer = self.run(READ, &[&self.key(name)], &[]).await?;
            let now = items(&answer).first().and_then(text).and_then(|now| number(&now)).ok_or_else(odd)?;
            Ok(kept(items(&answer).get(1), now))
        })
    }

    fn lock<'a>(&'a self, name: &'a str, lease: Duration) -> StoreFuture<'a, Option<Lock>> {
        Box::pin(async move {
            let key = self.key(name);
            let own = base64url(&*random::<16>().map_err(StoreError::new)?);
            let keys = [key.as_str(), &format!("{key}:lock"), &format!("{key}:fence")];
            let answer = self.run(LOCK, &keys, &[&millis(lease), &own]).await?;
            let [fence, now, record @ ..] = items(&answer) else { return Ok(None) };
            let now = text(now).and_then(|now| number(&now)).ok_or_else(odd)?;
            Ok(Some(Lock { fence: text(fence).ok_or_else(odd)?, kept: kept(record.first(), now) }))
        })
    }

    fn write<'a>(&'a self, name: &'a str, fence: &'a str, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let key = self.key(name);
            let answer = self.run(WRITE, &[&key, &format!("{key}:lock")], &[fence, text.expose(), &millis(life)]).await?;
            Ok(is_one(&answer))
        })
    }

    fn unlock<'a>(&'a self, name: &'a str, fence: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move { self.run(UNLOCK, &[&format!("{}:lock", self.key(name))], &[fence]).await.map(|_| ()) })
    }

    fn compare_and_set<'a>(&'a self, name: &'a str, before: Option<&'a Secret>, text: &'a Secret, life: Duration) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let (known, before) = before.map_or(("0", ""), |before| ("1", before.expose()));
            let answer = self.run(SWAP, &[&self.key(name)], &[text.expose(), &millis(life), known, before]).await?;
            Ok(is_one(&answer))
        })
    }

    fn delete<'a>(&'a self, name: &'a str) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut command = redis::cmd("DEL");
            command.arg(self.key(name));
            command.query_async::<Value>(&mut self.connection.clone()).await.map(|_| ()).map_err(StoreError::new)
        })
    }
}
