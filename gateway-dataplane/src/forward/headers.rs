//! Headers that a hop adds and takes away (RFC 9110 section 7.6).
//!
//! Both directions lose what belongs to one connection; requests gain what tells the backend where they
//! come from. Call these before the filters, which may then edit what was added.

mod address;
mod forwarded;
mod hop;
mod max_forwards;
mod own_hops;

pub use forwarded::{ConnectionHeaders, Forwarding, RequestId, request_id, requested_origin};
pub use hop::requested_upgrade;
pub(crate) use hop::strip_trailers;
pub(crate) use max_forwards::count_down;
pub use own_hops::HopId;
pub(crate) use own_hops::count as count_own_hops;

use http::Version;

use crate::head::{Fields, RequestHead};

/// Makes the headers of a request in canonical form (see [`head`](crate::head)) fit for the next
/// hop. `upgrade` keeps a [requested upgrade](requested_upgrade); `new_id` is called when the request
/// needs an id.
pub fn prepare_request(
    head: &mut RequestHead,
    connection: &ConnectionHeaders,
    forwarding: &Forwarding,
    upgrade: bool,
    new_id: impl FnOnce() -> RequestId,
) {
    hop::strip(&mut head.fields, hop::Direction::Request, upgrade);
    let version = head.version;
    forwarded::add(&mut head.fields, version, connection, forwarding, new_id);
}

/// Makes the headers of a response fit for the client. `version` is the one that the backend spoke;
/// `upgrade` keeps the upgrade that a 101 answers.
pub fn prepare_response(
    fields: &mut Fields,
    version: Version,
    forwarding: &Forwarding,
    upgrade: bool,
) {
    hop::strip(fields, hop::Direction::Response, upgrade);
    forwarded::add_via(fields, version, forwarding);
}
