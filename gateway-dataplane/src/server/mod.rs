//! Sockets, workers, TLS and HTTP towards clients.
//!
//! Each worker is a thread with a runtime of its own, its own listening sockets (`SO_REUSEPORT`),
//! and its own connections; on the request path nothing is written that another worker reads.

mod accept;
mod clients;
mod frames;
mod greet;
mod hello;
mod http1;
mod http2;
mod listening;
mod proxied;
mod respond;
mod sniff;
mod socket;
mod tcp;
mod tls;
mod udp;
mod watch;
mod worker;

pub(crate) use self::socket::{Listen, listen};
pub(crate) use tls::{Terminated, Terminations, Terminator, Tls, Usable};
pub(crate) use watch::{Order, Watch};
pub(crate) use worker::{Handle, Shared, start};
