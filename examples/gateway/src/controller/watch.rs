//! Watches: what happens in the cluster, as a stream of changes.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt;
use gateway_model::{ObjectRef, Resource};
use gateway_resolve::Release;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};
use kube::core::PartialObjectMeta;
use kube::runtime::watcher::Event;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Client, ResourceExt, discovery};
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinHandle;

use super::kinds::{WATCHED, Watched};

/// Something that happened.
#[derive(Debug)]
pub(crate) enum Change {
    /// A resource was made or changed.
    Set(Resource),
    /// A resource is gone, or can't be told for what it is.
    Gone(ObjectRef),
    /// These are all resources of a kind: a list that replaces what was known.
    Listed(&'static Watched, Vec<Resource>),
    /// These are all custom kinds that are defined.
    Defined(Definitions),
}

/// The custom kinds that are defined, and the release that each is from.
pub(crate) type Definitions = BTreeMap<&'static Watched, Release>;

/// Where changes go.
pub(crate) type Changes = UnboundedSender<Change>;

/// The annotations of CustomResourceDefinitions that say which release they are from.
const BUNDLE_VERSION: &str = "gateway.networking.k8s.io/bundle-version";
const CHANNEL: &str = "gateway.networking.k8s.io/channel";

/// How often a kind that is not served yet is looked for.
const DISCOVERY_INTERVAL: Duration = Duration::from_millis(500);

/// Watches everything that resolution reads, until the receiver is dropped.
pub(crate) fn start(client: &Client, changes: &Changes) {
    for kind in WATCHED.iter().filter(|kind| !kind.is_custom()) {
        tokio::spawn(watch_kind(client.clone(), kind, changes.clone()));
    }
    tokio::spawn(watch_definitions(client.clone(), changes.clone()));
}

/// Watches the CustomResourceDefinitions, and the kinds that they define.
async fn watch_definitions(client: Client, changes: Changes) {
    let api: Api<PartialObjectMeta<CustomResourceDefinition>> = Api::all(client.clone());
    let events = watcher(api, watcher::Config::default()).default_backoff();
    let mut events = std::pin::pin!(events);
    let mut running: BTreeMap<&'static Watched, JoinHandle<()>> = BTreeMap::new();
    let mut defined = Definitions::new();
    let mut listed = false;
    while let Some(event) = events.next().await {
        match event {
            Err(error) => tracing::warn!(%error, "CustomResourceDefinitions are not watched"),
            Ok(Event::Init) => (listed, defined) = (false, Definitions::new()),
            Ok(Event::InitDone) => listed = true,
            Ok(Event::InitApply(definition) | Event::Apply(definition)) => {
                let Some(kind) = custom_kind(&definition.name_any()) else {
                    continue;
                };
                let annotation = |name| definition.annotations().get(name).cloned();
                let release = Release {
                    version: annotation(BUNDLE_VERSION),
                    is_experimental: annotation(CHANNEL).as_deref() == Some("experimental"),
                };
                defined.insert(kind, release);
            }
            Ok(Event::Delete(definition)) => {
                let Some(kind) = custom_kind(&definition.name_any()) else {
                    continue;
                };
                defined.remove(kind);
            }
        }
        if !listed {
            continue;
        }
        running.retain(|kind, task| {
            let keep = defined.contains_key(kind);
            if !keep {
                task.abort();
            }
            keep
        });
        if changes.send(Change::Defined(defined.clone())).is_err() {
            return;
        }
        for kind in defined.keys() {
            let start = || tokio::spawn(watch_kind(client.clone(), kind, changes.clone()));
            running.entry(kind).or_insert_with(start);
        }
    }
}

fn custom_kind(definition: &str) -> Option<&'static Watched> {
    let mut custom = WATCHED.iter().filter(|kind| kind.is_custom());
    custom.find(|kind| kind.definition() == definition)
}

/// Watches the objects of a kind, from the time at which it is served.
async fn watch_kind(client: Client, kind: &'static Watched, changes: Changes) {
    let resource = discover(&client, kind).await;
    let api: Api<DynamicObject> = Api::all_with(client, &resource);
    let mut config = watcher::Config::default();
    if let Some(fields) = kind.fields() {
        config = config.fields(fields);
    }
    let events = watcher(api, config).default_backoff();
    let mut events = std::pin::pin!(events);
    let mut list = Vec::new();
    while let Some(event) = events.next().await {
        let change = match event {
            Err(error) => {
                tracing::warn!(kind = kind.kind, %error, "the watch is interrupted");
                continue;
            }
            Ok(Event::Init) => {
                list.clear();
                continue;
            }
            Ok(Event::InitApply(object)) => {
                list.extend(decode(kind, object).ok());
                continue;
            }
            Ok(Event::InitDone) => Change::Listed(kind, std::mem::take(&mut list)),
            Ok(Event::Apply(object)) => match decode(kind, object) {
                Ok(resource) => Change::Set(resource),
                Err(reference) => Change::Gone(reference),
            },
            Ok(Event::Delete(object)) => Change::Gone(reference(kind, &object)),
        };
        if changes.send(change).is_err() {
            return;
        }
    }
}

