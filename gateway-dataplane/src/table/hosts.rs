//! Host names to positions, from the most specific name to the least.

use gateway_model::Hostname;
use hashbrown::HashMap;

/// Finds the names of a list that match a host.
#[derive(Debug, Default)]
pub(super) struct HostIndex {
    exact: HashMap<Box<str>, u32>,
    /// By what follows the `*`, dot included.
    wildcards: HashMap<Box<str>, u32>,
    /// The entry without a name, which matches any host.
    any: Option<u32>,
}

impl HostIndex {
    /// An index over `names`. Of two equal names the first counts.
    pub(super) fn new<'a>(names: impl Iterator<Item = Option<&'a Hostname>>) -> Self {
        let mut index = Self::default();
        for (name, position) in names.zip(0..) {
            let Some(name) = name else {
                index.any.get_or_insert(position);
                continue;
            };
            let (map, key) = match name.wildcard_suffix() {
                Some(suffix) => (&mut index.wildcards, suffix),
                None => (&mut index.exact, name.as_str()),
            };
            map.entry(key.into()).or_insert(position);
        }
        index
    }

    /// The first answer of `visit` over the positions of the names that match `host` (lower case), the
    /// most specific first.
    pub(super) fn find_map<T>(
        &self,
        host: &str,
        mut visit: impl FnMut(usize) -> Option<T>,
    ) -> Option<T> {
        let mut look = |map: &HashMap<Box<str>, u32>, key: &str| {
            let position = map.get(key)?;
            visit(*position as usize)
        };
        if let Some(found) = look(&self.exact, host) {
            return Some(found);
        }
        if !self.wildcards.is_empty()
            && let Some(found) = suffixes(host).find_map(|suffix| look(&self.wildcards, suffix))
        {
            return Some(found);
        }
        visit(self.any? as usize)
    }

    /// The position of this very name; `None` is the entry without one.
    pub(super) fn get(&self, name: Option<&Hostname>) -> Option<usize> {
        let position = match name.map(|name| (name, name.wildcard_suffix())) {
            None => self.any,
            Some((_, Some(suffix))) => self.wildcards.get(suffix).copied(),
            Some((name, None)) => self.exact.get(name.as_str()).copied(),
        };
        position.map(|position| position as usize)
    }

    /// The position of the most specific name that matches `host` (lower case).
    pub(super) fn first(&self, host: &str) -> Option<usize> {
        self.find_map(host, Some)
    }
}

/// What follows the first label, the first two and so on, each with its leading dot.
fn suffixes(host: &str) -> impl Iterator<Item = &str> {
    let dots = host.match_indices('.').map(|(at, _)| at);
    dots.filter(|at| *at > 0).map(|at| &host[at..])
}

#[cfg(test)]
mod tests {
    use gateway_model::Hostname;

    use super::HostIndex;

    #[test]
    fn names_match_from_the_most_specific_to_the_least() {
        let names = ["a.b.com", "*.b.com", "*.com", "*.a.b.com", "b.com"];
        let names = names.map(|name| Some(Hostname::new(name).unwrap()));
        let index = HostIndex::new(names.iter().map(Option::as_ref).chain([None]));
        let rows: [(&str, &[usize]); 7] = [
            ("a.b.com", &[0, 1, 2, 5]),
            ("x.a.b.com", &[3, 1, 2, 5]),
            ("b.com", &[4, 2, 5]),
            (".b.com", &[2, 5]),
            ("com", &[5]),
            ("", &[5]),
            ("a.b.org", &[5]),
        ];
        for (host, want) in rows {
            let mut found = vec![];
            index.find_map(host, |position| {
                found.push(position);
                None::<()>
            });
            assert_eq!(found, want, "{host:?}");
            assert_eq!(index.first(host), want.first().copied());
        }
        for (name, position) in names.iter().zip(0..) {
            assert_eq!(index.get(name.as_ref()), Some(position));
        }
        assert_eq!(index.get(None), Some(5));
        assert_eq!(index.get(Hostname::new("a.com").ok().as_ref()), None);
    }

    #[test]
    fn a_list_without_a_nameless_entry_leaves_other_hosts_alone() {
        let name = Hostname::new("*.b.com").unwrap();
        let index = HostIndex::new([Some(&name)].into_iter());
        assert_eq!(index.first("c.com"), None);
        assert_eq!(index.first("b.com"), None);
    }
}
