//! From parser events to a tree, within limits.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::limits::Budget;
use super::{SyntaxError, merge, scalar};
use crate::Code;
use crate::tree::{Map, Node, Value};

/// Reads the documents of a chunk; those before an error are kept.
pub(super) fn documents(text: &str, lines_before: u32) -> (Vec<Node>, Option<SyntaxError>) {
    let mut builder = Builder::new(lines_before);
    let mut parser = Parser::new_from_str(text);
    let error = builder.run(&mut parser).err();
    (builder.documents, error)
}

/// What the scanner says of nesting that it runs into before the levels are counted here.
const TOO_DEEP: &str = "recursion limit exceeded";

struct Builder {
    lines_before: u32,
    documents: Vec<Node>,
    /// The collections that are open, outermost first.
    open: Vec<Frame>,
    anchors: HashMap<usize, Anchored>,
    budget: Budget,
}

/// A collection that isn't closed yet.
struct Frame {
    line: u32,
    anchor: usize,
    content: Content,
}

enum Content {
    List(Vec<Node>),
    Map {
        map: Map,
        merged: Vec<Node>,
        key: Option<Key>,
    },
}

enum Key {
    Plain(u32, String),
    Merge(u32),
}

/// What an anchor names, and what a copy of it costs.
struct Anchored {
    node: Node,
    cost: Budget,
}

impl Builder {
    fn new(lines_before: u32) -> Self {
        Self {
            lines_before,
            documents: Vec::new(),
            open: Vec::new(),
            anchors: HashMap::new(),
            budget: Budget::default(),
        }
    }

    fn run(&mut self, parser: &mut Parser<'_, StrInput<'_>>) -> Result<(), SyntaxError> {
        while let Some(event) = parser.next_event() {
            let (event, span) = event.map_err(|error| self.not_yaml(&error))?;
            self.event(event, span)?;
        }
        Ok(())
    }

