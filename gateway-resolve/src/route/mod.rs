//! The passes over routes: what they attach to, and what their rules come to.

pub(crate) mod attach;
pub(crate) mod backends;
mod compatibility;
mod cors;
mod filters;
mod hostnames;
mod matches;
pub(crate) mod patterns;
pub(crate) mod references;
pub(crate) mod rules;
pub(crate) mod selector;
mod settings;
