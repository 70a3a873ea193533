//! What clients of a listener may take, where it says something else than the data plane.

use std::num::NonZeroU32;
use std::time::Duration;

use gateway_resolve::ir::{ConnectionTimes, Http2, ListenerSettings};

use crate::Limits;

/// What is said otherwise.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Own {
    times: ConnectionTimes,
    http2: Http2,
    bytes: Option<u32>,
    fields: Option<u32>,
    buffer: Option<u32>,
}

/// What a connection may take that others may take without end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Life {
    /// The time after which it takes no more requests.
    pub(crate) whole: Option<Duration>,
    /// How many requests it takes.
    pub(crate) requests: Option<NonZeroU32>,
    /// Is a head that takes too long answered?
    pub(crate) answers_late_heads: bool,
}

impl Own {
    pub(super) fn new(settings: &ListenerSettings) -> Self {
        let heads = settings.request_heads.as_ref().map(|set| &set.value);
        let (times, protocols) = (&settings.times, &settings.protocols);
        Self {
            times: times
                .as_ref()
                .map_or_else(Default::default, |set| set.value.clone()),
            http2: protocols
                .as_ref()
                .map_or_else(Default::default, |set| set.value.http2.clone()),
            bytes: heads.and_then(|heads| heads.bytes),
            fields: heads.and_then(|heads| heads.fields),
            buffer: settings.buffer_limit.as_ref().map(|set| set.value),
        }
    }

    pub(super) fn life(&self) -> Life {
        Life {
            whole: self.times.whole.filter(|whole| !whole.is_zero()),
            requests: self.times.requests,
            answers_late_heads: self.times.head.is_some(),
        }
    }

    /// These in place of `limits`.
    pub(super) fn over(&self, limits: &Limits) -> Limits {
        let mut limits = limits.clone();
        let times = &self.times;
        put(&mut limits.idle, times.idle.map(or_never));
        put(&mut limits.drain_idle, times.drain);
        put(&mut limits.linger, times.linger);
        put(&mut limits.header_read, times.head);
        // Streams have a clock of their own; that of the connection is for what it does not see.
        let stalled = times.stalled.map(|time| or_never(time).saturating_mul(2));
        limits.stalled = limits.stalled.max(stalled.unwrap_or_default());
        put(&mut limits.h2_streams, self.http2.streams);
        put(&mut limits.h2_stream_window, self.http2.stream_window);
        put(
            &mut limits.h2_connection_window,
            self.http2.connection_window,
        );
        put(&mut limits.h2_header_list, self.bytes);
        put(
            &mut limits.header_bytes,
            self.bytes.map(|bytes| bytes as usize),
        );
        put(
            &mut limits.header_count,
            self.fields.map(|fields| fields as usize),
        );
        let buffer = self.buffer.map(|buffer| buffer as usize);
        limits.h2_send_buffer = limits.h2_send_buffer.min(buffer.unwrap_or(usize::MAX));
        put(&mut limits.h2_send_buffer_of_all, buffer);
        limits
    }
}

fn put<T>(limit: &mut T, own: Option<T>) {
    if let Some(own) = own {
        *limit = own;
    }
}

/// Zero stands for no limit.
fn or_never(limit: Duration) -> Duration {
    match limit.is_zero() {
        true => Duration::MAX,
        false => limit,
    }
}
