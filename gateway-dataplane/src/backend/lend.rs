//! Backends whose connections are driven by the task that serves the request.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use http::StatusCode;

use super::upstream::{Endpoints, Ends};
use super::{Attempt, BackendError};
use crate::codec::h1::{Allowance, Lease};
use crate::head::RequestHead;

/// The connections of the bundled upstream, which a request of an HTTP/1 client is written to directly.
#[derive(Clone, Copy)]
pub struct Direct<'a>(pub(crate) &'a dyn Lend);

impl std::fmt::Debug for Direct<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Direct")
    }
}

/// Lends connections to endpoints, for one exchange each.
pub(crate) trait Lend: Send + Sync {
    /// The way of a request that `worker` serves.
    fn begin(&self, worker: usize) -> Course;

    /// A connection that is there already, to the endpoint whose turn it is.
    fn pooled(&self, course: &mut Course) -> Option<Lease>;

    /// A new connection, to the first endpoint that can be reached.
    fn connect<'a>(&'a self, course: &'a mut Course) -> Connecting<'a>;

    /// Makes a head fit for the endpoint that a connection was lent to.
    fn fit(&self, course: &Course, head: &mut RequestHead);

    /// The endpoint answered, with this status.
    fn answered(&self, course: &Course, status: StatusCode);

    /// It did not; the error is handed back unless the request may be sent `again`.
    fn unanswered(
        &self,
        course: &mut Course,
        error: BackendError,
        again: bool,
    ) -> Option<BackendError>;

    /// The endpoint that was chosen last.
    fn endpoint(&self, course: &Course) -> Option<SocketAddr>;

    /// What endpoints are allowed.
    fn allowed(&self) -> Allowance;
}

pub(crate) type Connecting<'a> =
    Pin<Box<dyn Future<Output = Result<Lease, BackendError>> + Send + 'a>>;

/// Which endpoints a request was sent to, and why they did not answer.
pub(crate) struct Course {
    /// Those that there were when it began.
    pub(crate) endpoints: Arc<Endpoints>,
    pub(crate) worker: usize,
    pub(crate) turn: usize,
    /// Endpoints that were chosen.
    pub(crate) again: usize,
    /// The one that the client's session is with.
    pub(crate) sought: Option<SocketAddr>,
    /// The one whose turn it is.
    pub(crate) endpoint: Option<usize>,
    /// Is the connection to it a new one?
    pub(crate) fresh: bool,
    /// Those that were asked and did not answer.
    pub(crate) tried: Vec<SocketAddr>,
    /// What the request is kept together by with others.
    pub(crate) hash: Option<u64>,
    /// The two ends of the client's connection, where its endpoint is to learn of them.
    pub(crate) ends: Option<Ends>,
    pub(crate) failed: Option<BackendError>,
}

impl Course {
    pub(crate) fn new(endpoints: Arc<Endpoints>, worker: usize, turn: usize) -> Self {
        Self {
            endpoints,
            worker,
            turn,
            again: 0,
            sought: None,
            endpoint: None,
            fresh: false,
            tried: Vec::new(),
            hash: None,
            ends: None,
            failed: None,
        }
    }

    /// How many endpoints were chosen.
    pub(crate) fn tries(&self) -> u32 {
        u32::try_from(self.again).unwrap_or(u32::MAX)
    }

    /// Leaves the endpoint out from now on.
    pub(crate) fn exclude(&mut self, error: BackendError) {
        let endpoint = self.endpoint.take().map(|index| &self.endpoints[index]);
        self.tried
            .extend(endpoint.map(|endpoint| endpoint.address()));
        self.failed = Some(error);
    }
}

/// The course of an attempt, which is noted even when the attempt is given up.
pub(crate) struct Noted<'a> {
    lend: &'a dyn Lend,
    attempt: &'a Attempt<'a>,
    pub(crate) course: Course,
}

impl<'a> Noted<'a> {
    pub(crate) fn new(lend: &'a dyn Lend, attempt: &'a Attempt<'a>) -> Self {
        let mut course = lend.begin(attempt.worker);
        course.sought = attempt.endpoint;
        course.hash = attempt.hash;
        course.ends = attempt.ends;
        Self {
            lend,
            attempt,
            course,
        }
    }
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        if let Some(notes) = self.attempt.notes {
            notes.tried(self.lend.endpoint(&self.course), self.course.tries());
        }
    }
}
