//! Fields to and from the `http` crate's map.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::fields::Fields;

impl From<&HeaderMap> for Fields {
    fn from(map: &HeaderMap) -> Self {
        let mut fields = Self::new();
        fields.extend(map);
        fields
    }
}

impl<'m> Extend<(&'m HeaderName, &'m HeaderValue)> for Fields {
    fn extend<T: IntoIterator<Item = (&'m HeaderName, &'m HeaderValue)>>(&mut self, fields: T) {
        for (name, value) in fields {
            self.append(name, value.as_bytes());
        }
    }
}

impl From<&Fields> for HeaderMap {
    fn from(fields: &Fields) -> Self {
        let mut map = HeaderMap::with_capacity(fields.len());
        // One allocation for all values.
        let text = bytes::Bytes::copy_from_slice(&fields.text);
        for field in &fields.list {
            let name = HeaderName::from_bytes(field.name.of(&fields.text));
            let value = text.slice(field.value.start as usize..field.value.end as usize);
            let value = HeaderValue::from_maybe_shared(value);
            if let (Ok(name), Ok(value)) = (name, value) {
                map.append(name, value);
            }
        }
        map
    }
}
