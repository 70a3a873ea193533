//! Bytes changed at random from a kept corpus, for as long as `GATEWAY_FUZZ_SECONDS` says (1 s without it).
//!
//! A case that failed is printed; put into `corpus/h1` it is tried first from then on.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use http::Method;

use super::super::parse::Parse;
use super::messages;
use crate::head::{Fields, RequestHead, ResponseHead};

/// Random numbers that can be had again (SplitMix64).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit.max(1) as u64) as usize
    }
}

fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/h1");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// One of the corpus with some bytes changed, taken out, doubled, or replaced by those of another.
fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..random.below(5) {
        let at = random.below(bytes.len());
        let to = (at + random.below(24)).min(bytes.len());
        match random.below(5) {
            0 if at < bytes.len() => bytes[at] = random.next() as u8,
            1 => drop(bytes.drain(at..to)),
            2 => bytes = [&bytes[..to], &bytes[at..]].concat(),
            3 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len());
                bytes = [&bytes[..at], &other[from..], &bytes[at..]].concat();
            }
            _ => {
                let odd = b"\r\n\r\n:; ,0fF\t\0";
                bytes.insert(at, odd[random.below(odd.len())]);
            }
        }
    }
    bytes.truncate(128 << 10);
    bytes
}

fn time() -> Duration {
    let seconds = std::env::var("GATEWAY_FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    Duration::from_secs(seconds.unwrap_or(1))
}

/// No panic, no unbounded buffer (see [`messages`]), and one reading whatever the pieces.
async fn hold(bytes: &[u8], lengths: &[usize]) -> bool {
    let requests = messages::requests(bytes, &[usize::MAX]).await;
    let response = messages::response(&Method::GET, bytes, &[usize::MAX]).await;
    requests.0 == messages::requests(bytes, lengths).await.0
        && response == messages::response(&Method::GET, bytes, lengths).await
}

#[tokio::test]
async fn whatever_arrives_is_read_in_one_way() {
    let corpus = corpus();
    for bytes in &corpus {
        for lengths in [[1].as_slice(), &[7, 3, 1]] {
            assert!(
                hold(bytes, lengths).await,
                "{:?}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
    let (start, time) = (Instant::now(), time());
    let mut seed = start.elapsed().as_nanos() as u64 ^ u64::from(std::process::id());
    while start.elapsed() < time {
        seed = seed.wrapping_add(1);
        let mut random = Random(seed);
        let bytes = mutated(&corpus, &mut random);
        let lengths: Vec<_> = (0..4).map(|_| 1 + random.below(30)).collect();
        let held = hold(&bytes, &lengths).await;
        assert!(
            held,
            "seed {seed}, {lengths:?}: {:?}",
            bytes.escape_ascii().to_string()
        );
    }
}

/// What a head says, and the pieces in which its fields are written.
type Said = (usize, String, Vec<Vec<u8>>);

fn said(length: usize, start: &str, fields: &Fields) -> Said {
    let mut pieces = Vec::new();
    fields.write(|piece| pieces.push(piece.to_vec()));
    (length, format!("{start} {fields:?}"), pieces)
}

fn request(head: &RequestHead, length: usize) -> Said {
    let start = format!(
        "{} {} {:?} {:?}",
        head.method,
        head.target(),
        head.version,
        head.path()
    );
    said(length, &start, &head.fields)
}

fn response(head: &ResponseHead, length: usize) -> Said {
    let start = format!("{} {:?} {:?}", head.status, head.reason(), head.version);
    said(length, &start, &head.fields)
}

/// The head at the front of `bytes`, as the parser of the usual form reads it, and as the one for all forms does.
fn both<H: Parse + Default>(
    bytes: &[u8],
    say: fn(&H, usize) -> Said,
) -> (Option<Said>, Option<Said>) {
    let (mut one, mut other) = (H::default(), H::default());
    let usual = one.parse_usual(bytes, messages::LIMITS);
    let any = other.parse_any(bytes, messages::LIMITS);
    let any = any.ok().flatten().map(|length| say(&other, length));
    (usual.map(|length| say(&one, length)), any)
}

#[test]
fn a_head_of_the_usual_form_is_read_as_any_other_is() {
    let corpus = corpus();
    let (start, time) = (Instant::now(), time());
    let mut seed = u64::from(std::process::id()) << 32;
    let (mut requests, mut responses) = (0, 0);
    while start.elapsed() < time {
        seed += 1;
        let bytes = mutated(&corpus, &mut Random(seed));
        let (usual, any) = both(&bytes, request);
        assert!(
            usual.is_none() || usual == any,
            "{:?}: {usual:?}, {any:?}",
            bytes.escape_ascii().to_string()
        );
        requests += usize::from(usual.is_some());
        let (usual, any) = both(&bytes, response);
        assert!(
            usual.is_none() || usual == any,
            "{:?}: {usual:?}, {any:?}",
            bytes.escape_ascii().to_string()
        );
        responses += usize::from(usual.is_some());
    }
    assert!(requests > 100 && responses > 100, "{requests}, {responses}");
}
