//! Functions of AWS Lambda, and what calls of them take.

#![allow(dead_code, reason = "each test uses a part")]

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

/// An Upstream that is a function of AWS Lambda.
pub(crate) fn functions(name: &str) -> Value {
    json!({"aws": {
        "region": "us-east-1", "secretRef": {"name": "keys", "namespace": "a"},
        "lambdaFunctions": [{"logicalName": name, "lambdaFunctionName": "f"}],
    }})
}

/// The keys of functions, or none of them.
pub(crate) fn keys(namespace: &'static str) -> impl Strategy<Value = Value> {
    select(vec!["k0", "k1", ""]).prop_map(move |secret| {
        json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": namespace},
            "stringData": {"aws_access_key_id": "id", "aws_secret_access_key": secret},
        })
    })
}

/// Settings by which functions are found that are not there, or not.
pub(crate) fn fallback() -> impl Strategy<Value = Value> {
    any::<bool>().prop_map(|falls_back| {
        json!({
            "apiVersion": "gloo.solo.io/v1", "kind": "Settings",
            "metadata": {"name": "default", "namespace": "gloo-system"},
            "spec": {"gloo": {"awsOptions": {"fallbackToFirstFunction": falls_back}}},
        })
    })
}
