//! A reference proxy for the Gateway API.
//!
//! gateway-dataplane reads no manifest and writes no status: it serves an
//! [intermediate representation](gateway_resolve::ir), which gateway-resolve makes of resources.
//!
//! | You have | Use |
//! |---|---|
//! | nothing yet | [`Proxy`]: sockets, workers, TLS |
//! | a server | [`Forwarder`], [`ForwardService`] for hyper |
//! | a proxy | [`table::Table`], and a [`plan`] for each request (`examples/pingora`) |
//! | a load balancer | [`backend::Backend`] and [`backend::MakeBackend`], or a part of [`backend::upstream`] |
//! | a filter | [`admit::Admit`], before routing or after, which may answer, and takes the bodies if it asks for them |
//! | a controller | [`Proxy`] or [`Forwarder`] as the [`DataPlane`](gateway_resolve::ir::DataPlane) of `reconcile` |
//! | a kind or a policy of your own | [`CompiledRule::ir`](table::CompiledRule::ir), whose settings have what it says; `Config::kinds` of gateway-resolve |
//! | a log, metrics, traces | [`observe::Observer`] |
//! | a proxy, and no wish for an async runtime, HTTP or TLS of somebody else's | the same without the feature `proxy`, which is on by default |
//! | manifests, and a CI | `check` (feature `check`): problems with file and line, and where requests go |
//! | a browser | [`table`] without `proxy`: what explains runs in `wasm32-unknown-unknown` (`examples/browser`) |

#![cfg_attr(all(doctest, feature = "proxy"), doc = include_str!("../README.md"))]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(feature = "proxy"),
    allow(
        dead_code,
        unused_imports,
        unused_macros,
        reason = "the proxy has more use for it"
    )
)]

#[cfg(feature = "proxy")]
pub mod admit;
#[cfg(feature = "proxy")]
pub mod backend;
#[cfg(not(feature = "proxy"))]
#[path = "backend/alone.rs"]
pub mod backend;
#[cfg(feature = "proxy")]
mod body;
#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "proxy")]
mod codec;
#[cfg(feature = "proxy")]
mod conduct;
#[cfg(not(feature = "proxy"))]
#[path = "conduct/alone.rs"]
mod conduct;
#[cfg(feature = "proxy")]
mod crypto;
#[cfg(any(feature = "lambda", feature = "templates"))]
mod envelope;
pub mod filter;
mod format;
#[cfg(feature = "proxy")]
pub mod forward;
#[cfg(not(feature = "proxy"))]
#[path = "forward/alone.rs"]
pub mod forward;
#[cfg(feature = "grpc")]
mod grpc;
#[cfg(feature = "proxy")]
mod handshake;
pub mod head;
#[cfg(feature = "proxy")]
mod identity;
mod limits;
#[cfg(feature = "proxy")]
mod log;
#[cfg(feature = "proxy")]
pub mod observe;
#[cfg(not(feature = "proxy"))]
#[path = "observe/alone.rs"]
pub mod observe;
mod paced;
pub mod plan;
#[cfg(feature = "proxy")]
mod proxy;
#[cfg(feature = "proxy")]
mod server;
mod session;
#[cfg(feature = "proxy")]
mod stage;
#[cfg(not(feature = "proxy"))]
#[path = "stage/alone.rs"]
mod stage;
pub mod table;

#[cfg(feature = "proxy")]
pub use body::{Body, BodyError};
pub use forward::ConnectionInfo;
#[cfg(feature = "proxy")]
pub use forward::{ForwardService, Forwarder};
pub use limits::Limits;
#[cfg(feature = "proxy")]
pub use proxy::{Applied, ListenerReport, Ports, Problem, Proxy, ProxyBuilder};
pub use session::SessionKey;
