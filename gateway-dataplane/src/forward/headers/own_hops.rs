//! How often a request has come this way (`CDN-Loop`, RFC 8586).

use std::fmt;

use crate::head::{Fields, Known};

/// The name under which a gateway counts how often a request has come through it.
///
/// It is the same for all replicas of one gateway, so that a loop is found whichever of them it goes through, and
/// another for each gateway, so that several in a row are none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HopId(Box<str>);

impl HopId {
    /// `id` as it is, if it is a token (RFC 9110 section 5.6.2), which a pseudonym of RFC 8586 is.
    pub fn new(id: &str) -> Option<Self> {
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let valid = !id.is_empty() && id.bytes().all(is_token);
        valid.then(|| Self(id.into()))
    }

    /// An id for what has this `name`, of which it tells nothing. It is the same on all machines and in all
    /// versions.
    pub fn of(name: &str) -> Self {
        // FNV-1a.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(format!("gateway-{hash:016x}").into())
    }

    /// The id as it is sent.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for HopId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How often a request with these fields has come through the gateway `id`.
pub(crate) fn count(fields: &Fields, id: &HopId) -> usize {
    let lines = fields.get_all(Known::CdnLoop);
    let hops = lines.flat_map(|line| line.split(|byte| *byte == b','));
    let is_own = |hop: &&[u8]| {
        let name = hop.split(|byte| *byte == b';').next().unwrap_or_default();
        name.trim_ascii() == id.0.as_bytes()
    };
    hops.filter(is_own).count()
}

#[cfg(test)]
mod tests {
    use super::{Fields, HopId, Known, count};

    #[test]
    fn own_hops_are_counted_among_those_of_others() {
        let mut fields = Fields::new();
        let id = HopId::new("a").unwrap();
        assert_eq!(count(&fields, &id), 0);
        for line in ["a, b, a;x=1", "aa,A", " a ; y ,,a"] {
            fields.append(Known::CdnLoop, line.as_bytes());
        }
        assert_eq!(count(&fields, &id), 4);
    }

    #[test]
    fn an_id_is_a_token() {
        assert!(HopId::new("a-b.c").is_some());
        for bad in ["", "a b", "a,b", "a;b", "a/b", "\u{e4}"] {
            assert!(HopId::new(bad).is_none(), "{bad:?}");
        }
        let derived = HopId::of("example.com/gateway");
        assert_eq!(HopId::new(derived.as_str()), Some(derived));
        assert_ne!(HopId::of("a"), HopId::of("b"));
        assert_eq!(HopId::of("a").as_str(), "gateway-af63dc4c8601ec8c");
    }
}
