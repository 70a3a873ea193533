//! Host names, exact and wildcard.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Invalid;

/// A lower-case DNS name, or a wildcard `*.` followed by one (Gateway API `Hostname`).
///
/// A wildcard spans one or more labels: `*.example.com` matches `a.example.com` and
/// `a.b.example.com`, but not `example.com`. What the CRDs' pattern admits is admitted: labels of
/// any length, and names that look like IPv4 addresses.
///
/// Ordered from the most specific to the least: exact names first, then the longer, then by
/// spelling; this is the order in which a request's host tries them.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hostname(Box<str>);

/// Longest name that DNS and the CRDs allow, in bytes.
const MAX_LEN: usize = 253;

impl Hostname {
    /// Parses a name as the CRDs do.
    ///
    /// # Errors
    /// Upper case, an empty label, a wildcard anywhere but first, more than 253 bytes.
    pub fn new(name: &str) -> Result<Self, Invalid> {
        let labels = name.strip_prefix("*.").unwrap_or(name);
        match name.len() <= MAX_LEN && labels.split('.').all(is_label) {
            true => Ok(Self(name.into())),
            false => Err(Invalid::new(
                "a lower-case DNS name, optionally starting with \"*.\"",
                name,
            )),
        }
    }

    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What follows the `*` of a wildcard, dot included (`.example.com`); `None` for an exact name.
    pub fn wildcard_suffix(&self) -> Option<&str> {
        self.0.strip_prefix('*')
    }

    /// Is this a wildcard?
    pub fn is_wildcard(&self) -> bool {
        self.0.starts_with('*')
    }

    /// Does a request for `host` (lower case, no port) fall under this name?
    pub fn matches(&self, host: &str) -> bool {
        match self.wildcard_suffix() {
            Some(suffix) => host.len() > suffix.len() && host.ends_with(suffix),
            None => host == self.as_str(),
        }
    }

    /// The hosts that both names match, as one name; `None` when there are none.
    ///
    /// Of two names that overlap one always contains the other, so the result is one of the two.
    pub fn intersect<'a>(&'a self, other: &'a Self) -> Option<&'a Self> {
        if other.contains(self) {
            Some(self)
        } else if self.contains(other) {
            Some(other)
        } else {
            None
        }
    }

    /// Does every host that `other` matches fall under this name too?
    pub fn contains(&self, other: &Self) -> bool {
        match (self.wildcard_suffix(), other.wildcard_suffix()) {
            (Some(own), Some(others)) => others.ends_with(own),
            (Some(_), None) => self.matches(other.as_str()),
            (None, _) => self == other,
        }
    }
}

fn is_label(label: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = label.as_bytes();
    !bytes.is_empty()
        && bytes.iter().all(|b| alphanumeric(*b) || *b == b'-')
        && alphanumeric(bytes[0])
        && alphanumeric(bytes[bytes.len() - 1])
}

impl Ord for Hostname {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        let rank = |h: &Self| (h.is_wildcard(), std::cmp::Reverse(h.0.len()));
        rank(self)
            .cmp(&rank(other))
            .then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Hostname {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl TryFrom<String> for Hostname {
    type Error = Invalid;

    fn try_from(name: String) -> Result<Self, Invalid> {
        Self::new(&name)
    }
}

impl std::str::FromStr for Hostname {
    type Err = Invalid;

    fn from_str(name: &str) -> Result<Self, Invalid> {
        Self::new(name)
    }
}

impl From<Hostname> for String {
    fn from(name: Hostname) -> Self {
        name.0.into()
    }
}

impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Hostname;

    fn host(name: &str) -> Hostname {
        Hostname::new(name).unwrap()
    }

    #[test]
    fn a_wildcard_spans_labels_but_not_the_bare_domain() {
        let wildcard = host("*.example.com");
        assert!(wildcard.matches("a.example.com"));
        assert!(wildcard.matches("a.b.example.com"));
        assert!(!wildcard.matches("example.com"));
        assert!(!wildcard.matches(".example.com"));
        assert!(!wildcard.matches("badexample.com"));
    }

    #[test]
    fn an_intersection_is_the_more_specific_of_two_overlapping_names() {
        let rows = [
            ("a.example.com", "a.example.com", Some("a.example.com")),
            ("a.example.com", "*.example.com", Some("a.example.com")),
            ("*.example.com", "*.a.example.com", Some("*.a.example.com")),
            ("*.example.com", "example.com", None),
            ("*.example.com", "*.example.org", None),
            ("a.example.com", "b.example.com", None),
        ];
        for (a, b, want) in rows {
            let (a, b) = (host(a), host(b));
            assert_eq!(a.intersect(&b).map(Hostname::as_str), want, "{a} with {b}");
            assert_eq!(b.intersect(&a).map(Hostname::as_str), want, "{b} with {a}");
        }
    }

    #[test]
    fn names_sort_from_the_most_specific_to_the_least() {
        let mut names = ["*.com", "b.com", "*.example.com", "a.example.com"].map(host);
        names.sort();
        assert_eq!(
            names.map(String::from),
            ["a.example.com", "b.com", "*.example.com", "*.com"]
        );
    }

    #[test]
    fn names_that_the_crds_refuse_are_refused() {
        let long = "a".repeat(254);
        for bad in [
            "", "*", "*.", "A.com", "a..b", "-a.com", "a-.com", "a.*.com", &long,
        ] {
            assert!(Hostname::new(bad).is_err(), "{bad:?}");
        }
    }
}
