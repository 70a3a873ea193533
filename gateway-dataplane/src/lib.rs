//! A reference proxy for the Gateway API.
//!
//! gateway-dataplane reads no manifest and writes no status: it serves an
//! [intermediate representation](gateway_resolve::ir).
