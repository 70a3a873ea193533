//! Holds Gateway API manifests to what they are meant to do, in a test.
//!
//! gateway-check opens no socket and asks no cluster: files are read, resolved and matched as a gateway would. It is
//! what `gateway check` and `gateway explain` are for a shell.

#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

mod asked;
mod checked;
mod places;
mod problem;

pub use asked::Asked;
pub use checked::Checked;
pub use places::Places;
pub use problem::{Named, Problem, all, of_manifests};
