//! Listeners that cannot be told apart (Gateway `spec.listeners`, "distinct").
//!
//! Within a Gateway or a ListenerSet, listeners that clash are all refused: none wins. Between a Gateway and
//! its ListenerSets those of the Gateway go first, then the older set before the younger (GEP-1713), and what a
//! set has lost so is in the way of none of its own. Between Gateways that share a socket, because they are bound
//! to the same address and port, the older Gateway keeps what it has, and the younger one's listener is refused.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::net::IpAddr;

use gateway_model::{Hostname, ObjectRef, Port};

use crate::ir::Transport;
use crate::reason::{ListenerAccepted, ListenerConflicted, ListenerProgrammed};

use super::addresses::Bound;
use super::alone::GatewayFacts;
use super::apart::Apart;
use super::listeners::ListenerFacts;

/// Why a listener is conflicted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    pub(crate) clash: Clash,
    pub(crate) message: String,
}

/// What two listeners on a port clash over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Clash {
    Hostname,
    Protocol,
}

impl Clash {
    pub(crate) fn conflicted(self) -> ListenerConflicted {
        match self {
            Self::Hostname => ListenerConflicted::HostnameConflict,
            Self::Protocol => ListenerConflicted::ProtocolConflict,
        }
    }

    pub(crate) fn accepted(self) -> ListenerAccepted {
        match self {
            Self::Hostname => ListenerAccepted::HostnameConflict,
            Self::Protocol => ListenerAccepted::ProtocolConflict,
        }
    }

    pub(crate) fn programmed(self) -> ListenerProgrammed {
        match self {
            Self::Hostname => ListenerProgrammed::HostnameConflict,
            Self::Protocol => ListenerProgrammed::ProtocolConflict,
        }
    }
}

/// The listeners that are conflicted, by Gateway and by their position among all that it serves.
pub(crate) type Conflicts = BTreeMap<ObjectRef, BTreeMap<usize, Conflict>>;

/// Finds the listeners that clash. Those of unsupported protocols take no part.
pub(crate) fn conflicts<'a>(
    gateways: impl Iterator<Item = &'a GatewayFacts>,
    default_is_shared: bool,
) -> Conflicts {
    let mut order: Vec<_> = gateways.collect();
    order.sort_by(|a, b| by_age(a, b));
    let (mut claims, mut conflicts) = (Claims::new(), Conflicts::new());
    for (position, gateway) in order.into_iter().enumerate() {
        let places = places(gateway, position, default_is_shared);
        let listeners: Vec<_> = gateway.listeners.iter().map(|one| &*one.facts).collect();
        let mut found = BTreeMap::new();
        let mut first = 0;
        for own in listeners.chunk_by(|a, b| a.id.parent == b.id.parent) {
            let lost = of_owner(own, &places, &mut claims).into_iter();
            found.extend(lost.map(|(index, conflict)| (first + index, conflict)));
            first += own.len();
        }
        if !found.is_empty() {
            conflicts.insert(gateway.reference().clone(), found);
        }
    }
    conflicts
}

/// Do two versions of a Gateway claim the same, so that for all others nothing changes?
pub(crate) fn claim_alike(one: Option<&GatewayFacts>, other: Option<&GatewayFacts>) -> bool {
    let claimed = |facts: &'_ GatewayFacts| {
        let gateway = &facts.merged.gateway;
        let age = gateway.object.metadata.creation_timestamp;
        (age, gateway.is_refused(), gateway.addresses.bound.clone())
    };
    let (Some(one), Some(other)) = (one, other) else {
        return one.is_none() && other.is_none();
    };
    let (own, others) = (one.listeners.iter(), other.listeners.iter());
    let same = |(own, other)| claims_as(own, other);
    claimed(one) == claimed(other)
        && own.len() == others.len()
        && own
            .map(|own| &*own.facts)
            .zip(others.map(|other| &*other.facts))
            .all(same)
}

