//! Manifests to check, and manifests that are edited while they are served.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::support::{Gateway, example, output};

/// A Gateway, a route and its Service: nothing is wrong with them.
pub(crate) const CLEAN: &str = r#"
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: web}
spec:
  gatewayClassName: any
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: web}]
  rules: [{backendRefs: [{name: shop, port: 80}]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: shop-1, labels: {kubernetes.io/service-name: shop}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [127.0.0.1]}]
"#;

/// A directory of manifests.
pub(crate) struct Files {
    dir: tempfile::TempDir,
}

impl Files {
    /// Files by name.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        Self { dir }
    }

    /// The path of a file.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What `gateway check` says of the directory.
    pub(crate) fn check(&self, arguments: &[&str]) -> Output {
        let dir = self.dir.path().to_str().unwrap();
        output(&[&["check", dir], arguments].concat())
    }
}

/// What was printed, as JSON.
pub(crate) fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The quickstart.
pub(crate) fn quickstart() -> String {
    std::fs::read_to_string(example("quickstart.yaml")).unwrap()
}

/// A gateway that serves the quickstart from a file of its own.
pub(crate) fn with_file() -> (tempfile::TempDir, PathBuf, Gateway) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("web.yaml");
    std::fs::write(&file, quickstart()).unwrap();
    let gateway = Gateway::serving(&[file.to_str().unwrap()]);
    (dir, file, gateway)
}

/// The quickstart with a rule that answers 302 instead.
pub(crate) fn redirecting() -> String {
    let rule = "  - filters:\n    - type: RequestRedirect\n      requestRedirect:\n        \
                hostname: elsewhere.example.com\n";
    let text = quickstart();
    let backend = "  - backendRefs:\n    - name: echo\n      port: 80\n";
    assert!(text.contains(backend));
    text.replace(backend, rule)
}

/// Replaces a file as editors do.
pub(crate) fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    std::fs::write(&new, text).unwrap();
    std::fs::rename(&new, file).unwrap();
}
