//! The way back for interim responses.

use std::fmt;
use std::sync::Arc;

use http::Response;

/// Passes interim responses on to the client of a request; carried among the request's extensions.
#[derive(Clone)]
pub(crate) struct Informer(Arc<dyn Fn(Response<()>) + Send + Sync>);

impl Informer {
    pub(crate) fn new(pass_on: impl Fn(Response<()>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(pass_on))
    }

    pub(crate) fn pass_on(&self, interim: Response<()>) {
        (self.0)(interim);
    }
}

impl fmt::Debug for Informer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Informer")
    }
}
