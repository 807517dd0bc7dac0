//! OK, EOF and ERR packets as the server sends them: what they say, and the one edit that forwarding makes.
//!
//! Bascule asks MySQL for session trackers that the client may not have asked for. [`OkPacket::for_client`] takes
//! exactly those out again; everything else in the packet stays byte for byte.

use bytes::{BufMut, BytesMut};

use super::constants::{Capabilities, StatusFlags};
use super::reader::{Malformed, Reader, put_lenenc, put_lenenc_bytes};

/// An OK packet, or the OK that ends rows under `CLIENT_DEPRECATE_EOF`. Borrows from the payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OkPacket<'a> {
    /// 0x00, or 0xfe at the end of rows.
    pub header: u8,
    pub affected_rows: u64,
    pub insert_id: u64,
    pub status: StatusFlags,
    pub warnings: u16,
    /// Text such as "Rows matched: 1  Changed: 1  Warnings: 0".
    pub info: &'a [u8],
    /// The trackers, still encoded; empty when there are none.
    pub session_state: &'a [u8],
    /// What follows the warning count, as it came.
    tail: &'a [u8],
}

impl<'a> OkPacket<'a> {
    /// Reads a payload sent by a server that talks with `capabilities`.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(payload: &'a [u8], capabilities: Capabilities) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        let header = reader.u8()?;
        let affected_rows = reader.lenenc()?;
        let insert_id = reader.lenenc()?;
        let status = StatusFlags(reader.u16()?);
        let warnings = reader.u16()?;
        let tail = reader.rest();
        let mut session_state: &[u8] = &[];
        let info = if reader.is_empty() {
            tail
        } else if capabilities.contains(Capabilities::SESSION_TRACK) {
            let info = reader.lenenc_bytes()?;
            if status.contains(StatusFlags::SESSION_STATE_CHANGED) {
                session_state = reader.lenenc_bytes()?;
            }
            info
        } else {
            Reader::new(tail).lenenc_bytes().unwrap_or(tail)
        };
        Ok(Self { header, affected_rows, insert_id, status, warnings, info, session_state, tail })
    }

    /// The trackers in order. A malformed item ends the iteration with an error.
    pub fn trackers(&self) -> impl Iterator<Item = Result<Tracker<'a>, Malformed>> + use<'a> {
        Trackers { reader: Reader::new(self.session_state) }
    }

    /// The trackers in order, each with its bytes.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn reports(&self) -> Result<Vec<(Tracker<'a>, &'a [u8])>, Malformed> {
        let (mut found, mut reader) = (Vec::new(), Reader::new(self.session_state));
        while !reader.is_empty() {
            let before = reader.rest();
            let tracker = Tracker::read(&mut reader)?;
            found.push((tracker, &before[..before.len() - reader.rest().len()]));
        }
        Ok(found)
    }

    /// "Rows matched" of an UPDATE's info text.
    #[must_use]
    pub fn matched_rows(&self) -> Option<u64> {
        let text = std::str::from_utf8(self.info).ok()?;
        let digits = text.strip_prefix("Rows matched: ")?;
        digits.split(' ').next()?.parse().ok()
    }

    /// The payload that a client gets which speaks `client`, with what `keep` says of each tracker; `None` when it's
    /// the payload as it came.
    ///
    /// # Errors
    /// [`Malformed`] when the trackers can't be read.
    pub fn for_client(
        &self,
        client: Capabilities,
        beside: Beside<'_>,
        mut keep: impl FnMut(&Tracker<'a>) -> Kept,
    ) -> Result<Option<BytesMut>, Malformed> {
        let tracks = client.contains(Capabilities::SESSION_TRACK);
        let flagged = self.status.contains(StatusFlags::SESSION_STATE_CHANGED);
        let mut kept = BytesMut::new();
        let mut changed = tracks && flagged && self.session_state.is_empty() && beside.silence;
        let mut edited = flagged && !changed && self.session_state.is_empty();
        if tracks && !beside.reports.is_empty() {
            (changed, edited) = (true, true);
            kept.put_slice(beside.reports);
        }
        for (tracker, bytes) in self.reports()? {
            let decision = if tracks { keep(&tracker) } else { Kept::Nothing };
            edited |= decision != Kept::Whole;
            changed |= decision != Kept::Nothing;
            match decision {
                Kept::Whole => kept.put_slice(bytes),
                Kept::State(state) => put_state(&mut kept, state),
                Kept::Nothing | Kept::Silence => {}
            }
        }
        // What was reported of the trackers' own settings was ours to know; that something changed is the client's.
        changed |= tracks && flagged && beside.retracked;
        if !edited {
            return Ok(None);
        }
        let flag = StatusFlags::SESSION_STATE_CHANGED;
        let status = if changed { self.status.with(flag) } else { self.status.without(flag) };
        let mut out = BytesMut::with_capacity(32 + self.info.len() + kept.len());
        out.put_u8(self.header);
        put_lenenc(&mut out, self.affected_rows);
        put_lenenc(&mut out, self.insert_id);
        out.put_u16_le(status.0);
        out.put_u16_le(self.warnings);
        if changed || !self.info.is_empty() {
            put_lenenc_bytes(&mut out, self.info);
        }
        if changed {
            put_lenenc_bytes(&mut out, &kept);
        }
        Ok(Some(out))
    }
}

