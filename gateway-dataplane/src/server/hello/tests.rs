use proptest::prelude::*;
use tokio::io::{AsyncReadExt, join};

use super::{Hello, NoHello};

const GREASE: u16 = 0x2a2a;
const HANDSHAKE: u8 = 22;

/// `content` after its length in `N` bytes.
fn sized<const N: usize>(content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    [&length[length.len() - N..], content].concat()
}

fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &sized::<2>(content)].concat()
}

/// The server name extension (RFC 6066 section 3).
fn server_name(name: &str) -> Vec<u8> {
    let entry = [&[0][..], &sized::<2>(name.as_bytes())].concat();
    extension(0, &sized::<2>(&entry))
}

/// A key share with as many bytes as X25519MLKEM768 has, after one of GREASE (RFC 8701).
fn key_shares() -> Vec<u8> {
    let share = |group: u16, length| {
        let key = sized::<2>(&vec![7; length]);
        [&group.to_be_bytes()[..], &key].concat()
    };
    let shares = [share(GREASE, 1), share(0x11ec, 1216), share(0x001d, 32)].concat();
    extension(51, &sized::<2>(&shares))
}

/// An outer Encrypted ClientHello (RFC 9849 section 5).
fn encrypted() -> Vec<u8> {
    let suite = [0, 0, 1, 0, 1, 9];
    let content = [&suite[..], &sized::<2>(&[1; 32]), &sized::<2>(&[2; 512])].concat();
    extension(0xfe0d, &content)
}

/// A ClientHello as a browser sends it: GREASE, a post-quantum key share and an encrypted inner one.
fn client_hello(name: Option<&str>) -> Vec<u8> {
    let extensions = [
        extension(GREASE, &[]),
        name.map(server_name).unwrap_or_default(),
        extension(10, &sized::<2>(&[0x2a, 0x2a, 0x11, 0xec, 0, 0x1d])),
        extension(13, &sized::<2>(&[4, 3, 8, 4])),
        extension(43, &sized::<1>(&[0x2a, 0x2a, 3, 4, 3, 3])),
        key_shares(),
        encrypted(),
        extension(0xdada, &[0]),
    ];
    let body = [
        &[3, 3][..],
        &[5; 32],
        &sized::<1>(&[6; 32]),
        &sized::<2>(&[0x2a, 0x2a, 0x13, 1]),
        &sized::<1>(&[0]),
        &sized::<2>(&extensions.concat()),
    ];
    [&[1][..], &sized::<3>(&body.concat())].concat()
}

/// `message` in records of at most `size` bytes.
fn records(message: &[u8], size: usize) -> Vec<u8> {
    let record = |part: &[u8]| [&[HANDSHAKE, 3, 1][..], &sized::<2>(part)].concat();
    message.chunks(size).flat_map(record).collect()
}

/// What is made of `sent`, the bytes of it that were left, and the answer.
async fn read(sent: &[u8], limit: usize) -> (Result<Hello, NoHello>, Vec<u8>, Vec<u8>) {
    let mut stream = join(sent, Vec::new());
    let hello = Hello::read(&mut stream, limit).await;
    let (mut rest, answer) = stream.into_inner();
    let mut left = Vec::new();
    rest.read_to_end(&mut left).await.unwrap();
    (hello, left, answer)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

proptest! {
    /// However it is cut into records, the name is found, the bytes are kept, and what follows stays.
    #[test]
    fn nothing_but_the_client_hello_is_read(size in 1usize..2_500, named: bool) {
        let name = named.then_some("Outer.Example.com");
        let hello = records(&client_hello(name), size);
        let sent = [&hello[..], b"early data"].concat();
        let (read, left, answer) = run(read(&sent, 64 << 10));
        let read = read.unwrap();
        prop_assert!(hello.len() > 1_800);
        prop_assert_eq!(&read.bytes, &hello);
        prop_assert_eq!(left, b"early data");
        prop_assert!(answer.is_empty());
        let want = named.then_some("outer.example.com");
        let hello = read.accepted.client_hello();
        prop_assert_eq!(hello.server_name(), want);
    }

    /// Any bytes lead to an end.
    #[test]
    fn other_bytes_are_refused(sent in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(run(read(&sent, 16 << 10)).0.is_err());
    }
}

/// Each of these is refused as soon as it is known to be wrong, with an alert where one is due.
#[test]
fn what_is_no_client_hello_is_refused_at_once() {
    let whole = records(&client_hello(None), 4_000);
    let alert = |description| vec![21, 3, 3, 0, 2, 2, description];
    let closed = |error: &NoHello| matches!(error, NoHello::Closed(_));
    let bad = |error: &NoHello| matches!(error, NoHello::Bad(_));
    let long = |error: &NoHello| matches!(error, NoHello::TooLong(1_000));
    let (handshake_failure, decode_error, unexpected_message) = (40, 50, 10);
    type Check = fn(&NoHello) -> bool;
    let rows: [(&[u8], Check, Vec<u8>); 5] = [
        (b"", closed, vec![]),
        (&whole[..900], closed, vec![]),
        (b"GET / HTTP/1.1\r\n\r\n", bad, alert(decode_error)),
        (&records(&[20, 0, 0, 0], 4), bad, alert(unexpected_message)),
        (&whole, long, alert(handshake_failure)),
    ];
    for (sent, want, alert) in rows {
        let limit = if sent.len() > 900 { 1_000 } else { 16 << 10 };
        let (refused, _, answer) = run(read(sent, limit));
        let error = refused.err().unwrap();
        assert!(want(&error), "{error:?}");
        assert_eq!(answer, alert, "{error:?}");
    }
}
