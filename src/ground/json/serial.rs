//! JSON that is held as text, as serde writes it: member by member, in its own order, numbers as they fit.
//!
//! RFC 8259. Refuses nothing that was read before; a number beyond 64 bits is written as the nearest one that fits.

use super::value::Value;

impl serde::Serialize for Value<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> core::result::Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap;
        match self {
            Value::Null => serializer.serialize_unit(),
            Value::Bool(flag) => serializer.serialize_bool(*flag),
            Value::String(text) => serializer.serialize_str(text),
            Value::Number(number) => {
                if let Ok(whole) = number.parse::<i64>() {
                    serializer.serialize_i64(whole)
                } else if let Ok(whole) = number.parse::<u64>() {
                    serializer.serialize_u64(whole)
                } else {
                    serializer.serialize_f64(number.parse().map_err(serde::ser::Error::custom)?)
                }
            }
            Value::Array(_) => serializer.collect_seq(self.as_array().unwrap_or_default()),
            Value::Object(_) => {
                let mut map = serializer.serialize_map(Some(self.members().len()))?;
                for member in self.members() {
                    map.serialize_entry(&*member.name, &member.value)?;
                }
                map.end()
            }
        }
    }
}
