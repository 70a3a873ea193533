//! Limits that keep a document from taking all memory.

use crate::tree::{Node, Value};

/// Most bytes of a document. An API server takes 3 MiB in a request; lists of many objects, as
/// `kubectl get -o yaml` prints them, are larger.
pub(super) const MAX_BYTES: usize = 8 << 20;
/// Most values of a document, copies by alias included.
const MAX_NODES: usize = 1_000_000;
/// Most bytes of text of a document, copies by alias included.
const MAX_TEXT: usize = 2 * MAX_BYTES;
/// Most levels of nesting; manifests have some 20.
pub(super) const MAX_DEPTH: usize = 128;

/// What a document has used up, or what a part of it costs.
#[derive(Debug, Default)]
pub(super) struct Budget {
    nodes: usize,
    text: usize,
    depth: usize,
}

impl Budget {
    /// The cost of a text of this many bytes, or of an empty collection.
    pub(super) fn scalar(bytes: usize) -> Self {
        Self {
            nodes: 1,
            text: bytes,
            depth: 0,
        }
    }

    /// The cost of a copy of `node`.
    pub(super) fn of(node: &Node) -> Self {
        let mut cost = Self::scalar(0);
        match &node.value {
            Value::String(text) => cost.text = text.len(),
            Value::List(items) => items.iter().for_each(|item| cost.add_child(0, item)),
            Value::Map(map) => map
                .iter()
                .for_each(|(key, item)| cost.add_child(key.len(), item)),
            Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
        }
        cost
    }

    fn add_child(&mut self, key: usize, child: &Node) {
        let Self { nodes, text, depth } = Self::of(child);
        self.nodes += nodes;
        self.text += key + text;
        self.depth = self.depth.max(depth + 1);
    }

    /// Takes the cost of something that is put below `level` open collections.
    ///
    /// # Errors
    /// What the document has too much of.
    pub(super) fn spend(&mut self, cost: &Self, level: usize) -> Result<(), String> {
        self.nodes += cost.nodes;
        self.text += cost.text;
        if self.nodes > MAX_NODES {
            return Err(format!(
                "expected at most {MAX_NODES} values in a document, found more"
            ));
        }
        if self.text > MAX_TEXT {
            return Err(format!(
                "expected at most {MAX_TEXT} bytes of text, found more"
            ));
        }
        Self::check_depth(level + cost.depth)
    }

    /// Is a value at this level too deep?
    ///
    /// # Errors
    /// It is.
    pub(super) fn check_depth(level: usize) -> Result<(), String> {
        match level > MAX_DEPTH {
            true => Err(Self::too_deep()),
            false => Ok(()),
        }
    }

    /// What to say of a document that is too deep.
    pub(super) fn too_deep() -> String {
        format!("expected at most {MAX_DEPTH} levels of nesting, found more")
    }
}
