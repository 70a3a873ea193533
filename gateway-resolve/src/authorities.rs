//! Certificates of authorities, in ConfigMaps and Secrets.

use gateway_model::{ConfigMap, Kind, ObjectRef};

use crate::gateway::certificates::SECRET_TYPE;
use crate::gateway::key_pair::authorities;
use crate::problem::Problem;
use crate::reader::Reader;

/// The entry of an object that holds certificates of authorities, as PEM.
const ENTRY: &str = "ca.crt";

/// The certificates that a ConfigMap or Secret holds, to which `field` refers; `reason` is given where there are none.
pub(crate) fn certificates<R>(
    object: &ObjectRef,
    reader: &Reader<'_>,
    reason: R,
    field: &str,
) -> Result<Vec<Vec<u8>>, Problem<R>> {
    let pem = match &*object.kind {
        ConfigMap::KIND => of_config_map(object, reader),
        _ => of_secret(object, reader),
    };
    match pem {
        None => {
            let message = format!("{object} does not exist");
            Err(Problem::new(reason, field, message).missing(object.clone()))
        }
        Some(pem) => pem
            .and_then(|pem| authorities(pem).map_err(|error| format!("{ENTRY}: {error}")))
            .map_err(|message| Problem::new(reason, field, format!("{object}: {message}"))),
    }
}

fn of_config_map<'a>(object: &ObjectRef, reader: &Reader<'a>) -> Option<Result<&'a [u8], String>> {
    let map = reader.config_map(object)?;
    let entry = map.data.get(ENTRY).map(|text| text.as_bytes());
    Some(entry.ok_or_else(no_entry))
}

/// Secrets of another type are never read.
fn of_secret<'a>(object: &ObjectRef, reader: &Reader<'a>) -> Option<Result<&'a [u8], String>> {
    let secret = reader.secret(object)?;
    let entry = secret.data.get(ENTRY).map(|bytes| bytes.as_bytes());
    Some(match secret.type_ == SECRET_TYPE {
        true => entry.ok_or_else(no_entry),
        false => Err(format!(
            "expected type {SECRET_TYPE}, found {:?}",
            secret.type_
        )),
    })
}

fn no_entry() -> String {
    format!("expected an entry {ENTRY}, found none")
}
