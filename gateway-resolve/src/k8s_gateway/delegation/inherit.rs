//! What a rule that delegates adds to the rules of its children.

use std::collections::{BTreeMap, BTreeSet};

use gateway_model::k8s_gateway::RouteOptions;

use crate::ir::{Action, Rule};

use super::super::merge::Merged;
use super::Under;

/// The annotation of a parent that lets children set options in the place of its own.
const OVERRIDES: &str = "delegation.gateway.solo.io/enable-policy-overrides";

/// Which options of a rule its children may set in their place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Overrides {
    /// None.
    #[default]
    None,
    /// All of them.
    All,
    /// These, by the names that the table of options has for them.
    Some(BTreeSet<String>),
}

impl Overrides {
    /// What the annotations of a route say.
    pub(crate) fn of(annotations: &BTreeMap<String, String>) -> Self {
        let Some(value) = annotations.get(OVERRIDES) else {
            return Self::None;
        };
        let names = value
            .split(',')
            .map(|name| name.trim().to_ascii_lowercase());
        let names: BTreeSet<_> = names.filter(|name| !name.is_empty()).collect();
        match (value.trim(), names.is_empty()) {
            ("*", _) => Self::All,
            (_, true) => Self::None,
            (_, false) => Self::Some(names),
        }
    }

    fn allow(&self, option: &str) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Some(names) => names.contains(option),
        }
    }
}

impl Under<'_> {
    /// The options of a child's rule, with those from above: from hop to hop the parent's go before, but for
    /// those that it leaves to its children.
    pub(crate) fn inherit(&self, own: Merged<RouteOptions>) -> Merged<RouteOptions> {
        let mut merged = own;
        let mut above = Some(self);
        while let Some(hop) = above {
            merged.yield_to(hop.options, |option| hop.overrides.allow(option));
            above = hop.above;
        }
        merged
    }

    /// Does to a child's rule what the rules above ask for: their filters go in the place of its own.
    pub(crate) fn amend(&self, rule: &mut Rule) {
        let mut above = Some(self);
        while let Some(hop) = above {
            for filter in hop.filters {
                let kind = std::mem::discriminant(filter);
                rule.filters
                    .retain(|own| std::mem::discriminant(own) != kind);
            }
            rule.filters.splice(0..0, hop.filters.to_vec());
            if let Some(refusal) = hop.failed {
                rule.action = Action::Fail(refusal.clone());
            }
            above = hop.above;
        }
        rule.chain = self.chain();
    }
}
