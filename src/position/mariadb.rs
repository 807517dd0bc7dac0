//! MariaDB's text: `domain-server-number`. A set that isn't a position, such as the difference of two, has intervals that
//! don't begin with the domain's first number; they're written `domain-server-low..high`, which is ours alone.

use super::{Gtid, GtidSource, parse_number};

/// The GTID, and where the interval that it ends begins.
pub(super) fn parse(text: &str) -> Option<(Gtid, u64)> {
    let mut parts = text.trim().splitn(3, '-');
    let (domain, server, numbers) = (parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(domain) || !digits(server) {
        return None;
    }
    let (low, high) = numbers.split_once("..").unwrap_or((numbers, numbers));
    let (low, high) = (parse_number(low)?, parse_number(high)?);
    let gtid = Gtid { source: GtidSource::Domain(domain.parse().ok()?), number: high, server: server.parse().ok()? };
    (low <= high).then_some((gtid, low))
}
