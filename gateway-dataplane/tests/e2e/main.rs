//! The proxy on real sockets, from end to end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access_logs;
mod admit;
mod authorization;
#[cfg(feature = "grpc")]
mod authorization_grpc;
mod backend_tls;
mod backends;
mod balancing;
#[cfg(feature = "compression")]
mod compression;
mod connections;
mod durations;
mod failures;
mod forwarding;
#[cfg(feature = "lambda")]
mod function_answers;
#[cfg(feature = "lambda")]
mod function_credentials;
#[cfg(feature = "lambda")]
mod functions;
mod gateway_tls;
#[cfg(feature = "grpc")]
mod grpc_web;
mod health;
mod http_settings;
mod limits;
mod listeners;
#[cfg(feature = "grpc")]
mod log_servers;
#[cfg(feature = "dns")]
mod names;
mod observe;
mod outliers;
mod pipes;
mod plan;
mod provenance;
mod proxied;
#[cfg(feature = "grpc")]
mod rate_limits;
mod reload;
mod retries;
mod rewrites;
mod seams;
mod sessions;
mod stages;
mod streaming;
mod support;
mod tcp;
mod times;
mod tls;
mod tls_clients;
mod tls_streams;
#[cfg(feature = "templates")]
mod transformations;
mod udp;
