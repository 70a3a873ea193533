//! What rate-limit servers are told.

use gateway_model::HeaderName;
use gateway_model::k8s_gateway::FieldError;
use gateway_model::k8s_gateway::values::{
    DescribedMetadata, DescriptorHeaderMatch, MetadataSource, NumberRange, RateLimitAction,
    RateLimitActions, RateLimits,
};

use crate::ir::{
    DescriptorEntry, FieldMatch, FieldTest, Pattern, RateLimitDescriptors, TextMatch, TextMatchKind,
};

use super::invalid;

/// The descriptors of limits; `None` when there are none.
pub(super) fn descriptors(
    written: &RateLimits,
) -> Result<Option<RateLimitDescriptors>, FieldError> {
    let all = written.rate_limits.iter();
    let all = all
        .filter(|limit| !limit.actions.is_empty())
        .map(descriptor);
    let descriptors: Vec<_> = all
        .collect::<Result<_, _>>()
        .map_err(|error| error.within("rateLimits"))?;
    let says = !descriptors.is_empty() || written.include_vh_rate_limits;
    Ok(says.then_some(RateLimitDescriptors {
        descriptors,
        includes_host: written.include_vh_rate_limits,
    }))
}

fn descriptor(written: &RateLimitActions) -> Result<Vec<DescriptorEntry>, FieldError> {
    let entries: Result<_, _> = written.actions.iter().map(entry).collect();
    entries.map_err(|error: FieldError| error.within("actions"))
}

fn entry(written: &RateLimitAction) -> Result<DescriptorEntry, FieldError> {
    Ok(match written {
        RateLimitAction::DestinationCluster(_) => DescriptorEntry::Backend,
        RateLimitAction::RemoteAddress(_) => DescriptorEntry::ClientAddress,
        RateLimitAction::RequestHeaders(header) => {
            let name = HeaderName::new(&header.header_name).map_err(invalid)?;
            DescriptorEntry::Header(name, header.descriptor_key.as_str().into())
        }
        RateLimitAction::GenericKey(key) => {
            let value = key.descriptor_value.as_str();
            DescriptorEntry::Fixed("generic_key".into(), value.into())
        }
        RateLimitAction::HeaderValueMatch(matched) => DescriptorEntry::IfHeaders {
            value: matched.descriptor_value.as_str().into(),
            expected: matched.expect_match.unwrap_or(true),
            headers: matched
                .headers
                .iter()
                .map(header_match)
                .collect::<Result<_, _>>()?,
        },
        RateLimitAction::SourceCluster(_) => return Err(unknown("sourceCluster")),
        RateLimitAction::Metadata(metadata) => rule_metadata(metadata)?,
        _ => return Err(FieldError::new("is not honoured here")),
    })
}

fn rule_metadata(written: &DescribedMetadata) -> Result<DescriptorEntry, FieldError> {
    if written.source != MetadataSource::RouteEntry {
        return Err(FieldError::new("is not honoured here").within("metadata.source"));
    }
    let path = written.metadata_key.path.iter().map(|segment| &segment.key);
    let path = std::iter::once(&written.metadata_key.key).chain(path);
    let otherwise = written.default_value.as_str();
    Ok(DescriptorEntry::RuleMetadata {
        key: written.descriptor_key.as_str().into(),
        path: path.map(|key| key.as_str().into()).collect(),
        otherwise: (!otherwise.is_empty()).then(|| otherwise.into()),
    })
}

fn unknown(action: &str) -> FieldError {
    FieldError::new("is not honoured here").within(action)
}

fn header_match(written: &DescriptorHeaderMatch) -> Result<FieldMatch, FieldError> {
    let text = |kind| {
        FieldTest::Text(TextMatch {
            kind,
            ignores_case: false,
        })
    };
    let mut inverted = written.invert_match;
    let test = match written {
        DescriptorHeaderMatch {
            exact_match: Some(exact),
            ..
        } => text(TextMatchKind::Exact(exact.as_str().into())),
        DescriptorHeaderMatch {
            prefix_match: Some(prefix),
            ..
        } => text(TextMatchKind::Prefix(prefix.as_str().into())),
        DescriptorHeaderMatch {
            suffix_match: Some(suffix),
            ..
        } => text(TextMatchKind::Suffix(suffix.as_str().into())),
        DescriptorHeaderMatch {
            regex_match: Some(regex),
            ..
        } => text(TextMatchKind::Pattern(
            Pattern::new(regex).map_err(invalid)?,
        )),
        DescriptorHeaderMatch {
            range_match: Some(NumberRange { start, end }),
            ..
        } => FieldTest::Number(start.0, end.0),
        DescriptorHeaderMatch { present_match, .. } => {
            inverted ^= *present_match == Some(false);
            FieldTest::Present
        }
    };
    Ok(FieldMatch {
        name: HeaderName::new(&written.name)
            .map_err(invalid)?
            .as_str()
            .to_ascii_lowercase()
            .into(),
        test,
        inverted,
    })
}
