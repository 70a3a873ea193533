//! Who may be picked: endpoints that are healthy and were not tried yet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::endpoint::Endpoint;
use super::pick::{Candidates, Pick};

/// The choices for one request.
pub(super) struct Chooser<'a, P> {
    pick: &'a P,
    endpoints: &'a [Arc<Endpoint>],
    worker: usize,
    tried: &'a [usize],
}

impl<'a, P: Pick> Chooser<'a, P> {
    pub(super) fn new(
        pick: &'a P,
        endpoints: &'a [Arc<Endpoint>],
        worker: usize,
        tried: &'a [usize],
    ) -> Self {
        Self {
            pick,
            endpoints,
            worker,
            tried,
        }
    }

    /// The index of the endpoint at this address, if it may be asked.
    pub(super) fn find(&self, sought: SocketAddr) -> Option<usize> {
        let is_it = |endpoint: &Arc<Endpoint>| endpoint.address() == sought;
        let index = self.endpoints.iter().position(is_it)?;
        let good = self.is_untried(index) && self.endpoints[index].health.is_in(Instant::now);
        good.then_some(index)
    }

    /// The index of an endpoint that was not excluded. Those that are out of rotation are asked
    /// only when all are: an error from one of them is no worse than none.
    pub(super) fn choose(&self, turn: usize) -> Option<usize> {
        if self.endpoints.is_empty() {
            return None;
        }
        let all = All(self.endpoints, self.worker);
        let index = self.pick.pick(turn, &all).min(self.endpoints.len() - 1);
        match self.is_untried(index) && self.endpoints[index].health.is_in(Instant::now) {
            true => Some(index),
            false => self.choose_among_healthy(turn),
        }
    }

    fn choose_among_healthy(&self, turn: usize) -> Option<usize> {
        let now = Instant::now();
        let untried = (0..self.endpoints.len()).filter(|index| self.is_untried(*index));
        let mut indices: Vec<_> = untried.clone().collect();
        indices.retain(|index| self.endpoints[*index].health.is_in(|| now));
        if indices.is_empty() {
            indices = untried.collect();
        }
        let few = Few(all_of(self), &indices);
        match indices.len() {
            0 => None,
            len => Some(indices[self.pick.pick(turn, &few).min(len - 1)]),
        }
    }

    fn is_untried(&self, index: usize) -> bool {
        !self.tried.contains(&index)
    }
}

fn all_of<'a, P>(chooser: &Chooser<'a, P>) -> All<'a> {
    All(chooser.endpoints, chooser.worker)
}

struct All<'a>(&'a [Arc<Endpoint>], usize);

impl Candidates for All<'_> {
    fn len(&self) -> usize {
        self.0.len()
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

    fn open(&self, index: usize) -> usize {
        self.0.open(self.1[index])
    }
}
