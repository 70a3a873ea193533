//! Changes of objects, as an API server judges them.

use std::sync::LazyLock;

use serde_json::Value;

use super::kinds;
use crate::schema::{Rule, Violation, check_transitions};
use crate::tree::{Node, Path};
use crate::{Channel, Loaded, Location, Problem, Resource, Severity};

/// Holds the change of an object against the rules about changes that its CRD has, such as that a field is
/// immutable. There is nothing to say of two objects that aren't the same one.
///
/// ```
/// use gateway_model::{Channel, check_update, parse};
///
/// let class = |controller: &str| {
///     let text = format!("{{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass,
///         metadata: {{name: c}}, spec: {{controllerName: {controller}}}}}");
///     parse("c.yaml", text.as_bytes()).resources.remove(0)
/// };
/// let old = class("example.com/a").resource;
/// assert_eq!(check_update(Channel::Standard, &old, &class("example.com/a")), []);
/// let problem = &check_update(Channel::Standard, &old, &class("example.com/b"))[0];
/// assert_eq!(problem.field.as_deref(), Some("spec.controllerName"));
/// ```
pub fn check_update(channel: Channel, old: &Resource, new: &Loaded) -> Vec<Problem> {
    let reference = new.resource.reference();
    let entry = kinds::find(&reference.group, &reference.kind);
    let (Some(entry), true) = (entry, old.reference() == reference) else {
        return Vec::new();
    };
    let [old, node] = [old, &new.resource].map(as_node);
    let schema = entry.schema(channel, entry.versions[0]);
    let mut found = Vec::new();
    check_transitions(schema, (&old, &node), &Path::Root, &mut found);
    let problem = |Violation {
                       code, field, text, ..
                   }| Problem {
        severity: Severity::Error,
        code,
        location: Location {
            line: new.lines.line(&field),
            ..new.location.clone()
        },
        resource: Some(reference.clone()),
        field: Some(field),
        message: text.to_string(),
    };
    found.into_iter().map(problem).collect()
}

/// The object as a manifest has it.
fn as_node(resource: &Resource) -> Node {
    Node::from_json(1, &serde_json::to_value(resource).unwrap_or_default())
}

/// Holds the installation of a CustomResourceDefinition against the policy that the CRDs of a channel come with
/// (`safe-upgrades.gateway.networking.k8s.io`): what each broken rule of it says. `old` is the definition that is
/// there, if one is.
///
/// ```
/// use gateway_model::{Channel, check_safe_upgrade};
///
/// let crd = |channel: &str, version: &str| serde_json::json!({
///     "metadata": {"annotations": {
///         "gateway.networking.k8s.io/channel": channel,
///         "gateway.networking.k8s.io/bundle-version": version,
///     }},
///     "spec": {"group": "gateway.networking.k8s.io"},
/// });
/// let standard = crd("standard", "v1.6.1");
/// assert!(check_safe_upgrade(Channel::Standard, None, &standard).is_empty());
/// let broken = check_safe_upgrade(Channel::Standard, Some(&standard), &crd("experimental", "v1.6.1"));
/// assert!(broken[0].starts_with("Installing experimental CRDs on top of standard channel CRDs"));
/// ```
pub fn check_safe_upgrade(channel: Channel, old: Option<&Value>, new: &Value) -> Vec<&'static str> {
    let [old, new] = [old.unwrap_or(&Value::Null), new].map(|json| Node::from_json(1, json));
    let variables = [("oldObject", &old), ("object", &new)];
    let rules = match channel {
        Channel::Standard => &SAFE_UPGRADES[0],
        Channel::Experimental => &SAFE_UPGRADES[1],
    };
    let broken = |rule: &&Rule| rule.rule.holds_of(&variables) != Ok(true);
    let broken = rules.iter().filter(broken);
    broken.map(|rule| rule.message.as_str()).collect()
}

/// The policies of the two channels.
#[expect(
    clippy::expect_used,
    reason = "a policy that doesn't load is a bug that a test finds"
)]
static SAFE_UPGRADES: LazyLock<[Vec<Rule>; 2]> = LazyLock::new(|| {
    [
        include_str!("../schema/policies/safe_upgrades.standard.json"),
        include_str!("../schema/policies/safe_upgrades.experimental.json"),
    ]
    .map(|text| serde_json::from_str(text).expect("the policies of this crate are well formed"))
});
