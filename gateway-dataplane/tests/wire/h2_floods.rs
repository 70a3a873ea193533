//! Frames that cost the proxy more than the client: each ends the connection, and nobody else notices.

use crate::support::Rig;
use crate::support::backend::Reply;
use crate::support::h2::{
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, GET,
    GOAWAY, H2, HEADERS, Outcome, PING, PROTOCOL_ERROR, RST_STREAM, SETTINGS, WINDOW_UPDATE, block,
    frame, get_with,
};

const CANCEL: [u8; 4] = 8_u32.to_be_bytes();

/// CVE-2023-44487: streams that are opened and reset at once do not count as open, but as abuse.
#[tokio::test]
async fn rapid_resets_end_the_connection() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    let mut burst = Vec::new();
    for stream in (1..2_000).step_by(2) {
        let flags = END_HEADERS | END_STREAM;
        burst.extend(frame(HEADERS, flags, stream, block(&GET)));
        burst.extend(frame(RST_STREAM, 0, stream, CANCEL));
    }
    h2.send(burst).await;
    let outcome = h2.outcome(0).await;
    assert_eq!(outcome, Outcome::GoAway(ENHANCE_YOUR_CALM));
    let requests = rig.backend.requests().len();
    assert!(requests < 100, "{requests} requests were forwarded");
    rig.still_serves().await;
}

/// CVE-2025-8671: streams that the server has to reset because the client makes it.
#[tokio::test]
async fn resets_that_a_client_provokes_end_the_connection() {
    let rig = Rig::with(Reply::OK, |limits| limits.h2_local_resets = 10).await;
    let mut h2 = H2::connect(&rig).await;
    let mut burst = Vec::new();
    for stream in (1..200).step_by(2) {
        burst.extend(frame(HEADERS, END_HEADERS, stream, block(&GET)));
        // An increment of 0 is an error of the stream (RFC 9113 section 6.9).
        burst.extend(frame(WINDOW_UPDATE, 0, stream, [0; 4]));
    }
    h2.send(burst).await;
    while let Some(frame) = h2.read().await {
        if frame.kind == GOAWAY {
            break;
        }
    }
    rig.still_serves().await;
}

/// RFC 9113 section 6.10 and CVE-2024-27316: a header block without end.
#[tokio::test]
async fn continuations_without_end_end_the_connection() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    h2.frame(HEADERS, END_STREAM, 1, block(&GET)).await;
    let more = frame(CONTINUATION, 0, 1, block(&[("x", &"y".repeat(100))]));
    for _ in 0..100 {
        h2.send(more.repeat(100)).await;
    }
    let outcome = h2.outcome(1).await;
    assert!(
        matches!(outcome, Outcome::GoAway(_) | Outcome::Closed),
        "{outcome:?}"
    );
    assert_eq!(rig.backend.bytes(), "");
    rig.still_serves().await;
}

/// The same with frames that are empty.
#[tokio::test]
async fn empty_continuations_without_end_end_the_connection() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    h2.frame(HEADERS, END_STREAM, 1, block(&GET)).await;
    let more = frame(CONTINUATION, 0, 1, []);
    for _ in 0..100 {
        h2.send(more.repeat(100)).await;
    }
    let outcome = h2.outcome(1).await;
    assert!(
        matches!(outcome, Outcome::GoAway(_) | Outcome::Closed),
        "{outcome:?}"
    );
    rig.still_serves().await;
}

/// RFC 9113 section 6.2: between HEADERS and their end comes nothing else.
#[tokio::test]
async fn other_frames_within_a_header_block_end_the_connection() {
    for (kind, stream, payload) in [
        (PING, 0, &[0; 8][..]),
        (DATA, 1, b"x"),
        (CONTINUATION, 3, b""),
    ] {
        let rig = Rig::new().await;
        let mut h2 = H2::connect(&rig).await;
        h2.frame(HEADERS, END_STREAM, 1, block(&GET)).await;
        h2.frame(kind, 0, stream, payload).await;
        assert_eq!(h2.outcome(1).await, Outcome::GoAway(PROTOCOL_ERROR));
        assert_eq!(rig.backend.bytes(), "");
    }
}

