//! Who may be picked: endpoints that are healthy and were not tried yet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use gateway_resolve::ir;

use super::endpoint::Endpoint;
use super::pick::{Candidates, Choice, Pick};

/// The choices for one request.
pub(super) struct Chooser<'a> {
    pub(super) pick: &'a dyn Pick,
    pub(super) endpoints: &'a [Arc<Endpoint>],
    pub(super) worker: usize,
    pub(super) choice: Choice<'a>,
}

impl Chooser<'_> {
    /// The index of the endpoint at this address, if it may be asked.
    pub(super) fn find(&self, sought: SocketAddr) -> Option<usize> {
        let is_it = |endpoint: &Arc<Endpoint>| endpoint.address() == sought;
        let index = self.endpoints.iter().position(is_it)?;
        let endpoint = &self.endpoints[index];
        let good = !self.is_tried(endpoint) && endpoint.health.is_in(Instant::now);
        good.then_some(index)
    }

    /// The index of an endpoint that was not tried. Those that are out of rotation are asked
    /// only when all are: an error from one of them is no worse than none.
    pub(super) fn choose(&self) -> Option<usize> {
        if let [only] = self.endpoints {
            return (!self.is_tried(only)).then_some(0);
        }
        if self.endpoints.is_empty() {
            return None;
        }
        let index = self.pick.pick(&self.choice, &self.all());
        let index = index.min(self.endpoints.len() - 1);
        let endpoint = &self.endpoints[index];
        match !self.is_tried(endpoint) && endpoint.health.is_in(Instant::now) {
            true => Some(index),
            false => self.choose_among_healthy(),
        }
    }

    fn choose_among_healthy(&self) -> Option<usize> {
        let now = Instant::now();
        let untried = (0..self.endpoints.len()).filter(|at| !self.is_tried(&self.endpoints[*at]));
        let mut indices: Vec<_> = untried.clone().collect();
        indices.retain(|index| self.endpoints[*index].health.is_in(|| now));
        if indices.is_empty() {
            indices = untried.collect();
        }
        let few = Few(self.all(), &indices);
        match indices.len() {
            0 => None,
            len => Some(indices[self.pick.pick(&self.choice, &few).min(len - 1)]),
        }
    }

    fn is_tried(&self, endpoint: &Endpoint) -> bool {
        self.choice.tried.contains(&endpoint.address())
    }

    fn all(&self) -> All<'_> {
        All(self.endpoints, self.worker)
    }
}

struct All<'a>(&'a [Arc<Endpoint>], usize);

impl Candidates for All<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn endpoint(&self, index: usize) -> &ir::Endpoint {
        self.0[index].spec()
    }

    fn address(&self, index: usize) -> SocketAddr {
        self.0[index].address()
    }

    fn open(&self, index: usize) -> usize {
        self.0[index].lane(self.1).open()
    }
}

struct Few<'a>(All<'a>, &'a [usize]);

impl Candidates for Few<'_> {
    fn len(&self) -> usize {
        self.1.len()
    }

    fn endpoint(&self, index: usize) -> &ir::Endpoint {
        self.0.endpoint(self.1[index])
    }

    fn address(&self, index: usize) -> SocketAddr {
        self.0.address(self.1[index])
    }

    fn open(&self, index: usize) -> usize {
        self.0.open(self.1[index])
    }
}
