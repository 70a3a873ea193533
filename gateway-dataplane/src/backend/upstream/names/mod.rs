//! Endpoints that are known by name: what a name stands for is looked up, and again when that expires.
//!
//! Each name of a backend has a task, on a thread that all backends share. What it comes to is swapped into the
//! backend, as endpoints of an IR are: no rule is compiled, and addresses that stay keep their connections. What was
//! known last goes on as long as there is no answer.

#[cfg(feature = "dns")]
mod dns;
mod lookup;
mod refresh;
mod roll;
mod thread;

#[cfg(feature = "dns")]
pub use dns::Dns;
pub use lookup::{Answer, LookingUp, Lookup};

pub(super) use roll::{Pending, Roll};
pub(super) use thread::Looking;
