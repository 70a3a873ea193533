//! Which routes lead to which by delegation.

use std::collections::BTreeSet;

use gateway_model::ObjectRef;

use crate::route::RouteFacts;
use crate::status::report::{AsChild, as_child_of, unique};

use super::Known;

impl Known {
    /// Notes the routes that a route delegates to now; those of which something else is to be said.
    pub(super) fn delegate(
        &mut self,
        old: Option<&RouteFacts>,
        new: Option<&RouteFacts>,
    ) -> BTreeSet<ObjectRef> {
        let children = |facts: Option<&RouteFacts>| {
            let facts = facts.into_iter();
            facts
                .flat_map(|facts| facts.children.keys().cloned())
                .collect::<BTreeSet<_>>()
        };
        let (before, now) = (children(old), children(new));
        for child in before.difference(&now) {
            if let (Some(roots), Some(old)) = (self.roots.get_mut(child), old) {
                roots.remove(old.reference());
                if roots.is_empty() {
                    self.roots.remove(child);
                }
            }
        }
        for child in now.difference(&before) {
            let roots = self.roots.entry(child.clone()).or_default();
            roots.extend(new.map(|new| new.reference().clone()));
        }
        let said = |facts: Option<&RouteFacts>, child| {
            let facts = facts?;
            let of_child = facts.children.get(child)?;
            let said = as_child_of(facts, of_child);
            Some(
                said.map(|(controller, entry)| (controller.clone(), entry.clone()))
                    .collect::<Vec<_>>(),
            )
        };
        let all = before.union(&now);
        all.filter(|child| said(old, child) != said(new, child))
            .cloned()
            .collect()
    }

    /// What the routes that lead to a route say of it.
    pub(super) fn as_child(&self, object: &ObjectRef) -> AsChild<'_> {
        let roots = self.roots.get(object).into_iter().flatten();
        let facts = roots.filter_map(|root| self.routes.get(root));
        let said = facts.flat_map(|facts| {
            let entries = facts.children.get(object).into_iter();
            entries.flat_map(|entries| as_child_of(facts, entries))
        });
        let mut said: AsChild<'_> = said.collect();
        unique(&mut said);
        said
    }
}
