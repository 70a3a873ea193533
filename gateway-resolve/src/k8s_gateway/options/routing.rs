//! What requests are told apart by, what they may change to, and what is known of their route.

use gateway_model::HeaderName;
use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{self, UpgradeType};
use serde_json::Value;

use crate::ir::{HashPolicies, HashPolicy, HashedPart, RuleMetadata, Upgrades};

use super::invalid;

/// What is hashed of requests.
pub(crate) fn hash_policies(written: &values::LbHash) -> Result<HashPolicies, FieldError> {
    let policy = |written: &values::HashPolicy| -> Result<Option<HashPolicy>, FieldError> {
        let part = match &written.key {
            values::HashKey::Header(name) => {
                HashedPart::Header(HeaderName::new(name).map_err(invalid)?)
            }
            values::HashKey::Cookie(cookie) => hashed_cookie(cookie)?,
            values::HashKey::SourceIp(true) => HashedPart::ClientAddress,
            _ => return Ok(None),
        };
        let is_last = written.terminal;
        Ok(Some(HashPolicy { part, is_last }))
    };
    let policies = written
        .hash_policies
        .iter()
        .filter_map(|one| policy(one).transpose());
    let policies: Result<_, FieldError> = policies.collect();
    let policies = policies.map_err(|error| error.within("hashPolicies"))?;
    Ok(HashPolicies(policies))
}

fn hashed_cookie(written: &values::HashCookie) -> Result<HashedPart, FieldError> {
    let is_token = !written.name.is_empty() && HeaderName::new(&written.name).is_ok();
    let is_path = written
        .path
        .bytes()
        .all(|byte| byte.is_ascii_graphic() && byte != b';');
    if !is_token || !is_path {
        let message = format!("expected a cookie, found {:?}", written.name);
        return Err(FieldError::new(message).within("cookie"));
    }
    Ok(HashedPart::Cookie {
        name: written.name.as_str().into(),
        lives: written.ttl.map(|ttl| ttl.0),
        path: written.path.as_str().into(),
    })
}

/// What requests may change to.
pub(crate) fn upgrades(written: &[values::Upgrade]) -> Result<Upgrades, FieldError> {
    let mut upgrades = Upgrades { websocket: true };
    for (index, one) in written.iter().enumerate() {
        let is_on = one.enabled.unwrap_or(true);
        if written[..index].iter().any(|other| other.kind == one.kind) {
            return Err(FieldError::new("upgrade config is not unique"));
        }
        match one.kind {
            UpgradeType::Websocket => upgrades.websocket = is_on,
            UpgradeType::Connect if is_on => {
                return Err(FieldError::new("is not honoured here").within("connect"));
            }
            _ => {}
        }
    }
    Ok(upgrades)
}

/// What is known of a route.
pub(crate) fn rule_metadata(written: &serde_json::Map<String, Value>) -> RuleMetadata {
    let mut found = Vec::new();
    for (namespace, value) in written {
        collect(&mut vec![namespace.as_str().into()], value, &mut found);
    }
    found.sort();
    RuleMetadata(found)
}

fn collect(path: &mut Vec<Box<str>>, value: &Value, found: &mut Vec<(Vec<Box<str>>, Box<str>)>) {
    let text = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                path.push(name.as_str().into());
                collect(path, value, found);
                path.pop();
            }
            value.to_string()
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    found.push((path.clone(), text.into()));
}
