//! Values as the JSON form of protocol buffers has them.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde::{Serialize, Serializer};

/// A span of time, written as `1.5s`; never negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let expected = "a number of seconds, as in \"1.5s\"";
        span(&text)
            .map(Self)
            .ok_or_else(|| D::Error::invalid_value(Unexpected::Str(&text), &expected))
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let nanos = self.0.subsec_nanos();
        let fraction = format!("{nanos:09}");
        match fraction.trim_end_matches('0') {
            "" => serializer.serialize_str(&format!("{}s", self.0.as_secs())),
            fraction => serializer.serialize_str(&format!("{}.{fraction}s", self.0.as_secs())),
        }
    }
}

/// Seconds with up to nine digits after the point; Go's units are taken as well, as its clients write them.
fn span(text: &str) -> Option<Duration> {
    if let Some(seconds) = text
        .strip_suffix('s')
        .filter(|rest| !rest.ends_with(['m', 'u', 'n', 'µ']))
    {
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if digits(whole) && digits(fraction) && fraction.len() <= 9 && !whole.is_empty() {
            let nanos: u32 = format!("{fraction:0<9}").parse().ok()?;
            return Some(Duration::new(whole.parse().ok()?, nanos));
        }
    }
    crate::Duration::new(text).ok().map(|span| span.to_std())
}

/// A number of up to 64 bits, written as a number or as a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Whole(pub i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(untagged)]
        enum Either {
            Number(i64),
            Text(String),
        }
        match Either::deserialize(deserializer)? {
            Either::Number(number) => Ok(Self(number)),
            Either::Text(text) => text
                .parse()
                .map(Self)
                .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"a whole number")),
        }
    }
}

/// Bytes, written in base64.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bytes(pub Vec<u8>);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        let text = String::deserialize(deserializer)?;
        let decoded = base64::engine::general_purpose::STANDARD.decode(&text);
        let expected = "bytes in base64";
        decoded
            .map(Self)
            .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &expected))
    }
}

/// Says that more than one of some fields is set, which exclude each other.
pub(super) fn at_most_one<E: Error>(fields: &[(&str, bool)]) -> Result<(), E> {
    let set: Vec<_> = fields
        .iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| *name)
        .collect();
    match set.len() {
        0 | 1 => Ok(()),
        _ => Err(E::custom(format_args!(
            "expected one of them, found {}",
            set.join(" and ")
        ))),
    }
}

/// Declares an enumeration whose values are written by name or by number; the first is the default.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $value:ident = $number:literal $written:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$about])* $value,)+ }

        impl Default for $name {
            fn default() -> Self {
                $crate::k8s_gateway::proto::first(&[$(Self::$value),+])
            }
        }

        impl $name {
            /// Its name.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$value => $written,)+ }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use $crate::k8s_gateway::proto::NameOrNumber;
                let found = NameOrNumber::deserialize(deserializer)?;
                match &found {
                    $(NameOrNumber::Number($number) => Ok(Self::$value),)+
                    NameOrNumber::Name(name) => match name.as_str() {
                        $($written => Ok(Self::$value),)+
                        _ => Err(found.unknown(&[$($written),+])),
                    },
                    NameOrNumber::Number(_) => Err(found.unknown(&[$($written),+])),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}
pub(super) use numbered;

/// The first of several values.
pub(super) const fn first<T: Copy>(values: &[T]) -> T {
    values[0]
}

/// A value of an enumeration, as it may be written.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(super) enum NameOrNumber {
    Number(i64),
    Name(String),
}

impl NameOrNumber {
    /// Says that it is none of those that there are.
    pub(super) fn unknown<E: Error>(&self, names: &[&str]) -> E {
        let found = match self {
            Self::Number(number) => number.to_string(),
            Self::Name(name) => format!("{name:?}"),
        };
        E::custom(format_args!(
            "expected one of {}, found {found}",
            names.join(", ")
        ))
    }
}
