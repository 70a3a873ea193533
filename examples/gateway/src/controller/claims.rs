//! What listeners of each namespace may claim, as options say it.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

use gateway_model::Hostname;
use gateway_resolve::{Allowed, AllowedHostname, ListenerClaims};

/// How many ports a Gateway gets at most: each is a socket for every worker. The API takes 64 listeners.
const PORTS_PER_GATEWAY: usize = 16;

/// How many listeners a Gateway gets at most, those of all its ListenerSets included.
const LISTENERS_PER_GATEWAY: usize = 1_024;

/// `NAMESPACE=ITEM,...`, or `*=ITEM,...` for all namespaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Allowance<T> {
    namespace: String,
    items: Vec<T>,
}

impl<T: Item> FromStr for Allowance<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || format!("expected NAMESPACE={},..., found {text:?}", T::NAME);
        let (namespace, items) = text.split_once('=').ok_or_else(expected)?;
        if namespace.is_empty() {
            return Err(expected());
        }
        let items = items.split(',').map(|item| T::read(item.trim()));
        Ok(Self {
            namespace: namespace.to_owned(),
            items: items.collect::<Result<_, _>>()?,
        })
    }
}

/// What can be allowed.
pub(crate) trait Item: Sized {
    const NAME: &'static str;

    fn read(text: &str) -> Result<Self, String>;
}

impl Item for AllowedHostname {
    const NAME: &'static str = "HOSTNAME";

    fn read(text: &str) -> Result<Self, String> {
        match text {
            "*" => Ok(Self::Any),
            _ => Hostname::new(text)
                .map(Self::Within)
                .map_err(|error| error.to_string()),
        }
    }
}

impl Item for RangeInclusive<u16> {
    const NAME: &'static str = "PORT";

    fn read(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| text.parse().map_err(|error| wrong(text, &error));
        match port(first)?..=port(last)? {
            range if range.is_empty() => Err(wrong(text, &"the first is behind the last")),
            range => Ok(range),
        }
    }
}

fn wrong(text: &str, why: &impl Display) -> String {
    format!("expected a port, or two as in 8000-8999, found {text:?}: {why}")
}

/// What listeners may claim. Without an option everything may be claimed.
pub(crate) fn claims(
    hostnames: &[Allowance<AllowedHostname>],
    ports: &[Allowance<RangeInclusive<u16>>],
) -> ListenerClaims {
    ListenerClaims {
        hostnames: allowed(hostnames),
        ports: allowed(ports),
        ports_per_gateway: Some(PORTS_PER_GATEWAY),
        listeners_per_gateway: Some(LISTENERS_PER_GATEWAY),
    }
}

fn allowed<T: Clone>(all: &[Allowance<T>]) -> Option<Allowed<T>> {
    let mut allowed = Allowed::default();
    for Allowance { namespace, items } in all {
        let of_namespace = match &**namespace {
            "*" => &mut allowed.everywhere,
            _ => allowed.namespaces.entry(namespace.clone()).or_default(),
        };
        of_namespace.extend(items.iter().cloned());
    }
    (!all.is_empty()).then_some(allowed)
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use gateway_resolve::{AllowedHostname, ListenerClaims};

    use super::{Allowance, claims};

    fn ports(text: &str) -> Result<Allowance<RangeInclusive<u16>>, String> {
        text.parse()
    }

    fn hostnames(text: &str) -> Result<Allowance<AllowedHostname>, String> {
        text.parse()
    }

    #[test]
    fn without_an_option_every_hostname_and_port_may_be_claimed() {
        let ListenerClaims {
            hostnames, ports, ..
        } = claims(&[], &[]);
        assert_eq!((hostnames, ports), (None, None));
    }

    #[test]
    fn what_options_allow_adds_up() {
        let all = ["*=80,443", "team=8000-8999", "team=9000"].map(|text| ports(text).unwrap());
        let allowed = claims(&[], &all).ports.unwrap();
        let of = |namespace| allowed.of(namespace).cloned().collect::<Vec<_>>();
        assert_eq!(of("other"), [80..=80, 443..=443]);
        assert_eq!(of("team"), [80..=80, 443..=443, 8000..=8999, 9000..=9000]);
    }

    #[test]
    fn hostnames_are_written_as_in_listeners_and_any_as_an_asterisk() {
        assert!(hostnames("team=*.team.example.com, own.example.com").is_ok());
        let any = claims(&[hostnames("team=*").unwrap()], &[])
            .hostnames
            .unwrap();
        assert_eq!(any.of("team").next(), Some(&AllowedHostname::Any));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for wrong in [
            "80",
            "=80",
            "team=",
            "team=http",
            "team=90-80",
            "team=65536",
        ] {
            assert!(ports(wrong).is_err(), "{wrong}");
        }
        for wrong in ["a.com", "team=", "team=a..com", "team=a.*.com"] {
            assert!(hostnames(wrong).is_err(), "{wrong}");
        }
    }
}
