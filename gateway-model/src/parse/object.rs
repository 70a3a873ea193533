//! Which object a document holds.

use std::collections::HashMap;

use super::kinds::{self, Entry};
use super::{Reading, load, stored};
use crate::tree::{Node, Value, quote};
use crate::{Code, Loaded, Location, Manifests, ObjectRef, Problem, Severity, UnknownObject};

/// Reads the object in a document, or the objects if it is a list.
pub(super) fn read(
    reading: Reading,
    node: Node,
    at: &dyn Fn(u32) -> Location,
    manifests: &mut Manifests,
    seen: &mut HashMap<ObjectRef, Location>,
) {
    let kind = match type_of(&node) {
        Ok(kind) => kind,
        Err(message) => {
            manifests.problems.push(Problem {
                severity: Severity::Error,
                code: Code::NotAnObject,
                location: at(node.line),
                resource: None,
                field: None,
                message,
            });
            return;
        }
    };
    match items_of(node, &kind) {
        Ok(items) => items
            .into_iter()
            .for_each(|item| read(reading, item, at, manifests, seen)),
        Err(node) => read_one(reading, node, &kind, at, manifests, seen),
    }
}

/// The `apiVersion` and `kind` of an object.
struct TypeMeta {
    api_version: String,
    kind: String,
}

impl TypeMeta {
    /// Group and version; the core group is empty.
    fn parts(&self) -> (&str, &str) {
        self.api_version
            .split_once('/')
            .unwrap_or(("", &self.api_version))
    }
}

fn type_of(node: &Node) -> Result<TypeMeta, String> {
    let Some(map) = node.as_map() else {
        let found = node.value.describe();
        return Err(format!(
            "expected an object with apiVersion and kind, found {found}"
        ));
    };
    let text = |key: &str| match map.get(key) {
        Some(Node {
            value: Value::String(text),
            ..
        }) if !text.is_empty() => Ok(text.clone()),
        Some(other) => Err(format!(
            "expected a text as {key}, found {}",
            other.value.describe()
        )),
        None => Err(format!(
            "expected an object with apiVersion and kind, found one without {key}"
        )),
    };
    Ok(TypeMeta {
        api_version: text("apiVersion")?,
        kind: text("kind")?,
    })
}

/// The items of a list; the node itself if it is none. The items of a typed list (`HTTPRouteList`)
/// take its type where they have none.
fn items_of(mut node: Node, list: &TypeMeta) -> Result<Vec<Node>, Node> {
    let item_kind = list.kind.strip_suffix("List");
    let (Some(item_kind), Value::Map(map)) = (item_kind, &mut node.value) else {
        return Err(node);
    };
    if !matches!(
        map.get("items"),
        Some(Node {
            value: Value::List(_),
            ..
        })
    ) {
        return Err(node);
    }
    let Some(Node {
        value: Value::List(mut items),
        ..
    }) = map.swap_remove("items")
    else {
        return Err(node);
    };
    if !item_kind.is_empty() {
        for item in &mut items {
            let line = item.line;
            let Value::Map(map) = &mut item.value else {
                continue;
            };
            for (key, text) in [("apiVersion", &list.api_version[..]), ("kind", item_kind)] {
                map.entry(key.to_owned())
                    .or_insert_with(|| Node::new(line, Value::String(text.to_owned())));
            }
        }
    }
    Ok(items)
}

fn read_one(
    reading: Reading,
    node: Node,
    own: &TypeMeta,
    at: &dyn Fn(u32) -> Location,
    manifests: &mut Manifests,
    seen: &mut HashMap<ObjectRef, Location>,
) {
    let (group, version) = own.parts();
    let location = at(node.line);
    match kinds::find(group, &own.kind) {
        Some(entry) if reading.has(entry, version) => {
            let (loaded, problems) = match reading {
                Reading::New(channel) => {
                    load::load(entry, entry.schema(channel, version), node, at)
                }
                Reading::Stored => stored::load(entry, version, &node, at),
            };
            manifests.problems.extend(problems);
            if let Some((resource, lines)) = loaded {
                let loaded = Loaded {
                    resource,
                    location,
                    lines,
                };
                manifests.push(loaded, seen);
            }
        }
        entry => hand_back(reading, &node, own, entry, location, manifests),
    }
}

/// Keeps an object whose kind or version isn't modelled.
fn hand_back(
    reading: Reading,
    node: &Node,
    own: &TypeMeta,
    entry: Option<&Entry>,
    location: Location,
    manifests: &mut Manifests,
) {
    let (group, _) = own.parts();
    let text = |key: &str| {
        let found = node.get("metadata").and_then(|metadata| metadata.get(key));
        found.and_then(Node::as_str).unwrap_or_default()
    };
    let reference = ObjectRef::new(
        group.to_owned(),
        own.kind.clone(),
        text("namespace"),
        text("name"),
    );
    if let Some((severity, code, message)) = complaint(reading, own, entry) {
        manifests.problems.push(Problem {
            severity,
            code,
            location: location.clone(),
            resource: Some(reference.clone()),
            field: None,
            message,
        });
    }
    manifests.unknown.push(UnknownObject {
        reference,
        api_version: own.api_version.clone(),
        location,
        value: node.to_json(),
    });
}

/// What to say of an object that is handed back: an API server refuses versions that it doesn't serve
/// and groups that it doesn't have. Kinds of other people's groups are none of our business.
fn complaint(
    reading: Reading,
    own: &TypeMeta,
    entry: Option<&Entry>,
) -> Option<(Severity, Code, String)> {
    let (group, version) = own.parts();
    if let Some(entry) = entry {
        let versions = entry.versions.iter().copied();
        let versions: Vec<_> = versions
            .filter(|version| reading.has(entry, version))
            .collect();
        return Some(match versions.as_slice() {
            [] => (
                Severity::Error,
                Code::UnknownKind,
                format!(
                    "expected a kind of the standard channel, found {}, which only the experimental one has",
                    own.kind
                ),
            ),
            versions => (
                Severity::Error,
                Code::UnservedVersion,
                format!(
                    "expected the version {}, found {}",
                    versions.join(" or "),
                    quote(version)
                ),
            ),
        });
    }
    if let Some(meant) = kinds::of_mistaken_group(group, &own.kind) {
        let message = format!(
            "expected the group {} for a {}, found {}",
            quote(meant.group),
            own.kind,
            quote(group)
        );
        return Some((Severity::Error, Code::UnknownKind, message));
    }
    let message = format!(
        "expected a kind that is supported, found {}",
        quote(&own.kind)
    );
    let own = [crate::gateway_api::GROUP, crate::gateway_api::X_GROUP].contains(&group);
    own.then_some((Severity::Warning, Code::UnknownKind, message))
}
