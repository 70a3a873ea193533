//! How far a request may go.

use http::{Method, StatusCode};

use crate::head::{Known, RequestHead};

/// Counts down the `Max-Forwards` of `TRACE` and `OPTIONS` (RFC 9110 section 7.6.2).
///
/// # Errors
/// It goes no further; the status is this hop's answer as the final recipient. `TRACE` is not
/// implemented here, since what it reflects is nobody's business.
pub(crate) fn count_down(head: &mut RequestHead) -> Result<(), StatusCode> {
    let answer = match head.method {
        Method::OPTIONS => StatusCode::OK,
        Method::TRACE => StatusCode::NOT_IMPLEMENTED,
        _ => return Ok(()),
    };
    let left = head.fields.text(Known::MaxForwards);
    match left.and_then(|left| left.parse::<u64>().ok()) {
        Some(0) => Err(answer),
        Some(left) => {
            let left = (left - 1).to_string();
            head.fields.set(Known::MaxForwards, left.as_bytes());
            Ok(())
        }
        // None, or not a number that anyone could count down.
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use http::{Request, StatusCode};

    use super::{RequestHead, count_down};

    fn counted(method: &str, left: &str) -> Result<String, StatusCode> {
        let request = Request::builder().method(method);
        let request = request.header("max-forwards", left).body(()).unwrap();
        let mut head = RequestHead::from(&request.into_parts().0);
        count_down(&mut head)?;
        Ok(head.fields.text("max-forwards").unwrap().to_owned())
    }

    #[test]
    fn each_hop_counts_one_and_the_last_answers() {
        assert_eq!(counted("OPTIONS", "2"), Ok("1".to_owned()));
        assert_eq!(counted("TRACE", "1"), Ok("0".to_owned()));
        assert_eq!(counted("OPTIONS", "0"), Err(StatusCode::OK));
        assert_eq!(counted("TRACE", "0"), Err(StatusCode::NOT_IMPLEMENTED));
    }

    #[test]
    fn other_methods_and_values_are_left_alone() {
        assert_eq!(counted("GET", "0"), Ok("0".to_owned()));
        assert_eq!(counted("OPTIONS", "x"), Ok("x".to_owned()));
        assert_eq!(counted("OPTIONS", "-1"), Ok("-1".to_owned()));
    }
}
