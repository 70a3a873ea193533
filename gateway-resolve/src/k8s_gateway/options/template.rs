//! What templates make of a message.

use gateway_model::HeaderName;
use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{
    self, Extraction, ParseBody, TemplateBody, TransformationTemplate,
};

use crate::ir::{
    BodyParsing, BodyTransformation, Captures, Extracted, ExtractionMode, Extractor, MergedKey,
    MetadataValue, Template, Transformation,
};

use super::invalid;

/// Names that HTTP/2 has for what is no header.
const PSEUDO: [&str; 4] = [":path", ":method", ":authority", ":status"];

/// What becomes of a message; `escapes` unless the template says.
pub(super) fn template(
    written: &TransformationTemplate,
    escapes: bool,
) -> Result<Transformation, FieldError> {
    let slashes = written.advanced_templates;
    let (extractors, headers) = (written.extractors.iter(), written.headers.iter());
    let extractors = extractors.map(|(name, one)| {
        let made = extractor(one).map_err(|error| error.within(&format!("extractors.{name}")))?;
        Ok((name.as_str().into(), made))
    });
    let headers = headers.map(|(name, one)| {
        set(name, one, slashes).map_err(|error| error.within(&format!("headers.{name}")))
    });
    let added = written.headers_to_append.iter().enumerate();
    let added = added.map(|(index, one)| {
        append(one, slashes).map_err(|error| error.within(&format!("headersToAppend[{index}]")))
    });
    let removed = written.headers_to_remove.iter();
    let kept = written.dynamic_metadata_values.iter().enumerate();
    let kept = kept.map(|(index, one)| {
        let made = metadata(one, slashes);
        made.map_err(|error| error.within(&format!("dynamicMetadataValues[{index}]")))
    });
    Ok(Transformation {
        extractors: extractors.collect::<Result<_, _>>()?,
        headers: headers.collect::<Result<_, _>>()?,
        remove: removed
            .map(|name| HeaderName::new(name))
            .collect::<Result<_, _>>()
            .map_err(|error| invalid(error).within("headersToRemove"))?,
        append: added.collect::<Result<_, _>>()?,
        metadata: kept.collect::<Result<_, _>>()?,
        body: body(&written.body, slashes)?,
        parsing: parsing(written),
        escapes: written.escape_characters.unwrap_or(escapes),
        extractions_are_variables: !slashes,
    })
}

fn parsing(written: &TransformationTemplate) -> BodyParsing {
    match written.parse_body_behavior {
        ParseBody::DontParse => BodyParsing::Nothing,
        _ if written.ignore_error_on_parse => BodyParsing::JsonIfPossible,
        _ => BodyParsing::Json,
    }
}

fn text(written: &values::InjaTemplate, slashes: bool) -> Result<Template, FieldError> {
    Template::new(&written.text, slashes).map_err(|error| FieldError::new(error.to_string()))
}

fn set(
    name: &str,
    written: &values::InjaTemplate,
    slashes: bool,
) -> Result<(Box<str>, Template), FieldError> {
    let name = match name {
        name if PSEUDO.contains(&name) => name.into(),
        name => HeaderName::new(name).map_err(invalid)?.as_str().into(),
    };
    Ok((name, text(written, slashes)?))
}

fn append(
    written: &values::HeaderToAppend,
    slashes: bool,
) -> Result<(HeaderName, Template), FieldError> {
    let name = HeaderName::new(&written.key).map_err(invalid)?;
    Ok((name, text(&written.value, slashes)?))
}

/// Whose values are that do not say.
const NAMESPACE: &str = "io.solo.transformation";

fn metadata(
    written: &values::DynamicMetadataValue,
    slashes: bool,
) -> Result<MetadataValue, FieldError> {
    let namespace = match written.metadata_namespace.as_str() {
        "" => NAMESPACE,
        namespace => namespace,
    };
    Ok(MetadataValue {
        namespace: namespace.into(),
        key: written.key.as_str().into(),
        value: text(&written.value, slashes)?,
        is_json: written.json_to_proto,
    })
}

fn body(written: &TemplateBody, slashes: bool) -> Result<BodyTransformation, FieldError> {
    match written {
        TemplateBody::Text(written) => {
            let made = text(written, slashes).map_err(|error| error.within("body"))?;
            Ok(BodyTransformation::Text(made))
        }
        TemplateBody::Passthrough => Ok(BodyTransformation::PassThrough),
        TemplateBody::MergeExtractors => Ok(BodyTransformation::MergeExtractors),
        TemplateBody::MergeJsonKeys(_) if slashes => {
            let message = "cannot be used with advancedTemplates";
            Err(FieldError::new(message).within("mergeJsonKeys"))
        }
        TemplateBody::MergeJsonKeys(keys) => {
            let merged = keys.iter().map(|(key, written)| {
                let value = text(&written.tmpl, slashes);
                Ok(MergedKey {
                    key: key.as_str().into(),
                    value: value
                        .map_err(|error| error.within(&format!("mergeJsonKeys.jsonKeys.{key}")))?,
                    even_if_empty: written.override_empty,
                })
            });
            let merged: Result<_, FieldError> = merged.collect();
            Ok(BodyTransformation::MergeKeys(merged?))
        }
        _ => Ok(BodyTransformation::Keep),
    }
}

fn extractor(written: &Extraction) -> Result<Extractor, FieldError> {
    let header = written.header.as_ref();
    let from = header.map(|name| Extracted::Header(name.to_ascii_lowercase().into()));
    let pattern = Captures::new(&written.regex).map_err(|error| invalid(error).within("regex"))?;
    let groups = pattern.regex().captures_len() - 1;
    let group = usize::try_from(written.subgroup).unwrap_or(usize::MAX);
    if group > groups {
        return Err(FieldError::new(format!(
            "group {group} requested for regex with only {groups} sub groups"
        )));
    }
    Ok(Extractor {
        from: from.unwrap_or(Extracted::Body),
        pattern,
        mode: mode(written, group)?,
    })
}

fn mode(written: &Extraction, group: usize) -> Result<ExtractionMode, FieldError> {
    use values::ExtractionMode as Mode;
    let refused = |what: &str| {
        let mode = written.mode.as_str();
        Err(FieldError::new(format!("{what} in {mode} mode")))
    };
    let text = || written.replacement_text.as_deref().map(Into::into);
    match (written.mode, text()) {
        (Mode::Extract, None) => Ok(ExtractionMode::Extract(group)),
        (Mode::Extract, Some(_)) => refused("replacementText must not be set"),
        (_, None) => refused("replacementText must be set"),
        (Mode::SingleReplace, Some(text)) => Ok(ExtractionMode::ReplaceGroup(group, text)),
        (_, Some(_)) if group != 0 => refused("subgroup must be 0"),
        (_, Some(text)) => Ok(ExtractionMode::ReplaceAll(text)),
    }
}
