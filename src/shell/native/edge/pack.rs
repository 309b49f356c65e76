//! A session as octets: facts as JSON, tokens without base64url, their readable parts deflated together.
//!
//! docs/formats.md, "A session, packed"; RFC 1951. Refuses octets of another form, and to inflate more than was packed.

use alloc::string::String;
use alloc::vec::Vec;

use miniz_oxide::deflate::compress_to_vec;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::ground::json::{Value, Writer};
use crate::ground::text::{base64url, base64url_decode, decimal};

/// Access token, refresh token and id_token; one may not be there.
pub(crate) const TOKENS: usize = 3;
/// How hard to deflate: what zlib does unless asked.
const LEVEL: u8 = 6;

/// The parts of a token whose text they give back; nothing for one that is no JWT, or is spelled in another way.
fn parts(token: &str) -> Option<[Vec<u8>; 3]> {
    let mut parts = token.split('.').map(|part| base64url_decode(part).filter(|octets| !octets.is_empty()));
    let found = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(found)
}

/// Packs facts, which are JSON, and tokens.
pub(crate) fn pack(facts: &str, tokens: &[Option<&str>; TOKENS]) -> Vec<u8> {
    let (mut readable, mut raw, mut lengths) = (Vec::new(), Vec::new(), String::from("["));
    for token in tokens {
        if lengths.len() > 1 {
            lengths.push(',');
        }
        match (token, token.and_then(parts)) {
            (None, _) => lengths.push_str("null"),
            (Some(_), Some([header, payload, signature])) => {
                let own = [header.len(), payload.len(), signature.len()].map(|length| decimal(length as u64)).join(",");
                lengths.extend(["[", &own, "]"]);
                readable.extend_from_slice(&header);
                readable.extend_from_slice(&payload);
                raw.extend_from_slice(&signature);
            }
            (Some(token), None) => {
                lengths.extend(["[", &decimal(token.len() as u64), "]"]);
                raw.extend_from_slice(token.as_bytes());
            }
        }
    }
    lengths.push(']');
    let mut head = Writer::new();
    head.raw("f", facts).raw("t", &lengths);
    let deflated = compress_to_vec(&readable, LEVEL);
    let middle = if deflated.len() < readable.len() {
        head.raw("z", &decimal(deflated.len() as u64));
        deflated
    } else {
        readable
    };
    let head = head.take();
    let length = u16::try_from(head.len()).unwrap_or(u16::MAX);
    [&length.to_be_bytes()[..], head.as_bytes(), &middle, &raw].concat()
}

fn length(value: &Value<'_>) -> Option<usize> {
    usize::try_from(value.as_integer()?).ok()
}

/// Facts and tokens of what [`pack`] made.
pub(crate) fn unpack(octets: &[u8]) -> Option<(String, [Option<String>; TOKENS])> {
    let (size, rest) = octets.split_first_chunk::<2>()?;
    let (head, rest) = rest.split_at_checked(u16::from_be_bytes(*size).into())?;
    let head = Value::parse(core::str::from_utf8(head).ok()?)?;
    let facts = head.members().iter().find(|member| &*member.name == "f")?.raw;
    let mut lengths = Vec::new();
    for token in head.get("t")?.as_array()? {
        lengths.push(token.as_array().unwrap_or_default().iter().map(length).collect::<Option<Vec<_>>>()?);
    }
    let sum = |lengths: &Vec<usize>| {
        if lengths.len() == 3 { lengths.iter().take(2).fold(0usize, |sum, one| sum.saturating_add(*one)) } else { 0 }
    };
    let all = lengths.iter().map(sum).fold(0usize, usize::saturating_add);
    let deflated = match head.get("z") {
        None => None,
        Some(value) => Some(length(value)?),
    };
    let (middle, mut raw) = rest.split_at_checked(deflated.unwrap_or(all))?;
    let inflated = match deflated {
        Some(_) => decompress_to_vec_with_limit(middle, all).ok()?,
        None => middle.to_vec(),
    };
    let mut readable = &inflated[..];
    let take = |from: &mut &[u8], length: usize| {
        let (own, rest) = from.split_at_checked(length)?;
        *from = rest;
        Some(own.to_vec())
    };
    let mut tokens = [None, None, None];
    for (token, lengths) in tokens.iter_mut().zip(&lengths) {
        *token = match lengths[..] {
            [] => None,
            [own] => Some(String::from_utf8(take(&mut raw, own)?).ok()?),
            [header, payload, signature] => {
                let parts = [take(&mut readable, header)?, take(&mut readable, payload)?, take(&mut raw, signature)?];
                Some(parts.map(|part| base64url(&part)).join("."))
            }
            _ => return None,
        };
    }
    Some((facts.into(), tokens))
}
