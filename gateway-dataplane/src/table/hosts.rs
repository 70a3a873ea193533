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

    /// The positions of the names that match `host` (lower case), the most specific first.
    pub(super) fn matching(&self, host: &str) -> impl Iterator<Item = usize> {
        let exact = lookup(&self.exact, host);
        let wildcards = suffixes(host, self.wildcards.is_empty())
            .filter_map(|suffix| lookup(&self.wildcards, suffix));
        exact
            .into_iter()
            .chain(wildcards)
            .chain(self.any)
            .map(|position| position as usize)
    }
}

fn lookup(map: &HashMap<Box<str>, u32>, key: &str) -> Option<u32> {
    match map.is_empty() {
        true => None,
        false => map.get(key).copied(),
    }
}

/// What follows the first label, the first two and so on, each with its leading dot.
fn suffixes(host: &str, none: bool) -> impl Iterator<Item = &str> {
    let host = if none { "" } else { host };
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
            let found = index.matching(host).collect::<Vec<_>>();
            assert_eq!(found, want, "{host:?}");
        }
    }

    #[test]
    fn a_list_without_a_nameless_entry_leaves_other_hosts_alone() {
        let name = Hostname::new("*.b.com").unwrap();
        let index = HostIndex::new([Some(&name)].into_iter());
        assert_eq!(index.matching("c.com").count(), 0);
        assert_eq!(index.matching("b.com").count(), 0);
    }
}
