//! Who may be picked: endpoints that are healthy and were not tried yet.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use super::endpoint::Endpoint;
use super::endpoints::{All, Endpoints, Few};
use super::pick::{Choice, Pick};

/// The choices for one request.
pub(super) struct Chooser<'a> {
    pub(super) pick: &'a dyn Pick,
    pub(super) endpoints: &'a Endpoints,
    pub(super) worker: usize,
    pub(super) choice: Choice<'a>,
    /// The share of endpoints, of 100, that have to be well; all are asked where fewer are. `None`: where none is.
    pub(super) panic: Option<u8>,
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

    /// The index of an endpoint that was not tried. Those that are out of rotation are asked only when too few are
    /// not: an error from one of them is no worse than none.
    pub(super) fn choose(&self) -> Option<usize> {
        if let [only] = &self.endpoints[..] {
            let asked =
                !self.is_tried(only) && (self.panic != Some(0) || only.health.is_in(Instant::now));
            return asked.then_some(0);
        }
        if self.endpoints.is_empty() {
            return None;
        }
        let pick = self.endpoints.pick().unwrap_or(self.pick);
        let index = pick.pick(&self.choice, &self.all());
        let index = index.min(self.endpoints.len() - 1);
        let endpoint = &self.endpoints[index];
        match !self.is_tried(endpoint) && endpoint.health.is_in(Instant::now) {
            true => Some(index),
            false => self.choose_among_healthy(pick, index),
        }
    }

    fn choose_among_healthy(&self, pick: &dyn Pick, picked: usize) -> Option<usize> {
        let now = Instant::now();
        let (well, all): (Vec<_>, _) = {
            let all = 0..self.endpoints.len();
            let is_well = |index: &usize| self.endpoints[*index].health.is_in(|| now);
            (all.clone().filter(is_well).collect(), all)
        };
        let untried = |index: &usize| !self.is_tried(&self.endpoints[*index]);
        let indices: Vec<_> = match self.panics(well.len()) {
            true if untried(&picked) => return Some(picked),
            true => all.filter(untried).collect(),
            false => well.into_iter().filter(untried).collect(),
        };
        let indices = match (indices.is_empty(), self.panic) {
            (true, None) => (0..self.endpoints.len()).filter(untried).collect(),
            _ => indices,
        };
        let few = Few(self.all(), &indices);
        match indices.len() {
            0 => None,
            len => Some(indices[pick.pick(&self.choice, &few).min(len - 1)]),
        }
    }

    /// Are so few well that all are asked?
    fn panics(&self, well: usize) -> bool {
        let least = self.panic.unwrap_or(0);
        well * 100 < self.endpoints.len() * usize::from(least)
    }

    fn is_tried(&self, endpoint: &Endpoint) -> bool {
        self.choice.tried.contains(&endpoint.address())
    }

    fn all(&self) -> All<'_> {
        All::of(self.endpoints, self.worker)
    }
}