/// The version of a kind that the API server serves and this program reads; waits for one.
async fn discover(client: &Client, kind: &Watched) -> ApiResource {
    loop {
        for version in kind.versions {
            let wanted = GroupVersionKind::gvk(kind.group, version, kind.kind);
            match discovery::pinned_kind(client, &wanted).await {
                Ok((resource, _)) => return resource,
                Err(error) => tracing::debug!(kind = kind.kind, version, %error, "not served"),
            }
        }
        tokio::time::sleep(DISCOVERY_INTERVAL).await;
    }
}

fn reference(kind: &Watched, object: &DynamicObject) -> ObjectRef {
    let namespace = object.namespace().unwrap_or_default();
    ObjectRef::new(kind.group, kind.kind, namespace, object.name_any())
}

/// The typed form of an object.
///
/// # Errors
/// The object can't be told for what it is, which is logged: its reference.
pub(crate) fn decode(
    kind: &'static Watched,
    mut object: DynamicObject,
) -> Result<Resource, ObjectRef> {
    object.metadata.managed_fields = None;
    let reference = reference(kind, &object);
    // Items of a list come without their type.
    let version = match (kind.group, object.types.take()) {
        (_, Some(types)) => types.api_version,
        ("", None) => kind.versions[0].to_owned(),
        (group, None) => format!("{group}/{}", kind.versions[0]),
    };
    object.types = Some(kube::api::TypeMeta {
        api_version: version,
        kind: kind.kind.to_owned(),
    });
    let Ok(value) = serde_json::to_value(&object) else {
        return Err(reference);
    };
    let mut manifests = gateway_model::parse_stored_value("cluster", &value);
    for problem in manifests.problems {
        let field = problem.field.unwrap_or_default();
        let (message, severity) = (problem.message, problem.severity);
        tracing::warn!(%reference, field, message, %severity, "the object isn't understood as a whole");
    }
    let loaded = manifests.resources.pop().ok_or(reference)?;
    Ok(loaded.resource)
}

#[cfg(test)]
mod tests {
    use gateway_model::{Resource, RouteRule};
    use serde_json::json;

    use super::{WATCHED, decode};

    /// A value with two spaces and one outside ASCII, which only the experimental channel refuses.
    #[test]
    fn an_object_that_one_channel_allows_is_taken_and_loses_no_field_of_the_other() {
        let kind = WATCHED
            .iter()
            .find(|kind| kind.kind == "HTTPRoute")
            .unwrap();
        let route = |rule| {
            let object = json!({
                "metadata": {"name": "r", "namespace": "default"},
                "spec": {"rules": [rule]},
            });
            decode(kind, serde_json::from_value(object).unwrap())
        };
        let spaced = json!({"type": "ResponseHeaderModifier", "responseHeaderModifier":
            {"set": [{"name": "content-security-policy", "value": "default-src 'self';  img-src *"}]}});
        let city = json!([{"headers": [{"name": "x-city", "value": "Z\u{fc}rich"}]}]);
        for standard in [json!({"filters": [spaced]}), json!({"matches": city})] {
            let taken = route(standard);
            assert!(matches!(taken, Ok(Resource::HttpRoute(_))), "{taken:?}");
        }
        let experimental = route(json!({"retry": {"attempts": 2}}));
        assert!(experimental.is_ok(), "{experimental:?}");
        // No channel has both: the rule isn't served, and the route stays.
        let both = route(json!({"filters": [spaced], "retry": {"attempts": 2}}));
        let Ok(Resource::HttpRoute(both)) = both else {
            panic!("{both:?}");
        };
        assert!(
            matches!(both.spec.rules[0], RouteRule::Unread(_)),
            "{both:?}"
        );
    }

    /// A filter that only a later release knows.
    #[test]
    fn an_object_that_no_channel_knows_as_a_whole_stays() {
        let kind = WATCHED.iter().find(|kind| kind.kind == "HTTPRoute");
        let object = json!({
            "metadata": {"name": "r", "namespace": "default"},
            "spec": {"rules": [{"filters": [{"type": "Compression"}]}, {}]},
        });
        let taken = decode(kind.unwrap(), serde_json::from_value(object).unwrap());
        let Ok(Resource::HttpRoute(route)) = taken else {
            panic!("{taken:?}");
        };
        let read: Vec<_> = route
            .spec
            .rules
            .iter()
            .map(|rule| rule.read().is_some())
            .collect();
        assert_eq!(read, [false, true]);
    }
}
