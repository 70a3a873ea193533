//! Numbers that are added to.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use gateway_dataplane::observe::{Record, StreamEnded, StreamRecord};

/// What is counted of the requests of one route at one listener.
#[derive(Debug, Default)]
pub(super) struct Requests {
    /// By class of status; see [`CLASSES`].
    pub(super) classes: [AtomicU64; CLASSES.len()],
    pub(super) duration: Histogram,
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
}

/// Classes of statuses, and what is counted for requests whose client left before there was one.
pub(super) const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];

impl Requests {
    pub(super) fn count(&self, record: &Record) {
        let class = record.status.map(|status| status.as_u16() / 100 - 1);
        let class = class.map_or(CLASSES.len() - 1, usize::from);
        self.classes[class.min(CLASSES.len() - 1)].fetch_add(1, Relaxed);
        self.duration.observe(record.duration);
        self.received.fetch_add(record.received, Relaxed);
        self.sent.fetch_add(record.sent, Relaxed);
    }
}

/// What is counted of the connections of one listener whose bytes are passed on.
#[derive(Debug, Default)]
pub(super) struct Connections {
    /// By how they ended; see [`ENDS`].
    pub(super) ends: [AtomicU64; ENDS.len()],
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
}

pub(super) const ENDS: [&str; 4] = ["complete", "cut", "refused", "failed"];

impl Connections {
    pub(super) fn count(&self, record: &StreamRecord) {
        let end = match record.ended {
            StreamEnded::Complete => 0,
            StreamEnded::Cut => 1,
            StreamEnded::Refused => 2,
            _ => 3,
        };
        self.ends[end].fetch_add(1, Relaxed);
        self.received.fetch_add(record.received, Relaxed);
        self.sent.fetch_add(record.sent, Relaxed);
    }
}

/// How often something took how long.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    buckets: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

/// The upper bounds of its buckets, in seconds.
const BOUNDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// What a histogram says.
pub(super) struct Reading {
    pub(super) seconds: f64,
    pub(super) count: u64,
    /// Upper bounds, and how many were between that and the one before.
    pub(super) buckets: Vec<(f64, u64)>,
}

impl Histogram {
    pub(super) fn observe(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let bucket = BOUNDS.partition_point(|bound| *bound < seconds);
        self.buckets[bucket].fetch_add(1, Relaxed);
        let microseconds = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.microseconds.fetch_add(microseconds, Relaxed);
    }

    pub(super) fn read(&self) -> Reading {
        let bounds = BOUNDS.into_iter().chain([f64::INFINITY]);
        let counts = self.buckets.iter().map(|count| count.load(Relaxed));
        let buckets: Vec<_> = bounds.zip(counts).collect();
        Reading {
            seconds: self.microseconds.load(Relaxed) as f64 / 1e6,
            count: buckets.iter().map(|(_, count)| count).sum(),
            buckets,
        }
    }
}
