//! The life of a request, from its head to the end of its response.

pub mod headers;
