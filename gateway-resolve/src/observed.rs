//! What was observed of the cluster besides its resources.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use gateway_model::ObjectRef;

/// What a [`Snapshot`](crate::Snapshot) knows besides resources. A clone shares all until either is changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Observed {
    pub(crate) release: Release,
    allocations: Arc<BTreeMap<ObjectRef, Allocation>>,
}

/// The release of the Gateway API that a cluster has, as its CustomResourceDefinitions tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Release {
    /// Their annotation `gateway.networking.k8s.io/bundle-version`, for the `SupportedVersion` of
    /// GatewayClasses; `None` leaves that condition out.
    pub version: Option<String>,
    /// Are they of the experimental channel? Then GatewayClasses list [`EXPERIMENTAL_FEATURES`](crate::EXPERIMENTAL_FEATURES) as well.
    pub is_experimental: bool,
}

/// What a Gateway has of the addresses that are given to one Gateway at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Allocation {
    /// The address of a Gateway that asks for none, or for any: it is bound to it. Without one it gets
    /// `AddressNotAssigned`.
    pub any: Option<IpAddr>,
    /// The addresses that it asks for and does not get: it has `AddressNotUsable`.
    pub refused: BTreeMap<IpAddr, AddressRefusal>,
}

/// Why a Gateway does not get an address that it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressRefusal {
    /// Another Gateway has it.
    Held,
    /// A Gateway gets that many.
    TooMany(usize),
}

impl Observed {
    /// What a Gateway has.
    pub(crate) fn allocation(&self, gateway: &ObjectRef) -> Option<&Allocation> {
        self.allocations.get(gateway)
    }

    /// Gives these to Gateways, and takes from others what they had; the Gateways that have something else now.
    pub(crate) fn allocate(&mut self, all: BTreeMap<ObjectRef, Allocation>) -> Vec<ObjectRef> {
        let before = std::mem::replace(&mut self.allocations, Arc::new(all));
        let gateways = before.keys().chain(self.allocations.keys());
        let differ = |one: &&ObjectRef| before.get(*one) != self.allocations.get(*one);
        let mut changed: Vec<_> = gateways.filter(differ).cloned().collect();
        changed.sort();
        changed.dedup();
        changed
    }
}
