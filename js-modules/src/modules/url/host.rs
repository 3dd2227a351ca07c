//! Hosts (URL standard 3.5): domains, IPv4 and IPv6 addresses, opaque hosts.

use std::net::Ipv6Addr;

use idna::AsciiDenyList;

use super::percent::{self, Set};

/// Reads a host; gives it as a URL shows it. `None` when it is none.
pub fn parse(input: &str, opaque: bool) -> Option<String> {
    if let Some(inner) = input.strip_prefix('[') {
        let address: Ipv6Addr = inner.strip_suffix(']')?.parse().ok()?;
        return Some(format!("[{}]", shortest(address)));
    }
    if opaque {
        if input.chars().any(is_forbidden) {
            return None;
        }
        return Some(Set::Control.encode(input));
    }
    let domain = percent::decode(input.as_bytes());
    let ascii = idna::domain_to_ascii_cow(&domain, AsciiDenyList::URL).ok()?;
    if ascii.is_empty() {
        return None;
    }
    if ends_in_a_number(&ascii) {
        return ipv4(&ascii).map(|address| {
            let [a, b, c, d] = address.to_be_bytes();
            format!("{a}.{b}.{c}.{d}")
        });
    }
    Some(ascii.into_owned())
}

/// What no host may hold.
fn is_forbidden(c: char) -> bool {
    const FORBIDDEN: &str = "\0\t\n\r #/:<>?@[\\]^|";
    FORBIDDEN.contains(c)
}

fn ends_in_a_number(host: &str) -> bool {
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or(host);
    !last.is_empty() && (last.bytes().all(|b| b.is_ascii_digit()) || number(last).is_some())
}

fn ipv4(host: &str) -> Option<u32> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let parts: Vec<u64> = host.split('.').map(number).collect::<Option<_>>()?;
    let (&last, first) = parts.split_last()?;
    // The last part fills what the others leave.
    if first.len() > 3 || first.iter().any(|part| *part > 255) || last >= 1 << (8 * (4 - first.len())) {
        return None;
    }
    let high = first.iter().enumerate().map(|(at, part)| part << (8 * (3 - at))).sum::<u64>();
    u32::try_from(high + last).ok()
}

/// A decimal, octal (`0…`) or hexadecimal (`0x…`) number. Larger ones than any address saturate.
fn number(text: &str) -> Option<u64> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    let (digits, radix) = match (hexadecimal, text.strip_prefix('0')) {
        (Some(digits), _) => (digits, 16),
        (None, Some(digits)) if !digits.is_empty() => (digits, 8),
        _ if text.is_empty() => return None,
        _ => (text, 10),
    };
    digits.chars().try_fold(0u64, |sum, c| {
        let digit = u64::from(c.to_digit(radix)?);
        Some(sum.saturating_mul(u64::from(radix)).saturating_add(digit))
    })
}

/// The pieces in hexadecimal, the first longest run of zeros left out.
fn shortest(address: Ipv6Addr) -> String {
    let pieces = address.segments();
    let (mut start, mut length) = (0, 1);
    for at in 0..8 {
        let zeros = pieces[at..].iter().take_while(|piece| **piece == 0).count();
        if zeros > length {
            (start, length) = (at, zeros);
        }
    }
    let joined = |part: &[u16]| part.iter().map(|piece| format!("{piece:x}")).collect::<Vec<_>>().join(":");
    if length < 2 {
        return joined(&pieces);
    }
    format!("{}::{}", joined(&pieces[..start]), joined(&pieces[start + length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn special(input: &str) -> Option<String> {
        parse(input, false)
    }

    #[test]
    fn addresses_have_one_form() {
        for (input, wanted) in [
            ("127.1", "127.0.0.1"),
            ("0x7F.0.0.01", "127.0.0.1"),
            ("4294967295", "255.255.255.255"),
            ("1.2.3.4.", "1.2.3.4"),
            ("0x", "0.0.0.0"),
            ("%31.2", "1.0.0.2"),
            ("[::]", "[::]"),
            ("[1:0:0:2::3]", "[1:0:0:2::3]"),
            ("[1:0:0:0:2:0:0:0]", "[1::2:0:0:0]"),
            ("[::1.2.3.4]", "[::102:304]"),
            ("[0:1:0:1:0:1:0:1]", "[0:1:0:1:0:1:0:1]"),
        ] {
            assert_eq!(special(input).as_deref(), Some(wanted), "{input}");
        }
        for wrong in ["4294967296", "1.2.3.4.5", "1.2.3.256", "09", "[::1", "[1::2::3]", "[v1]", "[1.2.3.4]"]
        {
            assert_eq!(special(wrong), None, "{wrong}");
        }
        assert_eq!(special("256").as_deref(), Some("0.0.1.0"));
        assert_eq!(special("1.0x").as_deref(), Some("1.0.0.0"));
    }

    #[test]
    fn domains_are_lower_case_ascii() {
        assert_eq!(special("EXAMPLE.com").as_deref(), Some("example.com"));
        assert_eq!(special("münchen.DE").as_deref(), Some("xn--mnchen-3ya.de"));
        for wrong in ["", "a b", "a%00", "a<b", "a:b", "xn--a", "\u{ad}"] {
            assert_eq!(special(wrong), None, "{wrong}");
        }
        assert_eq!(parse("a%41ü", true).as_deref(), Some("a%41%C3%BC"));
        assert_eq!(parse("a b", true), None);
    }
}
