//! gateway-model held against the CRDs of both channels.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod channels;
mod constraints;
mod crd;
mod defaults;
mod differential;
mod fields;
mod generate;
mod maximal;
mod mutations;
mod oracle;
mod rule_cases;
mod rules;
mod schemas;
mod updates;
