//! Listeners that cannot be told apart (Gateway `spec.listeners`, "distinct").
//!
//! Within a Gateway or a ListenerSet, listeners that clash are all refused: none wins. Between a Gateway and
//! its ListenerSets those of the Gateway go first, then the older set before the younger (GEP-1713), and what a
//! set has lost so is in the way of none of its own. Between Gateways that share a socket, because they are bound
//! to the same address and port, the older Gateway keeps what it has, and the younger one's listener is refused.

use std::collections::BTreeMap;
use std::net::IpAddr;

use gateway_model::{Hostname, Port};

use crate::age::by_age;
use crate::ir::Transport;
use crate::reason::{ListenerAccepted, ListenerConflicted, ListenerProgrammed};

use super::ListenerKey;
use super::addresses::Bound;
use super::apart::Apart;
use super::listeners::ListenerFacts;
use super::owner::Merged;

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

/// The listeners that are conflicted.
pub(crate) type Conflicts = BTreeMap<ListenerKey, Conflict>;

/// Finds the listeners that clash. Those of unsupported protocols take no part.
pub(crate) fn conflicts(
    gateways: &[Merged],
    listeners: &[Vec<ListenerFacts>],
    default_is_shared: bool,
) -> Conflicts {
    let mut order: Vec<usize> = (0..gateways.len()).collect();
    let object = |gateway: usize| &*gateways[gateway].gateway.object;
    order.sort_by(|a, b| by_age(object(*a), object(*b)));
    let (mut claims, mut conflicts) = (Claims::new(), Conflicts::new());
    for gateway in order {
        let places = places(&gateways[gateway], gateway, default_is_shared);
        let owners = listeners[gateway].chunk_by(|a, b| a.id.parent == b.id.parent);
        let mut first = 0;
        for own in owners {
            for (index, conflict) in of_owner(own, &places, &mut claims) {
                let listener = first + index;
                conflicts.insert(ListenerKey { gateway, listener }, conflict);
            }
            first += own.len();
        }
    }
    conflicts
}

/// The clashes of the listeners of one owner, after those that come before it. What a ListenerSet has lost to others is
/// in the way of none of its own (conformance test ListenerSetProtocolConflict).
fn of_owner<'a>(
    own: &'a [ListenerFacts],
    places: &[Place],
    claims: &mut Claims<'a>,
) -> BTreeMap<usize, Conflict> {
    let mut found = BTreeMap::new();
    let candidates = || own.iter().enumerate().filter(|(_, facts)| may_claim(facts));
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
fn within(listeners: &[ListenerFacts], lost: &BTreeMap<usize, Conflict>) -> Vec<(usize, Conflict)> {
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

fn on_one_port(listeners: &[ListenerFacts], members: &[usize]) -> Vec<(usize, Conflict)> {
    let apart = |index: &usize| apart(&listeners[*index]);
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

fn clashes(listeners: &[ListenerFacts], members: &[usize], clash: Clash) -> Vec<(usize, Conflict)> {
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
    /// Where no other is: the Gateway of this position.
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

fn places(merged: &Merged, gateway: usize, default_is_shared: bool) -> Vec<Place> {
    match &merged.gateway.addresses.bound {
        _ if merged.gateway.is_refused() => vec![Place::Alone(gateway)],
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