/// SESSION_TRACK_TRANSACTION_STATE.
const TRANSACTION_STATE: u8 = 5;

fn put_state(out: &mut BytesMut, state: &[u8]) {
    let mut text = BytesMut::new();
    put_lenenc_bytes(&mut text, state);
    out.put_u8(TRANSACTION_STATE);
    put_lenenc_bytes(out, &text);
}

/// A report of a transaction's state, as [`Beside::reports`] takes it.
#[must_use]
pub fn state_report(state: &[u8]) -> BytesMut {
    let mut out = BytesMut::new();
    put_state(&mut out, state);
    out
}

/// What a client gets that no tracker of the packet says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside<'a> {
    /// The flag that something changed stays when there's no tracker: MySQL sends that, too.
    pub silence: bool,
    /// The statement assigned settings of the trackers.
    pub retracked: bool,
    /// Further reports, which come first.
    pub reports: &'a [u8],
}

/// What a client gets of a tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It, as it came.
    Whole,
    /// This state of the transaction instead.
    State(&'static [u8]),
    /// The flag that something changed, and no word of what.
    Silence,
    /// Nothing.
    Nothing,
}

/// One change of session state that the server reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracker<'a> {
    /// A system variable has a new value.
    Variable { name: &'a [u8], value: &'a [u8] },
    /// The default database is this now.
    Schema(&'a [u8]),
    /// Something changed.
    StateChange,
    /// GTIDs of the commit, as text.
    Gtids(&'a [u8]),
    /// Statements that would begin the open transaction.
    Characteristics(&'a [u8]),
    /// Eight characters that describe the transaction.
    TransactionState(&'a [u8]),
    /// A kind that this version doesn't know.
    Other(u8),
}

impl<'a> Tracker<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, Malformed> {
        let kind = reader.u8()?;
        let mut data = Reader::new(reader.lenenc_bytes()?);
        Ok(match kind {
            0 => Self::Variable { name: data.lenenc_bytes()?, value: data.lenenc_bytes()? },
            1 => Self::Schema(data.lenenc_bytes()?),
            2 => Self::StateChange,
            3 => {
                data.u8()?;
                Self::Gtids(data.lenenc_bytes()?)
            }
            4 => Self::Characteristics(data.lenenc_bytes()?),
            TRANSACTION_STATE => Self::TransactionState(data.lenenc_bytes()?),
            other => Self::Other(other),
        })
    }
}

struct Trackers<'a> {
    reader: Reader<'a>,
}

impl<'a> Iterator for Trackers<'a> {
    type Item = Result<Tracker<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.reader.is_empty() {
            return None;
        }
        let item = Tracker::read(&mut self.reader);
        if item.is_err() {
            self.reader = Reader::new(&[]);
        }
        Some(item)
    }
}

