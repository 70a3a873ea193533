//! The settings that are in effect for a request, and where they came from.

use std::fmt;

use gateway_dataplane::table::Candidate;
use gateway_model::Source;
use gateway_resolve::Snapshot;
use gateway_resolve::ir::{Ir, Origin, RuleSource};
use serde::Serialize;
use serde_json::Value;

use super::json::{Object, RuleLink};

/// A setting, as the resource has it that sets it.
#[derive(Debug, Serialize)]
pub(super) struct Setting {
    /// The name of its field.
    #[serde(skip)]
    pub(super) name: String,
    /// What is written there; null where that is not known.
    value: Option<Value>,
    level: Level,
    /// The resources that it came from, the one that counts most first.
    sources: Vec<Object>,
}

/// What a setting is for.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
enum Level {
    Route,
    VirtualHost,
    Listener,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Route => "route",
            Self::VirtualHost => "virtual host",
            Self::Listener => "listener",
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of the {}", self.name, self.level)?;
        if let Some(value) = &self.value {
            write!(f, ": {value}")?;
        }
        let sources: Vec<_> = self.sources.iter().map(ToString::to_string).collect();
        write!(f, " ({})", sources.join(", "))
    }
}

/// The settings of a rule, then those of its host and its listener that it leaves open, by the names of the
/// fields that have them.
pub(super) fn settings(chosen: &Candidate, ir: &Ir, snapshot: &Snapshot) -> Vec<Setting> {
    let listener = ir.listeners().iter();
    let listener = listener
        .filter(|known| known.id == chosen.listener)
        .collect::<Vec<_>>();
    let hosts = listener.iter().flat_map(|listener| listener.hosts());
    let hosts = hosts.filter(|known| known.hostname == chosen.hostname);
    let of_rule = chosen.rule.settings.origins();
    let of_hosts = hosts.flat_map(|host| host.settings.origins());
    let of_listener = listener.iter().flat_map(|known| known.settings.origins());
    let all = of_rule
        .map(|origin| (Level::Route, origin))
        .chain(of_hosts.map(|origin| (Level::VirtualHost, origin)))
        .chain(of_listener.map(|origin| (Level::Listener, origin)));
    let mut found: Vec<Setting> = Vec::new();
    for (level, origin) in all {
        let name = name(&origin.field);
        if found.iter().all(|known| known.name != name) {
            found.push(setting(name, level, origin, snapshot));
        }
    }
    found
}

/// The rules that delegated to a rule, the one that is attached to a listener first.
pub(super) fn chain(chosen: &Candidate) -> Vec<RuleLink> {
    let link = |link: &RuleSource| RuleLink {
        route: (&link.id.route).into(),
        rule: link.id.index,
        rule_name: link.name.as_ref().map(ToString::to_string),
    };
    chosen.rule.chain.iter().map(link).collect()
}

fn setting(name: &str, level: Level, origin: &Origin, snapshot: &Snapshot) -> Setting {
    let first = origin.sources.first();
    let sources = origin.sources.iter();
    Setting {
        name: name.to_owned(),
        value: first.and_then(|source| written(source, &origin.field, snapshot)),
        level,
        sources: sources.map(|source| (&source.object).into()).collect(),
    }
}

/// A field without the place that all of its kind are in.
fn name(field: &str) -> &str {
    let of_rule = || {
        let rest = field.strip_prefix("spec.rules[")?;
        Some(rest.split_once("].")?.1)
    };
    let below = field.strip_prefix("spec.options.").or_else(of_rule);
    below.unwrap_or(field)
}

/// What a resource has at a path such as `spec.rules[0].timeouts`.
fn written(source: &Source, path: &str, snapshot: &Snapshot) -> Option<Value> {
    let resource = snapshot.get(&source.object)?;
    let mut value = serde_json::to_value(&resource).ok()?;
    for segment in path.split('.') {
        let (name, indexes) = segment.split_once('[').unwrap_or((segment, ""));
        value = value.get_mut(name)?.take();
        for index in indexes.split('[').filter(|index| !index.is_empty()) {
            let index: usize = index.trim_end_matches(']').parse().ok()?;
            value = value.get_mut(index)?.take();
        }
    }
    Some(value)
}
