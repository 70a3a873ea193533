//! Headers that a hop adds and takes away (RFC 9110 section 7.6).
//!
//! Both directions lose what belongs to one connection; requests gain what tells the backend where they
//! come from. Call these before the filters, which may then edit what was added.

mod forwarded;
mod hop;
mod max_forwards;

pub use forwarded::{ConnectionHeaders, Forwarding, request_id};
pub use hop::requested_upgrade;
pub(crate) use hop::strip_trailers;
pub(crate) use max_forwards::count_down;

use http::header::HeaderValue;
use http::request;
use http::{HeaderMap, Version};

/// Makes the headers of a request in canonical form (see [`head`](crate::head)) fit for the next
/// hop. `upgrade` keeps a [requested upgrade](requested_upgrade); `new_id` is called when the request
/// needs an id.
pub fn prepare_request(
    parts: &mut request::Parts,
    connection: &ConnectionHeaders,
    forwarding: &Forwarding,
    upgrade: bool,
    new_id: impl FnOnce() -> HeaderValue,
) {
    hop::strip(&mut parts.headers, hop::Direction::Request, upgrade);
    forwarded::add(
        &mut parts.headers,
        parts.version,
        connection,
        forwarding,
        new_id,
    );
}

/// Makes the headers of a response fit for the client. `version` is the one that the backend spoke;
/// `upgrade` keeps the upgrade that a 101 answers.
pub fn prepare_response(
    headers: &mut HeaderMap,
    version: Version,
    forwarding: &Forwarding,
    upgrade: bool,
) {
    hop::strip(headers, hop::Direction::Response, upgrade);
    forwarded::add_via(headers, version, forwarding);
}