fn claims_as(own: &ListenerFacts, other: &ListenerFacts) -> bool {
    let claimed = |facts: &ListenerFacts| {
        let spec = facts.spec();
        (spec.port, spec.protocol.clone(), spec.hostname.clone())
    };
    own.id == other.id
        && claimed(own) == claimed(other)
        && own.is_attached() == other.is_attached()
        && own.refused.is_empty() == other.refused.is_empty()
}

fn by_age(a: &GatewayFacts, b: &GatewayFacts) -> Ordering {
    let age = |facts: &GatewayFacts| facts.merged.gateway.object.metadata.creation_timestamp;
    let by_name = || a.reference().cmp_by_text(b.reference());
    age(a).cmp(&age(b)).then_with(by_name)
}

/// The clashes of the listeners of one owner, after those that come before it. What a ListenerSet has lost to others is
/// in the way of none of its own (conformance test ListenerSetProtocolConflict).
fn of_owner<'a>(
    own: &[&'a ListenerFacts],
    places: &[Place],
    claims: &mut Claims<'a>,
) -> BTreeMap<usize, Conflict> {
    let mut found = BTreeMap::new();
    let candidates = || {
        let own = own.iter().copied().enumerate();
        own.filter(|(_, facts)| may_claim(facts))
    };
    for (index, facts) in candidates().filter(|(_, facts)| facts.is_of_set()) {
        found.extend(lost(facts, places, claims).map(|conflict| (index, conflict)));
    }
    let inside = within(own, &found);
    found.extend(inside);
    for (index, facts) in candidates() {
        if found.contains_key(&index) {
            continue;
        }
        match lost(facts, places, claims) {
            Some(conflict) => _ = found.insert(index, conflict),
            None => claim(claims, places, facts),
        }
    }
    found
}

/// What is not served keeps nobody off.
fn may_claim(facts: &ListenerFacts) -> bool {
    facts.refused.is_empty() && facts.is_attached()
}

fn apart(facts: &ListenerFacts) -> Option<Apart> {
    Apart::of(&facts.spec().protocol)
}

/// The clashes among the listeners of one owner that are not `lost` already.
fn within(
    listeners: &[&ListenerFacts],
    lost: &BTreeMap<usize, Conflict>,
) -> Vec<(usize, Conflict)> {
    let mut ports: BTreeMap<(Port, Transport), Vec<usize>> = BTreeMap::new();
    for (index, facts) in listeners.iter().enumerate() {
        let takes_part = facts.is_attached() && !lost.contains_key(&index);
        if let Some(apart) = apart(facts).filter(|_| takes_part) {
            let key = (facts.spec().port, apart.transport());
            ports.entry(key).or_default().push(index);
        }
    }
    ports
        .into_values()
        .flat_map(|members| on_one_port(listeners, &members))
        .collect()
}

fn on_one_port(listeners: &[&ListenerFacts], members: &[usize]) -> Vec<(usize, Conflict)> {
    let apart = |index: &usize| apart(listeners[*index]);
    let (first, rest) = (members.first().and_then(apart), members.iter().skip(1));
    let goes = |(own, first): (Apart, Apart)| own.goes_with(first);
    if !rest.map(apart).all(|own| own.zip(first).is_some_and(goes)) {
        return clashes(listeners, members, Clash::Protocol);
    }
    let mut hosts: BTreeMap<Option<&Hostname>, Vec<usize>> = BTreeMap::new();
    for index in members {
        hosts
            .entry(listeners[*index].spec().hostname.as_ref())
            .or_default()
            .push(*index);
    }
    hosts
        .into_values()
        .filter(|same| same.len() > 1)
        .flat_map(|same| clashes(listeners, &same, Clash::Hostname))
        .collect()
}

