//! IP addresses as hosts write them: IPv4 as browsers read it (decimal, octal, hexadecimal, one to four parts), IPv6.
//!
//! WHATWG URL sections 3.5 and 3.6, RFC 4291 section 2.2.
//! Refuses what is none, so that its caller can take it for the worst.

use crate::ground::text::{cut, last};

/// One to four parts: the last fills all octets that are left, the others are one octet each.
pub(crate) fn ipv4(host: &str) -> Option<u32> {
    let mut address: u64 = 0;
    let mut left: u32 = 32;
    let mut rest = Some(host);
    while let Some(parts) = rest {
        let (part, after) = cut(parts, b'.');
        let value = number(part)?;
        let bits = if after.is_some() { 8 } else { left };
        if left == 0 || bits == 0 || value >> bits != 0 {
            return None;
        }
        address = address << bits | value;
        left = left.wrapping_sub(bits);
        rest = after;
    }
    u32::try_from(address).ok()
}

/// A number in the spellings of browsers; what is too large for an address is as large as that.
#[inline(never)]
pub(crate) fn number(part: &str) -> Option<u64> {
    let hexadecimal = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
    match hexadecimal {
        Some(hex) => digits(hex, 16),
        None if part.is_empty() => None,
        None => digits(part, if part.starts_with('0') { 8 } else { 10 }),
    }
}

fn digits(text: &str, radix: u32) -> Option<u64> {
    let mut value = 0u64;
    for digit in text.bytes() {
        let digit = char::from(digit).to_digit(radix)?;
        value = value.wrapping_mul(u64::from(radix)).wrapping_add(u64::from(digit)).min(1 << 33);
    }
    Some(value)
}

/// The groups of an IPv6 address (RFC 4291 section 2.2).
pub(crate) fn ipv6(text: &str) -> Option<[u16; 8]> {
    let mut groups = [0u16; 8];
    let mut count = 0usize;
    let mut gap = None;
    let mut rest = Some(text);
    if let Some(after) = text.strip_prefix("::") {
        gap = Some(0);
        rest = Some(after).filter(|after| !after.is_empty());
    }
    while let Some(list) = rest {
        let (group, after) = cut(list, b':');
        let mut place = |value: u64| {
            *groups.get_mut(count)? = u16::try_from(value).ok()?;
            count = count.wrapping_add(1);
            Some(())
        };
        if after.is_none() && cut(group, b'.').1.is_some() {
            let address = parse_dotted(group)?;
            place(u64::from(address >> 16))?;
            place(u64::from(address & 0xffff))?;
        } else if (1..=4).contains(&group.len()) {
            place(digits(group, 16)?)?;
        } else {
            return None;
        }
        rest = after;
        if let Some(after) = after.and_then(|after| after.strip_prefix(':')) {
            if gap.replace(count).is_some() {
                return None;
            }
            rest = Some(after).filter(|after| !after.is_empty());
        }
    }
    match gap {
        None => (count == 8).then_some(groups),
        // At least one group is left out; those after it go to the end.
        Some(gap) if count < 8 => {
            groups.get_mut(gap..)?.rotate_right(8usize.wrapping_sub(count));
            Some(groups)
        }
        Some(_) => None,
    }
}

/// Four decimal octets, none with a zero before it.
fn parse_dotted(text: &str) -> Option<u32> {
    let mut address = 0u32;
    let mut count = 0;
    let mut rest = Some(text);
    while let Some(parts) = rest {
        let (part, after) = cut(parts, b'.');
        let value = crate::ground::text::number(part).filter(|value| *value < 256 && (part.len() == 1 || !part.starts_with('0')))?;
        address = address << 8 | u32::try_from(value).ok()?;
        count = 1u8.wrapping_add(count);
        rest = after;
    }
    (count == 4).then_some(address)
}

/// Whether a name that ends in a number is the IPv4 address that a browser takes it for; it is no host if it is not.
pub(crate) fn is_host(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    !is_numeric(host) || ipv4(host).is_some()
}

/// A last part that is a number makes the whole host an IPv4 address (WHATWG URL, "ends in a number").
pub(crate) fn is_numeric(host: &str) -> bool {
    let last = last(host, b'.');
    last.bytes().all(|c| c.is_ascii_digit()) || number(last).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ipv6_as_the_standard_library_does() {
        let pieces = ["", "0", "1", "ffff", "12345", "g", "1.2.3.4", "1.2.3.04", "1.2.3", "255.255.255.256", ":", "::", ":::", "+1"];
        let mut texts: alloc::vec::Vec<alloc::string::String> = alloc::vec![alloc::string::String::new()];
        for _ in 0..4 {
            let mut more = alloc::vec::Vec::new();
            for text in &texts {
                for piece in pieces {
                    for mark in ["", ":"] {
                        more.push(alloc::format!("{text}{mark}{piece}"));
                    }
                }
            }
            // All of the short ones, and every seventeenth of the long ones.
            let every = if more.len() > 10_000 { 17 } else { 1 };
            texts = more.into_iter().step_by(every).collect();
            for text in &texts {
                let theirs = text.parse::<core::net::Ipv6Addr>().ok().map(|address| address.segments());
                assert_eq!(ipv6(text), theirs, "{text}");
            }
        }
        for text in [
            "1:2:3:4:5:6:7:8",
            "1:2:3:4:5:6:7::",
            "::2:3:4:5:6:7:8",
            "1::3:4:5:6:7:8",
            "1:2:3:4:5:6:1.2.3.4",
            "1:2:3:4:5:6:7:8:9",
            "1:2:3:4:5:6:7:1.2.3.4",
        ] {
            let theirs = text.parse::<core::net::Ipv6Addr>().ok().map(|address| address.segments());
            assert_eq!(ipv6(text), theirs, "{text}");
        }
    }
}
