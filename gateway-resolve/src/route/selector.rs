//! Which namespaces a listener takes routes from.

use std::collections::BTreeMap;

use gateway_model::{FromNamespaces, LabelSelector, LabelSelectorRequirement, NamespacesFrom};

/// The label that an API server gives every namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A namespace and its labels, which are read when somebody asks for them. One that has no object has its name as
/// its only label.
#[derive(Clone, Copy)]
pub(crate) struct NamespaceLabels<'a> {
    pub(crate) name: &'a str,
    /// Reads them.
    pub(crate) labels: &'a dyn Fn() -> Option<&'a BTreeMap<String, String>>,
}

impl<'a> NamespaceLabels<'a> {
    /// Is there an object of the namespace, which would have its labels?
    pub(crate) fn is_known(&self) -> bool {
        (self.labels)().is_some()
    }

    fn get(&self, key: &str) -> Option<&'a str> {
        match key {
            NAME_LABEL => Some(self.name),
            _ => (self.labels)()?.get(key).map(String::as_str),
        }
    }
}

/// Does a listener of namespace `own` take routes of `namespace`?
pub(crate) fn allows(from: &NamespacesFrom, own: &str, namespace: NamespaceLabels<'_>) -> bool {
    match from.from {
        FromNamespaces::All => true,
        FromNamespaces::Same => namespace.name == own,
        FromNamespaces::None => false,
        FromNamespaces::Selector => {
            let selector = from.selector.as_ref();
            selector.is_some_and(|selector| selects(selector, namespace))
        }
    }
}

/// Why no namespace can be held against a selector that is asked for: it is missing, or breaks the rules
/// of `metav1.LabelSelector`.
pub(crate) fn problem(from: &NamespacesFrom) -> Option<String> {
    if from.from != FromNamespaces::Selector {
        return None;
    }
    let Some(selector) = &from.selector else {
        return Some("from: Selector needs a selector, found none".to_owned());
    };
    let labels = selector.match_labels.iter().find_map(|(key, value)| {
        let wrong = !is_label_key(key) || !is_label_value(value);
        wrong.then(|| format!("expected a label and a value of it, found {key:?}: {value:?}"))
    });
    labels.or_else(|| selector.match_expressions.iter().find_map(unusable))
}

fn unusable(requirement: &LabelSelectorRequirement) -> Option<String> {
    let LabelSelectorRequirement {
        key,
        operator,
        values,
    } = requirement;
    if !is_label_key(key) {
        return Some(format!("expected the key of a label, found {key:?}"));
    }
    if let Some(value) = values.iter().find(|value| !is_label_value(value)) {
        return Some(format!("expected the value of a label, found {value:?}"));
    }
    match (operator.as_str(), values.is_empty()) {
        ("In" | "NotIn", false) | ("Exists" | "DoesNotExist", true) => None,
        ("In" | "NotIn", true) => Some(format!("operator {operator} needs values, found none")),
        ("Exists" | "DoesNotExist", false) => Some(format!(
            "operator {operator} takes no values, found {}",
            values.len()
        )),
        _ => Some(format!(
            "expected the operator In, NotIn, Exists or DoesNotExist, found {operator:?}"
        )),
    }
}

/// At most this many characters are in a label's value, and in the name of its key.
const MAX_LABEL: usize = 63;

fn is_label_value(value: &str) -> bool {
    let is_end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    let mut all = value.chars();
    all.all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && is_end(value.chars().next())
        && is_end(value.chars().next_back())
        && value.len() <= MAX_LABEL
}

fn is_label_key(key: &str) -> bool {
    let (prefix, name) = match key.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, key),
    };
    let is_prefix = |prefix: &str| gateway_model::Hostname::new(prefix).is_ok();
    !name.is_empty() && is_label_value(name) && prefix.is_none_or(is_prefix)
}

fn selects(selector: &LabelSelector, namespace: NamespaceLabels<'_>) -> bool {
    let LabelSelector {
        match_labels,
        match_expressions,
    } = selector;
    match_labels
        .iter()
        .all(|(key, value)| namespace.get(key) == Some(value.as_str()))
        && match_expressions
            .iter()
            .all(|requirement| holds(requirement, namespace))
}

fn holds(requirement: &LabelSelectorRequirement, namespace: NamespaceLabels<'_>) -> bool {
    let LabelSelectorRequirement {
        key,
        operator,
        values,
    } = requirement;
    let value = namespace.get(key);
    let listed = || value.is_some_and(|value| values.iter().any(|v| v == value));
    match operator.as_str() {
        "In" => listed(),
        "NotIn" => !listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gateway_model::{LabelSelector, LabelSelectorRequirement};

    use super::{NamespaceLabels, selects};

    fn requirement(key: &str, operator: &str, values: &[&str]) -> LabelSelector {
        LabelSelector {
            match_labels: BTreeMap::new(),
            match_expressions: vec![LabelSelectorRequirement {
                key: key.to_owned(),
                operator: operator.to_owned(),
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            }],
        }
    }

    #[test]
    fn expressions_select_as_metav1_label_selectors_do() {
        let labels = BTreeMap::from([("team".to_owned(), "a".to_owned())]);
        let namespace = NamespaceLabels {
            name: "apps",
            labels: &|| Some(&labels),
        };
        let rows: [(&str, &str, &[&str], bool); 9] = [
            ("team", "In", &["a", "b"], true),
            ("team", "In", &["b"], false),
            ("team", "NotIn", &["b"], true),
            ("team", "NotIn", &["a"], false),
            ("absent", "NotIn", &["a"], true),
            ("team", "Exists", &[], true),
            ("absent", "Exists", &[], false),
            ("absent", "DoesNotExist", &[], true),
            ("team", "Misspelt", &["a"], false),
        ];
        for (key, operator, values, want) in rows {
            let selector = requirement(key, operator, values);
            assert_eq!(
                selects(&selector, namespace),
                want,
                "{key} {operator} {values:?}"
            );
        }
    }

    #[test]
    fn an_empty_selector_selects_all_and_every_namespace_is_labelled_with_its_name() {
        let bare = NamespaceLabels {
            name: "apps",
            labels: &|| None,
        };
        assert!(selects(&LabelSelector::default(), bare));
        assert!(selects(
            &requirement("kubernetes.io/metadata.name", "In", &["apps"]),
            bare
        ));
    }
}
