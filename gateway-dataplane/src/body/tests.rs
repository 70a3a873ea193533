use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::Instant;

use super::{Body, BodyError, Bounds, Buffered, Copies, buffer, tee};

fn stream(frames: Vec<Frame<Bytes>>) -> Body {
    let frames = frames.into_iter().map(Ok::<_, BodyError>);
    Body::new(StreamBody::new(futures_util::stream::iter(frames)))
}

fn chunk(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

async fn text(body: Body) -> String {
    let bytes = body.collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A body and its copy, which may lag behind by `one` bytes.
fn copied(body: Body, one: usize) -> (Body, Body) {
    tee(body, Bounds { one, all: one }, &Arc::default())
}

#[tokio::test]
async fn a_copy_says_what_the_original_said() {
    let (original, copy) = copied(stream(vec![chunk("a"), chunk("b")]), 10);
    assert_eq!(text(original).await, "ab");
    assert_eq!(text(copy).await, "ab");
}

#[tokio::test]
async fn a_copy_that_lags_too_far_behind_breaks_off_and_leaves_the_original_alone() {
    let (original, copy) = copied(stream(vec![chunk("12345"), chunk("67890")]), 8);
    assert_eq!(text(original).await, "1234567890");
    assert!(copy.collect().await.is_err());
}

#[tokio::test]
async fn a_copy_of_an_abandoned_original_breaks_off() {
    let (original, copy) = copied(stream(vec![chunk("a")]), 8);
    drop(original);
    assert!(copy.collect().await.is_err());
}

#[tokio::test]
async fn a_short_body_can_be_repeated_with_its_trailers() {
    let mut trailers = HeaderMap::new();
    trailers.insert("checksum", "1".parse().unwrap());
    let body = stream(vec![chunk("ab"), Frame::trailers(trailers.clone())]);
    let Buffered::Whole(whole) = buffer(body, 2).await.unwrap() else {
        panic!("two bytes fit in two bytes");
    };
    for _ in 0..2 {
        let collected = whole.body().collect().await.unwrap();
        assert_eq!(collected.trailers(), Some(&trailers));
        assert_eq!(collected.to_bytes(), "ab");
    }
}

#[tokio::test]
async fn a_long_body_is_passed_on_whole() {
    let Buffered::Once(body) = buffer(stream(vec![chunk("ab"), chunk("c")]), 2)
        .await
        .unwrap()
    else {
        panic!("three bytes do not fit in two");
    };
    assert_eq!(text(body).await, "abc");
}

#[tokio::test(start_paused = true)]
async fn a_body_is_cut_at_its_deadline() {
    let limit = Duration::from_secs(1);
    let never = StreamBody::new(futures_util::stream::pending::<
        Result<Frame<Bytes>, BodyError>,
    >());
    let body = Body::new(never).cut_at(Instant::now() + limit, limit);
    let start = Instant::now();
    assert!(body.collect().await.unwrap_err().is_timeout());
    assert_eq!(start.elapsed(), limit);
}

/// One slow mirror leaves room for others only within what all may keep, and gives it back when it is gone.
#[tokio::test]
async fn all_copies_together_are_bounded_and_losses_counted() {
    let copies = Arc::new(Copies::default());
    let start = || {
        tee(
            stream(vec![chunk("12345")]),
            Bounds { one: 5, all: 8 },
            &copies,
        )
    };
    let ((first, kept), (second, lost)) = (start(), start());
    text(first).await;
    text(second).await;
    assert_eq!(copies.lost(), 1);
    assert!(lost.collect().await.is_err());
    drop(kept);
    let (third, copy) = start();
    text(third).await;
    assert_eq!(text(copy).await, "12345");
    assert_eq!(copies.lost(), 1);
}
