//! What stages do with responses.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use http::Response;

#[cfg(feature = "templates")]
use super::metadata::Metadata;
use crate::Body;
use crate::head::ResponseHead;

/// A change to the response of one request, whoever gives it: the backend, a later stage, or the gateway itself.
pub struct Edit(Box<dyn FnOnce(Response<Body>) -> Editing + Send>);

/// A response that is being changed.
pub type Editing = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

impl Edit {
    /// A change to the whole response.
    pub fn new(edit: impl FnOnce(Response<Body>) -> Editing + Send + 'static) -> Self {
        Self(Box::new(edit))
    }

    /// A change to its head.
    pub fn head(edit: impl FnOnce(&mut ResponseHead) + Send + 'static) -> Self {
        Self::new(|response| {
            let (mut parts, body) = response.into_parts();
            let mut head = ResponseHead::from(&parts);
            edit(&mut head);
            parts.status = head.status;
            parts.headers = (&head.fields).into();
            Box::pin(std::future::ready(Response::from_parts(parts, body)))
        })
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edit")
    }
}

/// Changes to one response.
#[derive(Debug, Default)]
pub struct Edits {
    list: Vec<Edit>,
    #[cfg(feature = "templates")]
    metadata: Metadata,
    reroutes: bool,
}

impl Edits {
    /// Another change, which is done before those that are there.
    pub fn push(&mut self, edit: Edit) {
        self.list.push(edit);
    }

    /// What stages keep for each other.
    #[cfg(feature = "templates")]
    pub(crate) fn metadata(&mut self) -> Metadata {
        self.metadata.share()
    }

    /// Has the request look for its rule again, after the stage that asks for it.
    pub(crate) fn reroute(&mut self) {
        self.reroutes = true;
    }

    /// Has it to? Once.
    pub(super) fn take_reroute(&mut self) -> bool {
        std::mem::take(&mut self.reroutes)
    }

    /// The response after all of them.
    pub async fn apply(self, mut response: Response<Body>) -> Response<Body> {
        for Edit(edit) in self.list.into_iter().rev() {
            response = edit(response).await;
        }
        response
    }
}
