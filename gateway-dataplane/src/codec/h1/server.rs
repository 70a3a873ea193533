//! A client's connection: one request after the other (RFC 9112 section 9).

use std::io;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::future::poll_fn;
use http::{Method, StatusCode, Version};
use tokio::time::timeout;

use super::compose::{
    Asker, Size, fit_interim, keeps_alive, response_decoder, write_interim, write_response,
};
use super::decode::{Chunked, Decoder, Malformed, Piece};
use super::encode::Encoder;
use super::exchange::announced;
use super::parse::{BadHead, HeadLimits};
use super::side::{NoHead, Side};
use crate::head::{Fields, Framing, HeadError, Known, RequestHead, ResponseHead, framing};
use crate::limits::fixed as limits;

/// A client's connection, and the request on it.
pub(crate) struct Client {
    pub(crate) side: Side,
    /// The head of the request.
    pub(crate) head: RequestHead,
    /// The head of the response.
    pub(crate) response: ResponseHead,
    method: Method,
    version: Version,
    /// May another request follow?
    pub(crate) keep_alive: bool,
    /// The client said that no other will.
    said_close: bool,
    /// The client waits to be asked for the body.
    pub(crate) waits: bool,
    /// Trailers may be sent to it.
    takes_trailers: bool,
    limits: HeadLimits,
    rules: Rules,
}

/// How HTTP/1 is spoken with a client, where there is a choice.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules {
    /// A request that has a length and is in chunks as well is refused.
    pub(crate) refuses_two_lengths: bool,
    /// The words of the names of response headers are capitalised.
    pub(crate) capitalises: bool,
}

/// A rest of a request that is read, so that the connection can go on (RFC 9112 section 9.3).
const SHORT_REST: u64 = 64 << 10;

impl Client {
    /// A client on the other end of `side`.
    pub(crate) fn new(side: Side, limits: HeadLimits) -> Self {
        Self {
            side,
            head: RequestHead::default(),
            response: ResponseHead::default(),
            method: Method::GET,
            version: Version::HTTP_11,
            keep_alive: true,
            said_close: false,
            waits: false,
            takes_trailers: false,
            limits,
            rules: Rules::default(),
        }
    }

    /// The same, spoken with by these rules.
    pub(crate) fn by(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// Reads the head of the next request.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), NoHead>> {
        self.side.poll_head(&mut self.head, self.limits, cx)
    }

    /// Finds out what the head that was read says about the connection.
    pub(crate) fn frame(&mut self) -> Result<(), HeadError> {
        let Self { head, .. } = self;
        self.method = head.method.clone();
        self.version = head.version;
        self.keep_alive = keeps_alive(&head.fields, head.version);
        self.said_close = !self.keep_alive;
        self.takes_trailers = head.fields.contains(Known::Te);
        self.waits = false;
        self.side.decoder = Decoder::Done;
        let both = head.fields.contains(Known::TransferEncoding)
            && head.fields.contains(Known::ContentLength);
        if both && head.version == Version::HTTP_11 {
            if self.rules.refuses_two_lengths {
                self.keep_alive = false;
                return Err(HeadError::BothLengths);
            }
            // RFC 9112 section 6.1: the coding counts, and the connection ends with the response.
            head.fields.remove(Known::ContentLength);
            self.keep_alive = false;
        }
        let framed = framing(&mut head.fields, head.version).inspect_err(|_| {
            self.keep_alive = false;
        })?;
        self.side.decoder = match framed {
            Framing::Unsaid | Framing::Length(0) => Decoder::Done,
            Framing::Length(length) => Decoder::Length(length),
            Framing::Chunked => Decoder::Chunked(Chunked::default()),
        };
        let expects = self.head.fields.contains(Known::Expect);
        self.waits = expects && self.version == Version::HTTP_11 && !self.side.decoder.is_done();
        Ok(())
    }

