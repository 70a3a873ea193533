//! Every timeout and limit of the data plane, in one place.

use std::time::Duration;

/// What a peer may take, and for how long. The defaults are safe on the open Internet.
///
/// Timeouts of client connections are checked by a clock that ticks every quarter of the shortest
/// of them, and at least twice a second, so that they cost nothing per request; they fire up to one
/// tick late.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Client connections of the process, TLS handshakes included. At the limit no more are
    /// accepted until one closes; the others wait in the kernel's queue. Default 16,384.
    pub connections: usize,
    /// Time for a TLS handshake; where TLS is passed on, for the ClientHello. Default 10 s.
    pub tls_handshake: Duration,
    /// Bytes of a ClientHello, framing included. Beyond: closed. Default 16 KiB.
    pub client_hello: usize,
    /// Bytes of a request head over HTTP/1, request line included; at least 8,192. Beyond: 431.
    /// Default 64 KiB. It bounds the read buffer as well.
    pub header_bytes: usize,
    /// Header fields of a request over HTTP/1. Beyond: 431. Default 100.
    pub header_count: usize,
    /// Time from the first byte of a request head to its last. Beyond: closed. Default 10 s.
    pub header_read: Duration,
    /// Time that a client connection may wait for a request. Default 75 s.
    pub idle: Duration,
    /// Time that a request or tunnel may go without a byte to or from the client. Default 5 min.
    pub stalled: Duration,
    /// Time that connections are given to finish when their listener goes away. Default 30 s.
    pub drain: Duration,
    /// Time that a connection without a request is given to send one when its listener goes away: one may be
    /// on its way, or in the kernel's queue. TLS handshakes count. Default 1 s.
    pub drain_idle: Duration,
    /// Time that a connection is read on after its last response, so that a client which is still sending
    /// gets to read it (RFC 9112 section 9.6). Default 2 s.
    pub linger: Duration,
    /// Requests that a client may have open on one HTTP/2 connection. Default 128.
    pub h2_streams: u32,
    /// Bytes of a request's header list over HTTP/2, as RFC 9113 section 6.5.2 counts them.
    /// Default 64 KiB.
    pub h2_header_list: u32,
    /// Streams that a client may reset before they were looked at (rapid reset, CVE-2023-44487)
    /// until its connection is closed. Default 20.
    pub h2_pending_resets: usize,
    /// Streams that a client may make the server reset until its connection is closed
    /// (CVE-2025-8671). Default 256.
    pub h2_local_resets: usize,
    /// Frames that ask for nothing (PING, SETTINGS, WINDOW_UPDATE and the like) that a peer may send on one HTTP/2
    /// connection in a second, beside one for each KiB that it is sent. Beyond: closed, a client's with
    /// `ENHANCE_YOUR_CALM`.
    /// Default 10,000: gRPC clients that measure their bandwidth send a PING for each round trip.
    pub h2_control_frames: u32,
    /// Bytes that a client may send ahead on one HTTP/2 stream. Default 256 KiB.
    pub h2_stream_window: u32,
    /// Bytes that a client may send ahead on one HTTP/2 connection. Default 1 MiB.
    pub h2_connection_window: u32,
    /// Bytes of a response that are kept for one HTTP/2 stream until the client takes them. Default 64 KiB.
    pub h2_send_buffer: usize,
    /// The same for all streams of an HTTP/2 connection: each is kept at most its equal share of this. Default 8 MiB.
    pub h2_send_buffer_of_all: usize,
    /// Time that a backend may take to begin its answer while it takes nothing of the request, where the route
    /// sets no timeout. Beyond: 504. Default 2 min.
    pub response_head: Duration,
    /// Requests that a backend has open, over all its endpoints. Beyond: 503. Default 1,024.
    pub backend_requests: usize,
    /// Connections that a backend has, idle ones and those of other protocols included. At the limit an idle
    /// one makes room. Beyond: 503. Default 1,024.
    pub backend_connections: usize,
    /// Connections and UDP sessions of all backends together that one
    /// [`Upstreams`](crate::backend::upstream::Upstreams) makes. A backend may have as many as are left for others:
    /// half at most, and beside greedy ones there is always some for the next. Beyond: 503. Default 16,384.
    pub upstream_connections: usize,
    /// Time that the [stages](crate::admit) before routing may take together, bodies that they read included. Beyond:
    /// 504. It counts for the timeouts of the rule as well. Default 30 s.
    pub receiving: Duration,
    /// Times that a request may come through this gateway, as it says itself in `CDN-Loop` (RFC 8586). Beyond:
    /// 508. Default 4.
    pub own_hops: usize,
    /// Sessions of UDP clients that a worker keeps for one socket. Beyond, one makes room: of those whose client
    /// was heard only once, if there are any, the one that was quiet for longest. Default 4,096.
    pub udp_sessions: usize,
    /// Sessions of those that one address of a client may have. Beyond, one of its own makes room likewise. Default
    /// 1,024.
    pub udp_sessions_of_address: usize,
    /// Time that an answer of UDP is waited for when its listener goes, or the proxy ends. Default 5 s.
    pub udp_answer: Duration,
    /// Time that a UDP session may go without a datagram either way. Default 60 s.
    pub udp_idle: Duration,
    /// Time to connect to an endpoint. Default 5 s.
    pub connect: Duration,
    /// Time that a request waits for a new HTTP/2 connection to one endpoint while there are others to ask.
    /// Default 250 ms.
    pub connect_patience: Duration,
    /// Endpoints that are tried for one request when connecting fails, or when one closes the
    /// connection before it answers what may be sent twice (RFC 9110 section 9.2.2). Default 3.
    pub connect_attempts: usize,
    /// Time that an upstream connection is kept for the next request. Default 60 s.
    pub upstream_idle: Duration,
    /// Idle upstream connections of one worker to one endpoint. Default 1,024.
    pub upstream_idle_connections: usize,
    /// Requests that are open on one HTTP/2 connection to an endpoint. Beyond: another is opened. Default 64.
    pub upstream_h2_streams: u32,
    /// Bytes that an endpoint may send ahead on one HTTP/2 stream. The window of a connection is as large as
    /// those of all its streams, so that clients who do not read hold up nobody else. Default 128 KiB.
    pub upstream_h2_window: u32,
    /// Bytes of a request that are kept for one HTTP/2 stream until the endpoint takes them. Default 64 KiB.
    pub upstream_h2_send_buffer: usize,
    /// Time that an HTTP/2 connection on which requests are open may go without a byte from the endpoint
    /// before it is asked for one with a PING. One is also sent when a request was given up and nothing was
    /// heard since it was sent. Default 5 min, as servers of gRPC take shorter ones for abuse.
    pub upstream_ping_after: Duration,
    /// Time that an endpoint has to answer a PING. Beyond: the connection is closed. Default 5 s.
    pub upstream_ping: Duration,
    /// Bytes of the head of a response; at least 8,192. Beyond: 502. Default 64 KiB.
    pub response_header_bytes: usize,
    /// Header fields of a response. Beyond: 502. Default 100.
    pub response_header_count: usize,
    /// Bytes of a request body that are kept in order to repeat the request. Beyond: it is not
    /// repeated. Default 64 KiB.
    pub retry_body: usize,
    /// Time that an authorization server has to answer, where the route sets none. Beyond: 403. Default 5 s.
    pub authorization: Duration,
    /// Bytes of an authorization server's refusal that are passed on. Beyond: 403. Default 64 KiB.
    pub authorization_answer: usize,
    /// Bytes of a body that a transformation reads, and that one of its templates makes. Beyond: 413, and 400. Default
    /// 1 MiB.
    pub transformed_body: usize,
    /// Bytes of entries that one worker keeps for one server of access logs. Beyond: they are lost, counted and
    /// logged. Default 1 MiB.
    pub log_backlog: usize,
    /// Time that entries for a server of access logs wait for others, unless 16 KiB are together before. Default 1 s.
    pub log_gathering: Duration,
    /// Time that a server of access logs has to take entries, where its log sets none. Beyond: they are lost. Default
    /// 5 s.
    pub log_delivery: Duration,
    /// Bytes of a request that calls a function, and of a function's answer that is taken apart. Beyond: 413, and 500.
    /// Default 6 MiB, which is what AWS Lambda takes.
    pub function_body: usize,
    /// Bytes of a request body that a mirror may lag behind. Beyond: the copy is given up, counted and logged.
    /// Default 1 MiB.
    pub mirror_lag: usize,
    /// Bytes that all mirrors together may lag behind. Beyond: as for one. Default 64 MiB.
    pub mirror_lag_of_all: usize,
    /// Mirrored requests that may be open. Beyond: requests are not mirrored, which is
    /// counted and logged. Default 1,024.
    pub mirrors: usize,
    /// Time for a mirrored request. Default 30 s.
    pub mirror: Duration,
    /// Time that an upstream may take to answer `Expect: 100-continue` before the body is sent
    /// unasked (RFC 9110 section 10.1.1). Default 1 s.
    pub expect_continue: Duration,
    /// Failures in a row that take an endpoint out of rotation. Default 5.
    pub eject_after: u32,
    /// Time that an endpoint stays out of rotation. Default 10 s.
    pub eject_for: Duration,
    /// Least time from one look-up of an endpoint's name to the next, however soon the answer expires. Default 1 s.
    pub name_refresh: Duration,
    /// Time for which it has to be said that there is no such name until its addresses are left. When there is no
    /// answer at all, they stay. Default 30 s.
    pub name_gone: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            tls_handshake: Duration::from_secs(10),
            client_hello: 16 << 10,
            header_bytes: 64 << 10,
            header_count: 100,
            header_read: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            stalled: Duration::from_secs(300),
            drain: Duration::from_secs(30),
            drain_idle: Duration::from_secs(1),
            linger: Duration::from_secs(2),
            h2_streams: 128,
            h2_header_list: 64 << 10,
            h2_pending_resets: 20,
            h2_local_resets: 256,
            h2_control_frames: 10_000,
            h2_stream_window: 256 << 10,
            h2_connection_window: 1 << 20,
            h2_send_buffer: 64 << 10,
            h2_send_buffer_of_all: 8 << 20,
            response_head: Duration::from_secs(120),
            backend_requests: 1_024,
            backend_connections: 1_024,
            upstream_connections: 16_384,
            receiving: Duration::from_secs(30),
            own_hops: 4,
            udp_sessions: 4_096,
            udp_sessions_of_address: 1_024,
            udp_answer: Duration::from_secs(5),
            udp_idle: Duration::from_secs(60),
            connect: Duration::from_secs(5),
            connect_patience: Duration::from_millis(250),
            connect_attempts: 3,
            upstream_idle: Duration::from_secs(60),
            upstream_idle_connections: 1_024,
            upstream_h2_streams: 64,
            upstream_h2_window: 128 << 10,
            upstream_h2_send_buffer: 64 << 10,
            upstream_ping_after: Duration::from_secs(300),
            upstream_ping: Duration::from_secs(5),
            response_header_bytes: 64 << 10,
            response_header_count: 100,
            retry_body: 64 << 10,
            authorization: Duration::from_secs(5),
            authorization_answer: 64 << 10,
            transformed_body: 1 << 20,
            log_backlog: 1 << 20,
            log_gathering: Duration::from_secs(1),
            log_delivery: Duration::from_secs(5),
            function_body: 6 << 20,
            mirror_lag: 1 << 20,
            mirror_lag_of_all: 64 << 20,
            mirrors: 1_024,
            mirror: Duration::from_secs(30),
            expect_continue: Duration::from_secs(1),
            eject_after: 5,
            eject_for: Duration::from_secs(10),
            name_refresh: Duration::from_secs(1),
            name_gone: Duration::from_secs(30),
        }
    }
}

