//! What is kept between runs: one file, replaced whole, readable by its owner alone.
//!
//! It holds the private key as a JWK. A service would put it where it keeps its other secrets.
//! Refuses a file that is not its own.

use std::fs::{OpenOptions, rename};
use std::io::{ErrorKind, Write};

use samtykke::jose::{Signer, thumbprint};
use samtykke::soft::p256::P256Key;
use serde_json::{Value, json};

use crate::Outcome;
use crate::service::random;

/// A client on its way.
pub(crate) struct Kept {
    /// The present private key.
    pub(crate) key: String,
    pub(crate) client_id: Option<String>,
    pub(crate) redirect_uri: String,
    pub(crate) older: bool,
    pub(crate) confirmed: bool,
    /// A new key that is on its way: registered perhaps, not proven yet.
    pub(crate) next: Option<String>,
}

impl Kept {
    pub(crate) fn new(key: String, redirect_uri: String, older: bool) -> Self {
        Self { key, client_id: None, redirect_uri, older, confirmed: false, next: None }
    }

    pub(crate) fn client_id(&self) -> Outcome<&str> {
        self.client_id.as_deref().ok_or_else(|| "the service never answered the draft: remove the state file and begin anew".into())
    }
}

/// The file.
pub(crate) struct Store {
    file: String,
}

impl Store {
    pub(crate) fn new(file: String) -> Self {
        Self { file }
    }

    pub(crate) fn file(&self) -> &str {
        &self.file
    }

    pub(crate) fn read(&self) -> Outcome<Option<Kept>> {
        let text = match std::fs::read_to_string(&self.file) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            text => text?,
        };
        // No word of the text is shown: a key stands in it.
        let value: Value = serde_json::from_str(&text).map_err(|_| "the state file is not one of this program's")?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(String::from);
        let is = |name: &str| value.get(name) == Some(&Value::Bool(true));
        let (Some(key), Some(redirect_uri)) = (text("key"), text("redirectUri")) else {
            return Err("the state file is not one of this program's".into());
        };
        Ok(Some(Kept {
            key,
            client_id: text("clientId"),
            redirect_uri,
            older: is("older"),
            confirmed: is("confirmed"),
            next: text("next"),
        }))
    }

    pub(crate) fn write(&self, kept: &Kept) -> Outcome<()> {
        let Kept { key, client_id, redirect_uri, older, confirmed, next } = kept;
        let value =
            json!({ "key": key, "clientId": client_id, "redirectUri": redirect_uri, "older": older, "confirmed": confirmed, "next": next });
        let aside = format!("{}.new", self.file);
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&aside)?;
        file.write_all(value.to_string().as_bytes())?;
        file.sync_all()?;
        Ok(rename(aside, &self.file)?)
    }
}

/// A new private key as a JWK, named by its thumbprint.
pub(crate) fn new_key() -> Outcome<String> {
    let mut octets = [0; 32];
    random(&mut octets)?;
    let key = P256Key::from_random(&octets)?;
    let info = key.info();
    let public = info.public.clone().named(Some(&thumbprint(&info.public)), Some(info.alg)).to_json();
    let mut jwk: Value = serde_json::from_str(&public)?;
    if let Some(members) = jwk.as_object_mut() {
        members.insert("d".into(), samtykke::encoding::base64url(&octets).into());
    }
    Ok(jwk.to_string())
}
