//! What was changed in a snapshot lately.

use std::collections::VecDeque;
use std::sync::Arc;

use gateway_model::ObjectRef;

/// Something that a resolution may have read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Touched {
    /// This object.
    Object(ObjectRef),
    /// Which EndpointSlices there are of this Service, or what they say.
    Slices(ObjectRef),
    /// Which ListenerSets there are of this Gateway, or what they say.
    ListenerSets(ObjectRef),
    /// Which policies there are for this object, or what they say.
    Policies(ObjectRef),
    /// Which routes are named by this, or what they say.
    #[cfg(feature = "k8s-gateway")]
    Routes(ObjectRef),
    /// What this Gateway has of the addresses that are given to one Gateway at a time.
    Allocation(ObjectRef),
    /// Which release of the Gateway API there is.
    Release,
}

/// How many changes are remembered. Who has seen fewer of them looks at everything anew.
const REMEMBERED: usize = 4096;

/// The latest changes, the last at the back. No two entries are the same allocation, so that one of them
/// tells a version of a snapshot from all others, also from clones that went other ways.
#[derive(Debug, Clone, Default)]
pub(crate) struct Journal(Arc<VecDeque<Arc<Touched>>>);

/// A version of a snapshot: its last change, kept alive so that no other takes its address.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mark(Option<Arc<Touched>>);

impl Mark {
    /// Is it the same version?
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(own), Some(other)) => Arc::ptr_eq(own, other),
            (own, other) => own.is_none() && other.is_none(),
        }
    }
}

impl Journal {
    pub(crate) fn push(&mut self, touched: Touched) {
        let entries = Arc::make_mut(&mut self.0);
        if entries.len() == REMEMBERED {
            entries.pop_front();
        }
        entries.push_back(Arc::new(touched));
    }

    pub(crate) fn mark(&self) -> Mark {
        Mark(self.0.back().cloned())
    }

    /// The changes after `mark`; `None` when it is not among those that are remembered.
    pub(crate) fn since<'a>(
        &'a self,
        mark: &Mark,
    ) -> Option<impl Iterator<Item = &'a Touched> + use<'a>> {
        let seen = mark.0.as_ref()?;
        let position = self.0.iter().rposition(|entry| Arc::ptr_eq(entry, seen))?;
        Some(self.0.range(position + 1..).map(|entry| &**entry))
    }
}

#[cfg(test)]
mod tests {
    use gateway_model::ObjectRef;

    use super::{Journal, REMEMBERED, Touched};

    fn change(name: &str) -> Touched {
        Touched::Object(ObjectRef::new("", "Service", "a", name))
    }

    fn since(journal: &Journal, mark: &super::Mark) -> Option<Vec<Touched>> {
        Some(journal.since(mark)?.cloned().collect())
    }

    #[test]
    fn changes_are_those_after_a_mark_of_the_same_history() {
        let mut journal = Journal::default();
        assert_eq!(since(&journal, &journal.mark()), None);
        journal.push(change("a"));
        let mark = journal.mark();
        assert_eq!(since(&journal, &mark), Some(vec![]));
        let mut other = journal.clone();
        journal.push(change("b"));
        other.push(change("c"));
        assert_eq!(since(&journal, &mark), Some(vec![change("b")]));
        assert_eq!(since(&other, &mark), Some(vec![change("c")]));
        assert_eq!(since(&other, &journal.mark()), None, "another history");
    }

    #[test]
    fn changes_that_are_too_many_are_not_known() {
        let mut journal = Journal::default();
        journal.push(change("a"));
        let mark = journal.mark();
        (1..REMEMBERED).for_each(|_| journal.push(change("b")));
        assert_eq!(
            since(&journal, &mark).map(|all| all.len()),
            Some(REMEMBERED - 1)
        );
        journal.push(change("b"));
        assert_eq!(since(&journal, &mark), None);
    }
}
