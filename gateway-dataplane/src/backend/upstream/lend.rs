//! Connections for those who write to them themselves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use http::StatusCode;

use super::choose::Chooser;
use super::connect::Connect;
use super::endpoint::Endpoint;
use super::pick::Choice;
use super::tls::Secured;
use super::{Upstream, fit};
use crate::backend::{BackendError, BackendErrorKind, Connecting, Course, Lend};
use crate::codec::h1::{Allowance, Connection, Lease, Stream};
use crate::head::RequestHead;

impl<C: Connect> Lend for Upstream<C> {
    fn begin(&self, worker: usize) -> Course {
        let worker = worker % self.settings.workers;
        let slot = &self.slots[worker];
        if let Some(budget) = &self.budget {
            budget.request(Instant::now());
        }
        // One turn a request: else an endpoint that fails would always be the first to be asked.
        let turn = slot.turn.fetch_add(1, Ordering::Relaxed);
        Course::new(slot.endpoints.load_full(), worker, turn)
    }

    fn pooled(&self, course: &mut Course) -> Option<Lease> {
        let index = self.choose(course)?;
        let lane = course.endpoints[index].lane(course.worker);
        let connection = lane.take()?;
        let Some(entered) = self.load.enter(self.settings.most) else {
            lane.put(connection);
            return None;
        };
        let lease = lane.lend(connection, entered);
        course.fresh = false;
        if self.settings.preconnect.is_some() {
            self.preconnect(&course.endpoints[index], course.worker);
        }
        Some(lease)
    }

    fn connect<'a>(&'a self, course: &'a mut Course) -> Connecting<'a> {
        Box::pin(async move {
            loop {
                if let Some(lease) = self.pooled(course) {
                    return Ok(lease);
                }
                let Some(index) = self.choose(course) else {
                    return Err(course.failed.take().unwrap_or_else(|| self.nobody()));
                };
                let endpoint = Arc::clone(&course.endpoints[index]);
                let entered = self.enter()?;
                let held = match self.hold() {
                    Ok(held) => held,
                    Err(error) => {
                        self.wait_for_room(error).await?;
                        continue;
                    }
                };
                let (limit, ends) = (self.settings.connect, course.ends);
                match self.way.connect(&endpoint, limit, ends).await {
                    Ok(stream) => {
                        course.fresh = true;
                        let stream = match stream {
                            Secured::Clear(stream) => Stream::new(stream),
                            Secured::Tls(stream) => Stream::new(stream),
                            Secured::Tunnel(stream) => Stream::new(stream),
                        };
                        let connection = Connection::new(stream, held);
                        let lease = endpoint.lane(course.worker).lend(connection, entered);
                        self.preconnect(&endpoint, course.worker);
                        return Ok(lease);
                    }
                    Err(error) => {
                        course.endpoints.failed(index, &self.settings, &error);
                        if error.kind() == BackendErrorKind::Local {
                            return Err(error);
                        }
                        course.exclude(error);
                    }
                }
            }
        })
    }

    fn fit(&self, course: &Course, head: &mut RequestHead) {
        if let Some(index) = course.endpoint {
            fit::for_http1(head, course.endpoints[index].address());
        }
        if self.settings.capitalised {
            head.fields.capitalise();
        }
    }

    fn answered(&self, course: &Course, status: StatusCode) {
        if let Some(index) = course.endpoint {
            course.endpoints.answered(index, &self.settings, status);
        }
    }

    fn unanswered(
        &self,
        course: &mut Course,
        error: BackendError,
        again: bool,
    ) -> Option<BackendError> {
        // A connection that had gone stale says nothing about its endpoint.
        if let Some(index) = course.endpoint.filter(|_| course.fresh) {
            course.endpoints.failed(index, &self.settings, &error);
            if again {
                course.exclude(error);
                return None;
            }
        }
        (!again).then_some(error)
    }

    fn endpoint(&self, course: &Course) -> Option<SocketAddr> {
        let current = course.endpoint.map(|index| &course.endpoints[index]);
        let tried = || {
            let last = course.tried.last()?;
            course
                .endpoints
                .iter()
                .find(|other| other.address() == *last)
        };
        current.or_else(tried)?.known_address()
    }

    fn allowed(&self) -> Allowance {
        self.settings.allowed
    }
}

impl<C: Connect> Upstream<C> {
    /// The endpoint whose turn it is.
    pub(super) fn choose(&self, course: &mut Course) -> Option<usize> {
        if course.endpoint.is_none() && course.again < self.settings.attempts {
            let chooser = Chooser {
                pick: &*self.pick,
                endpoints: &course.endpoints,
                worker: course.worker,
                panic: self.settings.panic,
                choice: Choice {
                    turn: course.turn.wrapping_add(course.again),
                    hash: course.hash,
                    zone: self.zone.as_deref(),
                    tried: &course.tried,
                },
            };
            let sought = course.sought.take().and_then(|sought| chooser.find(sought));
            course.endpoint = sought.or_else(|| chooser.choose());
            course.again += 1;
        }
        course.endpoint
    }
}

impl<C: Connect> Upstream<C> {
    /// Makes another connection to `endpoint`, if there are too few for the next requests.
    fn preconnect(&self, endpoint: &Arc<Endpoint>, worker: usize) {
        let Some(ratio) = self.settings.preconnect else {
            return;
        };
        let lane = endpoint.lane(worker);
        if lane.is_enough(ratio) {
            return;
        }
        let Some(held) = self.load.hold(self.settings.most) else {
            return;
        };
        let coming = lane.coming();
        let (way, endpoint) = (Arc::clone(&self.way), Arc::clone(endpoint));
        let limit = self.settings.connect;
        tokio::spawn(async move {
            let stream = match way.connect(&endpoint, limit, None).await {
                Ok(Secured::Clear(stream)) => Stream::new(stream),
                Ok(Secured::Tls(stream)) => Stream::new(stream),
                Ok(Secured::Tunnel(stream)) => Stream::new(stream),
                // Requests will tell.
                Err(_unreached) => return,
            };
            coming.0.put(Connection::new(stream, held));
        });
    }
}