/// RFC 9113 sections 6.5.2 and 10.5.1: a list beyond the limit is refused with 431 or a reset.
#[tokio::test]
async fn a_header_list_that_is_too_large_is_refused() {
    let rig = Rig::with(Reply::OK, |limits| limits.h2_header_list = 4_096).await;
    let mut h2 = H2::connect(&rig).await;
    let long = "y".repeat(5_000);
    h2.request(1, &get_with(&[("x", &long)])).await;
    let outcome = h2.outcome(1).await;
    let refused = matches!(
        outcome,
        Outcome::Status(431) | Outcome::Reset(_) | Outcome::GoAway(_)
    );
    assert!(refused, "{outcome:?}");
    let mut h2 = H2::connect(&rig).await;
    let many: Vec<_> = std::iter::repeat_n(("x", "y"), 200).collect();
    h2.request(1, &get_with(&many)).await;
    let outcome = h2.outcome(1).await;
    let refused = matches!(
        outcome,
        Outcome::Status(431) | Outcome::Reset(_) | Outcome::GoAway(_)
    );
    assert!(refused, "{outcome:?}");
    assert_eq!(rig.backend.bytes(), "");
    rig.still_serves().await;
}

/// RFC 7541 section 4.4 and CVE-2016-1544: references to one large entry make a small block a large list.
#[tokio::test]
async fn a_header_list_that_grows_when_unpacked_is_refused() {
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    let mut bomb = block(&GET);
    // A literal that is indexed (RFC 7541 section 6.2.1), then thousands of references to it.
    let entry = block(&[("x", &"y".repeat(3_000))]);
    bomb.push(0x40);
    bomb.extend(&entry[1..]);
    bomb.extend([0xbe; 10_000]);
    h2.frame(HEADERS, END_HEADERS | END_STREAM, 1, bomb).await;
    let outcome = h2.outcome(1).await;
    let refused = matches!(
        outcome,
        Outcome::Status(431) | Outcome::Reset(_) | Outcome::GoAway(_)
    );
    assert!(refused, "{outcome:?}");
    assert_eq!(rig.backend.bytes(), "");
    rig.still_serves().await;
}

/// CVE-2019-9512 and CVE-2019-9515: acknowledgements pile up when the client does not read them. They
/// are bounded: the proxy stops reading, or ends the connection; others are served meanwhile.
#[tokio::test]
async fn pings_and_settings_do_not_keep_others_waiting() {
    for flood in [frame(PING, 0, 0, [0; 8]), frame(SETTINGS, 0, 0, [])] {
        let rig = Rig::new().await;
        let mut h2 = H2::connect(&rig).await;
        h2.send(flood.repeat(20_000)).await;
        rig.still_serves().await;
        drop(h2);
        rig.still_serves().await;
    }
}

/// RFC 9113 section 6.5.3: an acknowledgement of nothing.
#[tokio::test]
async fn settings_that_are_invalid_end_the_connection() {
    // SETTINGS_ENABLE_PUSH of 2, a frame size below 16,384, a window beyond 2^31-1, half a setting.
    for payload in [
        &[0, 2, 0, 0, 0, 2][..],
        &[0, 5, 0, 0, 0, 1],
        &[0, 4, 0xff, 0xff, 0xff, 0xff],
        &[0, 4, 0],
    ] {
        let rig = Rig::new().await;
        let mut h2 = H2::connect(&rig).await;
        h2.frame(SETTINGS, 0, 0, payload).await;
        let outcome = h2.outcome(1).await;
        assert!(
            matches!(outcome, Outcome::GoAway(_) | Outcome::Closed),
            "{payload:?}: {outcome:?}"
        );
        rig.still_serves().await;
    }
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    h2.frame(SETTINGS, ACK, 0, [0; 6]).await;
    assert!(matches!(
        h2.outcome(1).await,
        Outcome::GoAway(_) | Outcome::Closed
    ));
}

/// RFC 9113 section 6.9.1: windows beyond 2^31-1.
#[tokio::test]
async fn windows_that_overflow_are_an_error() {
    let most = 0x7fff_ffff_u32.to_be_bytes();
    let rig = Rig::new().await;
    let mut h2 = H2::connect(&rig).await;
    h2.frame(WINDOW_UPDATE, 0, 0, most).await;
    assert_eq!(h2.outcome(1).await, Outcome::GoAway(FLOW_CONTROL_ERROR));

    let mut h2 = H2::connect(&rig).await;
    // The backend answers when the body has ended, which never happens.
    h2.frame(HEADERS, END_HEADERS, 1, block(&GET)).await;
    h2.frame(WINDOW_UPDATE, 0, 1, most).await;
    assert_eq!(h2.outcome(1).await, Outcome::Reset(FLOW_CONTROL_ERROR));
    rig.still_serves().await;
}

