//! From bytes to resources.
//!
//! A file is read in steps, each of which reports what it finds: text to trees (`yaml`), trees to
//! objects of a kind (here), and per object what an API server does: drop unknown fields, fill in
//! defaults, hold it against the schema and its rules, and decode it.

mod kinds;
mod load;
mod metadata;
mod object;
mod status;
mod stored;
mod update;

pub use update::{check_safe_upgrade, check_update};

use std::collections::HashMap;
use std::sync::Arc;

use crate::tree::{Node, Value};
use crate::yaml::{self, Document, SyntaxError};
use crate::{Channel, Code, Location, Manifests, Problem, Severity};

/// Reads the resources of a file: YAML with any number of documents, or JSON.
///
/// `file` is what problems call the file. Lists (`kind: List`, `kind: HTTPRouteList`) are taken
/// apart. What is wrong with one document or object doesn't touch the others.
///
/// Objects of the Gateway API are taken as an API server takes them that has the CRDs of the
/// experimental channel, which has every field of the standard one: unknown fields are dropped (with a
/// warning), defaults filled in, the schema and its validation rules enforced. [`parse_in`] takes the
/// channel as an argument. Core kinds are read more leniently.
///
/// ```
/// let text = "
/// apiVersion: gateway.networking.k8s.io/v1
/// kind: GatewayClass
/// metadata: {name: demo}
/// spec: {controllerName: example.dev}
/// ";
/// let manifests = gateway_model::parse("demo.yaml", text.as_bytes());
/// assert_eq!(
///     manifests.problems[0].to_string(),
///     "demo.yaml:5: error[InvalidValue]: GatewayClass demo: spec.controllerName: \
///      expected a domain and a path such as \"example.com/gateway\", found \"example.dev\""
/// );
/// ```
pub fn parse(file: &str, bytes: &[u8]) -> Manifests {
    parse_in(Channel::Experimental, file, bytes)
}

/// Reads the resources of a file as [`parse`] does, by the CRDs of a channel.
///
/// ```
/// use gateway_model::{Channel, parse_in};
///
/// let route = b"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r},
///               spec: {rules: [{retry: {attempts: 2}}]}}";
/// assert_eq!(parse_in(Channel::Experimental, "r.yaml", route).problems, []);
/// let warning = &parse_in(Channel::Standard, "r.yaml", route).problems[0];
/// assert_eq!(warning.field.as_deref(), Some("spec.rules[0].retry"));
/// ```
pub fn parse_in(channel: Channel, file: &str, bytes: &[u8]) -> Manifests {
    read(Reading::New(channel), file, bytes)
}

/// Reads objects that an API server has stored, whichever CRDs it holds them against.
///
/// Such an object is there, whether or not all of it is understood: only one that can't be told for what it is
/// isn't read. What no channel knows is a problem of severity `Warning`, and part of the resource: the
/// rule that has it is [`RouteRule::Unread`](crate::RouteRule::Unread), a listener or a spec lists it
/// as `unread`, an entry that grants something is left out. None of it may be served.
///
/// ```
/// use gateway_model::{Resource, RouteRule, parse_stored};
///
/// let route = b"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r},
///               spec: {rules: [{filters: [{type: Compression}]}]}}";
/// let stored = parse_stored("cluster", route);
/// let Resource::HttpRoute(route) = &stored.resources[0].resource else { panic!() };
/// let RouteRule::Unread(rule) = &route.spec.rules[0] else { panic!() };
/// assert_eq!(rule.problems[0].field, "spec.rules[0].filters[0].type");
/// assert_eq!(rule.matches.len(), 1, "the prefix / by default");
/// ```
pub fn parse_stored(file: &str, bytes: &[u8]) -> Manifests {
    read(Reading::Stored, file, bytes)
}

/// Reads an object, or a list of them, that came as JSON and is a value already: as [`parse_in`] does, without a
/// detour over bytes. `name` is what problems call its file.
///
/// ```
/// use gateway_model::{Channel, Resource, parse_value};
///
/// let route = serde_json::json!({
///     "apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute", "metadata": {"name": "r"},
///     "spec": {"rules": [{"matches": [{"path": {"value": "/cart"}}]}], "parentRefs": [{"nam": "web"}]},
/// });
/// let read = parse_value(Channel::Standard, "editor", &route);
/// let fields: Vec<_> = read.problems.iter().filter_map(|problem| problem.field.as_deref()).collect();
/// assert_eq!(fields, ["spec.parentRefs[0].nam", "spec.parentRefs[0].name"]);
/// ```
pub fn parse_value(channel: Channel, name: &str, value: &serde_json::Value) -> Manifests {
    read_value(Reading::New(channel), name, value)
}

/// Reads an object, or a list of them, that a client of an API server has as JSON: as [`parse_stored`] does.
pub fn parse_stored_value(name: &str, value: &serde_json::Value) -> Manifests {
    read_value(Reading::Stored, name, value)
}

/// What objects are held against.
#[derive(Debug, Clone, Copy)]
enum Reading {
    /// The CRDs of a channel, as when they are created.
    New(Channel),
    /// Nothing that refuses them.
    Stored,
}

impl Reading {
    /// Is a version of a kind one that is read?
    fn has(self, entry: &kinds::Entry, version: &str) -> bool {
        match self {
            Self::New(channel) => entry.serves(channel, version),
            Self::Stored => entry.versions.contains(&version),
        }
    }
}

fn read(reading: Reading, file: &str, bytes: &[u8]) -> Manifests {
    read_documents(reading, file, yaml::read(bytes))
}

fn read_value(reading: Reading, file: &str, value: &serde_json::Value) -> Manifests {
    read_documents(reading, file, vec![Ok(Node::from_json(1, value))])
}

fn read_documents(reading: Reading, file: &str, documents: Vec<Document>) -> Manifests {
    let file: Arc<str> = file.into();
    let mut manifests = Manifests::default();
    let mut seen = HashMap::new();
    let mut empty = true;
    for (number, document) in documents.into_iter().enumerate() {
        let at = |line| Location {
            file: file.clone(),
            line,
            document: number,
        };
        match document {
            Ok(node) if node.value == Value::Null => continue,
            Ok(node) => object::read(reading, node, &at, &mut manifests, &mut seen),
            Err(error) => manifests.problems.push(syntax_problem(error, &at)),
        }
        empty = false;
    }
    if empty {
        manifests.problems.push(Problem {
            severity: Severity::Error,
            code: Code::Empty,
            location: Location {
                file,
                line: 1,
                document: 0,
            },
            resource: None,
            field: None,
            message: "expected at least one resource, found none".to_owned(),
        });
    }
    manifests
}

fn syntax_problem(error: SyntaxError, at: &dyn Fn(u32) -> Location) -> Problem {
    Problem {
        severity: Severity::Error,
        code: error.code,
        location: at(error.line),
        resource: None,
        field: None,
        message: error.message,
    }
}
