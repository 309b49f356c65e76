//! What HelseID's shell asks beside its machines.

use alloc::string::String;

use super::{Lines, refused};
use crate::ground::error::Result;
use crate::ground::text::cut;
use crate::provider::helseid::saved::Saved;
use crate::provider::helseid::{Details, Organization, check_name, error_number};

pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "algorithm" => check_name(lines.next()),
        "details" => {
            text.push_str(&details(lines)?.json()?);
            Ok(())
        }
        // Issuer and client, then the session as it was stored.
        "session" => {
            let [issuer, client_id] = lines.take();
            Saved::restored(lines.0, issuer, client_id).map(|_| ())
        }
        "number" => {
            text.push_str(error_number(lines.next()).unwrap_or_default());
            Ok(())
        }
        _ => refused("a known operation"),
    }
}

/// A line for each: `c` child, `m` parent and perhaps child, `s` journal id, `r` JSON.
pub(super) fn details(mut lines: Lines<'_>) -> Result<Details> {
    let mut details = Details::new();
    while lines.more() {
        let line = lines.next();
        let (kind, value) = line.split_at_checked(1).unwrap_or_default();
        details = match kind {
            "c" => details.organization(&Organization::child(value)?),
            "m" => {
                let (parent, child) = cut(value, b' ');
                details.organization(&Organization::multi_tenant(parent, child)?)
            }
            "s" => details.sfm_journal_id(value)?,
            "r" => details.raw(value)?,
            _ => return refused("a known kind of detail"),
        };
    }
    Ok(details)
}
