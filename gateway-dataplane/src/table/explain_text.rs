//! Explanations in words.

use std::fmt;

use gateway_resolve::ir::Action;

use super::{Candidate, Explanation, ListenerOutcome, Verdict};

impl fmt::Display for Explanation {
    /// The listener, the rule that was chosen and where it leads, and what ruled out each other one: a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "listener: {}", self.listener)?;
        match self.chosen() {
            None => f.write_str("\nchosen: none")?,
            Some(chosen) => {
                write!(f, "\nchosen: {chosen}")?;
                write_action(f, &chosen.rule.action)?;
            }
        }
        let losers = self.candidates.iter();
        for loser in losers.filter(|candidate| candidate.verdict != Verdict::Chosen) {
            write!(f, "\nruled out by {}: {loser}", loser.verdict)?;
        }
        Ok(())
    }
}

fn write_action(f: &mut fmt::Formatter<'_>, action: &Action) -> fmt::Result {
    match action {
        Action::Forward(split) => write!(f, "\nforwarded: {split}"),
        Action::Redirect(redirect) => write!(f, "\nredirected with {}", redirect.status),
        Action::Fail(refusal) => write!(f, "\nrefused with {refusal}"),
        Action::Respond(response) => write!(f, "\nanswered with {}", response.status),
    }
}

impl fmt::Display for Candidate {
    /// `HTTPRoute default/cart rule 0, host shop.example.com, match ...`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.hostname.as_ref().map_or("any", |name| name.as_str());
        write!(f, "{}, host {host}, match {}", self.rule, self.matches)
    }
}

impl fmt::Display for ListenerOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen(id) => id.fmt(f),
            Self::Misdirected { connected, better } => {
                match connected {
                    Some(connected) => connected.fmt(f)?,
                    None => f.write_str("none")?,
                }
                write!(f, " by the server name, {better} by the host")
            }
            Self::NotFound => f.write_str("none takes the host"),
        }
    }
}

impl fmt::Display for Verdict {
    /// What ruled a route out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Chosen => f.write_str("nothing"),
            Self::Outranked => f.write_str("a match that goes first"),
            Self::OtherListener => f.write_str("its listener"),
            Self::Host => f.write_str("its host"),
            Self::Path => f.write_str("the path"),
            Self::Method => f.write_str("the method"),
            Self::Header(name) => write!(f, "the header {name}"),
            Self::Query(name) => write!(f, "the query parameter {name}"),
        }
    }
}
