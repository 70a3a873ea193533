//! Session persistence of rules (GEP-1619).

use gateway_model::{
    CookieConfig, CookieLifetime, HeaderName, ObjectRef, SessionPersistence, SessionType,
};

use crate::ir::{self, SessionCarrier};

/// How the rule of `route` at `index` keeps sessions; the error is a message.
pub(crate) fn session(
    written: &SessionPersistence,
    route: &ObjectRef,
    index: usize,
) -> Result<ir::SessionPersistence, String> {
    read(written, route, index, true)
}

/// The same, as a policy for its backends says: a cookie has no path of its own there.
pub(crate) fn session_of_policy(
    written: &SessionPersistence,
    route: &ObjectRef,
    index: usize,
) -> Result<ir::SessionPersistence, String> {
    read(written, route, index, false)
}

fn read(
    written: &SessionPersistence,
    route: &ObjectRef,
    index: usize,
    of_route: bool,
) -> Result<ir::SessionPersistence, String> {
    let SessionPersistence {
        session_name,
        absolute_timeout,
        type_,
        cookie_config,
    } = written;
    let name = session_name.clone();
    let name = name.unwrap_or_else(|| default_name(route, index));
    let token = HeaderName::new(&name).map_err(|error| format!("sessionName: {error}"))?;
    let absolute_timeout = absolute_timeout.as_ref().map(|limit| limit.to_std());
    let is_permanent = |config: &CookieConfig| config.lifetime_type == CookieLifetime::Permanent;
    Ok(ir::SessionPersistence {
        carrier: match type_ {
            SessionType::Header => SessionCarrier::Header(token),
            SessionType::Cookie => SessionCarrier::Cookie {
                name: name.into(),
                permanent: cookie_config.as_ref().is_some_and(is_permanent),
                of_route,
            },
        },
        absolute_timeout,
    })
}

/// A name that no other rule has by default, and that tells nothing.
fn default_name(route: &ObjectRef, index: usize) -> String {
    let rule = format!("{route} {index}");
    // FNV-1a.
    let hash = rule.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("session-{hash:016x}")
}
