//! A server of the DNS whose answers a test decides.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What is answered to whoever asks for any name.
#[derive(Clone)]
pub(crate) enum Says {
    /// These addresses, which expire after so many seconds.
    Addresses(Vec<Ipv4Addr>, u32),
    /// There is no such name (NXDOMAIN).
    NoSuchName,
    /// The server failed (SERVFAIL).
    Failure,
}

/// A server of the DNS over UDP, which ends when it is dropped.
pub(crate) struct Dns {
    pub(crate) address: SocketAddr,
    says: Arc<Mutex<Says>>,
    asked: watch::Receiver<usize>,
    task: JoinHandle<()>,
}

impl Dns {
    pub(crate) async fn new(says: Says) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let says = Arc::new(Mutex::new(says));
        let (count, asked) = watch::channel(0);
        let answers = Arc::clone(&says);
        let task = tokio::spawn(async move {
            let mut query = [0; 512];
            loop {
                let (len, from) = socket.recv_from(&mut query).await.unwrap();
                let reply = reply(&query[..len], &answers.lock().unwrap());
                count.send_modify(|count| *count += 1);
                socket.send_to(&reply, from).await.unwrap();
            }
        });
        Self {
            address,
            says,
            asked,
            task,
        }
    }

    pub(crate) fn say(&self, says: Says) {
        *self.says.lock().unwrap() = says;
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        *self.asked.borrow()
    }

    /// Waits until it was asked `more` times from now on.
    pub(crate) async fn asked_again(&self, more: usize) {
        let (mut asked, enough) = (self.asked.clone(), self.asked() + more);
        let wait = asked.wait_for(|count| *count >= enough);
        let waited = tokio::time::timeout(Duration::from_secs(20), wait).await;
        waited.expect("it was not asked again").unwrap();
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A reply to a query (RFC 1035 section 4.1): its header and question, and addresses if it asks for those of IPv4.
fn reply(query: &[u8], says: &Says) -> Vec<u8> {
    let name = query[12..].iter().position(|byte| *byte == 0).unwrap();
    let question = &query[12..12 + name + 5];
    let wants_v4 = question[name + 1..name + 3] == [0, 1];
    let (code, addresses, ttl) = match says {
        Says::Addresses(addresses, ttl) if wants_v4 => (0, addresses.as_slice(), *ttl),
        Says::Addresses(..) => (0, [].as_slice(), 0),
        Says::NoSuchName => (3, [].as_slice(), 0),
        Says::Failure => (2, [].as_slice(), 0),
    };
    let count = u8::try_from(addresses.len()).unwrap();
    let mut reply = query[..2].to_vec();
    reply.extend([0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
    reply.extend(question);
    for address in addresses {
        reply.extend([0xc0, 12, 0, 1, 0, 1]);
        reply.extend(ttl.to_be_bytes());
        reply.extend([0, 4]);
        reply.extend(address.octets());
    }
    reply
}
