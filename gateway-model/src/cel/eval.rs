//! Running expressions.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::net::IpAddr;

use super::ast::{Expr, Fold, Format, Function, Operator};
use super::duration::nanoseconds;
use super::value::Value;
use crate::tree::Node;

/// Is the expression true of these values of its variables?
///
/// # Errors
/// A field or element that isn't there; operands of a type that doesn't fit.
pub(super) fn holds(expr: &Expr, variables: &[(&str, &Node)]) -> Result<bool, String> {
    let values = variables
        .iter()
        .map(|(name, node)| (*name, Value::from(*node)));
    let mut scope = values.collect();
    as_bool(&eval(expr, &mut scope)?)
}

/// The variables, innermost last.
type Scope<'a> = Vec<(&'a str, Value<'a>)>;
type Outcome<'a> = Result<Value<'a>, String>;

fn eval<'a>(expr: &'a Expr, scope: &mut Scope<'a>) -> Outcome<'a> {
    match expr {
        Expr::Null => Ok(Value::Null),
        Expr::Format(_) => Err("expected a value, found a format".to_owned()),
        Expr::Bool(value) => Ok(Value::Bool(*value)),
        Expr::Int(value) => Ok(Value::Int(*value)),
        Expr::Str(text) => Ok(Value::Str(Cow::Borrowed(text))),
        Expr::List(items) => items
            .iter()
            .map(|item| eval(item, scope))
            .collect::<Result<_, _>>()
            .map(Value::List),
        Expr::Var(name) => variable(name, scope),
        Expr::Select(of, field) => select(&eval(of, scope)?, field),
        Expr::Index(of, index) => {
            let of = eval(of, scope)?;
            let index = eval(index, scope)?;
            of.index(&index)
                .ok_or_else(|| format!("no such element: {index:?}"))
        }
        Expr::Has(of, field) => Ok(Value::Bool(select(&eval(of, scope)?, field).is_ok())),
        Expr::Not(of) => as_bool(&eval(of, scope)?).map(|value| Value::Bool(!value)),
        Expr::Binary(operator, a, b) => binary(*operator, a, b, scope),
        Expr::Choice(parts) => {
            let [condition, then, otherwise] = &**parts;
            match as_bool(&eval(condition, scope)?)? {
                true => eval(then, scope),
                false => eval(otherwise, scope),
            }
        }
        Expr::Call(function, arguments) => call(*function, arguments, scope),
        Expr::Matches(of, pattern) => {
            let text = eval(of, scope)?;
            as_str(&text).map(|text| Value::Bool(pattern.is_match(text)))
        }
        Expr::Fold {
            fold,
            over,
            name,
            body,
        } => {
            let elements = eval(over, scope)?
                .elements()
                .ok_or("expected a list or map")?;
            run_fold(*fold, elements, name, body, scope)
        }
    }
}

fn variable<'a>(name: &str, scope: &Scope<'a>) -> Outcome<'a> {
    let found = scope.iter().rev().find(|(own, _)| *own == name);
    found
        .map(|(_, value)| value.clone())
        .ok_or_else(|| format!("no such variable: {name}"))
}

fn select<'a>(of: &Value<'a>, field: &str) -> Outcome<'a> {
    match of {
        Value::Node(node) => node.get(field).map(Value::from),
        _ => None,
    }
    .ok_or_else(|| format!("no such key: {field}"))
}

fn binary<'a>(operator: Operator, a: &'a Expr, b: &'a Expr, scope: &mut Scope<'a>) -> Outcome<'a> {
    let absorbing = match operator {
        Operator::Or => Some(true),
        Operator::And => Some(false),
        _ => None,
    };
    if let Some(absorbing) = absorbing {
        return logic(absorbing, a, b, scope);
    }
    let (a, b) = (eval(a, scope)?, eval(b, scope)?);
    let order = || {
        a.compare(&b)
            .ok_or("expected two values that can be compared")
    };
    let result = match operator {
        Operator::Equal => a.equals(&b),
        Operator::NotEqual => !a.equals(&b),
        Operator::Less => order()? == Ordering::Less,
        Operator::LessEqual => order()? != Ordering::Greater,
        Operator::Greater => order()? == Ordering::Greater,
        Operator::GreaterEqual => order()? != Ordering::Less,
        Operator::In => b
            .elements()
            .ok_or("expected a list or map")?
            .iter()
            .any(|e| e.equals(&a)),
        Operator::Add => return arithmetic(&a, &b, i64::checked_add),
        Operator::Subtract => return arithmetic(&a, &b, i64::checked_sub),
        Operator::Or | Operator::And => absorbing == Some(true),
    };
    Ok(Value::Bool(result))
}

