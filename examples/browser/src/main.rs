//! What an editor in a browser does with manifests: it reads them, says what is wrong, and explains where a request goes.
//! Nothing here needs a system: CI builds it for `wasm32-unknown-unknown`, and runs it.

use gateway_dataplane::head::RequestHead;
use gateway_dataplane::table::{Head, SocketKey, Table};
use gateway_model::{Timestamp, parse};
use gateway_resolve::{Config, Resolution, Snapshot, resolve};

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
metadata: {name: cart}
spec:
  parentRefs: [{name: web}]
  rules:
  - matches: [{path: {value: /cart}}]
    backendRefs: [{name: carts, port: 80}]
";

/// What is said of manifests, and of a request for `path`.
fn explain(manifests: &str, path: &str) -> (Vec<String>, String) {
    let read = parse("editor", manifests.as_bytes());
    let problems = read.problems.iter().map(ToString::to_string);
    let resources = read.resources.into_iter().map(|loaded| loaded.resource);
    let snapshot = Snapshot::from_resources(resources);
    let resolution = resolve(&snapshot, &Config::default(), Timestamp::UNIX_EPOCH);
    let Resolution { ir, statuses, .. } = resolution;
    let findings = statuses.findings().map(ToString::to_string);
    let said = problems.chain(findings).collect();

    let table = Table::<()>::compile(&ir, |_backend| ());
    let Some(socket) = table.socket(&SocketKey::tcp(None, 80)) else {
        return (said, "nobody listens".to_owned());
    };
    let request = http::Request::get(path).header("host", "shop.example");
    let request = request.body(()).expect("a request");
    let mut head = RequestHead::from(&request.into_parts().0);
    let explanation = match Head::of(&mut head) {
        Ok(head) => socket.explain(&head, None).to_string(),
        Err(error) => error.to_string(),
    };
    (said, explanation)
}

/// A failed assertion ends the program: in WebAssembly by a trap.
fn main() {
    let (said, explanation) = explain(MANIFESTS, "/cart/7");
    assert!(
        said.iter().any(|one| one.contains("(BackendNotFound)")),
        "{said:?}"
    );
    assert!(
        explanation.contains("HTTPRoute default/cart rule 0"),
        "{explanation}"
    );
    let (said, _) = explain(&MANIFESTS.replace("port: 80,", "port: 800000,"), "/");
    assert!(
        said.iter()
            .any(|one| one.contains("spec.listeners[0].port")),
        "{said:?}"
    );
    println!("{explanation}");
}
