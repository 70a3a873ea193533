//! The proxy on real sockets, from end to end.

mod forwarding;
mod support;
