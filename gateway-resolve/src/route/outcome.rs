//! What the rules of a route come to.

use std::sync::Arc;

#[cfg(feature = "k8s-gateway")]
use gateway_model::Source;

use crate::ir::{Match, Rule};
use crate::problem::Problem;
use crate::reason::{RouteAccepted, RouteResolvedRefs};

use super::stream::StreamRules;

/// What the rules of one route come to. The same for every parent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RouteRules {
    pub(crate) rules: Rules,
    /// What is wrong with them.
    pub(crate) problems: RuleProblems,
    /// The positions of the rules that fail closed as a whole.
    pub(crate) failed: Vec<usize>,
    /// The routes that rules of it delegate to.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) delegated: Vec<crate::k8s_gateway::delegation::Delegated>,
    /// The policies that set something for a rule of it.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) options: std::collections::BTreeSet<Source>,
    /// The policies that were looked at.
    #[cfg(feature = "k8s-gateway")]
    pub(crate) looked_at: std::collections::BTreeSet<gateway_model::ObjectRef>,
}

/// The rules of a route.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rules {
    /// For requests, in the order of `spec.rules`.
    OverHttp(Vec<ResolvedRule>),
    /// For connections or datagrams.
    Stream(StreamRules),
}

impl Default for Rules {
    fn default() -> Self {
        Self::OverHttp(Vec::new())
    }
}

impl Rules {
    /// Those for requests.
    pub(crate) fn over_http(&self) -> &[ResolvedRule] {
        match self {
            Self::OverHttp(rules) => rules,
            Self::Stream(_) => &[],
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::OverHttp(rules) => rules.len(),
            Self::Stream(_) => 1,
        }
    }
}

/// One rule and what it is for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ResolvedRule {
    pub(crate) rule: Arc<Rule>,
    /// Its matches, with their positions in the rule.
    pub(crate) matches: Vec<(usize, Match)>,
}

/// What is wrong with the rules of a route.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct RuleProblems {
    /// References that do not resolve.
    pub(crate) unresolved: Vec<Problem<RouteResolvedRefs>>,
    /// Values that cannot be honoured: their rule or backend fails closed.
    pub(crate) invalid: Vec<Problem<RouteAccepted>>,
    /// Settings that cannot be honoured, without which their rule is served.
    pub(crate) dropped: Vec<Problem<RouteAccepted>>,
}

impl RouteRules {
    /// Does every rule of the route fail closed, so that the route is not accepted?
    pub(crate) fn is_hopeless(&self) -> bool {
        !self.failed.is_empty() && self.failed.len() == self.rules.len()
    }

    /// Takes over the rules of an earlier version that are the same.
    pub(crate) fn share(&mut self, earlier: &Self) {
        if let Rules::OverHttp(rules) = &mut self.rules {
            for (rule, known) in rules.iter_mut().zip(earlier.rules.over_http()) {
                if rule.rule == known.rule {
                    rule.rule = Arc::clone(&known.rule);
                }
            }
        }
    }

    /// The rules for requests, those included that rules delegate to.
    pub(crate) fn served(&self) -> Vec<&ResolvedRule> {
        #[cfg_attr(
            not(feature = "k8s-gateway"),
            expect(unused_mut, reason = "nothing is added")
        )]
        let mut served: Vec<_> = self.rules.over_http().iter().collect();
        #[cfg(feature = "k8s-gateway")]
        for delegated in &self.delegated {
            served.extend(delegated.rules.served());
        }
        served
    }
}

#[cfg(feature = "k8s-gateway")]
impl RouteRules {
    /// The policies that set something, and those that were looked at, for it and for what it delegates to.
    pub(crate) fn policies(&self) -> (Vec<&Source>, Vec<&gateway_model::ObjectRef>) {
        let mut set: Vec<_> = self.options.iter().collect();
        let mut looked_at: Vec<_> = self.looked_at.iter().collect();
        for delegated in &self.delegated {
            let (more_set, more) = delegated.rules.policies();
            set.extend(more_set);
            looked_at.extend(more);
        }
        (set, looked_at)
    }
}
