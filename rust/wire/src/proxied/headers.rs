//! The headers in which proxies say whom a request came from.

use std::net::{IpAddr, SocketAddr};

/// Whom a request came from, each as the next one saw it: the farthest first. `None`: the proxy
/// does not say, or not in a readable way.
pub type Hops = Vec<Option<IpAddr>>;

/// Reads one line of `X-Forwarded-For`, or of a header with one address such as `X-Real-IP`.
#[must_use]
pub fn x_forwarded_for(line: &str) -> Hops {
    line.split(',').map(|node| node_address(node.trim())).collect()
}

/// Reads one line of `Forwarded` (RFC 7239). A line that does not follow its grammar is not
/// believed at all.
#[must_use]
pub fn forwarded(line: &str) -> Hops {
    let mut hops = Vec::new();
    let mut rest = line;
    loop {
        match element(rest) {
            Some((hop, more)) => {
                hops.push(hop);
                match more {
                    Some(more) => rest = more,
                    None => return hops,
                }
            }
            None => return vec![None],
        }
    }
}

/// What one element of `Forwarded` says, and what follows its comma; `None`: it is
/// malformed.
fn element(text: &str) -> Option<(Option<IpAddr>, Option<&str>)> {
    let (mut found, mut rest) = (None, text);
    loop {
        let (name, value, behind) = pair(rest.trim_start_matches(BLANK))?;
        if name.eq_ignore_ascii_case("for") && found.replace(node_address(&value)).is_some() {
            return None;
        }
        let behind = behind.trim_start_matches(BLANK);
        let hop = found.flatten();
        match behind.as_bytes().first() {
            None => return Some((hop, None)),
            Some(b',') => return Some((hop, behind.get(1..))),
            Some(b';') => rest = behind.get(1..)?,
            Some(_) => return None,
        }
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// One `name=value`, and what follows it.
fn pair(text: &str) -> Option<(&str, String, &str)> {
    let (name, value) = text.split_once('=')?;
    if name.is_empty() || !name.bytes().all(is_token) {
        return None;
    }
    if let Some(quoted) = value.strip_prefix('"') {
        let (value, behind) = unquote(quoted)?;
        return Some((name, value, behind));
    }
    let end = value.bytes().position(|byte| !is_token(byte)).unwrap_or(value.len());
    let (value, behind) = value.split_at_checked(end)?;
    (!value.is_empty()).then(|| (name, value.to_owned(), behind))
}

/// The content of a quoted string, and what follows its closing quote.
fn unquote(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, char)) = chars.next() {
        match char {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(chars.next()?.1),
            other => value.push(other),
        }
    }
    None
}

/// Whether a byte may appear in an unquoted value (RFC 9110, 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn node_address(node: &str) -> Option<IpAddr> {
    let inside = node.strip_prefix('[').and_then(|node| node.strip_suffix(']'));
    let address = match inside {
        Some(v6) => v6.parse().map(IpAddr::V6),
        None => node.parse().or_else(|_| node.parse().map(|with_port: SocketAddr| with_port.ip())),
    };
    address.ok().map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(hops: Hops) -> Vec<String> {
        let text = |hop: Option<IpAddr>| hop.map_or("-".to_owned(), |ip| ip.to_string());
        hops.into_iter().map(text).collect()
    }

    #[test]
    fn a_list_of_addresses_is_read_in_order() {
        let line = " 203.0.113.7 ,2001:db8::1,\t[2001:db8::2], 192.0.2.1:4711,[2001:db8::3]:80";
        let read = ["203.0.113.7", "2001:db8::1", "2001:db8::2", "192.0.2.1", "2001:db8::3"];
        assert_eq!(texts(x_forwarded_for(line)), read);
        assert_eq!(texts(x_forwarded_for("::ffff:192.0.2.1")), ["192.0.2.1"]);
        assert_eq!(
            texts(x_forwarded_for("x, 1.2.3, unknown,, 192.0.2.1")),
            ["-", "-", "-", "-", "192.0.2.1"]
        );
        assert_eq!(texts(x_forwarded_for("")), ["-"]);
    }

    #[test]
    fn the_examples_of_rfc_7239_are_read() {
        for (line, read) in [
            ("for=\"_gazonk\"", vec!["-"]),
            ("For=\"[2001:db8:cafe::17]:4711\"", vec!["2001:db8:cafe::17"]),
            ("for=192.0.2.60;proto=http;by=203.0.113.43", vec!["192.0.2.60"]),
            ("for=192.0.2.43, for=198.51.100.17", vec!["192.0.2.43", "198.51.100.17"]),
            (
                "for=192.0.2.43, for=\"[2001:db8:cafe::17]\"",
                vec!["192.0.2.43", "2001:db8:cafe::17"],
            ),
            ("proto=https, for=\"192.0.2.43:47011\"", vec!["-", "192.0.2.43"]),
            ("for=unknown;host=\"a,b;c\\\"d\" , for=192.0.2.1", vec!["-", "192.0.2.1"]),
        ] {
            assert_eq!(texts(forwarded(line)), read, "{line}");
        }
    }

    #[test]
    fn a_malformed_line_says_nothing() {
        for line in [
            "",
            "for",
            "for=",
            "for=1.2.3.4;",
            "for=1.2.3.4,",
            "for=\"1.2.3.4",
            "for=1.2.3.4;for=5.6.7.8",
            "for=1.2.3.4 x",
            "=1.2.3.4",
            "for =1.2.3.4",
        ] {
            assert_eq!(forwarded(line), [None], "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(line in "\\PC{0,100}") {
            let _ = x_forwarded_for(&line);
            let _ = forwarded(&line);
        }

        #[test]
        fn what_almost_follows_the_grammar_does_not_panic(line in "[for=;,\"\\\\\\[\\]:0-9. ]{0,60}") {
            let _ = x_forwarded_for(&line);
            let _ = forwarded(&line);
        }

        #[test]
        fn every_address_is_read_as_it_was_written(addresses: Vec<IpAddr>, port: u16) {
            prop_assume!(!addresses.is_empty());
            let canonical: Hops = addresses.iter().map(|ip| Some(ip.to_canonical())).collect();
            let plain: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
            prop_assert_eq!(&x_forwarded_for(&plain.join(", ")), &canonical);
            let with_port = |ip: &IpAddr| format!("proto=http;for=\"{}\"", SocketAddr::new(*ip, port));
            let elements: Vec<String> = addresses.iter().map(with_port).collect();
            prop_assert_eq!(&forwarded(&elements.join(" , ")), &canonical);
        }
    }
}
