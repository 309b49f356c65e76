//! Hosts that are addresses no public server has: loopback, private, link-local, in any spelling.
//!
//! IPv4 is read as browsers read it (decimal, octal, hexadecimal, one to four parts), IPv6 with embedded IPv4: mapped,
//! NAT64 (RFC 6052, RFC 8215), 6to4 (RFC 3056), Teredo (RFC 4380).
//! Refuses what cannot be read: a host that looks like an address and is none counts as private.

use crate::ground::ip::{ipv4, ipv6, is_numeric};
use crate::ground::text::last;
use crate::ground::uri::Uri;

/// Whether a URI's host is a loopback, private, link-local or unspecified address, or the name `localhost`.
pub(crate) fn is_private(uri: &Uri<'_>) -> bool {
    let Some(host) = uri.host else { return true };
    let host = host.strip_suffix('.').unwrap_or(host);
    if let Some(inner) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return ipv6(inner).is_none_or(is_private_v6);
    }
    last(host, b'.').eq_ignore_ascii_case("localhost") || (is_numeric(host) && ipv4(host).is_none_or(is_private_v4))
}

fn is_private_v4(address: u32) -> bool {
    let [first, second, ..] = address.to_be_bytes();
    // 100.64.0.0/10 is shared address space (RFC 6598); 0.0.0.0/8 reaches this host.
    matches!((first, second), (0 | 10 | 127, _) | (169, 254) | (172, 16..=31) | (192, 168) | (100, 64..=127))
}

fn is_private_v6(groups: [u16; 8]) -> bool {
    match groups {
        // Unspecified, loopback, link-local, unique local.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] | [0xfe80..=0xfebf, ..] | [0xfc00..=0xfdff, ..] => true,
        // Teredo hides the address behind a relay of its own choosing; 64:ff9b:1::/48 is for one's own network only.
        [0x2001, 0, ..] | [0x64, 0xff9b, 1, ..] => true,
        _ => embedded_ipv4(groups).is_some_and(is_private_v4),
    }
}

/// The IPv4 address that packets to this IPv6 address end up at.
fn embedded_ipv4(groups: [u16; 8]) -> Option<u32> {
    let (high, low) = match groups {
        // IPv4-compatible, mapped, translated (RFC 2765), NAT64.
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0, 0, 0, 0, 0xffff, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => (high, low),
        // 6to4.
        [0x2002, high, low, ..] => (high, low),
        _ => return None,
    };
    Some(u32::from(high) << 16 | u32::from(low))
}
