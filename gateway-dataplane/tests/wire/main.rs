//! What the proxy makes of bytes that are not as they should be, and what gets through to the other
//! side: tests over raw sockets, each named for a rule of RFC 9110, 9112 or 9113.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bounds;
mod chunks;
mod drain;
mod early;
mod endings;
mod exchanges;
mod h2_floods;
mod h2_heads;
mod h2_upstream;
mod hops;
mod interim;
#[path = "../e2e/support/mod.rs"]
#[allow(dead_code, reason = "shared with the end-to-end tests")]
mod ir;
mod lengths;
mod lines;
mod loops;
mod silence;
mod sizes;
mod support;
mod targets;
mod trailers;
mod upstream;
