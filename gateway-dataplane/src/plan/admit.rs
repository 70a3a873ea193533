//! Filters of an embedder's own, before a request is routed and after.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode};

use super::answer::{self, Answer, Language};
use super::{Planner, route};
use crate::ConnectionInfo;
use crate::admit::{Entering, Stages};
use crate::head::{RequestHead, ResponseHead};
use crate::observe::Reason;
use crate::table::CompiledRule;

impl Planner {
    /// Has a request pass the filters that stand before routing, with its head in canonical form.
    ///
    /// # Errors
    /// It is answered at once.
    pub async fn receive(
        &self,
        stages: &Stages,
        connection: &ConnectionInfo,
        mut entering: Entering<'_>,
    ) -> Result<(), Answer> {
        let language = Language::of(entering.head);
        route::canonical(entering.head).map_err(|answer| answer.told(language))?;
        let passed = stages.pass(None, &mut entering, None, connection).await;
        passed
            .map(drop)
            .map_err(|refusal| refused(*refusal).told(language))
    }

    /// The same without waiting, for a request of which only the head is at hand. A filter that has to wait, or takes
    /// more than the head, lets nothing pass.
    ///
    /// # Errors
    /// It is answered at once.
    pub fn receive_now(
        &self,
        stages: &Stages,
        connection: &ConnectionInfo,
        head: &mut RequestHead,
    ) -> Result<(), Answer> {
        let language = Language::of(head);
        route::canonical(head).map_err(|answer| answer.told(language))?;
        let passed = stages.pass_now(head, None, connection);
        passed.map_err(|failed| failed.map_or_else(unasked, |r| refused(*r)).told(language))
    }

    /// Has a request pass the [stages](CompiledRule::stages) of its rule: after [`route`](Self::route), before
    /// [`prepare`](Self::prepare). The time that this takes is up to the caller.
    ///
    /// # Errors
    /// It is answered at once.
    pub async fn admit<B>(
        &self,
        rule: &CompiledRule<B>,
        connection: &ConnectionInfo,
        mut entering: Entering<'_>,
    ) -> Result<(), Answer> {
        let Some(stages) = rule.stages() else {
            return Ok(());
        };
        let marks = Marks::new(rule, entering.head);
        let passed = stages
            .pass(None, &mut entering, Some(rule.ir()), connection)
            .await;
        passed
            .map(drop)
            .map_err(|refusal| marks.put_on(refused(*refusal)))
    }

    /// The same without waiting, for a request of which only the head is at hand. A stage that has to wait, or takes
    /// more than the head, lets nothing pass; nor does a rule that [nobody guards](CompiledRule::is_unguarded).
    ///
    /// # Errors
    /// It is answered at once.
    pub fn admit_now<B>(
        &self,
        rule: &CompiledRule<B>,
        connection: &ConnectionInfo,
        head: &mut RequestHead,
    ) -> Result<(), Answer> {
        let marks = Marks::new(rule, head);
        if rule.is_unguarded() {
            return Err(marks.put_on(unasked()));
        }
        let Some(stages) = rule.stages() else {
            return Ok(());
        };
        let passed = stages.pass_now(head, Some(rule.ir()), connection);
        passed.map_err(|failed| marks.put_on(failed.map_or_else(unasked, |r| refused(*r))))
    }
}

/// The answer where somebody would have to be asked.
fn unasked() -> Answer {
    answer::status(StatusCode::INTERNAL_SERVER_ERROR, Reason::Denied)
}

/// What a stage answers. Without a body, it is what the gateway says itself of such a status.
pub(crate) fn refused(refusal: Response<Bytes>) -> Answer {
    let (parts, text) = refusal.into_parts();
    let reason = parts.extensions.get().copied().unwrap_or(Reason::Denied);
    if text.is_empty() && parts.headers.is_empty() {
        return answer::status(parts.status, reason);
    }
    Answer {
        text,
        ..Answer::bodiless(ResponseHead::from(&parts), reason)
    }
}

/// What answers in place of a backend's get from the rule.
pub(crate) struct Marks<'r, B> {
    rule: &'r CompiledRule<B>,
    language: Language,
    origin: Option<HeaderValue>,
}

impl<'r, B> Marks<'r, B> {
    /// As the head asks for, before it is edited.
    pub(crate) fn new(rule: &'r CompiledRule<B>, head: &RequestHead) -> Self {
        let cors = rule.filters().cors();
        Self {
            rule,
            language: Language::of(head),
            origin: cors.and_then(|cors| cors.allowed_origin(&head.fields)),
        }
    }

    pub(crate) fn put_on(&self, answer: Answer) -> Answer {
        let mut answer = answer.told(self.language);
        let fields = &mut answer.head.fields;
        if let Some(cors) = self.rule.filters().cors() {
            cors.mark(fields, self.origin.as_ref());
        }
        self.rule.filters().edit_response(fields);
        answer
    }
}