fn clashes(
    listeners: &[&ListenerFacts],
    members: &[usize],
    clash: Clash,
) -> Vec<(usize, Conflict)> {
    let conflict = |index: usize| {
        let others: Vec<_> = members
            .iter()
            .filter(|other| **other != index)
            .map(|other| listeners[*other].spec().name.as_str())
            .collect();
        let spec = listeners[index].spec();
        let (port, protocol) = (spec.port, &spec.protocol);
        let is_alike = |other: &usize| listeners[*other].spec().protocol == *protocol;
        let is_alone = members.iter().all(is_alike);
        let others = others.join(", ");
        let message = match clash {
            Clash::Protocol if is_alone => {
                format!("port {port} has room for one {protocol} listener, and is used by {others}")
            }
            Clash::Protocol => format!("port {port} is used with another protocol by {others}"),
            Clash::Hostname => format!("port {port} is used with the same hostname by {others}"),
        };
        (index, Conflict { clash, message })
    };
    members.iter().map(|index| conflict(*index)).collect()
}

/// Where a listener is bound, and its port.
type Socket = (Place, Port, Transport);

/// Where a Gateway is bound, as far as others may be bound there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// To the data plane's default, with others.
    Default,
    /// To an address.
    Address(IpAddr),
    /// Where no other is: the Gateway of this position by age.
    Alone(usize),
}

/// What the listeners so far have made of a socket.
struct Claim<'a> {
    apart: Apart,
    holder: &'a ListenerFacts,
    hosts: BTreeMap<Option<&'a Hostname>, &'a ListenerFacts>,
}

/// What became of all sockets so far.
type Claims<'a> = BTreeMap<Socket, Claim<'a>>;

fn places(facts: &GatewayFacts, gateway: usize, default_is_shared: bool) -> Vec<Place> {
    match &facts.merged.gateway.addresses.bound {
        _ if facts.merged.gateway.is_refused() => vec![Place::Alone(gateway)],
        Bound::Default if default_is_shared => vec![Place::Default],
        Bound::Default | Bound::Nowhere => vec![Place::Alone(gateway)],
        Bound::To(addresses) => addresses.iter().copied().map(Place::Address).collect(),
    }
}

fn sockets(facts: &ListenerFacts, places: &[Place], apart: Apart) -> Vec<Socket> {
    let socket = |place: &Place| (*place, facts.spec().port, apart.transport());
    places.iter().map(socket).collect()
}

/// The clash of a listener with one that came before.
fn lost(facts: &ListenerFacts, places: &[Place], claims: &Claims<'_>) -> Option<Conflict> {
    let apart = apart(facts)?;
    let sockets = sockets(facts, places, apart);
    let mut held = sockets.iter().filter_map(|socket| claims.get(socket));
    held.find_map(|claim| clash(claim, apart, facts))
}

fn clash(claim: &Claim<'_>, apart: Apart, facts: &ListenerFacts) -> Option<Conflict> {
    let port = facts.spec().port;
    if !apart.goes_with(claim.apart) {
        let message = format!(
            "port {port} is used with protocol {} by {}, which comes first by age and name",
            claim.holder.spec().protocol,
            claim.holder.named_for(facts)
        );
        return Some(Conflict {
            clash: Clash::Protocol,
            message,
        });
    }
    let holder = claim.hosts.get(&facts.spec().hostname.as_ref())?;
    let message = format!(
        "port {port} is used with the same hostname by {}, which comes first by age and name",
        holder.named_for(facts)
    );
    Some(Conflict {
        clash: Clash::Hostname,
        message,
    })
}

fn claim<'a>(claims: &mut Claims<'a>, places: &[Place], facts: &'a ListenerFacts) {
    let Some(apart) = apart(facts) else { return };
    for socket in sockets(facts, places, apart) {
        let claim = claims.entry(socket).or_insert_with(|| Claim {
            apart,
            holder: facts,
            hosts: BTreeMap::new(),
        });
        claim.hosts.insert(facts.spec().hostname.as_ref(), facts);
    }
}
