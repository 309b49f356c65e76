//! Cookies of an edge: `__Host-`, HttpOnly, Secure (RFC 6265bis), at most 4096 octets each, a session's in pieces.
//!
//! docs/formats.md, "Cookies of an edge". Refuses pieces that are missing, left over, or of another writing.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use http::HeaderMap;

/// Octets a browser keeps of one cookie, name and attributes included.
pub(crate) const MAX_COOKIE: usize = 4096;
/// Cookies that one session may have.
pub(crate) const PIECES: usize = 3;
/// Characters of the mark that all pieces of one writing share; how many there are follows it.
const MARK: usize = 8;

/// A request's cookies; a name given twice counts as absent, because one of them is not ours.
pub(crate) fn cookies(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Option<String>> = BTreeMap::new();
    let lines = headers.get_all("cookie").iter().filter_map(|line| line.to_str().ok());
    for (name, value) in lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.split_once('=')) {
        let value = String::from(value.trim());
        found.entry(name.trim().into()).and_modify(|there| *there = None).or_insert(Some(value));
    }
    found.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// A `Set-Cookie` value; `max_age` in seconds, 0 deletes.
pub(crate) fn set_cookie(name: &str, value: &str, max_age: u64, same_site: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite={same_site}{secure}")
}

/// The pieces of a value, as many as are needed; nothing where they are too many. `overhead` is what a cookie's name and attributes
/// take. The value is base64url.
pub(crate) fn pieces(mark: &str, value: &str, overhead: usize) -> Option<Vec<String>> {
    let room = MAX_COOKIE.checked_sub(overhead.saturating_add(MARK).saturating_add(1)).filter(|room| *room > 0)?;
    let parts: Vec<&[u8]> = if value.is_empty() { Vec::from([&[][..]]) } else { value.as_bytes().chunks(room).collect() };
    let count = parts.len();
    let piece = |part: &&[u8]| format!("{mark}{count}{}", String::from_utf8_lossy(part));
    (count <= PIECES).then(|| parts.iter().map(piece).collect())
}

/// The mark and value that pieces make up; nothing where one is missing, is of another writing, or is left over.
pub(crate) fn whole(found: &[Option<&String>]) -> Option<(String, String)> {
    let first = (*found.first()?)?;
    let head = first.get(..MARK.saturating_add(1))?;
    let (mark, count) = head.split_at_checked(MARK)?;
    let count = count.parse::<usize>().ok().filter(|count| (1..=PIECES).contains(count))?;
    let mut value = String::new();
    for (at, piece) in found.iter().enumerate() {
        match piece {
            Some(piece) if at < count => value.push_str(piece.strip_prefix(head)?),
            None if at >= count => {}
            _ => return None,
        }
    }
    Some((mark.into(), value))
}
