//! Writes the statuses.

use std::collections::BTreeSet;

use gateway_model::{ConditionStatus, Kind, Timestamp};

use crate::Config;
use crate::facts::Facts;
use crate::gateway::ListenerKey;
use crate::reason::Reason;

use super::{Status, Statuses, class, gateway, gateway_findings, route};

/// Writes the statuses of everything that is served.
pub(crate) fn report(facts: &Facts<'_>, config: &Config, now: Timestamp) -> Statuses {
    let mut statuses = Statuses::default();
    for (object, of_class) in facts.classes.objects() {
        let status = class::status(object, of_class, config, now);
        statuses.find(&object.reference(), of_class.refused.as_slice());
        statuses.insert(object.reference(), Status::GatewayClass(status));
    }
    let attached = attached_routes(facts);
    for (index, served) in facts.gateways.iter().enumerate() {
        let status = gateway::status(facts, index, &attached[index], now);
        gateway_findings::find(&mut statuses, facts, index);
        statuses.insert(served.reference.clone(), Status::Gateway(status));
    }
    for (attachment, rules) in &facts.http_routes {
        route::find(&mut statuses, attachment, rules);
        if !attachment.parents.is_empty() {
            let status = route::status(facts, attachment, rules, now);
            statuses.insert(attachment.reference.clone(), Status::HttpRoute(status));
        }
    }
    statuses.finish()
}

/// How many accepted routes each listener has, whether or not it is served itself.
fn attached_routes(facts: &Facts<'_>) -> Vec<Vec<i32>> {
    let listeners = facts.listeners.iter();
    let mut counts: Vec<Vec<i32>> = listeners
        .map(|of_gateway| vec![0; of_gateway.len()])
        .collect();
    for (attachment, rules) in &facts.http_routes {
        let accepted = attachment.parents.iter().filter(|parent| {
            route::accepted(parent, rules).reason.status() == ConditionStatus::True
        });
        let keys: BTreeSet<_> = accepted
            .flat_map(|parent| {
                let gateway = parent.gateway;
                let on = parent.outcome.iter().flatten();
                on.map(move |on| ListenerKey {
                    gateway,
                    listener: on.listener,
                })
            })
            .collect();
        for ListenerKey { gateway, listener } in keys {
            counts[gateway][listener] += 1;
        }
    }
    counts
}
