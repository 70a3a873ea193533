//! One line for people: time, client, the request in quotation marks, status, then `name=value`.

use std::fmt::{self, Display, Write};

use super::line::Line;

pub(super) fn render(line: &Line<'_>) -> Vec<u8> {
    let mut text = String::with_capacity(256);
    // Nothing fails that writes into a String.
    let _written = write(line, &mut text);
    text.push('\n');
    text.into_bytes()
}

fn write(line: &Line<'_>, text: &mut String) -> fmt::Result {
    write!(text, "{} {} \"", line.time, line.client)?;
    if let (Some(method), Some(target)) = (&line.method, &line.target) {
        write!(text, "{} {} ", Plain(method), Plain(target))?;
    }
    write!(text, "{}\"", line.protocol)?;
    match line.status {
        Some(status) => write!(text, " {status}")?,
        None => text.push_str(" -"),
    }
    let mut fields = Fields(text);
    fields.put("host", line.host.as_deref().map(Quoted))?;
    fields.put("reason", line.reason)?;
    fields.put("refusal", line.refusal.map(Quoted))?;
    fields.put("ended", Some(line.ended))?;
    fields.put("received", Some(line.received))?;
    fields.put("sent", Some(line.sent))?;
    fields.put("duration_ms", Some(line.duration_ms))?;
    fields.put("response_ms", line.response_ms)?;
    fields.put("port", Some(line.port))?;
    fields.put("listener", line.listener.as_deref())?;
    fields.put("route", line.route.as_deref())?;
    fields.put("rule", line.rule)?;
    fields.put("backend", line.backend.as_deref())?;
    fields.put("endpoint", line.endpoint)?;
    fields.put("attempts", line.attempts)?;
    fields.put("request_id", line.request_id.as_deref().map(Quoted))?;
    fields.put("user_agent", line.user_agent.as_deref().map(Quoted))?;
    fields.put("forwarded_for", line.forwarded_for.as_deref().map(Quoted))
}

struct Fields<'t>(&'t mut String);

impl Fields<'_> {
    fn put(&mut self, name: &str, value: Option<impl Display>) -> fmt::Result {
        match value {
            Some(value) => write!(self.0, " {name}={value}"),
            None => Ok(()),
        }
    }
}

/// A text that ends neither the line nor its quotation marks: what is not printable ASCII, quotation marks and
/// backslashes are escaped.
struct Plain<'t>(&'t str);

impl Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            match byte {
                b'"' | b'\\' => write!(f, "\\{}", char::from(byte))?,
                0x20..=0x7e => f.write_char(byte.into())?,
                _ => write!(f, "\\x{byte:02x}")?,
            }
        }
        Ok(())
    }
}

/// The same, in quotation marks.
struct Quoted<'t>(&'t str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", Plain(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Plain;

    #[test]
    fn no_text_ends_its_line_or_its_quotation_marks() {
        let hostile = "/a\" 200\nforged\r\t\u{1b}[2J\\ü";
        let plain = r#"/a\" 200\x0aforged\x0d\x09\x1b[2J\\\xc3\xbc"#;
        assert_eq!(Plain(hostile).to_string(), plain);
    }
}
