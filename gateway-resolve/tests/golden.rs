//! Golden cases: each directory in `tests/golden` holds manifests (`input.yaml`; `stored.yaml` where an API
//! server has taken them by newer CRDs), sometimes a
//! configuration (`config.json`), and what they come to, as a text to be read (`statuses.txt`, `ir.txt`).
//!
//! `UPDATE_GOLDEN=1 cargo test -p gateway-resolve --test golden` rewrites what is expected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]

#[path = "support/outline.rs"]
mod outline;
mod support;

use std::fs;
use std::path::{Path, PathBuf};

use gateway_resolve::{Config, Resolution, resolve};
use serde_json::{Value, json};

use outline::{outline, pruned};
use support::{config, now, snapshot, stored};

#[test]
fn golden_cases_come_to_what_is_expected() {
    hold("tests/golden", 35);
}

#[cfg(feature = "k8s-gateway")]
#[test]
fn golden_cases_of_k8s_gateway_come_to_what_is_expected() {
    hold("tests/golden_k8s", 35);
}

fn hold(folder: &str, least: usize) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut cases: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() >= least, "found {} cases only", cases.len());
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let failures: Vec<_> = cases.iter().flat_map(|case| check(case, update)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn check(case: &Path, update: bool) -> Vec<String> {
    let newer = case.join("stored.yaml");
    let snapshot = match newer.exists() {
        true => stored(&newer),
        false => snapshot(&case.join("input.yaml")),
    };
    let config = match fs::read(case.join("config.json")) {
        Ok(bytes) => config(&bytes),
        Err(_) => Config::default(),
    };
    let resolution = resolve(&snapshot, &config, now());
    let expected = [
        ("statuses.txt", outline(&statuses(&resolution))),
        ("ir.txt", outline(&pruned(ir(&resolution)))),
    ];
    expected
        .iter()
        .filter_map(|(file, found)| compare(&case.join(file), found, update))
        .collect()
}

fn compare(path: &Path, found: &str, update: bool) -> Option<String> {
    if update {
        fs::write(path, found).unwrap();
        return None;
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    let differs = expected
        .lines()
        .zip(found.lines())
        .position(|(a, b)| a != b);
    match expected == found {
        true => None,
        false => Some(format!(
            "{}: line {} differs; found:\n{found}",
            path.display(),
            differs.map_or(1, |line| line + 1)
        )),
    }
}

fn statuses(resolution: &Resolution) -> Value {
    let statuses = &resolution.statuses;
    json!({
        "findings": statuses.findings().map(ToString::to_string).collect::<Vec<_>>(),
        "statuses": statuses.documents().collect::<Vec<_>>(),
    })
}

fn ir(resolution: &Resolution) -> Value {
    let text = serde_json::to_string(&resolution.ir).unwrap();
    let again: gateway_resolve::ir::Ir = serde_json::from_str(&text).unwrap();
    assert_eq!(again, resolution.ir, "an IR survives serialisation");
    let mut value = serde_json::from_str(&text).unwrap();
    shorten(&mut value);
    value
}

/// Writes many bytes as their number and a hash of them.
fn shorten(value: &mut Value) {
    match value {
        Value::Array(items) if items.len() > 32 && items.iter().all(Value::is_u64) => {
            let bytes = items.iter().filter_map(Value::as_u64);
            // FNV-1a: the same over releases.
            let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ byte).wrapping_mul(0x0100_0000_01b3)
            });
            *value = Value::String(format!("{} bytes ({hash:016x})", items.len()));
        }
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(fields) => fields.values_mut().for_each(shorten),
        _ => {}
    }
}
