//! Expressions.

use regex::Regex;

/// An expression.
#[derive(Debug)]
pub(super) enum Expr {
    Null,
    Bool(bool),
    Int(i64),
    Str(String),
    List(Vec<Self>),
    Var(String),
    /// `format.name()`
    Format(Format),
    /// `of.field`
    Select(Box<Self>, String),
    /// `of[index]`
    Index(Box<Self>, Box<Self>),
    /// `has(of.field)`
    Has(Box<Self>, String),
    Not(Box<Self>),
    Binary(Operator, Box<Self>, Box<Self>),
    /// `condition ? then : otherwise`
    Choice(Box<[Self; 3]>),
    Call(Function, Vec<Self>),
    /// `text.matches("pattern")`, with the pattern compiled.
    Matches(Box<Self>, Regex),
    /// `over.all(name, body)` and its like.
    Fold {
        fold: Fold,
        over: Box<Self>,
        name: String,
        body: Box<Self>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    Add,
    Subtract,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Size,
    Duration,
    StartsWith,
    EndsWith,
    Contains,
    Split,
    Substring,
    IsIp,
    /// What is wrong with a text by a format; nothing, as an absent value, where it has it.
    Validate(Format),
}

/// A format that goes by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A DNS label (RFC 1123).
    Dns1123Label,
}

/// A macro that runs its body once per element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    All,
    Exists,
    ExistsOne,
    Filter,
}

impl Expr {
    /// Is a variable of this name anywhere inside?
    pub(super) fn mentions(&self, name: &str) -> bool {
        match self {
            Self::Null | Self::Bool(_) | Self::Int(_) | Self::Str(_) | Self::Format(_) => false,
            Self::Var(own) => own == name,
            Self::List(items) | Self::Call(_, items) => items.iter().any(|e| e.mentions(name)),
            Self::Select(of, _) | Self::Has(of, _) | Self::Not(of) | Self::Matches(of, _) => {
                of.mentions(name)
            }
            Self::Index(a, b) | Self::Binary(_, a, b) => a.mentions(name) || b.mentions(name),
            Self::Choice(parts) => parts.iter().any(|e| e.mentions(name)),
            Self::Fold { over, body, .. } => over.mentions(name) || body.mentions(name),
        }
    }
}
