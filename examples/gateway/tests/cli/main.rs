//! The program as a user runs it.

#![allow(clippy::unwrap_used, reason = "tests")]

mod check;
mod explain;
mod explain_settings;
mod explain_streams;
mod files;
mod filters;
mod findings;
mod functions;
mod host_options;
mod listener_options;
mod manifests;
mod memory;
mod mesh;
mod observe;
mod options;
mod output;
mod outside;
mod reload;
mod routing;
mod run;
mod selection;
mod servers;
mod support;
