//! Operations of HelseID's profile: what the shell asks before it sends, and of what came back. It sends by the protocol's own.

use alloc::string::String;

use super::text::push_line;
use super::{Lines, refused, some};
use crate::ground::error::Result;
use crate::ground::json::{Value, Writer, push_string};
use crate::ground::text::{cut, decimal, number};
use crate::provider::helseid::granted::{Bound, read};
use crate::provider::helseid::scope::check_level_in;
use crate::provider::helseid::{Details, Organization, check_login, check_machine, check_name, error_number, resources_of};

pub(super) fn call(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    match lines.next() {
        "algorithm" => check_name(lines.next()),
        "details" => details(lines, text),
        "login" => login(lines, text),
        "machine" => check_machine(lines.next()),
        "granted" => granted(lines, text),
        "level" => {
            let least = level(lines.next());
            check_level_in(lines.0, least)
        }
        "number" => {
            text.push_str(error_number(lines.next()).unwrap_or_default());
            Ok(())
        }
        _ => refused("a known operation"),
    }
}

fn level(line: &str) -> u8 {
    // What is no level is one that nobody has.
    number(line).and_then(|level| u8::try_from(level).ok()).unwrap_or(u8::MAX)
}

/// A line for each: `c` child, `m` parent and perhaps child, `s` journal id, `r` JSON. Answers the claim.
fn details(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
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
    text.push_str(&details.json()?);
    Ok(())
}

/// Scope, the level it is judged by (0: none). Answers the audiences of its APIs.
fn login(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [scope, least] = lines.take();
    check_login(scope, level(least))?;
    for resource in resources_of(scope) {
        push_line(text, resource);
    }
    Ok(())
}

/// Thumbprint, audience, the scope that was asked for, whether one was named as granted, that one, the access token; then
/// the answer's other members as JSON. Answers JSON.
fn granted(mut lines: Lines<'_>, text: &mut String) -> Result<()> {
    let [thumbprint, resource, asked, named, scope, token] = lines.take();
    let others = Value::parse(lines.0);
    let raw = |name: &str| {
        let members = others.as_ref().map(Value::members).unwrap_or_default();
        members.iter().find(|member| member.name == name).map(|member| member.raw)
    };
    let scope = (!named.is_empty()).then_some(scope);
    let facts = read(token, scope, [raw("rt_expires_in"), raw("rejected_scope")], &Bound { thumbprint, resource: some(resource), asked })?;
    let mut json = Writer::new();
    if let Some(seconds) = facts.refresh_expires_in {
        json.raw("refreshExpiresIn", &decimal(u64::from(seconds)));
    }
    for (name, scopes) in [("rejectedScope", facts.rejected), ("missingScope", facts.missing)] {
        let mut list = String::from("[");
        for scope in &scopes {
            if list.len() > 1 {
                list.push_str(",");
            }
            push_string(&mut list, scope);
        }
        list.push_str("]");
        json.raw(name, &list);
    }
    text.push_str(&json.take());
    Ok(())
}
