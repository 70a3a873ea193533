//! From tokens to an expression.

use regex::Regex;

use super::ast::{Expr, Fold, Format, Function, Operator};
use super::lexer::{Token, tokens};

/// Parses a rule.
///
/// # Errors
/// What isn't supported.
pub(super) fn parse(rule: &str) -> Result<Expr, String> {
    let mut parser = Parser {
        tokens: tokens(rule)?.into_iter().peekable(),
    };
    let expr = parser.choice()?;
    match parser.tokens.next() {
        None => Ok(expr),
        Some(token) => Err(format!("expected the end, found {token:?}")),
    }
}

struct Parser {
    tokens: std::iter::Peekable<std::vec::IntoIter<Token>>,
}

/// Binary operators, the ones that bind the loosest first.
const LEVELS: [&[(&str, Operator)]; 4] = [
    &[("||", Operator::Or)],
    &[("&&", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<", Operator::Less),
        ("<=", Operator::LessEqual),
        (">", Operator::Greater),
        (">=", Operator::GreaterEqual),
        ("in", Operator::In),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
];

impl Parser {
    fn choice(&mut self) -> Result<Expr, String> {
        let condition = self.binary(0)?;
        if !self.accept("?") {
            return Ok(condition);
        }
        let then = self.choice()?;
        self.expect(":")?;
        let otherwise = self.choice()?;
        Ok(Expr::Choice(Box::new([condition, then, otherwise])))
    }

    fn binary(&mut self, level: usize) -> Result<Expr, String> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(operator) = self.operator(operators) {
            let right = self.binary(level + 1)?;
            left = Expr::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn operator(&mut self, operators: &[(&str, Operator)]) -> Option<Operator> {
        let (_, operator) = match self.tokens.peek()? {
            Token::Sign(sign) => operators.iter().find(|(name, _)| name == sign)?,
            Token::Name(word) => operators.iter().find(|(name, _)| name == word)?,
            Token::Int(_) | Token::Str(_) => return None,
        };
        self.tokens.next();
        Some(*operator)
    }

    fn unary(&mut self) -> Result<Expr, String> {
        if self.accept("!") {
            return Ok(Expr::Not(Box::new(self.unary()?)));
        }
        if self.accept("-") {
            let zero = Box::new(Expr::Int(0));
            return Ok(Expr::Binary(
                Operator::Subtract,
                zero,
                Box::new(self.unary()?),
            ));
        }
        let mut expr = self.primary()?;
        loop {
            if self.accept(".") {
                let name = self.name()?;
                expr = match self.accept("(") {
                    true => self.method(expr, &name)?,
                    false => Expr::Select(Box::new(expr), field(name)),
                };
            } else if self.accept("[") {
                let index = self.choice()?;
                self.expect("]")?;
                expr = Expr::Index(Box::new(expr), Box::new(index));
            } else {
                return Ok(expr);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, String> {
        match self.tokens.next() {
            Some(Token::Int(number)) => Ok(Expr::Int(number)),
            Some(Token::Str(text)) => Ok(Expr::Str(text)),
            Some(Token::Sign("(")) => {
                let expr = self.choice()?;
                self.expect(")")?;
                Ok(expr)
            }
            Some(Token::Sign("[")) => Ok(Expr::List(self.arguments("]")?)),
            Some(Token::Name(name)) => match name.as_str() {
                "null" => Ok(Expr::Null),
                "true" => Ok(Expr::Bool(true)),
                "false" => Ok(Expr::Bool(false)),
                _ if self.accept("(") => self.function(&name),
                _ => Ok(Expr::Var(name)),
            },
            other => Err(format!("expected a value, found {other:?}")),
        }
    }

    fn function(&mut self, name: &str) -> Result<Expr, String> {
        let mut arguments = self.arguments(")")?;
        match (name, arguments.pop()) {
            ("matches", Some(Expr::Str(pattern))) if arguments.len() == 1 => {
                matches(arguments.remove(0), &pattern)
            }
            ("has", Some(Expr::Select(of, field))) => Ok(Expr::Has(of, field)),
            ("size", Some(argument)) => Ok(Expr::Call(Function::Size, vec![argument])),
            ("duration", Some(argument)) => Ok(Expr::Call(Function::Duration, vec![argument])),
            ("isIP", Some(argument)) => Ok(Expr::Call(Function::IsIp, vec![argument])),
            _ => Err(format!("expected a function that is known, found {name}")),
        }
    }

    fn method(&mut self, over: Expr, name: &str) -> Result<Expr, String> {
        if let Some(fold) = fold(name) {
            let name = self.name()?;
            self.expect(",")?;
            let body = Box::new(self.choice()?);
            self.expect(")")?;
            return Ok(Expr::Fold {
                fold,
                over: Box::new(over),
                name,
                body,
            });
        }
        let arguments = self.arguments(")")?;
        if let Expr::Format(format) = over {
            return match (name, arguments.len()) {
                ("validate", 1) => Ok(Expr::Call(Function::Validate(format), arguments)),
                _ => Err(format!("expected a method of formats, found {name}")),
            };
        }
        let function = match (name, arguments.as_slice()) {
            ("dns1123Label", []) if matches!(&over, Expr::Var(name) if name == "format") => {
                return Ok(Expr::Format(Format::Dns1123Label));
            }
            ("matches", [Expr::Str(pattern)]) => return matches(over, pattern),
            ("size", []) => Function::Size,
            ("startsWith", [_]) => Function::StartsWith,
            ("endsWith", [_]) => Function::EndsWith,
            ("contains", [_]) => Function::Contains,
            ("split", [_]) => Function::Split,
            ("substring", [_]) => Function::Substring,
            _ => return Err(format!("expected a method that is known, found {name}")),
        };
        Ok(Expr::Call(
            function,
            std::iter::once(over).chain(arguments).collect(),
        ))
    }

    fn arguments(&mut self, close: &'static str) -> Result<Vec<Expr>, String> {
        let mut arguments = Vec::new();
        while !self.accept(close) {
            if !arguments.is_empty() {
                self.expect(",")?;
            }
            arguments.push(self.choice()?);
        }
        Ok(arguments)
    }

    fn name(&mut self) -> Result<String, String> {
        match self.tokens.next() {
            Some(Token::Name(name)) => Ok(name),
            other => Err(format!("expected a name, found {other:?}")),
        }
    }

    fn accept(&mut self, sign: &'static str) -> bool {
        self.tokens
            .next_if(|token| *token == Token::Sign(sign))
            .is_some()
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        match self.accept(sign) {
            true => Ok(()),
            false => Err(format!("expected {sign}, found {:?}", self.tokens.peek())),
        }
    }
}

fn matches(over: Expr, pattern: &str) -> Result<Expr, String> {
    let pattern = Regex::new(pattern).map_err(|error| error.to_string())?;
    Ok(Expr::Matches(Box::new(over), pattern))
}

fn fold(name: &str) -> Option<Fold> {
    match name {
        "all" => Some(Fold::All),
        "exists" => Some(Fold::Exists),
        "exists_one" => Some(Fold::ExistsOne),
        "filter" => Some(Fold::Filter),
        _ => None,
    }
}

/// The name of a field: those that are words of the language stand between double underscores.
fn field(name: String) -> String {
    match name
        .strip_prefix("__")
        .and_then(|name| name.strip_suffix("__"))
    {
        Some(word) => word.to_owned(),
        None => name,
    }
}
