//! Fields that HTTP/2 has no use for.

use http::HeaderMap;

/// Takes away what belongs to a connection of HTTP/1 (RFC 9113 section 8.2.2).
pub(crate) fn strip(headers: &mut HeaderMap) {
    for name in [
        "connection",
        "keep-alive",
        "proxy-connection",
        "transfer-encoding",
        "upgrade",
    ] {
        headers.remove(name);
    }
}