/// `||` and `&&`: where one side decides, an error of the other doesn't count.
fn logic<'a>(absorbing: bool, a: &'a Expr, b: &'a Expr, scope: &mut Scope<'a>) -> Outcome<'a> {
    let first = eval(a, scope).and_then(|value| as_bool(&value));
    if first == Ok(absorbing) {
        return Ok(Value::Bool(absorbing));
    }
    let second = eval(b, scope).and_then(|value| as_bool(&value));
    if second == Ok(absorbing) {
        return Ok(Value::Bool(absorbing));
    }
    first.and(second).map(Value::Bool)
}

fn arithmetic<'a>(a: &Value<'a>, b: &Value<'a>, run: fn(i64, i64) -> Option<i64>) -> Outcome<'a> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => run(*a, *b)
            .map(Value::Int)
            .ok_or_else(|| "integer overflow".to_owned()),
        _ => Err("expected two integers".to_owned()),
    }
}

fn call<'a>(function: Function, arguments: &'a [Expr], scope: &mut Scope<'a>) -> Outcome<'a> {
    let values: Vec<_> = arguments
        .iter()
        .map(|e| eval(e, scope))
        .collect::<Result<_, _>>()?;
    let text = |at: usize| {
        values
            .get(at)
            .ok_or("expected an argument".to_owned())
            .and_then(as_str)
    };
    Ok(match function {
        Function::Size => Value::Int(
            values
                .first()
                .and_then(Value::size)
                .ok_or("expected something with a size")?,
        ),
        Function::Duration => Value::Duration(nanoseconds(text(0)?).ok_or("expected a duration")?),
        Function::StartsWith => Value::Bool(text(0)?.starts_with(text(1)?)),
        Function::EndsWith => Value::Bool(text(0)?.ends_with(text(1)?)),
        Function::Validate(format) => Value::Optional(violations(format, text(0)?)),
        Function::Contains => Value::Bool(text(0)?.contains(text(1)?)),
        Function::IsIp => Value::Bool(text(0)?.parse::<IpAddr>().is_ok()),
        Function::Substring => {
            let start = match values.get(1) {
                Some(Value::Int(start)) => usize::try_from(*start).ok(),
                _ => None,
            };
            let text = text(0)?;
            let skipped = start.filter(|start| *start <= text.chars().count());
            let rest = text
                .chars()
                .skip(skipped.ok_or("expected an index of the text")?);
            Value::Str(Cow::Owned(rest.collect()))
        }
        Function::Split => {
            let parts = text(0)?.split(text(1)?);
            Value::List(
                parts
                    .map(|part| Value::Str(Cow::Owned(part.to_owned())))
                    .collect(),
            )
        }
    })
}

/// What is wrong with a text by a format.
fn violations<'a>(format: Format, text: &str) -> Option<Box<Value<'a>>> {
    let (fits, expected) = match format {
        Format::Dns1123Label => (is_label(text), "expected a DNS label"),
    };
    let message = Value::Str(Cow::Borrowed(expected));
    (!fits).then(|| Box::new(Value::List(vec![message])))
}

fn is_label(text: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = [bytes.first(), bytes.last()];
    ends.into_iter()
        .all(|b| b.is_some_and(|b| alphanumeric(*b)))
        && bytes.len() <= 63
        && bytes.iter().all(|b| alphanumeric(*b) || *b == b'-')
}

fn run_fold<'a>(
    fold: Fold,
    elements: Vec<Value<'a>>,
    name: &'a str,
    body: &'a Expr,
    scope: &mut Scope<'a>,
) -> Outcome<'a> {
    let mut kept = Vec::new();
    let mut error = None;
    for element in elements {
        scope.push((name, element.clone()));
        let verdict = eval(body, scope).and_then(|value| as_bool(&value));
        scope.pop();
        match (fold, verdict) {
            (Fold::All, Ok(false)) => return Ok(Value::Bool(false)),
            (Fold::Exists, Ok(true)) => return Ok(Value::Bool(true)),
            (_, Ok(true)) => kept.push(element),
            (_, Ok(false)) => {}
            (_, Err(message)) => error = Some(message),
        }
    }
    match (error, fold) {
        (Some(message), _) => Err(message),
        (None, Fold::All) => Ok(Value::Bool(true)),
        (None, Fold::Exists) => Ok(Value::Bool(false)),
        (None, Fold::ExistsOne) => Ok(Value::Bool(kept.len() == 1)),
        (None, Fold::Filter) => Ok(Value::List(kept)),
    }
}

fn as_bool(value: &Value<'_>) -> Result<bool, String> {
    match value {
        Value::Bool(value) => Ok(*value),
        _ => Err("expected a boolean".to_owned()),
    }
}

fn as_str<'v>(value: &'v Value<'_>) -> Result<&'v str, String> {
    match value {
        Value::Str(text) => Ok(text),
        _ => Err("expected a string".to_owned()),
    }
}
