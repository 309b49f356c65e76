//! An error as serde writes it: the names of the package's errors, for logs and answers in JSON.
//!
//! Refuses to write `expected` and `actual`, which may quote a server.

use super::Error;

impl serde::Serialize for Error {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code())?;
        map.serialize_entry("phase", self.phase().as_str())?;
        map.serialize_entry("action", self.action().as_str())?;
        map.serialize_entry("retryable", &self.retryable())?;
        if let Some(oauth) = self.oauth() {
            map.serialize_entry("error", &oauth.error)?;
            map.serialize_entry("error_description", &oauth.description)?;
        }
        map.serialize_entry("status", &self.status())?;
        map.serialize_entry("hint", self.hint())?;
        map.serialize_entry("doc", self.doc())?;
        map.end()
    }
}
