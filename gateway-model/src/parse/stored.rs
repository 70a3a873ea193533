//! Objects as an API server has stored them. Its CRDs may be of another channel or release than the ones here,
//! so nothing in an object speaks against it as a whole.

mod parts;

use super::kinds::{Entry, Gaps};
use super::load::{Reporter, decode, undecodable};
use super::{metadata, status};
use crate::schema::{Schema, Violation, check, check_rules, mend, prune};
use crate::tree::{Node, Path, Value};
use crate::{Channel, Code, FieldLines, Location, Problem, Resource, Severity};

use parts::{Part, entries, list_mut, split};

/// Reads as much of an object as is understood, by the CRD of the channel that understands more of it.
pub(super) fn load(
    entry: &Entry,
    version: &str,
    stored: &Node,
    at: &dyn Fn(u32) -> Location,
) -> (Option<(Resource, FieldLines)>, Vec<Problem>) {
    let mut judged = judge(entry, version, stored);
    let mut problems = judged.gaps.clone();
    judged.close(entry, stored);
    let mut decoded = decode(entry, &mut judged.node);
    for _ in 0..MAX_UNDECODABLE {
        // A value that its schema admits, but its type doesn't, or which lacks what wasn't understood.
        let Err(error) = &decoded else { break };
        let gap = undecodable(&judged.node, error);
        parts::remove(&mut judged.node, error.path());
        problems.push(gap.clone());
        judged.gaps = vec![gap];
        judged.close(entry, stored);
        decoded = decode(entry, &mut judged.node);
    }
    let severity = match &decoded {
        Ok(_) => Severity::Warning,
        Err(error) => {
            problems.push(undecodable(&judged.node, error));
            Severity::Error
        }
    };
    let reporter = Reporter::new(entry, &judged.node, at);
    let problems = problems.into_iter();
    let problems = problems
        .map(|gap| reporter.problem(severity, gap))
        .collect();
    let lines = FieldLines::of(&judged.node);
    (decoded.ok().map(|resource| (resource, lines)), problems)
}

/// How many values that can't be decoded are taken out of an object, one by one.
const MAX_UNDECODABLE: usize = 8;

/// An object, and what isn't understood of it by a channel.
struct Judged<'a> {
    schema: &'a Schema,
    node: Node,
    gaps: Vec<Violation>,
}

/// By the channel that understands all, else by the one with more fields, and each entry by the one that
/// understands it.
fn judge<'a>(entry: &'a Entry, version: &str, stored: &Node) -> Judged<'a> {
    let mut judged = judge_by(entry, entry.schema(Channel::Experimental, version), stored);
    if judged.gaps.is_empty() {
        return judged;
    }
    let mut standard = judge_by(entry, entry.schema(Channel::Standard, version), stored);
    if standard.gaps.is_empty() {
        return standard;
    }
    for &list in entry.gaps.lists() {
        for index in 0..entries(&judged.node, list).len() {
            let part = Part { list, index };
            let holds = |gap: &Violation| part.holds(&gap.field);
            if judged.gaps.iter().any(holds) && !standard.gaps.iter().any(holds) {
                judged.gaps.retain(|gap| !holds(gap));
                let [own, other] = [&mut judged.node, &mut standard.node]
                    .map(|node| list_mut(node, list).and_then(|list| list.get_mut(index)));
                if let (Some(own), Some(other)) = (own, other) {
                    std::mem::swap(own, other);
                }
            }
        }
    }
    judged
}

fn judge_by<'a>(entry: &Entry, schema: &'a Schema, stored: &Node) -> Judged<'a> {
    let mut node = stored.clone();
    let mut gaps = Vec::new();
    prune(schema, &mut node, &Path::Root, &mut gaps);
    metadata::fill_in(entry, &mut node);
    status::settle(schema, &mut node, &mut gaps);
    check(schema, &node, &Path::Root, &mut gaps);
    gaps.retain(|gap| obscures(gap.code) && !gap.field.starts_with("metadata"));
    for &list in entry.gaps.lists() {
        let Some(schema) = parts::schema_of(schema, list) else {
            continue;
        };
        for (index, item) in entries(&node, list).iter().enumerate() {
            let part = Part { list, index };
            if !gaps.iter().any(|gap| part.holds(&gap.field)) {
                part.with_path(|path| check_rules(schema, item, path, &mut gaps));
            }
        }
    }
    Judged { schema, node, gaps }
}

