//! The public API of each crate is what docs/api lists: a change of it is a decision, which is seen in review.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const RECORD: &str = "UPDATE_PUBLIC_API=1 cargo test --workspace --test public_api -- --ignored";

#[test]
#[ignore = "for the toolchain of CI, whose rustdoc writes the format that is read here"]
fn the_public_api_is_as_listed() {
    let crates = ["gateway-model", "gateway-resolve", "gateway-dataplane"];
    let said: String = crates.map(compared).concat();
    assert!(said.is_empty(), "{said}\nif that is meant: {RECORD}");
}

/// What is said of a crate whose API isn't as listed; or records it, when asked to.
fn compared(package: &str) -> String {
    let path = Path::new(ROOT).join(format!("docs/api/{package}.txt"));
    let new = listing(package);
    if std::env::var_os("UPDATE_PUBLIC_API").is_some() {
        std::fs::write(&path, new).expect("a listing can be written");
        return String::new();
    }
    let old = std::fs::read_to_string(&path).expect("a listing can be read");
    match difference(&old, &new) {
        lines if lines.is_empty() => lines,
        lines => format!("{}:\n{lines}", path.display()),
    }
}

/// The public items, one a line, with all features: without what follows from blanket implementations and from the
/// fields of types; of what is derived, that it is.
fn listing(package: &str) -> String {
    let json = rustdoc(package);
    let written: HashSet<String> = items(&json, true).collect();
    let kept = items(&json, false).filter(|item| {
        let derived = item.starts_with("impl") && !item.contains("StructuralPartialEq");
        derived || written.contains(item)
    });
    kept.map(|item| item + "\n").collect()
}

fn items(json: &Path, omit_derived: bool) -> impl Iterator<Item = String> {
    let api = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(omit_derived)
        .build()
        .expect("rustdoc and public-api have one format: they go by versions that fit");
    api.into_items().map(|item| item.to_string())
}

/// The documentation as JSON, which a stable rustdoc writes when told that it may.
fn rustdoc(package: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
    let target = target.expect("a folder in the target directory");
    let status = Command::new(env!("CARGO"))
        .current_dir(ROOT)
        .env("RUSTDOC", "tests/rustdoc-unstable")
        .args(["rustdoc", "--quiet", "--locked", "--lib", "--all-features"])
        .args(["--package", package, "--target-dir"])
        .arg(target)
        .args(["--", "-Zunstable-options", "--output-format=json"])
        .status()
        .expect("cargo runs");
    assert!(status.success(), "cargo rustdoc of {package}: {status}");
    let name = package.replace('-', "_");
    target.join("doc").join(name).with_extension("json")
}

/// The lines that one of them has alone.
fn difference(old: &str, new: &str) -> String {
    let mut said = String::new();
    for (sign, these, others) in [('-', old, new), ('+', new, old)] {
        let others: HashSet<&str> = others.lines().collect();
        for line in these.lines().filter(|line| !others.contains(line)) {
            let _ = writeln!(said, "{sign}{line}");
        }
    }
    said
}
