//! How long streams may be.

use gateway_model::k8s_gateway::values::MaxStreamDuration;

use crate::ir::{AskedDuration, StreamDuration};

/// How long a stream may be.
pub(crate) fn stream_duration(written: &MaxStreamDuration) -> StreamDuration {
    let MaxStreamDuration {
        max_stream_duration,
        grpc_timeout_header_max,
        grpc_timeout_header_offset,
    } = written;
    let asked = grpc_timeout_header_max.map(|most| AskedDuration {
        most: most.0,
        less: grpc_timeout_header_offset
            .map(|less| less.0)
            .unwrap_or_default(),
    });
    StreamDuration {
        limit: max_stream_duration.map(|limit| limit.0),
        asked,
    }
}
