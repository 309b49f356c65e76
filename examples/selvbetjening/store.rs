//! What is kept between runs: one file, replaced whole, readable by its owner alone.
//!
//! It holds the enrolment's record and, beside it, the private keys as JWKs by the names that the record knows them by. A
//! service would put the keys where it keeps its other secrets. Refuses a file that is not its own.

use std::fs::{OpenOptions, rename};
use std::io::{ErrorKind, Write};

use base64ct::{Base64UrlUnpadded, Encoding};
use samtykke::jose::{Signer, thumbprint};
use samtykke::provider::selvbetjening::{Key, PublicKey};
use samtykke::signer::p256::P256Key;
use serde_json::{Map, Value, json};

use crate::io::{Outcome, random};

/// The file.
pub(crate) struct Store {
    file: String,
    record: Option<String>,
    keys: Map<String, Value>,
}

impl Store {
    pub(crate) fn open(file: String) -> Outcome<Self> {
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self { file, record: None, keys: Map::new() }),
            text => text?,
        };
        // No word of the text is shown: keys stand in it.
        let value: Value = serde_json::from_str(&text).map_err(|_| "the state file is not one of this program's")?;
        let (Some(keys), record) = (value.get("keys").and_then(Value::as_object), value.get("record").and_then(Value::as_str)) else {
            return Err("the state file is not one of this program's".into());
        };
        Ok(Self { record: record.map(String::from), keys: keys.clone(), file })
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn record(&self) -> Option<&str> {
        self.record.as_deref()
    }

    pub(crate) fn keep(&mut self, record: String) -> Outcome<()> {
        self.record = Some(record);
        self.write()
    }

    /// A new key, safe before anything is made of it; its name is its thumbprint.
    pub(crate) fn new_key(&mut self) -> Outcome<Key> {
        // Without a record there is no client that could need an older one.
        if self.record.is_none() {
            self.keys.clear();
        }
        let octets = random::<32>()?;
        let key = P256Key::from_random(&octets)?;
        let info = key.info();
        let name = thumbprint(&info.public);
        let public = info.public.clone().with_name(Some(&name), Some(info.alg)).to_json();
        let mut jwk: Map<String, Value> = serde_json::from_str(&public)?;
        jwk.insert("d".into(), Base64UrlUnpadded::encode_string(&octets).into());
        self.keys.insert(name.clone(), Value::Object(jwk).to_string().into());
        self.write()?;
        Ok(Key::new(&name, PublicKey::parse(&public)?)?)
    }

    /// The private key of a name, which is its thumbprint, if it is the one that the record means.
    pub(crate) fn private(&self, name: &str) -> samtykke::Result<P256Key> {
        let found = P256Key::from_jwk(self.keys.get(name).and_then(Value::as_str).unwrap_or_default())?;
        if thumbprint(&found.info().public) == name {
            return Ok(found);
        }
        Err(samtykke::Error::new(&samtykke::error::codes::KEY_REFUSED).expected("the key of the record"))
    }

    /// Lets a key go that the record knows no more.
    pub(crate) fn forget(&mut self, key: &Key) -> Outcome<()> {
        self.keys.remove(key.reference());
        self.write()
    }

    fn write(&self) -> Outcome<()> {
        let aside = format!("{}.new", self.file);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&aside)?;
        file.write_all(json!({ "record": self.record, "keys": self.keys }).to_string().as_bytes())?;
        file.sync_all()?;
        Ok(rename(aside, &self.file)?)
    }
}
