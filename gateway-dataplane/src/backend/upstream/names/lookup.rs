//! Looking a name up.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

/// What looking a name up comes to, once it is known.
pub type LookingUp<'a> = Pin<Box<dyn Future<Output = io::Result<Answer>> + Send + 'a>>;

/// Looks the names of endpoints up.
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of `name`; to one that ends in a dot, nothing of a search list is added. Called within a runtime of
    /// tokio, whenever the last answer has expired.
    ///
    /// # Errors
    /// There is no answer now; the last one goes on.
    fn lookup<'a>(&'a self, name: &'a str) -> LookingUp<'a>;
}

/// The addresses of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// None of them: there is no such name.
    pub addresses: Vec<IpAddr>,
    /// The time until it expires.
    pub valid_for: Duration,
}
