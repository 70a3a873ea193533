//! Statuses across reloads: files don't hold them, so that they are put back before resolution,
//! which keeps the times of what did not change.

use gateway_model::Resource;
use gateway_resolve::Statuses;

/// Gives each resource the status that it had, where it had one.
pub(crate) fn statuses(resources: &mut [Resource], known: &Statuses) {
    for resource in resources {
        if let Some(status) = known.get(&resource.reference()) {
            status.store_in(resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use gateway_model::{Resource, Timestamp, parse};
    use gateway_resolve::{Config, Snapshot, Statuses, resolve};

    const MANIFESTS: &str = "
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: missing, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: {name: web}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: missing, port: 80}]}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {name: web}
spec:
  parentRef: {name: web}
  listeners: [{name: more, port: 81, protocol: HTTP}]
";

    fn resolved(text: &str, known: &Statuses, now: Timestamp) -> Statuses {
        let loaded = parse("test.yaml", text.as_bytes()).resources;
        let mut resources: Vec<Resource> = loaded.into_iter().map(|l| l.resource).collect();
        super::statuses(&mut resources, known);
        resolve(
            &Snapshot::from_resources(resources),
            &Config::default(),
            now,
        )
        .statuses
    }

    #[test]
    fn conditions_that_do_not_change_keep_their_time() {
        let later = Timestamp::from_second(1_000).unwrap();
        let first = resolved(MANIFESTS, &Statuses::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(resolved(MANIFESTS, &first, later), first);
        let mended = MANIFESTS.replace("name: missing", "name: other")
            + "
---
apiVersion: v1
kind: Service
metadata: {name: other}
spec: {ports: [{port: 80}]}
";
        let second = resolved(&mended, &first, later);
        let times = |statuses: &Statuses| {
            let documents: Vec<_> = statuses.documents().collect();
            let text = serde_json::to_string(&documents).unwrap();
            text.matches("1970-01-01T00:16:40Z").count()
        };
        assert_eq!((times(&first), times(&second)), (0, 2), "of either route");
    }
}
