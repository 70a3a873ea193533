//! Which hosts are taken, and by whom.

use std::collections::BTreeMap;
use std::sync::Arc;

use gateway_model::{Hostname, ObjectRef};

/// Hosts, each with one who has it.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Who has them all.
    any: Option<Arc<ObjectRef>>,
    /// Names read from the end, so that those under one name follow each other.
    names: BTreeMap<String, Arc<ObjectRef>>,
}

impl Taken {
    pub(super) fn take(&mut self, host: Option<&Hostname>, by: &Arc<ObjectRef>) {
        let by = Arc::clone(by);
        match host {
            None => _ = self.any.get_or_insert(by),
            Some(host) => _ = self.names.entry(reversed(host.as_str())).or_insert(by),
        }
    }

    /// Who has a host that falls under `host` as well.
    pub(super) fn meeting(&self, host: Option<&Hostname>) -> Option<&Arc<ObjectRef>> {
        let Some(host) = host else {
            return self.any.as_ref().or_else(|| self.names.values().next());
        };
        let exact = self.names.get(&reversed(host.as_str()));
        let met = exact.or(self.any.as_ref()).or_else(|| self.above(host));
        met.or_else(|| self.below(host))
    }

    /// Who has a wildcard that `host` falls under.
    fn above(&self, host: &Hostname) -> Option<&Arc<ObjectRef>> {
        let name = host.as_str().trim_start_matches("*.");
        let dots = name.match_indices('.');
        let wider = dots.map(|(at, _)| reversed(&format!("*{}", &name[at..])));
        wider
            .filter_map(|wildcard| self.names.get(&wildcard))
            .next()
    }

    /// Who has a host that falls under a wildcard.
    fn below(&self, host: &Hostname) -> Option<&Arc<ObjectRef>> {
        let suffix = reversed(host.wildcard_suffix()?);
        let mut after = self.names.range(suffix.clone()..);
        let (name, by) = after.next()?;
        name.starts_with(&suffix).then_some(by)
    }
}

fn reversed(name: &str) -> String {
    name.chars().rev().collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use gateway_model::{Hostname, ObjectRef};

    use super::Taken;

    const NAMES: [&str; 9] = [
        "", "c", "b.c", "a.b.c", "xb.c", "*.c", "*.b.c", "*.a.b.c", "*.d",
    ];

    fn host(name: &str) -> Option<Hostname> {
        (!name.is_empty()).then(|| Hostname::new(name).unwrap())
    }

    #[test]
    fn hosts_meet_where_they_intersect() {
        for one in NAMES.map(host) {
            let mut taken = Taken::default();
            let by = Arc::new(ObjectRef::new("", "Kind", "a", "by"));
            taken.take(one.as_ref(), &by);
            for other in NAMES.map(host) {
                let both = one.as_ref().zip(other.as_ref());
                let want = both.is_none_or(|(one, other)| one.intersect(other).is_some());
                let met = taken.meeting(other.as_ref()).is_some();
                assert_eq!(met, want, "{one:?} and {other:?}");
            }
        }
    }
}