/// RFC 9113 section 6.9.1: more data than the window allows.
#[tokio::test]
async fn data_beyond_the_window_is_an_error() {
    let rig = Rig::with(Reply::OK, |limits| {
        limits.h2_stream_window = 1_000;
        limits.h2_connection_window = 65_535;
    })
    .await;
    let mut h2 = H2::connect(&rig).await;
    let fields = [&[(":method", "POST")], &GET[1..]].concat();
    // Before the first SETTINGS were acknowledged the window is 65,535 (RFC 9113 section 6.9.2).
    let first = loop {
        let frame = h2.read().await.unwrap();
        if frame.kind == SETTINGS && frame.flags & ACK == 0 {
            break frame;
        }
    };
    assert!(!first.payload.is_empty());
    h2.frame(HEADERS, END_HEADERS, 1, block(&fields)).await;
    for _ in 0..100 {
        h2.frame(DATA, 0, 1, [0; 16_000]).await;
    }
    let outcome = h2.outcome(1).await;
    let refused = [
        Outcome::Reset(FLOW_CONTROL_ERROR),
        Outcome::GoAway(FLOW_CONTROL_ERROR),
    ];
    assert!(refused.contains(&outcome), "{outcome:?}");
    rig.still_serves().await;
}

/// RFC 9113 section 5.1.2: streams beyond the limit are refused, one by one.
#[tokio::test]
async fn streams_beyond_the_limit_are_refused() {
    let silent = Reply::of("");
    let rig = Rig::with(silent, |limits| limits.h2_streams = 4).await;
    let mut h2 = H2::connect(&rig).await;
    for stream in [1, 3, 5, 7, 9] {
        h2.request(stream, &GET).await;
    }
    const REFUSED_STREAM: u32 = 7;
    assert_eq!(h2.outcome(9).await, Outcome::Reset(REFUSED_STREAM));
}

/// RFC 9113 sections 4.2 and 5.1.1: frames that are too large, or of streams that clients cannot open.
#[tokio::test]
async fn frames_that_break_the_connections_state_end_it() {
    let fields = block(&GET);
    let rows = [
        frame(DATA, 0, 1, [0; 20_000]),
        frame(HEADERS, END_HEADERS | END_STREAM, 2, &fields),
        frame(HEADERS, END_HEADERS | END_STREAM, 0, &fields),
        frame(DATA, 0, 1, "x"),
        frame(RST_STREAM, 0, 1, CANCEL),
        frame(WINDOW_UPDATE, 0, 0, [0; 4]),
        frame(PING, 0, 1, [0; 8]),
        frame(PING, 0, 0, [0; 7]),
        frame(CONTINUATION, END_HEADERS, 1, &fields),
        // A block that HPACK cannot read.
        frame(HEADERS, END_HEADERS | END_STREAM, 1, [0xff; 20]),
    ];
    for bytes in rows {
        let rig = Rig::new().await;
        let mut h2 = H2::connect(&rig).await;
        h2.send(&bytes).await;
        let outcome = h2.outcome(1).await;
        assert!(
            matches!(outcome, Outcome::GoAway(_) | Outcome::Closed),
            "{:?}: {outcome:?}",
            &bytes[..9]
        );
        assert_eq!(rig.backend.bytes(), "");
        rig.still_serves().await;
    }
}

/// RFC 9113 section 3.4: what starts like the preface has to go on like it.
#[tokio::test]
async fn half_a_preface_is_no_http_2() {
    let rig = Rig::new().await;
    rig.refuses(400, "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n").await;
    let mut client = rig.connect().await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    client.send(crate::support::get("/")).await;
    // An HTTP/1 request is no frame.
    client.rest_bytes().await;
    assert_eq!(rig.backend.bytes(), "");
    rig.still_serves().await;
}

/// RFC 9113 section 10.5: frames that ask for nothing, each of which takes work.
#[tokio::test]
async fn frames_that_ask_for_nothing_without_end_end_the_connection() {
    for frame in [
        frame(PING, 0, 0, [0; 8]),
        frame(SETTINGS, 0, 0, []),
        frame(WINDOW_UPDATE, 0, 0, 1_u32.to_be_bytes()),
    ] {
        let rig = Rig::with(Reply::OK, |limits| limits.h2_control_frames = 200).await;
        let mut h2 = H2::connect(&rig).await;
        h2.send(frame.repeat(500)).await;
        loop {
            match h2.read().await {
                Some(frame) if frame.kind == GOAWAY => {
                    assert_eq!(frame.payload[4..8], ENHANCE_YOUR_CALM.to_be_bytes());
                    break;
                }
                Some(_) => {}
                None => panic!("closed without a word"),
            }
        }
        rig.still_serves().await;
    }
}
