//! Copies of requests (HTTPRoute `requestMirror`).

use gateway_resolve::ir::{self, BackendId, Fraction};

use crate::head::{Known, RequestHead};
use crate::table::Destination;

/// A backend that gets copies of requests; its answers are ignored.
#[derive(Debug)]
pub struct Mirror<B> {
    /// Where the copies go.
    pub backend: B,
    share: Fraction,
    host_suffix: Option<Box<str>>,
    /// Its place in the list of filters.
    pub(super) position: usize,
}

impl<B> Mirror<B> {
    /// A mirror; `None` when its backend is refused.
    pub(crate) fn compile(
        mirror: &ir::Mirror,
        position: usize,
        backend: &impl Fn(&BackendId) -> Option<B>,
    ) -> Option<Self> {
        match Destination::compile(&mirror.target, backend) {
            Destination::Backend(backend) => Some(Self {
                backend,
                share: mirror.share,
                host_suffix: mirror.host_suffix.clone(),
                position,
            }),
            Destination::Refused(_) => None,
        }
    }

    /// What is sent of a request with this head.
    pub(crate) fn copy(&self, head: &RequestHead) -> RequestHead {
        let mut copy = head.clone();
        if let (Some(suffix), Some(host)) = (&self.host_suffix, head.host()) {
            let (name, port) = split_port(host);
            let host = [name, &**suffix, port].concat();
            copy.fields.set(Known::Host, host.as_bytes());
        }
        copy
    }

    /// Is this request copied? `random` is uniform over all of `u64`.
    pub fn takes(&self, random: u64) -> bool {
        let denominator = u128::from(self.share.denominator.get());
        let scaled = (u128::from(random) * denominator) >> 64;
        scaled < u128::from(self.share.numerator)
    }
}

/// A host without its port, and that with its colon.
fn split_port(host: &str) -> (&str, &str) {
    let digits = host.trim_end_matches(|c: char| c.is_ascii_digit());
    match digits.ends_with(':') && digits.len() < host.len() {
        true => host.split_at(digits.len() - 1),
        false => (host, ""),
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use gateway_resolve::ir::Fraction;

    use super::{Mirror, split_port};

    fn mirror(numerator: u32, denominator: u32) -> Mirror<()> {
        Mirror {
            backend: (),
            position: 0,
            host_suffix: None,
            share: Fraction {
                numerator,
                denominator: NonZeroU32::new(denominator).unwrap(),
            },
        }
    }

    #[test]
    fn all_or_none_are_copied_at_the_ends() {
        for random in [0, 1, u64::MAX / 2, u64::MAX] {
            assert!(mirror(100, 100).takes(random));
            assert!(mirror(u32::MAX, u32::MAX).takes(random));
            assert!(!mirror(0, 100).takes(random));
        }
    }

    #[test]
    fn the_share_is_kept_over_evenly_spread_numbers() {
        for (numerator, denominator) in [(20, 100), (25, 50), (35, 100), (1, 3)] {
            let step = u64::MAX / 10_000;
            let mirror = mirror(numerator, denominator);
            let taken = (0..10_000).filter(|n| mirror.takes(n * step)).count();
            let want = 10_000 * numerator as usize / denominator as usize;
            assert!(
                taken.abs_diff(want) <= 1,
                "{numerator}/{denominator}: {taken}"
            );
        }
    }

    #[test]
    fn a_port_is_not_part_of_a_name() {
        let rows = [
            ("a.example:80", ("a.example", ":80")),
            ("a.example", ("a.example", "")),
            ("[::1]:8", ("[::1]", ":8")),
            ("[::1]", ("[::1]", "")),
            ("10.0.0.1", ("10.0.0.1", "")),
        ];
        for (host, want) in rows {
            assert_eq!(split_port(host), want);
        }
    }
}
