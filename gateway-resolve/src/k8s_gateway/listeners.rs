//! The options that are for listeners, and for the virtual hosts behind them.

use std::collections::BTreeSet;
use std::sync::Arc;

use gateway_model::k8s_gateway::{
    HttpListenerOption, ListenerOption, VirtualHostOption, VirtualHostOptions,
};
use gateway_model::{Kind, ObjectRef};

use crate::ir::{ListenerId, ListenerSettings, VirtualHostSettings};
use crate::reader::Reader;

use super::attach::of_listener;
use super::connection_options::set_on_connections;
use super::http_listeners::of_http;
use super::merge::Merged;
use super::servers::set_servers;
use super::virtual_hosts::of_hosts;

/// What options come to for a listener.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ListenerPolicies {
    /// Of its own.
    pub(crate) settings: Arc<ListenerSettings>,
    /// Of the virtual hosts behind it.
    pub(crate) hosts: Arc<VirtualHostSettings>,
    /// The policies that are for it, and those of them that go before.
    pub(crate) attached: Vec<AttachedPolicy>,
}

/// A policy that is for a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AttachedPolicy {
    /// The policy.
    pub(crate) policy: ObjectRef,
    /// Those that leave nothing to it, if it sets nothing there.
    pub(crate) beaten_by: Vec<ObjectRef>,
}

/// Looks at the options of a listener that belongs to `owner`, which `gateway` serves.
pub(crate) fn listener_policies(
    id: &ListenerId,
    gateway: &ObjectRef,
    speaks_http: bool,
    reader: &Reader<'_>,
) -> ListenerPolicies {
    let owners: Vec<_> = match id.parent == *gateway {
        true => vec![gateway],
        false => vec![&id.parent, gateway],
    };
    let options = &reader.snapshot().options;
    let section = id.name.as_str();
    let mut found = ListenerPolicies::default();
    let listeners: Vec<&Arc<ListenerOption>> =
        of_listener(&options.listeners, &owners, section, reader);
    found.attached.extend(first_of(&listeners));
    let mut settings = ListenerSettings::default();
    if speaks_http {
        let http: Vec<&Arc<HttpListenerOption>> =
            of_listener(&options.http_listeners, &owners, section, reader);
        found.attached.extend(first_of(&http));
        let first = http.iter().take(1);
        let first = first.map(|one| (&one.spec.options, one.source()));
        let first = Merged::all(first);
        settings = of_http(&first, reader);
        set_servers(&mut settings, &first, reader);
        let hosts: Vec<&Arc<VirtualHostOption>> =
            of_listener(&options.virtual_hosts, &owners, section, reader);
        found.attached.extend(merged(&hosts));
        let all = hosts.iter();
        let all = all.map(|one| (&one.spec.options, one.source()));
        found.hosts = Arc::new(of_hosts(&Merged::all(all), reader));
    }
    let first = listeners.iter().take(1);
    let first = first.map(|one| (&one.spec.options, one.source()));
    set_on_connections(&mut settings, &Merged::all(first), reader);
    found.settings = Arc::new(settings);
    found
}

/// Of some kinds only the first counts.
fn first_of<K: Kind>(policies: &[&Arc<K>]) -> Vec<AttachedPolicy> {
    let first = policies.first().map(|first| first.reference());
    let attached = policies
        .iter()
        .enumerate()
        .map(|(index, policy)| AttachedPolicy {
            policy: policy.reference(),
            beaten_by: first.clone().filter(|_| index > 0).into_iter().collect(),
        });
    attached.collect()
}

/// Of others all that set something that those before don't.
fn merged(policies: &[&Arc<VirtualHostOption>]) -> Vec<AttachedPolicy> {
    let all = policies
        .iter()
        .map(|policy| (&policy.spec.options, policy.source()));
    let merged: Merged<VirtualHostOptions> = Merged::all(all);
    let sources: BTreeSet<_> = merged
        .sources()
        .into_iter()
        .map(|source| &source.object)
        .collect();
    let attached = policies.iter().enumerate().map(|(index, policy)| {
        let policy = policy.reference();
        let before = policies[..index].iter().map(|before| before.reference());
        AttachedPolicy {
            beaten_by: match sources.contains(&policy) {
                true => Vec::new(),
                false => before.filter(|before| sources.contains(before)).collect(),
            },
            policy,
        }
    });
    attached.collect()
}