impl Limits {
    /// The period of the clock that checks client connections.
    pub(crate) fn tick(&self) -> Duration {
        let client = [self.header_read, self.idle, self.drain_idle, self.stalled];
        let shortest = client.into_iter().fold(self.response_head, Duration::min);
        (shortest / 4).clamp(Duration::from_millis(5), Duration::from_millis(500))
    }
}

/// Buffers and bounds that are no setting, as no deployment needs another value.
pub(crate) mod fixed {
    /// Bytes that most heads and short bodies are read into, and streams are copied through. Such a buffer is lent for
    /// as long as there is something in it or to be read.
    pub(crate) const BUFFER: usize = 16 << 10;
    /// Bytes that long bodies are read into.
    pub(crate) const LONG_BUFFER: usize = 64 << 10;
    /// Buffers of each of these sizes that a worker keeps for the next that asks.
    pub(crate) const BUFFERS_KEPT: usize = 32;
    /// Pipes that a worker may have open for long bodies; others are copied.
    pub(crate) const PIPES: usize = 64;
    /// Empty pipes that a worker keeps.
    pub(crate) const PIPES_KEPT: usize = 8;
    /// Bytes that are moved through a pipe at once.
    pub(crate) const PIPE: usize = 64 << 10;
    /// Bytes of entries that a server of access logs is told at once.
    #[cfg(feature = "grpc")]
    pub(crate) const LOG_ENTRIES: usize = 16 << 10;
    /// Endpoints of all backends that are asked at once whether they are well.
    pub(crate) const PROBES: usize = 64;
    /// Bytes that are read ahead of a client that sends its next request before it has its response.
    pub(crate) const READ_AHEAD: usize = 16 << 10;
    /// Interim responses to one request (RFC 9110 section 15.2). Beyond: 502.
    pub(crate) const INTERIM_RESPONSES: usize = 16;
    /// Bytes of chunk extensions of one body (RFC 9112 section 7.1.1). Beyond: it breaks off.
    pub(crate) const CHUNK_EXTENSIONS: usize = 16 << 10;
    /// Bytes of a trailer section. Beyond: the body breaks off.
    pub(crate) const TRAILER_BYTES: usize = 16 << 10;
    /// Fields of a trailer section.
    pub(crate) const TRAILER_FIELDS: usize = 100;
    /// Bytes of the largest datagram.
    pub(crate) const DATAGRAM: usize = 64 << 10;
    /// Datagrams that are passed on before others have a turn.
    pub(crate) const DATAGRAM_BURST: usize = 64;
    /// Addresses of one name that endpoints are made of.
    pub(crate) const ADDRESSES: usize = 64;
    /// Names that are looked up at once.
    pub(crate) const LOOKUPS: usize = 16;
    /// Bytes of an answer of a token service. Beyond: there are no credentials.
    #[cfg(feature = "lambda")]
    pub(crate) const TOKEN_ANSWER: usize = 64 << 10;
    /// Heads whose memory a worker keeps for those that come.
    pub(crate) const HEADS_KEPT: usize = 64;
    /// Bytes of text that are kept of one head.
    pub(crate) const HEAD_TEXT_KEPT: usize = 8 << 10;
}
