//! The finalizer that keeps a GatewayClass from being deleted as long as Gateways use it.

use gateway_model::{GatewayClass, Kind};
use gateway_resolve::Snapshot;
use serde_json::Value;

use super::write::{Content, Fingerprint, Key, Part, Write};

/// `GatewayClassFinalizerGatewaysExist`: "should be added to the finalizers of a GatewayClass whenever
/// there are Gateways that use it" (the API's documentation of GatewayClass).
const GATEWAYS_EXIST: &str = "gateway-exists-finalizer.gateway.networking.k8s.io";

/// The write that the finalizers of a class of ours miss.
pub(crate) fn missing(snapshot: &Snapshot, class: &GatewayClass) -> Option<Write> {
    let mut gateways = snapshot.gateways().iter();
    let used = gateways.any(|gateway| gateway.spec.gateway_class_name == class.metadata.name);
    let stored = finalizers(class);
    let mut wanted = stored.clone();
    wanted.retain(|finalizer| finalizer != GATEWAYS_EXIST);
    let is_set = wanted.len() < stored.len();
    // The API server takes no new finalizer of what is being deleted.
    if used == is_set || (used && class.metadata.deletion_timestamp.is_some()) {
        return None;
    }
    if used {
        wanted.push(GATEWAYS_EXIST.to_owned());
    }
    Some(Write {
        key: Key::new(class.reference(), Part::Finalizers),
        version: class.metadata.resource_version.clone(),
        wish: Fingerprint::of(&used),
        stored: fingerprint(class),
        content: Content::Finalizers(wanted),
    })
}

/// What is stored as finalizers of a class.
pub(crate) fn fingerprint(class: &GatewayClass) -> Fingerprint {
    Fingerprint::of(&finalizers(class))
}

fn finalizers(class: &GatewayClass) -> Vec<String> {
    let stored = class
        .metadata
        .rest
        .get("finalizers")
        .and_then(Value::as_array);
    let names = stored.into_iter().flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use gateway_model::parse;
    use gateway_resolve::Snapshot;

    use super::{Content, GATEWAYS_EXIST, missing};

    /// What is to become of the finalizers of a class that is stored with these.
    fn wanted(metadata: &str, used: bool) -> Option<Vec<String>> {
        let class = if used { "ours" } else { "other" };
        let text = format!(
            "
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {{name: ours, {metadata}}}
spec: {{controllerName: example.com/own}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: web}}
spec: {{gatewayClassName: {class}, listeners: [{{name: http, port: 80, protocol: HTTP}}]}}
"
        );
        let resources = parse("test.yaml", text.as_bytes()).resources;
        let snapshot: Snapshot = resources.into_iter().map(|l| l.resource).collect();
        let write = missing(
            &snapshot,
            snapshot.gateway_classes().get("", "ours").unwrap(),
        )?;
        match write.content {
            Content::Finalizers(finalizers) => Some(finalizers),
            Content::Status(_) | Content::Patch(_) | Content::Object(_) => {
                unreachable!("{write:?}")
            }
        }
    }

    #[test]
    fn the_finalizer_is_there_while_a_gateway_uses_the_class() {
        let ours = format!("finalizers: [a.com/other, {GATEWAYS_EXIST}]");
        let other = || Some(vec!["a.com/other".to_owned()]);
        let both = Some(vec!["a.com/other".to_owned(), GATEWAYS_EXIST.to_owned()]);
        assert_eq!(wanted("finalizers: [a.com/other]", true), both);
        assert_eq!(wanted(&ours, true), None);
        assert_eq!(wanted(&ours, false), other());
        assert_eq!(wanted("finalizers: [a.com/other]", false), None);
        assert_eq!(wanted("labels: {}", false), None);
    }

    /// "no new finalizers can be added if the object is being deleted" (the API server).
    #[test]
    fn a_class_that_is_being_deleted_only_loses_the_finalizer() {
        let deleted = "deletionTimestamp: '2026-01-01T00:00:00Z', finalizers:";
        assert_eq!(wanted(&format!("{deleted} [a.com/other]"), true), None);
        let ours = format!("{deleted} [{GATEWAYS_EXIST}]");
        assert_eq!(wanted(&ours, false), Some(Vec::new()));
        assert_eq!(wanted(&ours, true), None);
    }
}
