//! One JSON object a line.

use super::line::Line;

pub(super) fn render(line: &Line<'_>) -> Vec<u8> {
    let mut text = serde_json::to_vec(line).unwrap_or_default();
    text.push(b'\n');
    text
}
