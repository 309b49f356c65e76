//! Hosts that are addresses no public server has: loopback, private, link-local, in any spelling.
//!
//! IPv4 is read as browsers read it (decimal, octal, hexadecimal, one to four parts), IPv6 with embedded IPv4: mapped,
//! NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380).
//! Refuses what cannot be read: a host that looks like an address and is none counts as private.

use core::net::{Ipv4Addr, Ipv6Addr};

use crate::uri::Uri;

/// Whether a URI's host is a loopback, private, link-local or unspecified address, or the name `localhost`.
///
/// ```
/// use samtykke::{address::is_private, uri::Uri};
/// let private = |text| is_private(&Uri::parse(text).unwrap());
/// assert!(private("https://169.254.169.254/"));
/// assert!(private("https://0x7f.1/"));
/// assert!(private("https://[::ffff:10.0.0.1]/"));
/// assert!(!private("https://access.norskgjeld.no/"));
/// ```
pub fn is_private(uri: &Uri<'_>) -> bool {
    let Some(host) = uri.host else { return true };
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return inner.parse::<Ipv6Addr>().is_ok_and(is_private_v6) || inner.parse::<Ipv6Addr>().is_err();
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    if last.eq_ignore_ascii_case("localhost") {
        return true;
    }
    // A last part that is a number makes the whole host an IPv4 address (WHATWG URL, "ends in a number").
    let numeric = last.bytes().all(|c| c.is_ascii_digit()) || number(last).is_some();
    numeric && ipv4(host).is_none_or(is_private_v4)
}

fn ipv4(host: &str) -> Option<Ipv4Addr> {
    let count = u32::try_from(host.split('.').count()).ok().filter(|count| (1..=4).contains(count))?;
    let mut address: u32 = 0;
    for (at, part) in host.split('.').enumerate() {
        let value = number(part)?;
        let left = count.checked_sub(u32::try_from(at).ok()?)?;
        // The last part fills all octets that are left; the others are one octet each.
        let (shift, octets) =
            if left == 1 { (0, 5u32.checked_sub(count)?) } else { (4u32.checked_sub(u32::try_from(at).ok()?)?.checked_sub(1)?, 1) };
        if value >= 1u64.checked_shl(octets.checked_mul(8)?)? {
            return None;
        }
        address |= u32::try_from(value).ok()?.checked_shl(shift.checked_mul(8)?)?;
    }
    Some(Ipv4Addr::from(address))
}

fn number(part: &str) -> Option<u64> {
    match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some("") => Some(0),
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u64::from_str_radix(part, 8).ok(),
        None => part.parse().ok(),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    // 100.64.0.0/10 is shared address space (RFC 6598); 0.0.0.0/8 reaches this host.
    address.is_loopback() || address.is_private() || address.is_link_local() || first == 0 || (first == 100 && second & 0xc0 == 64)
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let segments @ [first, second, third, ..] = address.segments();
    address.is_loopback()
        || address.is_unspecified()
        || first & 0xffc0 == 0xfe80
        || first & 0xfe00 == 0xfc00
        // Teredo hides the address behind a relay of its own choosing; 64:ff9b:1::/48 is for one's own network only.
        || (first == 0x2001 && second == 0)
        || (first == 0x64 && second == 0xff9b && third == 1)
        || embedded(segments).is_some_and(is_private_v4)
}

/// The IPv4 address that packets to this IPv6 address end up at.
fn embedded(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let (high, low) = match segments {
        // IPv4-compatible, mapped, translated (RFC 2765), NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        // 6to4.
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(Ipv4Addr::from(u32::from(high) << 16 | u32::from(low)))
}
