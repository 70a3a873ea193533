//! Every point of `docs/checklist.md` is proven, and every test of the official suite has a golden case.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/proof.rs"]
mod proof;

use std::fs;

use proof::{quoted, root};

/// The tests of sections 3.1 to 3.8 of the suite of v1.6.1.
const TESTS: &str = include_str!("fixtures/conformance-v1.6.1.txt");

/// Those that are about something else than what resources come to, or do not run.
const WITHOUT_A_CASE: [&str; 3] = [
    // Objects of a cluster: examples/gateway/src/controller/infrastructure.
    "GatewayInfrastructure",
    // They run where the features are not claimed.
    "TLSRouteListenerMixedTerminationNotSupported",
    "TLSRouteListenerTerminateNotSupported",
];

#[test]
fn every_point_of_the_checklist_is_proven() {
    let text = fs::read_to_string(root().join("docs/checklist.md")).unwrap();
    let rows: Vec<_> = proof::rows(&text).collect();
    assert!(rows.len() >= 50, "{} points only", rows.len());
    for row in rows {
        let [point, proven] = row.as_slice() else {
            panic!("expected two cells, found {row:?}");
        };
        assert!(!quoted(proven).is_empty(), "{point}");
        proof::exists(point, proven);
    }
}

#[test]
fn every_test_of_the_suite_has_a_golden_case() {
    let cases = fs::read_dir(root().join("gateway-resolve/tests/golden")).unwrap();
    let comments: String = cases
        .filter_map(|case| fs::read_to_string(case.unwrap().path().join("input.yaml")).ok())
        .flat_map(|text| {
            text.lines()
                .filter(|l| l.starts_with('#'))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect::<Vec<_>>()
        .join("\n");
    let named: Vec<_> = comments
        .split(|c: char| !c.is_ascii_alphanumeric())
        .collect();
    for test in TESTS.lines().filter(|test| !WITHOUT_A_CASE.contains(test)) {
        assert!(named.contains(&test), "no golden case names {test}");
    }
}
