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

/// The longest known name has 32 bytes.
const LENGTHS: usize = 33;
/// At most so many known names have one length.
const OF_ONE_LENGTH: usize = 8;
const NONE: u8 = u8::MAX;

/// The known names of each length.
static BY_LENGTH: [[u8; OF_ONE_LENGTH]; LENGTHS] = {
    let mut table = [[NONE; OF_ONE_LENGTH]; LENGTHS];
    let mut index = 0;
    while index < TEXTS.len() {
        let row = TEXTS[index].len();
        let mut column = 0;
        while table[row][column] != NONE {
            column += 1;
        }
        table[row][column] = index as u8;
        index += 1;
    }
    table
};

impl Known {
    /// The known name that `name`, a token, is in whatever case.
    pub fn of(name: &[u8]) -> Option<Self> {
        let candidates = BY_LENGTH.get(name.len())?;
        let first = name.first()? | CASE;
        for index in candidates.iter().map(|index| usize::from(*index)) {
            let Some(text) = TEXTS.get(index) else {
                break;
            };
            if text.as_bytes()[0] == first && is_same(text.as_bytes(), name) {
                return Some(ALL[index]);
            }
        }
        None
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

/// The bit that tells small letters from capital ones. What else it makes of the other characters of `text`
/// is no part of a token.
const CASE: u8 = 0x20;

/// Are they the same but for case? `text` is in lower case and of the same length.
fn is_same(text: &[u8], name: &[u8]) -> bool {
    let (mut texts, mut names) = (text.chunks_exact(8), name.chunks_exact(8));
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_ne_bytes);
    const CASES: u64 = u64::from_ne_bytes([CASE; 8]);
    let words = (&mut texts).zip(&mut names);
    let same = words.fold(true, |same, (text, name)| {
        same & (word(text) == word(name) | CASES)
    });
    let rest = texts.remainder().iter().zip(names.remainder());
    same && rest.fold(true, |same, (text, name)| same & (*text == *name | CASE))
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
