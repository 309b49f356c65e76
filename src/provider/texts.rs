//! Environments as serde writes and reads them: the one text that `named` takes, as a configuration has it.
//!
//! Refuses what `named` refuses, and to write an environment that no text stands for.

use alloc::string::String;

use crate::provider::{acmidm, altinn, helseid, idporten, maskinporten, norskgjeld, selvbetjening};

macro_rules! serde_by_text {
    ($($environment:ty, $read:expr;)*) => {$(
        impl serde::Serialize for $environment {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
                let stands = |text: &String| ($read)(text).is_ok_and(|read| read == *self);
                match self.texts().into_iter().find(stands) {
                    Some(text) => serializer.serialize_str(&text),
                    None => Err(serde::ser::Error::custom("no text stands for this environment")),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $environment {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> core::result::Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                ($read)(&text).map_err(serde::de::Error::custom)
            }
        }
    )*};
}

serde_by_text! {
    norskgjeld::Environment, norskgjeld::Environment::from_name;
    selvbetjening::Environment, selvbetjening::Environment::from_name;
    maskinporten::Environment, maskinporten::Environment::from_name;
    helseid::Environment, helseid::Environment::named;
    acmidm::Environment, acmidm::Environment::named;
    acmidm::ElysEnvironment, |text: &str| acmidm::ElysEnvironment::from_name(text).or_else(|_| acmidm::ElysEnvironment::custom(text));
    idporten::Environment, |text: &str| idporten::Environment::from_name(text).or_else(|_| idporten::Environment::custom(text));
    altinn::Environment, altinn::Environment::from_name;
}
