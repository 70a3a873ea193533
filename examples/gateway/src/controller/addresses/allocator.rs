//! Which Gateway has which address: what one has, no other takes.
//!
//! What Gateways have had so far goes first, then what they ask for, and last come those that want any
//! address; in each of these the older goes first, then the one whose `namespace/name` sorts first.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use gateway_model::{AddressType, Gateway, Kind, ObjectRef};
use gateway_resolve::{AddressRefusal, Allocation};

use super::Pool;

/// How many addresses a Gateway gets at most: two of each family. The API takes 16.
const MAX_ADDRESSES: usize = 4;

/// The addresses that are taken, and by whom.
type Owners = BTreeMap<IpAddr, ObjectRef>;

/// Gives addresses to Gateways.
#[derive(Debug)]
pub(crate) struct Allocator {
    pool: Pool,
    /// What each Gateway was given.
    given: BTreeMap<ObjectRef, Vec<IpAddr>>,
    /// The address given last: the search goes on behind it, so that one which was just given back
    /// is not used again soon.
    last: Option<IpAddr>,
}

impl Allocator {
    pub(crate) fn new(pool: Pool) -> Self {
        Self {
            pool,
            given: BTreeMap::new(),
            last: None,
        }
    }

    /// What each Gateway has of the pool. The replica that `leads` goes by what it gave, and by what
    /// is stored as status only where it gave nothing, as after a restart; for the others the stored
    /// status goes first, since it tells what the leader gave.
    pub(crate) fn allocate<'a>(
        &mut self,
        gateways: impl Iterator<Item = &'a Gateway>,
        leads: bool,
    ) -> BTreeMap<ObjectRef, Allocation> {
        let mut claims: Vec<_> = gateways.map(|gateway| self.claim(gateway, leads)).collect();
        claims.sort_by(|a, b| a.by_age(b));
        let mut owners = Owners::new();
        for source in 0..2 {
            for claim in &mut claims {
                claim.keep(source, &mut owners);
            }
        }
        for claim in &mut claims {
            claim.ask(&mut owners);
        }
        for claim in &mut claims {
            if claim.wants_any && claim.allocation.any.is_none() {
                let Some(address) = self.free(&owners) else {
                    break;
                };
                self.last = Some(address);
                claim.take(address, &mut owners);
            }
        }
        self.remember(owners);
        let claims = claims.into_iter();
        claims.map(|c| (c.reference, c.allocation)).collect()
    }

    fn claim<'a>(&self, gateway: &'a Gateway, leads: bool) -> Claim<'a> {
        let reference = gateway.reference();
        let inside = |ip: &IpAddr| self.pool.contains(*ip);
        let stored: Vec<_> = stored(gateway).filter(inside).collect();
        let given = self.given.get(&reference).cloned().unwrap_or_default();
        let wants_any = wants_any(gateway);
        let mut asked: Vec<IpAddr> = asked_for(gateway).filter(inside).collect();
        let mut seen = BTreeSet::new();
        asked.retain(|ip| seen.insert(*ip));
        let room = MAX_ADDRESSES - usize::from(wants_any);
        let beyond = asked.split_off(asked.len().min(room));
        let too_many = |ip| (ip, AddressRefusal::TooMany(MAX_ADDRESSES));
        let refused = beyond.into_iter().map(too_many).collect();
        Claim {
            gateway,
            reference,
            before: if leads {
                [given, stored]
            } else {
                [stored, given]
            },
            asked,
            wants_any,
            allocation: Allocation { any: None, refused },
        }
    }

    /// The first free address behind the one that was given last, or else from the start.
    fn free(&self, owners: &Owners) -> Option<IpAddr> {
        let free = |address: &IpAddr| !owners.contains_key(address);
        let behind = self.last.and_then(|last| {
            let behind = self.pool.hosts().skip_while(|address| *address != last);
            behind.skip(1).find(free)
        });
        behind.or_else(|| self.pool.hosts().find(free))
    }

    fn remember(&mut self, owners: Owners) {
        self.given.clear();
        for (address, owner) in owners {
            self.given.entry(owner).or_default().push(address);
        }
    }
}

/// What one Gateway wants, and what it gets.
struct Claim<'a> {
    gateway: &'a Gateway,
    reference: ObjectRef,
    /// What it has had so far, by each of two sources, the one to believe first.
    before: [Vec<IpAddr>; 2],
    /// What it asks for, inside the pool, without repeats, as far as it may have that many.
    asked: Vec<IpAddr>,
    wants_any: bool,
    allocation: Allocation,
}

impl Claim<'_> {
    fn by_age(&self, other: &Self) -> std::cmp::Ordering {
        let age = |claim: &Self| claim.gateway.metadata.creation_timestamp;
        age(self)
            .cmp(&age(other))
            .then_with(|| self.reference.cmp_by_text(&other.reference))
    }

    /// Keeps what it still wants of what it has had.
    fn keep(&mut self, source: usize, owners: &mut Owners) {
        let before = std::mem::take(&mut self.before[source]);
        for address in before {
            let Entry::Vacant(free) = owners.entry(address) else {
                continue;
            };
            if self.asked.contains(&address) {
                free.insert(self.reference.clone());
            } else if self.wants_any && self.allocation.any.is_none() {
                free.insert(self.reference.clone());
                self.allocation.any = Some(address);
            }
        }
    }

    /// Gets what it asks for and nobody has.
    fn ask(&mut self, owners: &mut Owners) {
        for address in &self.asked {
            let owner = owners.entry(*address);
            if *owner.or_insert_with(|| self.reference.clone()) != self.reference {
                let refused = &mut self.allocation.refused;
                refused.insert(*address, AddressRefusal::Held);
            }
        }
    }

    /// Gets an address that nobody has, for any.
    fn take(&mut self, address: IpAddr, owners: &mut Owners) {
        owners.insert(address, self.reference.clone());
        self.allocation.any = Some(address);
    }
}

/// Does the Gateway ask for no address, or for any?
fn wants_any(gateway: &Gateway) -> bool {
    let any = |value: &Option<String>| value.as_deref().unwrap_or_default().is_empty();
    let mut addresses = gateway.spec.addresses.iter();
    gateway.spec.addresses.is_empty()
        || addresses.any(|address| address.type_ == AddressType::IpAddress && any(&address.value))
}

fn asked_for(gateway: &Gateway) -> impl Iterator<Item = IpAddr> + '_ {
    let addresses = gateway.spec.addresses.iter();
    let ips = addresses.filter(|address| address.type_ == AddressType::IpAddress);
    ips.filter_map(|address| address.value.as_deref()?.parse().ok())
}

fn stored(gateway: &Gateway) -> impl Iterator<Item = IpAddr> + '_ {
    let addresses = gateway.status.addresses.iter();
    addresses.filter_map(|address| address.value.parse().ok())
}

#[cfg(test)]
mod tests;
