//! Slashes in paths that are escaped or repeated.

use gateway_resolve::ir::EscapedSlashes;
use http::StatusCode;

use crate::head::{Known, RequestHead, ResponseHead, slashes};
use crate::observe::Reason;
use crate::plan::Answer;
use crate::plan::answer::status;

/// Makes one slash of several, and plain ones of those that are escaped; the answer to a request that goes no further.
pub(super) fn settle(
    escaped: EscapedSlashes,
    merges: bool,
    head: &mut RequestHead,
) -> Option<Answer> {
    let has_escaped = escaped != EscapedSlashes::Kept && slashes::has_escaped(head.path());
    if has_escaped && escaped == EscapedSlashes::Refused {
        return Some(status(StatusCode::BAD_REQUEST, Reason::Invalid));
    }
    let mut path = None;
    if has_escaped {
        path = Some(slashes::unescaped(head.path()));
    }
    if merges && path.as_deref().unwrap_or(head.path()).contains("//") {
        path = Some(slashes::single(path.as_deref().unwrap_or(head.path())));
    }
    let mut target = slashes::without_dots(path?);
    if let Some(query) = head.query() {
        target.push('?');
        target.push_str(query);
    }
    if has_escaped && escaped == EscapedSlashes::Redirected {
        return Some(redirect(&target));
    }
    head.set_target(&target);
    None
}

/// Two slashes at the beginning would lead to another host (RFC 3986 section 4.2).
fn redirect(target: &str) -> Answer {
    let target = format!("/{}", target.trim_start_matches('/'));
    let mut head = ResponseHead::new(StatusCode::TEMPORARY_REDIRECT);
    head.fields.append(Known::Location, target.as_bytes());
    Answer::bodiless(head, Reason::Redirect)
}
