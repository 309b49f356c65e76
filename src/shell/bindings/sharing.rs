//! What machines ask of a store that processes share, as lines.

use alloc::string::String;

use super::text::push_line;
use super::{Lines, some};
use crate::flow::machine::{Failure, Input};
use crate::flow::step::{Place, Record, Step};
use crate::ground::secret::Secret;
#[cfg(samtykke_machine = "helseid_session")]
use crate::ground::text::decimal;
use crate::ground::text::number;

pub(super) fn push_step(text: &mut String, step: Step<String>) {
    match step {
        Step::Load(place) => {
            push_line(text, "load");
            if let Place::Shared(name) = place {
                text.push_str(&name);
            }
        }
        Step::Lock(name) => {
            push_line(text, "lock");
            text.push_str(&name);
        }
        Step::Unlock => push_line(text, "unlock"),
        // Its record is not what it stores, and has more tokens than the one that was asked for.
        #[cfg(samtykke_machine = "helseid_session")]
        Step::Keep(record) => {
            push_line(text, "keep");
            push_line(text, &decimal(record.ends));
            text.push_str(record.text.expose());
        }
        #[cfg(samtykke_machine = "helseid_session")]
        Step::Adopt(found) => {
            push_line(text, "adopt");
            text.push_str(found.expose());
        }
        _ => {}
    }
}

/// What came of them. A record: `1` where there is one, and its end; its text as octets.
pub(super) fn taken(name: &str, mut lines: Lines<'_>, octets: &[u8]) -> Option<Input> {
    let mut record = || {
        let [there, ends] = lines.take();
        some(there)
            .map(|_| Record { text: Secret::new(core::str::from_utf8(octets).unwrap_or_default()), ends: number(ends).unwrap_or_default() })
    };
    Some(match name {
        "loaded" => Input::Loaded(record()),
        "locked" => Input::Locked(record()),
        "held" => Input::Failed(Failure::Held),
        "unlocked" => Input::Unlocked,
        "adopted" => Input::Adopted,
        _ => return None,
    })
}
