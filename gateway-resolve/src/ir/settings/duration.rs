//! How long streams may be.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long the exchange of a request and its response may take, from the head of the request on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StreamDuration {
    /// So long; without a limit when it is zero.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<Duration>,
    /// What is done with the time that gRPC clients give themselves (`grpc-timeout`): nothing, when `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<AskedDuration>,
}

/// Has what a client gives itself count in place of the limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedDuration {
    /// Up to so much; without a bound when it is zero.
    pub most: Duration,
    /// Less so much, so that the client hears of it before it gives up itself.
    pub less: Duration,
}

impl StreamDuration {
    /// The limit for a client that gives itself so much time; `None`: there is none.
    pub fn of(&self, asked: Option<Duration>) -> Option<Duration> {
        match (self.asked, asked) {
            (Some(AskedDuration { most, less }), Some(asked)) => {
                let bounded = if most.is_zero() {
                    asked
                } else {
                    asked.min(most)
                };
                Some(bounded.saturating_sub(less))
            }
            _ => self.limit.filter(|limit| !limit.is_zero()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{AskedDuration, StreamDuration};

    /// `RouteAction.MaxStreamDuration` of Envoy.
    #[test]
    fn what_a_client_asks_for_counts_up_to_a_bound_and_less_an_offset() {
        let seconds = Duration::from_secs;
        let asked = |most, less| {
            Some(AskedDuration {
                most: seconds(most),
                less: seconds(less),
            })
        };
        let rows = [
            (Some(9), None, Some(1), Some(9)),
            (Some(0), None, None, None),
            (None, None, Some(1), None),
            (Some(9), asked(5, 0), None, Some(9)),
            (Some(9), asked(5, 0), Some(3), Some(3)),
            (Some(9), asked(5, 1), Some(20), Some(4)),
            (None, asked(0, 1), Some(20), Some(19)),
            (None, asked(0, 3), Some(2), Some(0)),
        ];
        for (limit, asked, client, want) in rows {
            let duration = StreamDuration {
                limit: limit.map(seconds),
                asked,
            };
            let got = duration.of(client.map(seconds));
            assert_eq!(got, want.map(seconds), "{duration:?} {client:?}");
        }
    }
}
