//! Which settings count for a rule.

mod levels;

pub(crate) use levels::Levels;