/// Does such a violation leave it open what is meant? More or longer values than were allowed once don't.
fn obscures(code: Code) -> bool {
    !matches!(
        code,
        Code::WrongLength | Code::WrongCount | Code::DuplicateEntry | Code::InvalidMetadata
    )
}

impl Judged<'_> {
    /// Puts in place of what isn't understood that it isn't, or leaves it out where that takes nothing away.
    fn close(&mut self, entry: &Entry, stored: &Node) {
        let mut elsewhere = std::mem::take(&mut self.gaps);
        for &list in entry.gaps.lists() {
            let Some(items) = list_mut(&mut self.node, list) else {
                continue;
            };
            let schema = parts::schema_of(self.schema, list);
            let mut kept = Vec::with_capacity(items.len());
            for (index, item) in items.drain(..).enumerate() {
                let part = Part { list, index };
                let gaps: Vec<_> = elsewhere
                    .extract_if(.., |gap| part.holds(&gap.field))
                    .collect();
                let closed = match (gaps.as_slice(), entry.gaps, schema) {
                    ([], ..) => Some(item),
                    (gaps, Gaps::Rules, Some(schema)) => {
                        let stored = entries(stored, list).get(index);
                        let own = || parts::understood_matches(&item, schema, &part, gaps);
                        Some(parts::unread_rule(&item, own(), gaps, stored))
                    }
                    (gaps, Gaps::Spec, Some(schema)) => parts::mended(item, schema, gaps),
                    (_, Gaps::Grants | Gaps::Entries(_), _) | (_, _, None) => None,
                };
                match closed {
                    Some(closed) => kept.push(closed),
                    None if matches!(entry.gaps, Gaps::Spec) => elsewhere.extend(gaps),
                    None => {}
                }
            }
            *items = kept;
        }
        if !elsewhere.is_empty() {
            self.close_rest(entry, stored, &elsewhere);
        }
    }

    /// The same for what is wrong outside the lists.
    fn close_rest(&mut self, entry: &Entry, stored: &Node, gaps: &[Violation]) {
        let hosts = entries(&self.node, "spec.hostnames").len();
        self.mend(entry);
        let lost_hosts = hosts > 0 && entries(&self.node, "spec.hostnames").is_empty();
        match entry.gaps {
            Gaps::Rules => {
                let list = "spec.rules";
                let schema = parts::schema_of(self.schema, list);
                let items = list_mut(&mut self.node, list).into_iter().flatten();
                for (index, item) in items
                    .enumerate()
                    .filter(|(_, item)| !parts::is_unread(item))
                {
                    let part = Part { list, index };
                    let own = schema.filter(|_| !lost_hosts);
                    let own = own.map(|own| parts::understood_matches(item, own, &part, gaps));
                    let stored = entries(stored, list).get(index);
                    *item = parts::unread_rule(item, own.unwrap_or_default(), gaps, stored);
                }
            }
            Gaps::Spec => {
                if let Some(spec) = parts::spec_mut(&mut self.node) {
                    parts::add_unread(spec, gaps);
                }
            }
            Gaps::Grants => {
                if let Some(from) = list_mut(&mut self.node, "spec.from") {
                    from.clear();
                }
            }
            Gaps::Entries(_) => {}
        }
    }

    /// Takes away what is wrong outside the lists.
    fn mend(&mut self, entry: &Entry) {
        let is_right = |schema: &Schema, node: &Node| {
            let mut found = Vec::new();
            check(schema, node, &Path::Root, &mut found);
            !found.iter().any(|gap| obscures(gap.code))
        };
        let schema = self.schema;
        let Value::Map(object) = &mut self.node.value else {
            return;
        };
        object.retain(|key, node| match (key.as_str(), schema.field(key)) {
            ("metadata" | "status", _) | (_, None) => true,
            ("spec", Some(schema)) => {
                if let Value::Map(spec) = &mut node.value {
                    spec.retain(|key, node| match schema.field(key) {
                        Some(schema) if !entry.gaps.lists().iter().any(|l| split(l).1 == key) => {
                            mend(schema, node, &is_right)
                        }
                        _ => true,
                    });
                }
                true
            }
            (key, Some(_)) if entry.gaps.lists().contains(&key) => true,
            (_, Some(schema)) => mend(schema, node, &is_right),
        });
    }
}