/// The EOF packet of clients without `CLIENT_DEPRECATE_EOF`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EofPacket {
    pub warnings: u16,
    pub status: StatusFlags,
}

impl EofPacket {
    /// Reads a payload of five bytes.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        reader.u8()?;
        Ok(Self { warnings: reader.u16()?, status: StatusFlags(reader.u16()?) })
    }
}

/// An ERR packet. Borrows from the payload. It carries no status flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrPacket<'a> {
    pub code: u16,
    pub sqlstate: &'a [u8],
    pub message: &'a [u8],
}

impl<'a> ErrPacket<'a> {
    /// Reads a payload, with or without an SQLSTATE.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(payload: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        if reader.u8()? != 0xff {
            return Err(Malformed);
        }
        let code = reader.u16()?;
        let mut sqlstate: &[u8] = b"HY000";
        if reader.rest().first() == Some(&b'#') {
            reader.u8()?;
            sqlstate = reader.take(5)?;
        }
        Ok(Self { code, sqlstate, message: reader.rest() })
    }
}

/// The payload of an ERR packet.
#[must_use]
pub fn err(code: u16, sqlstate: &str, message: &str) -> BytesMut {
    let mut out = BytesMut::with_capacity(message.len() + 9);
    out.put_u8(0xff);
    out.put_u16_le(code);
    out.put_u8(b'#');
    out.put_slice(sqlstate.as_bytes());
    out.put_slice(message.as_bytes());
    out
}

