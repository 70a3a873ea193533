//! Listeners of a Gateway and a port whose TLS overlaps, so that HTTP/2 clients may reuse a connection to
//! one for the other (GEP-3567).

use gateway_model::{Hostname, Protocol};

use crate::problem::Verdict;
use crate::reason::ListenerOverlappingTls;

use super::listeners::ListenerFacts;

/// With which of its neighbours the TLS of a listener overlaps.
pub(crate) fn overlap(
    facts: &ListenerFacts,
    neighbours: &[ListenerFacts],
) -> Option<Verdict<ListenerOverlappingTls>> {
    if !facts.is_attached() {
        return None;
    }
    let is_rival = |rival: &&ListenerFacts| {
        let (own, other) = (facts.spec(), rival.spec());
        is_tls(&own.protocol)
            && is_tls(&other.protocol)
            && own.port == other.port
            && facts.id != rival.id
            && rival.is_attached()
    };
    let rivals = || neighbours.iter().filter(is_rival);
    let named = |reason, what: &str, rival: &ListenerFacts| {
        let rival = match facts.id.parent == rival.id.parent {
            true => format!("listener {}", rival.spec().name),
            false => rival.named_for(facts),
        };
        let message = format!("{what} overlap with those of {rival}");
        Verdict::new(reason, message)
    };
    let hostnames = rivals().find(|rival| hostnames_overlap(facts, rival));
    let certificates = || rivals().find(|rival| certificates_overlap(facts, rival));
    match hostnames {
        Some(rival) => Some(named(
            ListenerOverlappingTls::OverlappingHostnames,
            "hostnames",
            rival,
        )),
        None => certificates().map(|rival| {
            let reason = ListenerOverlappingTls::OverlappingCertificates;
            named(reason, "names inside certificates", rival)
        }),
    }
}

fn is_tls(protocol: &Protocol) -> bool {
    matches!(protocol, Protocol::Https | Protocol::Tls)
}

fn hostnames_overlap(a: &ListenerFacts, b: &ListenerFacts) -> bool {
    match (&a.spec().hostname, &b.spec().hostname) {
        (Some(a), Some(b)) => a.intersect(b).is_some(),
        _ => true,
    }
}

fn certificates_overlap(a: &ListenerFacts, b: &ListenerFacts) -> bool {
    let names = |facts: &ListenerFacts| -> Vec<Hostname> {
        let names = facts.certificates.iter().flat_map(|c| &c.names);
        names.cloned().collect()
    };
    let others = names(b);
    names(a)
        .iter()
        .any(|own| others.iter().any(|other| own.intersect(other).is_some()))
}
