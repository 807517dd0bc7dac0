//! XA: transactions of which another program decides whether they're committed (manual, section "XA Transactions").

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;

/// Bytes of each of the two parts of a name, at most.
const LONGEST: usize = 64;
/// What names of prepared transactions in PostgreSQL begin with.
const PREFIX: &str = "bascule";

/// The name of a global transaction's branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Xid {
    /// `formatID`, 1 unless it was given.
    pub format: u64,
    /// `gtrid`.
    pub global: Vec<u8>,
    /// `bqual`.
    pub branch: Vec<u8>,
}

impl Xid {
    /// A name; `None` when a part is longer than 64 bytes or the number is beyond MySQL's.
    #[must_use]
    pub fn new(format: u64, global: Vec<u8>, branch: Vec<u8>) -> Option<Self> {
        let fits = global.len() <= LONGEST && branch.len() <= LONGEST && i64::try_from(format).is_ok();
        fits.then_some(Self { format, global, branch })
    }

    /// As PostgreSQL is told: within its 200 bytes, the same for the same name only, and readable again.
    #[must_use]
    pub fn gid(&self) -> String {
        let part = |bytes: &[u8]| BASE64.encode(bytes);
        format!("{PREFIX}:{:x}:{}:{}", self.format, part(&self.global), part(&self.branch))
    }

    /// The name that became `gid`; `None` for prepared transactions that aren't ours.
    #[must_use]
    pub fn from_gid(gid: &str) -> Option<Self> {
        let mut parts = gid.split(':');
        let own = parts.next()? == PREFIX;
        let format = u64::from_str_radix(parts.next()?, 16).ok()?;
        let mut bytes = || BASE64.decode(parts.next()?).ok();
        let (global, branch) = (bytes()?, bytes()?);
        if own && parts.next().is_none() { Self::new(format, global, branch) } else { None }
    }
}

/// One of the XA statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Xa {
    /// XA START; RESUME goes on after XA END.
    Start {
        xid: Xid,
        resume: bool,
    },
    End(Xid),
    Prepare(Xid),
    Commit {
        xid: Xid,
        one_phase: bool,
    },
    Rollback(Xid),
    /// XA RECOVER; CONVERT XID shows the bytes in hexadecimal.
    Recover {
        convert: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back_from_postgresql_as_they_were() {
        let longest = vec![0xFF; LONGEST];
        for (global, branch) in [(b"a".to_vec(), Vec::new()), (Vec::new(), Vec::new()), (longest.clone(), longest)] {
            let xid = Xid::new(i64::MAX as u64, global, branch).expect("a name");
            let gid = xid.gid();
            assert!(gid.len() < 200, "{gid}");
            assert_eq!(Xid::from_gid(&gid), Some(xid));
        }
        assert_eq!(Xid::new(1, vec![0; LONGEST + 1], Vec::new()), None);
        for foreign in ["", "bascule", "bascule:1:YQ", "bascule:x:YQ:", "other:1:YQ:", "bascule:1:YQ::", "bascule:1:?:"]
        {
            assert_eq!(Xid::from_gid(foreign), None, "{foreign}");
        }
    }
}