/// The payload of an ERR packet in place of a greeting: the client's capabilities aren't known, so MySQL sends no
/// SQLSTATE.
#[must_use]
pub fn err_before_greeting(code: u16, message: &str) -> BytesMut {
    let mut out = BytesMut::with_capacity(message.len() + 3);
    out.put_u8(0xff);
    out.put_u16_le(code);
    out.put_slice(message.as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACK: Capabilities = Capabilities::SESSION_TRACK;
    const SILENCE: Beside<'_> = Beside { silence: true, retracked: false, reports: &[] };

    fn with_trackers(info: &[u8]) -> BytesMut {
        let mut trackers = BytesMut::new();
        trackers.put_slice(&[1, 5, 4]);
        trackers.put_slice(b"shop");
        trackers.put_slice(&[3, 5, 0, 3]);
        trackers.put_slice(b"a:1");
        trackers.put_slice(&[0, 6, 1, b'x', 3]);
        trackers.put_slice(b"off");
        let mut out = BytesMut::from(&[0, 1, 2][..]);
        out.put_u16_le(0x4003);
        out.put_u16_le(4);
        put_lenenc_bytes(&mut out, info);
        put_lenenc_bytes(&mut out, &trackers);
        out
    }

    #[test]
    fn trackers_are_read_in_order() {
        let payload = with_trackers(b"Rows matched: 12  Changed: 3  Warnings: 0");
        let ok = OkPacket::parse(&payload, TRACK).expect("well formed");
        assert_eq!((ok.affected_rows, ok.insert_id, ok.warnings, ok.matched_rows()), (1, 2, 4, Some(12)));
        let found: Result<Vec<_>, _> = ok.trackers().collect();
        let wanted =
            [Tracker::Schema(b"shop"), Tracker::Gtids(b"a:1"), Tracker::Variable { name: b"x", value: b"off" }];
        assert_eq!(found.expect("well formed"), wanted);
    }

    #[test]
    fn a_client_without_trackers_gets_the_packet_without_them() {
        let payload = with_trackers(b"hi");
        let ok = OkPacket::parse(&payload, TRACK).expect("well formed");
        let edited = ok.for_client(Capabilities(0), SILENCE, |_| Kept::Whole).expect("well formed").expect("edited");
        assert_eq!(&edited[..], &[0, 1, 2, 3, 0, 4, 0, 2, b'h', b'i']);
        let bare = with_trackers(b"");
        let ok = OkPacket::parse(&bare, TRACK).expect("well formed");
        let edited = ok.for_client(Capabilities(0), SILENCE, |_| Kept::Whole).expect("well formed").expect("edited");
        assert_eq!(&edited[..], &[0, 1, 2, 3, 0, 4, 0]);
    }

    #[test]
    fn a_client_with_trackers_keeps_those_it_asked_for() {
        let payload = with_trackers(b"hi");
        let ok = OkPacket::parse(&payload, TRACK).expect("well formed");
        assert_eq!(ok.for_client(TRACK, SILENCE, |_| Kept::Whole), Ok(None));
        let schema = |item: &Tracker<'_>| if matches!(item, Tracker::Schema(_)) { Kept::Whole } else { Kept::Nothing };
        let edited = ok.for_client(TRACK, SILENCE, schema).expect("fine").expect("edited");
        let ok = OkPacket::parse(&edited, TRACK).expect("well formed");
        assert_eq!(ok.trackers().collect::<Vec<_>>(), [Ok(Tracker::Schema(b"shop"))]);
        assert!(ok.status.contains(StatusFlags::SESSION_STATE_CHANGED));
        let none = OkPacket::parse(&payload, TRACK).expect("well formed").for_client(TRACK, SILENCE, |_| Kept::Nothing);
        let none = none.expect("fine").expect("edited");
        assert_eq!(OkPacket::parse(&none, TRACK).expect("well formed").status, StatusFlags(3));
    }

    #[test]
    fn a_state_may_be_another_one_and_silence_is_kept_or_not() {
        let payload = [&[0, 0, 0, 3, 0x40, 0, 0, 0][..], &[11, 5, 9, 8], b"T___W___"].concat();
        let ok = OkPacket::parse(&payload, TRACK).expect("well formed");
        let edited =
            ok.for_client(TRACK, Beside::default(), |_| Kept::State(b"T_______")).expect("fine").expect("edited");
        assert_eq!(&edited[..], [&[0, 0, 0, 3, 0x40, 0, 0, 0][..], &[11, 5, 9, 8], b"T_______"].concat());
        let edited = ok.for_client(TRACK, Beside::default(), |_| Kept::Silence).expect("fine").expect("edited");
        assert_eq!(&edited[..], [0, 0, 0, 3, 0x40, 0, 0, 0, 0]);
        let silent = OkPacket::parse(&edited, TRACK).expect("well formed");
        assert_eq!(silent.for_client(TRACK, SILENCE, |_| Kept::Nothing), Ok(None));
        let report = state_report(b"________");
        let told = Beside { silence: false, retracked: false, reports: &report };
        let told = silent.for_client(TRACK, told, |_| Kept::Nothing).expect("fine").expect("edited");
        assert!(told.ends_with(b"\x0b\x05\x09\x08________"), "{told:?}");
        let edited = silent.for_client(TRACK, Beside::default(), |_| Kept::Nothing).expect("fine").expect("edited");
        assert_eq!(&edited[..], [0, 0, 0, 3, 0, 0, 0]);
    }

    #[test]
    fn cut_or_changed_anywhere_nothing_panics() {
        let payload = with_trackers(b"hi");
        for cut in 0..payload.len() {
            for byte in [0, 1, 0xfb, 0xfc, 0xfe, 0xff] {
                let mut changed = payload.clone();
                changed[cut] = byte;
                for bytes in [&payload[..cut], &changed[..]] {
                    if let Ok(ok) = OkPacket::parse(bytes, TRACK) {
                        let _ = ok.trackers().count();
                        let _ = ok.for_client(TRACK, SILENCE, |_| Kept::Nothing);
                    }
                }
            }
        }
    }

    #[test]
    fn errors_are_read_with_and_without_sqlstate() {
        let payload = err(1045, "28000", "Access denied");
        let parsed = ErrPacket::parse(&payload).expect("well formed");
        assert_eq!((parsed.code, parsed.sqlstate, parsed.message), (1045, &b"28000"[..], &b"Access denied"[..]));
        let parsed = ErrPacket::parse(b"\xff\x10\x04Too many").expect("well formed");
        assert_eq!((parsed.code, parsed.message), (1040, &b"Too many"[..]));
    }
}
