//! Statuses of options of K8sGateway: a map by the namespaces that controllers run in.

use gateway_model::k8s_gateway::OptionStatuses;
use serde_json::{Map, Value, json};

use super::{Author, MergeStatus, Planned};
use crate::Status;

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