    /// Asks a client that waits for the body of its request, unless some of it came.
    pub(crate) fn ask(&mut self) {
        if std::mem::take(&mut self.waits) && self.side.input.is_empty() {
            self.side.output.put_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }

    /// Passes on an interim response, to clients that know of such (RFC 9110 section 15.2).
    pub(crate) fn pass_on_interim(&mut self) {
        if self.version == Version::HTTP_11 {
            fit_interim(&mut self.response);
            write_interim(&self.response, &mut self.side.output);
        }
    }

    /// Puts the head of the final response down. When what is left of the request is too much to be read,
    /// or may never come, the connection ends with it, and that is said.
    pub(crate) fn respond(&mut self, size: Size) {
        let rest = match self.side.decoder.is_done() {
            true => Some(0),
            false => self.side.decoder.left(),
        };
        // Who was not asked for a body sends it or not; who was answered is not asked any more.
        let unasked = std::mem::take(&mut self.waits);
        self.keep_alive &= !unasked && rest.is_some_and(|rest| rest <= SHORT_REST);
        self.side.announced = announced(&self.response.fields).filter(|_| self.takes_trailers);
        let mut asker = Asker {
            method: &self.method,
            version: self.version,
            keep_alive: self.keep_alive,
            capitalises: self.rules.capitalises,
        };
        self.side.encoder = match self.response.status {
            StatusCode::SWITCHING_PROTOCOLS => {
                write_interim(&self.response, &mut self.side.output);
                Encoder::None
            }
            _ => write_response(&mut self.response, size, &mut asker, &mut self.side.output),
        };
        self.keep_alive = asker.keep_alive;
    }

    /// Answers with the head in `response` and a short text. Returns how much of the text was sent.
    pub(crate) async fn say(&mut self, text: &[u8]) -> io::Result<u64> {
        let size = match text.len() {
            0 => Size::Empty,
            length => Size::Exact(length as u64),
        };
        self.respond(size);
        let text = if self.takes_body() { text } else { &[] };
        self.side.encoder = Encoder::None;
        self.side.output.put_slice(text);
        poll_fn(|cx| self.side.poll_flush(cx)).await?;
        Ok(text.len() as u64)
    }

    /// Does a response have a body for this request?
    pub(crate) fn takes_body(&self) -> bool {
        self.side.encoder != Encoder::None
    }

    /// How the body of the response is framed whose head was read into `response`.
    pub(crate) fn response_decoder(&mut self) -> Result<Decoder, HeadError> {
        response_decoder(&mut self.response, &self.method)
    }

    /// Has the client left? Reads ahead a little to find out.
    pub(crate) fn is_gone(&mut self, cx: &mut Context<'_>) -> bool {
        while self.side.input.len() < limits::READ_AHEAD {
            match self.side.poll_fill(limits::BUFFER, cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(0) | Err(_)) => return true,
                Poll::Ready(Ok(_)) => {}
            }
        }
        false
    }

    /// Reads what is left of the request and forgets it.
    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Malformed>> {
        let side = &mut self.side;
        loop {
            match side.decoder.next(&mut side.input, side.eof)? {
                Piece::End => return Poll::Ready(Ok(())),
                Piece::Data(count) => {
                    side.input.advance(count);
                    side.decoder.consume(count);
                }
                Piece::More => {
                    if ready!(side.poll_fill(limits::BUFFER, cx)).is_err() {
                        return Poll::Ready(Err(Malformed::Eof));
                    }
                }
            }
        }
    }

    /// Closes in stages, for at most `patience`: says that nothing more comes, and reads on, since a reset
    /// could take the response away that is on its way (RFC 9112 section 9.6). A client that sends nothing
    /// more, as it said, needs no such care.
    pub(crate) async fn close(&mut self, patience: Duration) {
        let silent = self.said_close && self.side.decoder.is_done() && self.side.input.is_empty();
        if silent && self.side.is_quiet() {
            return self.part(patience).await;
        }
        // Boxed, as it is rare.
        let _closed_or_given_up = Box::pin(timeout(patience, self.close_in_stages())).await;
    }

    /// Closes with nothing on its way. TLS says so (RFC 8446 section 6.1); for TCP the end of the socket does.
    pub(crate) async fn part(&mut self, patience: Duration) {
        if self.side.stream.tcp().is_none() {
            let parting = poll_fn(|cx| self.side.poll_shutdown(cx));
            let _parted_or_given_up = Box::pin(timeout(patience, parting)).await;
        }
    }

    async fn close_in_stages(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.side.poll_flush(cx)).await?;
        poll_fn(|cx| self.side.poll_shutdown(cx)).await?;
        loop {
            self.side.input.clear();
            if poll_fn(|cx| self.side.poll_fill(limits::BUFFER, cx)).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Gives back what an idle connection does not need.
    pub(crate) fn rest(&mut self) {
        self.side.rest();
        if self.side.input.is_empty() {
            self.head.fields = Fields::new();
            self.response.fields = Fields::new();
        }
    }
}

impl BadHead {
    /// The status of the answer (RFC 6585 section 5).
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::TooLarge | Self::TooMany => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}
