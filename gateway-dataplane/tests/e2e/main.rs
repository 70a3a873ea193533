//! The proxy on real sockets, from end to end.

mod backends;
mod failures;
mod forwarding;
mod limits;
mod reload;
mod streaming;
mod support;
mod tls;
