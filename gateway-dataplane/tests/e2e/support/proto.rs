//! Messages of protobuf, without their definitions.

/// A field of protobuf with a length: one of a message, text or bytes.
pub(crate) fn field(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![tag << 3 | 2, u8::try_from(content.len()).unwrap()];
    bytes.extend(content);
    bytes
}

/// A field of protobuf that is a number.
pub(crate) fn number(tag: u8, value: u16) -> Vec<u8> {
    match u8::try_from(value) {
        Ok(small @ ..0x80) => vec![tag << 3, small],
        _ => vec![tag << 3, (value & 0x7f) as u8 | 0x80, (value >> 7) as u8],
    }
}

/// The contents of the fields with lengths that have this tag.
pub(crate) fn find(message: &[u8], tag: u64) -> Vec<&[u8]> {
    let (mut rest, mut found) = (message, Vec::new());
    while !rest.is_empty() {
        let key = varint(&mut rest);
        match key & 7 {
            0 => drop(varint(&mut rest)),
            2 => {
                let length = varint(&mut rest) as usize;
                let (content, after) = rest.split_at(length);
                rest = after;
                found.extend((key >> 3 == tag).then_some(content));
            }
            other => panic!("wire type {other}"),
        }
    }
    found
}

pub(crate) fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

pub(crate) fn only<'m>(message: &'m [u8], path: &[u64]) -> &'m [u8] {
    path.iter()
        .fold(message, |message, tag| find(message, *tag)[0])
}
