//! What a server's words hold beside their code: the provider's own code, and the id under which it logs the request.
//!
//! RFC 6749 section 5.2: `error_uri` and `error_description` both carry such codes; how each provider writes them is data here.
//! Refuses nothing: texts without one are as good as any. Linear time.

/// How providers write their codes: a mark, and how many digits follow it at least and at most.
/// Maskinporten, HelseID, AD FS (MS-OAPX section 3.2.5.2.1.3), Microsoft Entra.
const MARKS: &[(&str, usize, usize)] = &[("MP-", 3, 3), ("HID-", 4, 4), ("MSIS", 3, 6), ("AADSTS", 4, 7)];

/// What stands before a trace id, in small letters.
const BEFORE: &[&str] = &["trace_id: ", "trace id: ", "correlation id: "];
/// Characters of a trace id at most.
const MAX_ID: usize = 64;

/// The first code of a provider's in a text.
pub(crate) fn own_code(text: &str) -> Option<&str> {
    for (mark, least, most) in MARKS {
        let found = find_marked(text, mark, *least, *most);
        if found.is_some() {
            return found;
        }
    }
    None
}

/// The first code with this mark: with so many digits after it, and no further one.
pub(crate) fn find_marked<'a>(text: &'a str, mark: &str, least: usize, most: usize) -> Option<&'a str> {
    // Octet by octet: the standard library's search for a text is large beside this.
    for at in 0..text.len() {
        let Some(after) = text.as_bytes().get(at..).and_then(|rest| rest.strip_prefix(mark.as_bytes())) else { continue };
        let digits = after.iter().position(|octet| !octet.is_ascii_digit()).unwrap_or(after.len());
        if (least..=most).contains(&digits) {
            return text.get(at..at.saturating_add(mark.len()).saturating_add(digits));
        }
    }
    None
}

/// The id under which the server logs the request.
pub(crate) fn trace_id(text: &str) -> Option<&str> {
    for mark in BEFORE {
        for at in 0..text.len() {
            let Some((found, rest)) = text.as_bytes().get(at..).and_then(|rest| rest.split_at_checked(mark.len())) else { break };
            if found.eq_ignore_ascii_case(mark.as_bytes()) {
                let fits = |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.');
                let length = rest.iter().position(|octet| !fits(octet)).unwrap_or(rest.len());
                let start = at.saturating_add(mark.len());
                return text.get(start..start.saturating_add(length)).filter(|id| (1..=MAX_ID).contains(&id.len()));
            }
        }
    }
    None
}
