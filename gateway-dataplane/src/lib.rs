//! A reference proxy for the Gateway API.
//!
//! gateway-dataplane reads no manifest and writes no status: it serves an
//! [intermediate representation](gateway_resolve::ir).
//!
//! | You have | Use |
//! |---|---|
//! | nothing yet | [`Proxy`]: sockets, workers, TLS |
//! | a server | [`Forwarder`], [`ForwardService`] for hyper |
//! | a proxy | [`table::Table`], and a [`plan`] for each request |
//! | a load balancer | [`backend::Backend`] and [`backend::MakeBackend`], or a part of [`backend::upstream`] |
//! | a filter | [`admit::Admit`], before routing or after, which may answer, and takes the bodies if it asks for them |
//! | a log, metrics, traces | [`observe::Observer`] |
//! | manifests, and a CI | `check` (feature `check`): problems with file and line, and where requests go |

#![cfg_attr(doctest, doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]

pub mod admit;
pub mod backend;
mod body;
#[cfg(feature = "check")]
pub mod check;
mod codec;
mod conduct;
pub mod filter;
mod format;
pub mod forward;
mod handshake;
pub mod head;
mod identity;
mod limits;
pub mod observe;
mod paced;
pub mod plan;
mod proxy;
mod server;
mod session;
mod stage;
pub mod table;

pub use body::{Body, BodyError};
pub use forward::{ConnectionInfo, ForwardService, Forwarder};
pub use limits::Limits;
pub use proxy::{Applied, ListenerReport, Ports, Problem, Proxy, ProxyBuilder};
pub use session::SessionKey;
