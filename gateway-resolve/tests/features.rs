//! The table of features in `docs/conformance.md` says what is there, and nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gateway_resolve::{Config, EXPERIMENTAL_FEATURES, Mesh};

/// The features of v1.6.1 (`pkg/features`).
const FEATURES: &str = include_str!("fixtures/features-v1.6.1.txt");

/// A row: what implements a feature, what proves it.
type Row = [String; 2];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The table by feature.
fn table() -> BTreeMap<String, Row> {
    let text = std::fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let (_, section) = text.split_once("\n## Every feature\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let lines = section.lines().filter(|line| line.starts_with("| "));
    let rows = lines.skip(1).map(|line| {
        let mut cells = line
            .trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().to_owned());
        let mut next = || cells.next().unwrap();
        (next(), [next(), next()])
    });
    rows.collect()
}

fn claimed() -> BTreeSet<String> {
    let experimental = EXPERIMENTAL_FEATURES.iter().map(|name| (*name).to_owned());
    experimental
        .chain(Config::default().supported_features)
        .chain(Mesh::new("x.dev/mesh").supported_features)
        .collect()
}

/// What stands between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_feature_of_the_release_and_every_one_that_is_claimed_has_a_row() {
    let released = FEATURES.lines().map(str::to_owned);
    let wanted: BTreeSet<_> = released.chain(claimed()).collect();
    assert_eq!(table().into_keys().collect::<BTreeSet<_>>(), wanted);
}

#[test]
fn a_feature_is_claimed_if_and_only_if_something_implements_it() {
    let claimed = claimed();
    for (feature, [implemented, proven]) in table() {
        let is_there = !implemented.starts_with("not yet");
        assert_eq!(is_there, claimed.contains(&feature), "{feature}");
        assert!(!is_there || !proven.is_empty(), "{feature} is not proven");
        assert_eq!(is_there, !quoted(&implemented).is_empty(), "{feature}");
    }
}

#[test]
fn what_the_table_names_exists() {
    let root = root();
    for (feature, [implemented, proven]) in table() {
        for path in quoted(&implemented) {
            assert!(root.join(path).exists(), "{feature}: {path}");
        }
        let mut file: Option<String> = None;
        for name in quoted(&proven) {
            match (&file, name.ends_with(".rs")) {
                (None, true) => {
                    let text = std::fs::read_to_string(root.join(name));
                    file = Some(text.unwrap_or_else(|error| panic!("{feature}: {name}: {error}")));
                }
                (Some(text), false) => {
                    assert!(text.contains(&format!("fn {name}(")), "{feature}: {name}");
                    file = None;
                }
                (None, false) => {
                    let case = root.join("gateway-resolve/tests/golden").join(name);
                    assert!(case.is_dir(), "{feature}: {name}");
                }
                (Some(_), true) => panic!("{feature}: a file without a test before {name}"),
            }
        }
    }
}
