//! The hash of a request, by which requests that are alike go to one endpoint.

use std::hash::Hasher;
use std::time::Duration;

use gateway_resolve::ir::{HashPolicy, HashedPart};
use http::HeaderValue;
use siphasher::sip::SipHasher13;

use crate::ConnectionInfo;
use crate::head::{Known, RequestHead};

/// What a request is known by.
#[derive(Debug, Default)]
pub(crate) struct Hashed {
    /// Its hash, if it has one.
    pub(crate) hash: Option<u64>,
    /// Cookies that its response gets.
    pub(super) cookies: Vec<HeaderValue>,
}

/// Hashes the parts that policies name; `random` makes cookies.
pub(super) fn hashed(
    policies: &[HashPolicy],
    head: &RequestHead,
    connection: &ConnectionInfo,
    random: &mut impl FnMut() -> u64,
) -> Hashed {
    let mut hashed = Hashed::default();
    for HashPolicy { part, is_last } in policies {
        let found = match part {
            HashedPart::Header(name) => {
                let mut values: Vec<_> = head.fields.get_all(name.as_http()).collect();
                values.sort_unstable();
                (!values.is_empty()).then(|| hash(&values))
            }
            HashedPart::ClientAddress => {
                let address = connection.peer.ip().to_canonical().to_string();
                Some(hash(&[address.as_bytes()]))
            }
            HashedPart::Cookie { name, lives, path } => match (cookie(head, name), lives) {
                (Some(value), _) => Some(hash(&[value.as_bytes()])),
                (None, None) => None,
                (None, Some(lives)) => {
                    let value = format!("{:016x}", random());
                    hashed
                        .cookies
                        .extend(set_cookie(name, &value, *lives, path));
                    Some(hash(&[value.as_bytes()]))
                }
            },
        };
        hashed.hash = match (hashed.hash, found) {
            (Some(known), Some(found)) => Some(known.rotate_left(1) ^ found),
            (known, found) => known.or(found),
        };
        if *is_last && hashed.hash.is_some() {
            break;
        }
    }
    hashed
}

/// The same in every process.
fn hash(parts: &[&[u8]]) -> u64 {
    let mut hasher = SipHasher13::new();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish()
}

/// The value of a cookie of a request.
fn cookie(head: &RequestHead, name: &str) -> Option<String> {
    let lines = head.fields.get_all(Known::Cookie);
    let lines = lines.filter_map(|line| str::from_utf8(line).ok());
    let mut pairs = lines.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        (found == name).then(|| value.trim_matches('"').to_owned())
    })
}

/// A cookie that lives while the browser runs, when it is for no time at all.
fn set_cookie(name: &str, value: &str, lives: Duration, path: &str) -> Option<HeaderValue> {
    let mut text = format!("{name}=\"{value}\"");
    if !lives.is_zero() {
        text += &format!("; Max-Age={}", lives.as_secs());
    }
    if !path.is_empty() {
        text += &format!("; Path={path}");
    }
    HeaderValue::try_from(text + "; HttpOnly").ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gateway_model::HeaderName;
    use gateway_resolve::ir::{HashPolicy, HashedPart};
    use http::Request;

    use super::{Hashed, hashed};
    use crate::ConnectionInfo;
    use crate::head::RequestHead;
    use crate::table::SocketKey;

    fn of(policies: &[HashPolicy], client: u8, lines: &[(&str, &str)]) -> Hashed {
        let mut request = Request::get("/");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let head = RequestHead::from(&request.body(()).unwrap().into_parts().0);
        let peer = ([192, 0, 2, client], 1).into();
        let connection = ConnectionInfo::new(peer, SocketKey::tcp(None, 80));
        hashed(policies, &head, &connection, &mut || 7)
    }

    fn header(name: &str, is_last: bool) -> HashPolicy {
        let part = HashedPart::Header(HeaderName::new(name).unwrap());
        HashPolicy { part, is_last }
    }

    /// `RouteAction.HashPolicy` of Envoy.
    #[test]
    fn the_parts_that_are_there_are_hashed_up_to_the_last() {
        let both = [header("x-a", true), header("x-b", false)];
        let hash = |lines: &[(&str, &str)]| of(&both, 1, lines).hash;
        assert_eq!(hash(&[]), None);
        let (a, b) = (hash(&[("x-a", "1")]), hash(&[("x-b", "1")]));
        assert_eq!(a, b);
        assert_eq!(hash(&[("x-a", "1"), ("x-b", "2")]), a);
        assert_ne!(hash(&[("x-a", "2")]), a);
        let open = [header("x-a", false), header("x-b", false)];
        let hash = |lines: &[(&str, &str)]| of(&open, 1, lines).hash;
        assert_ne!(hash(&[("x-a", "1"), ("x-b", "2")]), a);
    }

    #[test]
    fn a_client_is_known_by_its_address() {
        let policies = [HashPolicy {
            part: HashedPart::ClientAddress,
            is_last: false,
        }];
        let hash = |client| of(&policies, client, &[]).hash;
        assert_eq!(hash(1), hash(1));
        assert_ne!(hash(1), hash(2));
    }

    #[test]
    fn a_client_without_the_cookie_gets_one_that_comes_to_the_same_hash() {
        let cookie = |lives| {
            [HashPolicy {
                part: HashedPart::Cookie {
                    name: "c".into(),
                    lives,
                    path: "/p".into(),
                },
                is_last: false,
            }]
        };
        let new = of(&cookie(Some(Duration::from_secs(9))), 1, &[]);
        let wanted = "c=\"0000000000000007\"; Max-Age=9; Path=/p; HttpOnly";
        assert_eq!(new.cookies, [wanted]);
        let old = of(&cookie(None), 1, &[("cookie", "b=1; c=0000000000000007")]);
        assert_eq!((old.hash, old.cookies.len()), (new.hash, 0));
        let none = of(&cookie(None), 1, &[]);
        assert_eq!((none.hash, none.cookies.len()), (None, 0));
        let session = of(&cookie(Some(Duration::ZERO)), 1, &[]);
        assert_eq!(
            session.cookies,
            ["c=\"0000000000000007\"; Path=/p; HttpOnly"]
        );
    }
}
