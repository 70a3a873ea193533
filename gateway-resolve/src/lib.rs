//! Resolves Gateway API resources into an intermediate representation and statuses.
//!
//! gateway-resolve performs no I/O, reads no clock, spawns no thread and draws no random number:
//! one snapshot gives one result, whatever order its resources came in.

pub mod ir;
