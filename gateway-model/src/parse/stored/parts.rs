//! The entries of an object that are understood or not, each on its own.

use indexmap::IndexMap;

use crate::schema::{Schema, Violation, mend, prune};
use crate::tree::{Node, Path, Value};
use crate::unread::KEY;

/// An entry of a list of an object.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// As in `spec.rules`.
    pub(super) list: &'static str,
    pub(super) index: usize,
}

impl Part {
    /// Is a field it, or in it?
    pub(super) fn holds(&self, field: &str) -> bool {
        let index = field
            .strip_prefix(self.list)
            .and_then(|rest| rest.strip_prefix('['));
        let index = index.and_then(|rest| rest.split_once(']'));
        index.is_some_and(|(index, _)| index.parse() == Ok(self.index))
    }

    /// Runs `f` with its path.
    pub(super) fn with_path(&self, f: impl FnOnce(&Path<'_>)) {
        let (parent, name) = split(self.list);
        let of_parent = Path::Field(&Path::Root, parent);
        let parent = if parent.is_empty() {
            &Path::Root
        } else {
            &of_parent
        };
        f(&Path::Index(&Path::Field(parent, name), self.index));
    }
}

/// `("spec", "rules")`, or `("", "ports")`.
pub(super) fn split(list: &str) -> (&str, &str) {
    list.split_once('.').unwrap_or(("", list))
}

/// The schema of a list's entries.
pub(super) fn schema_of<'a>(schema: &'a Schema, list: &str) -> Option<&'a Schema> {
    let mut fields = list.split('.');
    let list = fields.try_fold(schema, |schema, field| schema.field(field))?;
    list.entries()
}

/// The entries of a list; none where there is no list.
pub(super) fn entries<'a>(node: &'a Node, list: &str) -> &'a [Node] {
    let mut fields = list.split('.');
    let found = fields.try_fold(node, |node, field| node.get(field));
    match found.map(|node| &node.value) {
        Some(Value::List(items)) => items,
        _ => &[],
    }
}

/// The list, where there is one.
pub(super) fn list_mut<'a>(node: &'a mut Node, list: &str) -> Option<&'a mut Vec<Node>> {
    let mut fields = list.split('.');
    let found = fields.try_fold(node, |node, field| match &mut node.value {
        Value::Map(map) => map.get_mut(field),
        _ => None,
    });
    match &mut found?.value {
        Value::List(items) => Some(items),
        _ => None,
    }
}

/// Takes the value at a path out of the map that it is in.
pub(super) fn remove(node: &mut Node, path: &serde_path_to_error::Path) {
    use serde_path_to_error::Segment;
    let segments: Vec<_> = path.iter().collect();
    let is_key = |segment: &&Segment| matches!(segment, Segment::Map { .. });
    let Some(last) = segments.iter().rposition(is_key) else {
        return;
    };
    let mut place = node;
    for segment in &segments[..last] {
        let inner = match (segment, &mut place.value) {
            (Segment::Map { key }, Value::Map(map)) => map.get_mut(key),
            (Segment::Seq { index }, Value::List(items)) => items.get_mut(*index),
            _ => None,
        };
        let Some(inner) = inner else { return };
        place = inner;
    }
    if let (Segment::Map { key }, Value::Map(map)) = (segments[last], &mut place.value) {
        map.shift_remove(key);
    }
}

/// The object's spec.
pub(super) fn spec_mut(node: &mut Node) -> Option<&mut Node> {
    match &mut node.value {
        Value::Map(map) => map.get_mut("spec"),
        _ => None,
    }
}

/// The matches of a rule that are understood; where it has none, the one that this means.
pub(super) fn understood_matches(
    rule: &Node,
    schema: &Schema,
    part: &Part,
    gaps: &[Violation],
) -> Vec<Node> {
    if is_unread(rule) {
        return Vec::new();
    }
    let matches = format!("{}[{}].matches", part.list, part.index);
    let is_at = |field: &str, index: usize| field.starts_with(&format!("{matches}[{index}]"));
    let written = entries(rule, "matches");
    let written = written.iter().enumerate();
    let understood = written.filter(|(index, _)| !gaps.iter().any(|gap| is_at(&gap.field, *index)));
    let mut understood: Vec<_> = understood.map(|(_, one)| one.clone()).collect();
    let obscure = |gap: &Violation| {
        let rest = gap.field.strip_prefix(&matches);
        rest.is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    };
    if understood.is_empty() && !gaps.iter().any(obscure) {
        let default = schema
            .default_of("matches")
            .map(|all| Node::from_json(rule.line, all));
        understood = match default.map(|node| node.value) {
            Some(Value::List(all)) => all,
            // Where nothing is filled in, a match without parts is as good as none.
            _ if schema.field("matches").is_some() => vec![everything(rule.line)],
            _ => Vec::new(),
        };
    }
    understood
}

fn everything(line: u32) -> Node {
    Node::new(line, Value::Map(IndexMap::new()))
}

/// What stands in the place of a rule that isn't understood.
pub(super) fn unread_rule(
    rule: &Node,
    matches: Vec<Node>,
    gaps: &[Violation],
    stored: Option<&Node>,
) -> Node {
    let node = |value| Node::new(rule.line, value);
    let stored = stored.map(|stored| stored.value.clone());
    let mut fields = IndexMap::from([
        ("matches".to_owned(), node(Value::List(matches))),
        ("problems".to_owned(), node(problems(gaps))),
        ("stored".to_owned(), node(stored.unwrap_or(Value::Null))),
    ]);
    let name = rule.get("name").filter(|name| name.as_str().is_some());
    if let Some(name) = name.filter(|_| !gaps.iter().any(|gap| gap.field.ends_with("].name"))) {
        fields.insert("name".to_owned(), name.clone());
    }
    let rule = node(Value::Map(fields));
    node(Value::Map(IndexMap::from([(KEY.to_owned(), rule)])))
}

/// Is a rule one that isn't understood?
pub(super) fn is_unread(rule: &Node) -> bool {
    rule.get(KEY).is_some()
}

/// A map without what is wrong, which it lists; nothing where too little is left.
pub(super) fn mended(mut node: Node, schema: &Schema, gaps: &[Violation]) -> Option<Node> {
    let is_right = |schema: &Schema, node: &Node| {
        let mut found = Vec::new();
        crate::schema::check(schema, node, &Path::Root, &mut found);
        found.is_empty()
    };
    if !mend(schema, &mut node, &is_right) {
        return None;
    }
    prune(schema, &mut node, &Path::Root, &mut Vec::new());
    add_unread(&mut node, gaps);
    Some(node)
}

/// Lists what isn't understood in a map.
pub(super) fn add_unread(node: &mut Node, gaps: &[Violation]) {
    let line = node.line;
    if let Value::Map(map) = &mut node.value {
        let known = map.entry(KEY.to_owned());
        let known = known.or_insert_with(|| Node::new(line, Value::List(Vec::new())));
        if let (Value::List(known), Value::List(more)) = (&mut known.value, problems(gaps)) {
            known.extend(more);
        }
    }
}

fn problems(gaps: &[Violation]) -> Value {
    let problems = gaps.iter().map(|gap| {
        let text = |text: String| Node::new(gap.line, Value::String(text));
        let fields = IndexMap::from([
            ("field".to_owned(), text(gap.field.clone())),
            ("message".to_owned(), text(gap.text.to_string())),
        ]);
        Node::new(gap.line, Value::Map(fields))
    });
    Value::List(problems.collect())
}
