//! The part of the Common Expression Language that the CRDs' validation rules are written in.
//!
//! Rules are compiled once and run on every object, so that what is refused, and with which
//! message, is what an API server refuses. What isn't in this part fails to compile.

mod ast;
mod duration;
mod eval;
mod lexer;
mod parser;
mod value;

use ast::Expr;

use crate::tree::Node;

/// A rule, ready to run.
#[derive(Debug)]
pub(crate) struct Program {
    expr: Expr,
    transition: bool,
}

impl Program {
    /// Compiles a rule.
    ///
    /// # Errors
    /// What the rule has that isn't supported, and where.
    pub(crate) fn compile(rule: &str) -> Result<Self, String> {
        let expr = parser::parse(rule)?;
        let transition = expr.mentions("oldSelf");
        Ok(Self { expr, transition })
    }

    /// Does the rule look at the object as it was before? Such rules hold for new objects.
    pub(crate) fn is_transition(&self) -> bool {
        self.transition
    }

    /// Does `node` follow the rule?
    ///
    /// # Errors
    /// Why the rule can't say: an API server takes that as a no.
    pub(crate) fn holds(&self, node: &Node) -> Result<bool, String> {
        self.holds_of(&[("self", node)])
    }

    /// Does the change from `old` to `node` follow the rule?
    ///
    /// # Errors
    /// Why the rule can't say: an API server takes that as a no.
    pub(crate) fn holds_after(&self, old: &Node, node: &Node) -> Result<bool, String> {
        self.holds_of(&[("self", node), ("oldSelf", old)])
    }

    /// Is the rule true of these values of its variables?
    ///
    /// # Errors
    /// Why the rule can't say.
    pub(crate) fn holds_of(&self, variables: &[(&str, &Node)]) -> Result<bool, String> {
        eval::holds(&self.expr, variables)
    }
}

#[cfg(test)]
mod tests;
