//! The table of features in `docs/conformance.md` says what is there, and nothing else.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/proof.rs"]
mod proof;

use std::collections::{BTreeMap, BTreeSet};

use gateway_resolve::{Config, EXPERIMENTAL_FEATURES, Mesh};

use proof::{quoted, root};

/// The features of v1.6.1 (`pkg/features`).
const FEATURES: &str = include_str!("fixtures/features-v1.6.1.txt");

/// A row: what implements a feature, what proves it.
type Row = [String; 2];

/// The table by feature.
fn table() -> BTreeMap<String, Row> {
    let text = std::fs::read_to_string(root().join("docs/conformance.md")).unwrap();
    let (_, section) = text.split_once("\n## Every feature\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let rows = proof::rows(section);
    let rows = rows.map(|cells| {
        let mut cells = cells.into_iter();
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
        // Claimed by the bundled controller, which makes Services for Gateways.
        .chain(["GatewayInfrastructurePropagation".to_owned()])
        .collect()
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
    for (feature, [implemented, proven]) in table() {
        for path in quoted(&implemented) {
            assert!(root().join(path).exists(), "{feature}: {path}");
        }
        proof::exists(&feature, &proven);
    }
}
