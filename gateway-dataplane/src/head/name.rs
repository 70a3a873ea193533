//! Names of header fields: those that the gateway knows, and all others.

use http::HeaderName;

macro_rules! known {
    ($($variant:ident $text:literal,)*) => {
        /// A name that the gateway looks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        #[expect(missing_docs, reason = "each is the name of a field")]
        #[non_exhaustive]
        pub enum Known {
            $($variant,)*
        }

        const ALL: &[Known] = &[$(Known::$variant,)*];
        const TEXTS: &[&str] = &[$($text,)*];
    };
}

known! {
    Accept "accept",
    AcceptEncoding "accept-encoding",
    AcceptLanguage "accept-language",
    AccessControlAllowCredentials "access-control-allow-credentials",
    AccessControlAllowHeaders "access-control-allow-headers",
    AccessControlAllowMethods "access-control-allow-methods",
    AccessControlAllowOrigin "access-control-allow-origin",
    AccessControlExposeHeaders "access-control-expose-headers",
    AccessControlMaxAge "access-control-max-age",
    AccessControlRequestHeaders "access-control-request-headers",
    AccessControlRequestMethod "access-control-request-method",
    Authorization "authorization",
    CacheControl "cache-control",
    CdnLoop "cdn-loop",
    Connection "connection",
    ContentEncoding "content-encoding",
    ContentLength "content-length",
    ContentRange "content-range",
    ContentType "content-type",
    Cookie "cookie",
    Date "date",
    Etag "etag",
    Expect "expect",
    Forwarded "forwarded",
    Host "host",
    Http2Settings "http2-settings",
    KeepAlive "keep-alive",
    LastModified "last-modified",
    Location "location",
    MaxForwards "max-forwards",
    Origin "origin",
    ProxyAuthenticate "proxy-authenticate",
    ProxyAuthorization "proxy-authorization",
    ProxyConnection "proxy-connection",
    Referer "referer",
    Server "server",
    SetCookie "set-cookie",
    Te "te",
    Trailer "trailer",
    TransferEncoding "transfer-encoding",
    Upgrade "upgrade",
    UserAgent "user-agent",
    Vary "vary",
    Via "via",
    XForwardedFor "x-forwarded-for",
    XForwardedHost "x-forwarded-host",
    XForwardedPort "x-forwarded-port",
    XForwardedProto "x-forwarded-proto",
    XRealIp "x-real-ip",
    XRequestId "x-request-id",
}

const NONE: u8 = u8::MAX;

/// The known name of each hash; no two share one.
static BY_HASH: [u8; 256] = {
    let mut table = [NONE; 256];
    let mut index = 0;
    while index < TEXTS.len() {
        let place = hash(TEXTS[index].as_bytes()) as usize;
        assert!(table[place] == NONE, "two known names have one hash");
        table[place] = index as u8;
        index += 1;
    }
    table
};

/// What tells the known names apart, in any case. `name` is not empty.
const fn hash(name: &[u8]) -> u8 {
    let (first, last) = (name[0] | CASE, name[name.len() - 1] | CASE);
    let near_the_end = name[name.len().saturating_sub(4)] | CASE;
    let ends = first.wrapping_mul(2).wrapping_add(last);
    let middle = near_the_end.wrapping_mul(10);
    ends.wrapping_add(middle).wrapping_add(name.len() as u8)
}

impl Known {
    /// The known name that `name`, which has no control characters, is in whatever case.
    pub fn of(name: &[u8]) -> Option<Self> {
        if name.is_empty() {
            return None;
        }
        let index = usize::from(BY_HASH[usize::from(hash(name))]);
        let text = TEXTS.get(index)?.as_bytes();
        (text.len() == name.len() && is_same(text, name)).then(|| ALL[index])
    }

    /// The name, in lower case.
    pub fn as_str(self) -> &'static str {
        TEXTS[self as usize]
    }

    /// A bit of its own.
    pub(super) fn bit(self) -> u64 {
        1 << self as u8
    }
}

/// The bit that tells small letters from capital ones. What else it makes one of, of those that known names are
/// made of, are control characters.
const CASE: u8 = 0x20;

/// Are they the same but for case? `text` is in lower case and of the same length.
fn is_same(text: &[u8], name: &[u8]) -> bool {
    match (text.last_chunk::<8>(), name.last_chunk::<8>()) {
        (Some(text_end), Some(name_end)) => {
            let words = text.chunks_exact(8).zip(name.chunks_exact(8));
            let same = |(text, name): (&[u8], &[u8])| {
                let (text, name) = (text.first_chunk(), name.first_chunk());
                text.zip(name)
                    .is_some_and(|(text, name)| is_same_word(text, name))
            };
            is_same_word(text_end, name_end) && words.fold(true, |all, pair| all & same(pair))
        }
        _ => text
            .iter()
            .zip(name)
            .fold(true, |all, (text, name)| all & (*text == *name | CASE)),
    }
}

fn is_same_word(text: &[u8; 8], name: &[u8; 8]) -> bool {
    const CASES: u64 = u64::from_ne_bytes([CASE; 8]);
    u64::from_ne_bytes(*text) == u64::from_ne_bytes(*name) | CASES
}

/// A name to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Name<'a> {
    /// A known one.
    Known(Known),
    /// Any other, in any case.
    Other(&'a str),
}

impl Name<'_> {
    /// The name, known ones in lower case.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Known(known) => known.as_str(),
            Self::Other(name) => name,
        }
    }
}

impl From<Known> for Name<'_> {
    fn from(known: Known) -> Self {
        Self::Known(known)
    }
}

impl<'a> From<&'a str> for Name<'a> {
    fn from(name: &'a str) -> Self {
        Known::of(name.as_bytes()).map_or(Self::Other(name), Self::Known)
    }
}

impl<'a> From<&'a HeaderName> for Name<'a> {
    fn from(name: &'a HeaderName) -> Self {
        Self::from(name.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::{ALL, Known, Name, TEXTS};

    #[test]
    fn known_names_are_found_in_any_case() {
        for (known, text) in ALL.iter().zip(TEXTS) {
            assert_eq!(Known::of(text.as_bytes()), Some(*known));
            assert_eq!(
                Known::of(text.to_ascii_uppercase().as_bytes()),
                Some(*known)
            );
        }
        for other in ["", "hosts", "hosT1", "x-forwarded-fox"] {
            assert_eq!(Known::of(other.as_bytes()), None, "{other}");
        }
        assert_eq!(Name::from("Host"), Name::Known(Known::Host));
    }

    /// Each has a bit of a `u64`.
    #[test]
    fn there_are_no_more_names_than_bits() {
        assert!(ALL.len() <= 64);
    }
}
