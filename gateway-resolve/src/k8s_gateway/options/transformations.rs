//! Changes of whole messages, at their places among the stages.

use gateway_model::k8s_gateway::values::{self, StagedTransformations};
use gateway_model::k8s_gateway::{FieldError, Options};

use crate::ir::{
    BodyParsing, BodyTransformation, Origin, RequestTransformation, ResponseTransformation,
    Sourced, Transformation, TransformationStage, Transformations,
};

use super::matchers::{field_match, inverted, matches};
use super::template::template;
use super::{Read, when_read};
use crate::k8s_gateway::merge::Merged;

/// Sets the changes that options come to: those at places, and in place of the `regular` ones that they lack those of
/// `legacy`.
pub(crate) fn set_transformations<O: Options>(
    slot: &mut Option<Box<Sourced<Transformations>>>,
    beside: &mut Vec<Origin>,
    merged: &Merged<O>,
    staged: &Read<StagedTransformations>,
    legacy: &Read<values::Transformations>,
) {
    let mut regular_is_open = true;
    when_read(staged, |field, written| {
        *slot = Some(merged.sourced(field, staged_transformations(written)?));
        regular_is_open = written.regular.is_none();
        Ok(())
    });
    when_read(legacy, |field, written| {
        let made = transformations(written)?;
        match slot {
            None => *slot = Some(merged.sourced(field, made)),
            Some(set) if regular_is_open => {
                set.value.regular = made.regular;
                beside.push(merged.origin(field));
            }
            Some(_) => {}
        }
        Ok(())
    });
}

/// Changes of all requests, and of their responses.
pub(crate) fn transformations(
    written: &values::Transformations,
) -> Result<Transformations, FieldError> {
    let values::Transformations {
        clear_route_cache: reroutes,
        request_transformation: request,
        response_transformation: response,
    } = written;
    let one = RequestTransformation {
        matches: Vec::new(),
        headers: Vec::new(),
        reroutes: *reroutes,
        request: transformation(request.as_ref(), "requestTransformation", false)?,
        response: transformation(response.as_ref(), "responseTransformation", false)?,
    };
    let changes = one.request.is_some() || one.response.is_some();
    let regular = TransformationStage {
        requests: changes.then_some(one).into_iter().collect(),
        responses: Vec::new(),
    };
    Ok(Transformations {
        regular,
        ..Transformations::default()
    })
}

/// Changes at several places.
pub(crate) fn staged_transformations(
    written: &StagedTransformations,
) -> Result<Transformations, FieldError> {
    let StagedTransformations {
        early,
        regular,
        post_routing,
        escape_characters,
    } = written;
    let escapes = escape_characters.unwrap_or(false);
    let made = |written: &Option<values::TransformationStage>, name| {
        let made = written.as_ref().map(|written| stage(written, escapes));
        let made = made.transpose().map_err(|error| error.within(name));
        made.map(Option::unwrap_or_default)
    };
    Ok(Transformations {
        early: made(early, "early")?,
        regular: made(regular, "regular")?,
        last: made(post_routing, "postRouting")?,
    })
}

fn stage(
    written: &values::TransformationStage,
    escapes: bool,
) -> Result<TransformationStage, FieldError> {
    let requests = written.request_transforms.iter().enumerate();
    let requests = requests.map(|(index, one)| {
        of_requests(one, escapes)
            .map_err(|error| error.within(&format!("requestTransforms[{index}]")))
    });
    let responses = written.response_transforms.iter().enumerate();
    let responses = responses.filter_map(|(index, one)| {
        let made = of_responses(one, escapes);
        made.map_err(|error| error.within(&format!("responseTransforms[{index}]")))
            .transpose()
    });
    Ok(TransformationStage {
        requests: requests.collect::<Result<_, _>>()?,
        responses: responses.collect::<Result<_, _>>()?,
    })
}

fn of_requests(
    written: &values::RequestTransform,
    escapes: bool,
) -> Result<RequestTransformation, FieldError> {
    let values::RequestTransform {
        matcher,
        clear_route_cache: reroutes,
        request_transformation: request,
        response_transformation: response,
    } = written;
    let matched = matcher.as_ref().map(|matcher| {
        let headers = inverted(&matcher.headers)?;
        Ok((matches(matcher)?, headers))
    });
    let matched = matched.transpose();
    let (matches, headers) = matched
        .map_err(|error: FieldError| error.within("matcher"))?
        .unwrap_or_default();
    Ok(RequestTransformation {
        matches,
        headers,
        reroutes: *reroutes,
        request: transformation(request.as_ref(), "requestTransformation", escapes)?,
        response: transformation(response.as_ref(), "responseTransformation", escapes)?,
    })
}

/// What changes nothing changes nothing for those after it as well.
fn of_responses(
    written: &values::ResponseTransform,
    escapes: bool,
) -> Result<Option<ResponseTransformation>, FieldError> {
    let headers: Result<Vec<_>, FieldError> = written.matchers.iter().map(field_match).collect();
    let response = written.response_transformation.as_ref();
    let response = transformation(response, "responseTransformation", escapes)?;
    let headers = headers.map_err(|error| error.within("matchers"))?;
    let details = written.response_code_details.as_str();
    let details = (!details.is_empty()).then(|| details.into());
    Ok(response.map(|response| ResponseTransformation {
        headers,
        details,
        response,
    }))
}

fn transformation(
    written: Option<&values::Transformation>,
    name: &str,
    escapes: bool,
) -> Result<Option<Transformation>, FieldError> {
    let made = match written {
        None | Some(values::Transformation::Nothing) => return Ok(None),
        Some(values::Transformation::Template(written)) => {
            template(written, escapes).map_err(|error| error.within("transformationTemplate"))
        }
        Some(values::Transformation::Xslt) => {
            Err(FieldError::new("belongs to another edition").within("xsltTransformation"))
        }
        Some(values::Transformation::HeaderBody(written)) => Ok(Transformation {
            body: BodyTransformation::Message {
                with_target: written.add_request_metadata && name == "requestTransformation",
            },
            parsing: BodyParsing::Nothing,
            ..Transformation::default()
        }),
        Some(_) => Err(FieldError::new("is not honoured here")),
    };
    made.map(Some).map_err(|error| error.within(name))
}
