//! Filters: pure changes to heads, and the answers that need no backend.
//!
//! Nothing here does I/O, reads a clock or draws a random number.

mod cors;
mod headers;
pub(crate) mod manipulate;
mod mirror;
mod redirect;
mod rewrite;

pub use cors::Cors;
pub use headers::edit_headers;
pub(crate) use headers::is_editable;
pub use mirror::Mirror;
pub use redirect::{Connection, location, redirect};
pub(crate) use rewrite::change_target;
pub use rewrite::{InvalidTarget, rewrite, rewritten_path};

use gateway_resolve::ir::Filter;

use crate::head::{Fields, RequestHead};

/// The filters of a rule, or of one of its backends.
#[derive(Debug)]
pub struct Filters<'r, B> {
    list: &'r [Filter],
    mirrors: &'r [Mirror<B>],
    cors: Option<&'r Cors>,
}

impl<'r, B> Filters<'r, B> {
    pub(crate) fn new(
        list: &'r [Filter],
        mirrors: &'r [Mirror<B>],
        cors: Option<&'r Cors>,
    ) -> Self {
        Self {
            list,
            mirrors,
            cors,
        }
    }

    /// Where copies of requests go, leaving out those that go nowhere.
    pub fn mirrors(&self) -> &'r [Mirror<B>] {
        self.mirrors
    }

    /// What cross-origin requests are allowed, when that is restricted.
    pub fn cors(&self) -> Option<&'r Cors> {
        self.cors
    }

    /// Edits the head of a request: headers, host and path, in the order of the filters. `prefix` is
    /// the prefix that the route matched; `copy` is given the head as it is when a mirror's turn comes.
    ///
    /// # Errors
    /// A rewritten path is too long for a request target.
    pub fn edit_request(
        &self,
        head: &mut RequestHead,
        prefix: Option<&str>,
        mut copy: impl FnMut(&'r Mirror<B>, &RequestHead),
    ) -> Result<(), InvalidTarget> {
        for (at, filter) in self.list.iter().enumerate() {
            match filter {
                Filter::RequestHeaders(edits) => edit_headers(edits, &mut head.fields),
                Filter::Rewrite(change) => rewrite(change, head, prefix)?,
                Filter::Mirror(_) => {
                    let found = self.mirrors.iter().find(|mirror| mirror.position == at);
                    found.into_iter().for_each(|mirror| copy(mirror, head));
                }
                // The response's, and what is done before.
                Filter::ResponseHeaders(_) | Filter::Cors(_) => {}
            }
        }
        Ok(())
    }

    /// Edits the headers of a response.
    pub fn edit_response(&self, fields: &mut Fields) {
        for filter in self.list {
            if let Filter::ResponseHeaders(edits) = filter {
                edit_headers(edits, fields);
            }
        }
    }
}
