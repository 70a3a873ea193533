//! Statuses of options of K8sGateway: a map by the namespaces that controllers run in.

use gateway_model::k8s_gateway::{
    ListenerOption, OptionStatuses, RouteOption, Upstream, VirtualHostOption,
};
use gateway_model::{Kind, ObjectRef};
use serde_json::{Map, Value, json};

use super::{Author, MergeStatus, Plan, Planned, StatusWrite};
use crate::{Snapshot, Status};

impl MergeStatus for OptionStatuses {
    fn merged(&self, wanted: &Self, author: Author<'_>, _generation: i64) -> Self {
        let mut merged = self.clone();
        let Some(own) = author.namespace else {
            return merged;
        };
        match wanted.statuses.get(own) {
            Some(said) => _ = merged.statuses.insert(own.to_owned(), said.clone()),
            None => _ = merged.statuses.remove(own),
        }
        merged
    }
}

impl Plan<'_> {
    /// The writes that options miss; HttpListenerOptions have no status.
    pub(super) fn missing_of_options(self, snapshot: &Snapshot) -> Vec<StatusWrite> {
        let listeners = self.missing(snapshot.listener_options());
        let routes = self.missing(snapshot.route_options());
        let hosts = self.missing(snapshot.virtual_host_options());
        let upstreams = self.missing(snapshot.upstreams());
        let policies = listeners.chain(routes).chain(hosts);
        policies.chain(upstreams).collect()
    }

    /// The write that one option misses.
    pub(super) fn missing_of_option(
        self,
        snapshot: &Snapshot,
        object: &ObjectRef,
    ) -> Option<StatusWrite> {
        match &*object.kind {
            ListenerOption::KIND => self.missing_of(snapshot.listener_options(), object),
            RouteOption::KIND => self.missing_of(snapshot.route_options(), object),
            Upstream::KIND => self.missing_of(snapshot.upstreams(), object),
            VirtualHostOption::KIND => self.missing_of(snapshot.virtual_host_options(), object),
            _ => None,
        }
    }
}

impl Planned for OptionStatuses {
    fn wanted(status: Option<&Status>) -> Option<Self> {
        match status {
            Some(Status::Options(wanted)) => Some(wanted.clone()),
            _ => Some(Self::default()),
        }
    }

    fn entry(author: Author<'_>) -> Option<String> {
        author.namespace.map(str::to_owned)
    }
}

/// The status of a merge patch that changes one entry of the map: what is not said there is null.
pub(super) fn patch(entry: &str, status: &Status) -> Value {
    let own = match status {
        Status::Options(all) => all.statuses.get(entry),
        _ => None,
    };
    let said = own.and_then(|own| serde_json::to_value(own).ok());
    let value = match said {
        Some(Value::Object(said)) => {
            let all = ["details", "messages", "reason", "subresourceStatuses"];
            let absent = all.map(|field| (field.to_owned(), Value::Null));
            let mut fields: Map<_, _> = absent.into_iter().collect();
            fields.extend(said);
            Value::Object(fields)
        }
        _ => Value::Null,
    };
    json!({"statuses": {entry: value}})
}
