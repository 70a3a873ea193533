//! Durations as Go writes them.

/// The nanoseconds of a duration such as `1h30m`, `1.5s` or `-2ms`; `None` if it isn't one.
pub(super) fn nanoseconds(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest
            .bytes()
            .take_while(|b| b.is_ascii_digit() || *b == b'.')
            .count();
        let (number, tail) = rest.split_at(digits);
        let (unit, tail) = split_unit(tail)?;
        total += number.parse::<f64>().ok()? * unit;
        rest = tail;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturates, as far as rules can tell"
    )]
    Some((sign * total) as i64)
}

/// The nanoseconds in the unit that `text` starts with, and what follows it.
fn split_unit(text: &str) -> Option<(f64, &str)> {
    let units = [
        ("ns", 1.0),
        ("us", 1e3),
        ("µs", 1e3),
        ("ms", 1e6),
        ("s", 1e9),
        ("m", 6e10),
        ("h", 3.6e12),
    ];
    units
        .into_iter()
        .find_map(|(unit, nanos)| Some((nanos, text.strip_prefix(unit)?)))
}
