//! Manifests that are edited while they are served.

use std::path::{Path, PathBuf};

use crate::support::{Gateway, example};

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
