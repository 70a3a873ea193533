//! The crates depend on each other in one direction, and the two pure ones on nothing that does
//! I/O: asked of Cargo, so that an indirect dependency counts as well.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Async runtimes, HTTP implementations, TLS and cryptographic libraries.
const IMPURE: &[&str] = &[
    "actix-rt",
    "async-io",
    "async-std",
    "aws-lc-rs",
    "axum",
    "h2",
    "hyper",
    "hyper-util",
    "mio",
    "monoio",
    "native-tls",
    "openssl",
    "openssl-sys",
    "polling",
    "quinn",
    "reqwest",
    "ring",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "tokio-rustls",
    "tower",
];

/// What only reading or resolving manifests needs.
const MANIFESTS: &[&str] = &["pem", "saphyr-parser", "serde_ignored", "x509-parser"];

#[test]
fn the_model_depends_on_no_runtime_server_or_tls() {
    assert_free_of("gateway-model", &["--all-features"], IMPURE);
}

#[test]
fn resolution_depends_on_no_runtime_server_or_tls() {
    assert_free_of("gateway-resolve", &["--all-features"], IMPURE);
}

#[test]
fn resolution_without_certificates_has_no_parser_of_theirs() {
    let features = ["--no-default-features", "--features", "resolve"];
    let parsers = ["asn1-rs", "der-parser", "nom", "time", "x509-parser"];
    assert_free_of("gateway-resolve", &features, &parsers);
}

#[test]
fn the_data_plane_depends_on_the_ir_and_not_on_manifests() {
    let crates = assert_free_of("gateway-dataplane", &[], MANIFESTS);
    assert!(crates.contains("gateway-resolve"), "{crates:?}");
}

#[test]
fn the_table_and_plans_alone_need_no_runtime_server_or_tls() {
    let crates = assert_free_of("gateway-dataplane", &["--no-default-features"], IMPURE);
    assert!(crates.contains("gateway-resolve"), "{crates:?}");
    let more = ["--no-default-features", "--features", "check"];
    assert_free_of("gateway-dataplane", &more, IMPURE);
}

#[test]
fn the_vocabulary_alone_needs_no_parser() {
    assert_free_of("gateway-model", &["--no-default-features"], MANIFESTS);
}

#[test]
fn the_model_depends_on_neither_of_the_other_two() {
    let others = ["gateway-resolve", "gateway-dataplane"];
    assert_free_of("gateway-model", &["--all-features"], &others);
}

#[test]
fn resolution_does_not_depend_on_the_data_plane() {
    let others = ["gateway-dataplane"];
    assert_free_of("gateway-resolve", &["--all-features"], &others);
}

/// The packages that `package` is built from, itself included, none of which may be `forbidden`.
fn assert_free_of(package: &str, features: &[&str], forbidden: &[&str]) -> BTreeSet<String> {
    let crates = dependencies(package, features);
    assert!(crates.contains(package), "{crates:?}");
    let found: Vec<_> = forbidden.iter().filter(|c| crates.contains(**c)).collect();
    assert!(found.is_empty(), "{package} depends on {found:?}");
    crates
}

/// Normal and build dependencies, direct or not, with the features that `package` alone asks for.
fn dependencies(package: &str, features: &[&str]) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .args(["tree", "--offline", "--locked", "--package", package])
        .args(["--edges", "normal,build", "--prefix", "none", "--format"])
        .arg("{p}")
        .args(features)
        .output()
        .expect("cargo runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo tree: {errors}");
    let names = String::from_utf8(output.stdout).expect("cargo tree prints UTF-8");
    names
        .lines()
        .filter_map(|line| line.split(' ').next())
        .map(str::to_owned)
        .collect()
}

/// What is public is documented: examples, and everybody else, reach for nothing that is hidden.
#[test]
fn nothing_public_is_hidden() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut read = 0;
    for package in ["gateway-model", "gateway-resolve", "gateway-dataplane"] {
        for file in sources(&root.join(package).join("src")) {
            let text = std::fs::read_to_string(&file).expect("a source file is UTF-8");
            let mut code = text.lines().map(str::trim);
            let hidden = code.find(|line| !line.starts_with("//") && line.contains("doc(hidden"));
            assert_eq!(hidden, None, "{}", file.display());
            read += 1;
        }
    }
    assert!(read > 100, "{read} files are not all");
}

/// The files of Rust below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder can be read");
    let paths = entries.map(|entry| entry.expect("an entry can be read").path());
    let below = paths.flat_map(|path| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    });
    below
        .filter(|path| path.extension().is_some_and(|end| end == "rs"))
        .collect()
}