    fn not_yaml(&self, error: &ScanError) -> SyntaxError {
        let line = self.line_at(error.marker().line());
        match error.info() {
            TOO_DEEP => SyntaxError::new(Code::TooLarge, line, Budget::too_deep()),
            other => {
                let message = format!("expected YAML, found an error: {other}");
                SyntaxError::new(Code::Syntax, line, message)
            }
        }
    }

    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), SyntaxError> {
        let line = self.line_at(span.start.line());
        match event {
            Event::DocumentStart(_) => {
                self.anchors.clear();
                self.budget = Budget::default();
                Ok(())
            }
            Event::Scalar(text, ScalarStyle::Plain, 0, None) if text == "<<" && self.at_key() => {
                self.merge_follows(line);
                Ok(())
            }
            Event::Scalar(text, style, anchor, tag) => {
                let value = scalar::resolve(&text, style, tag.as_deref())
                    .map_err(|message| SyntaxError::new(Code::Syntax, line, message))?;
                self.spend(&Budget::scalar(text.len()), line)?;
                self.place_anchored(Node::new(line, value), anchor)
            }
            Event::SequenceStart(anchor, tag) => self.open(
                line,
                anchor,
                Content::List(Vec::new()),
                tag.as_deref(),
                "seq",
            ),
            Event::MappingStart(anchor, tag) => {
                let map = Content::Map {
                    map: Map::new(),
                    merged: Vec::new(),
                    key: None,
                };
                self.open(line, anchor, map, tag.as_deref(), "map")
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, line),
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn open(
        &mut self,
        line: u32,
        anchor: usize,
        content: Content,
        tag: Option<&Tag>,
        own_tag: &str,
    ) -> Result<(), SyntaxError> {
        if let Some(tag) = tag.filter(|tag| !tag.is_yaml_core_schema() || tag.suffix != own_tag) {
            let message = format!("expected no tag, or one of YAML's own, found {tag}");
            return Err(SyntaxError::new(Code::Syntax, line, message));
        }
        self.spend(&Budget::scalar(0), line)?;
        Budget::check_depth(self.open.len() + 1)
            .map_err(|message| SyntaxError::new(Code::TooLarge, line, message))?;
        self.open.push(Frame {
            line,
            anchor,
            content,
        });
        Ok(())
    }

    fn close(&mut self) -> Result<(), SyntaxError> {
        let Some(frame) = self.open.pop() else {
            return Ok(());
        };
        let value = match frame.content {
            Content::List(items) => Value::List(items),
            Content::Map {
                mut map, merged, ..
            } => {
                for source in merged {
                    merge::merge(&mut map, source)?;
                }
                Value::Map(map)
            }
        };
        self.place_anchored(Node::new(frame.line, value), frame.anchor)
    }

    /// A copy of what an anchor names, paid for in full.
    fn alias(&mut self, id: usize, line: u32) -> Result<(), SyntaxError> {
        let Some(Anchored { node, cost }) = self.anchors.get(&id) else {
            let message =
                "expected an anchor that is complete, found an alias inside its own value";
            return Err(SyntaxError::new(Code::Syntax, line, message));
        };
        self.budget
            .spend(cost, self.open.len())
            .map_err(|message| SyntaxError::new(Code::TooLarge, line, message))?;
        let node = Node::new(line, node.value.clone());
        self.place(node)
    }

    fn place_anchored(&mut self, node: Node, anchor: usize) -> Result<(), SyntaxError> {
        if anchor != 0 {
            let cost = Budget::of(&node);
            self.spend(&cost, node.line)?;
            self.anchors.insert(
                anchor,
                Anchored {
                    node: node.clone(),
                    cost,
                },
            );
        }
        self.place(node)
    }

    /// Puts a complete value into the innermost open collection.
    fn place(&mut self, node: Node) -> Result<(), SyntaxError> {
        match self.open.last_mut().map(|frame| &mut frame.content) {
            None => self.documents.push(node),
            Some(Content::List(items)) => items.push(node),
            Some(Content::Map { map, merged, key }) => match key.take() {
                None => *key = Some(as_key(node, map)?),
                Some(Key::Merge(line)) => merged.push(Node::new(line, node.value)),
                Some(Key::Plain(line, name)) => {
                    map.insert(name, Node::new(line, node.value));
                }
            },
        }
        Ok(())
    }

    /// Is a key of a map next?
    fn at_key(&self) -> bool {
        let content = self.open.last().map(|frame| &frame.content);
        matches!(content, Some(Content::Map { key: None, .. }))
    }

    fn merge_follows(&mut self, line: u32) {
        if let Some(Content::Map { key, .. }) = self.open.last_mut().map(|frame| &mut frame.content)
        {
            *key = Some(Key::Merge(line));
        }
    }

    fn spend(&mut self, cost: &Budget, line: u32) -> Result<(), SyntaxError> {
        self.budget
            .spend(cost, 0)
            .map_err(|message| SyntaxError::new(Code::TooLarge, line, message))
    }

    fn line_at(&self, line: usize) -> u32 {
        self.lines_before
            .saturating_add(u32::try_from(line).unwrap_or(u32::MAX))
            .max(1)
    }
}

/// The key that a node stands for: numbers and booleans become text, as in JSON.
fn as_key(node: Node, map: &Map) -> Result<Key, SyntaxError> {
    let Node { line, value } = node;
    let name = match value {
        Value::String(text) => text,
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Float(value) => value.to_string(),
        other => {
            let message = format!("expected a text as key, found {}", other.describe());
            return Err(SyntaxError::new(Code::Syntax, line, message));
        }
    };
    match map.get(&name) {
        None => Ok(Key::Plain(line, name)),
        Some(first) => {
            let (name, first) = (crate::tree::quote(&name), first.line);
            let message = format!("expected each key once, found {name} at line {first} already");
            Err(SyntaxError::new(Code::DuplicateKey, line, message))
        }
    }
}
