//! Where a reply ends: a machine beside the bytes that a server sends in answer to one command.
//!
//! It's fed with whatever has arrived, in pieces of any size, and answers what may be sent on at once (rows, column
//! definitions, continuations of large packets: their contents never matter) and which packets must be looked at
//! whole (OK, ERR, EOF, the head of a result: they're small). It never needs a row in memory.
//!
//! # The rules, as measured on MySQL 9.7.4
//! * A packet of 0xff_ff_ff bytes is continued by the next one, whatever that one's first byte is.
//! * Among rows, 0xfe begins a long string only if the packet is of full length; else it ends the rows. The end is an
//!   OK packet under `CLIENT_DEPRECATE_EOF` and an EOF packet of five bytes otherwise.
//! * 0xfb at the start of a result asks for a local file; the client sends it, and the result starts again.
//! * With optional metadata a flag follows the column count; without metadata no definitions follow, but the EOF
//!   packets that would end them do.
//! * EXECUTE with a cursor: definitions and then the end with `SERVER_STATUS_CURSOR_EXISTS`, in place of rows.
//! * `SERVER_MORE_RESULTS_EXISTS` starts another result; ERR ends everything. Where EOF packets end the values of OUT
//!   parameters, only the first of the two says that an OK follows.

use super::constants::{Capabilities, Command, StatusFlags};
use super::packet::{HEADER_LENGTH, Header, MAX_PAYLOAD};
use super::reader::{Malformed, Reader};
use super::reply::{EofPacket, OkPacket};

/// What to do with the front of the bytes that were fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes may be sent on; nothing in them needs a look.
    Pass(usize),
    /// The first bytes are one whole packet, header included, of this kind.
    Packet { length: usize, kind: Kind },
    /// Nothing can be said before more bytes arrive.
    More,
}

/// Packets that are handed over whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// OK, in place of a result or, with header 0xfe, at the end of rows.
    Ok,
    /// EOF at the end of rows, of definitions when a cursor was opened, or in place of OK.
    Eof,
    /// EOF between definitions and rows.
    DefinitionsEnd,
    /// ERR: the reply is over.
    Err,
    /// The head of PREPARE's answer, with the statement's id.
    Prepared,
    /// The server asks for a local file: the client's packets come next, then this reply goes on.
    LocalInfile,
}

/// What a command's reply looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyShape {
    /// The server says nothing.
    None,
    /// OK, ERR, rows, or several of these.
    Results,
    /// OK, EOF or ERR.
    Simple,
    /// The answer to PREPARE.
    Prepare,
    /// Rows without definitions before them: FETCH and FIELD_LIST.
    Rows,
    /// One packet of text: STATISTICS.
    Text,
    /// An authentication exchange: CHANGE_USER. The tracker isn't for it.
    Authentication,
    /// The connection changes its nature: replication streams and cloning. Bytes go both ways from now on.
    Stream,
}

impl ReplyShape {
    /// The shape of the reply to `command`; commands that the protocol doesn't define are answered by an ERR.
    #[must_use]
    pub const fn of(command: Option<Command>) -> Self {
        let Some(command) = command else { return Self::Simple };
        match command {
            Command::Quit | Command::StmtClose | Command::StmtSendLongData => Self::None,
            Command::Query | Command::StmtExecute | Command::ProcessInfo => Self::Results,
            Command::StmtPrepare => Self::Prepare,
            Command::StmtFetch | Command::FieldList => Self::Rows,
            Command::Statistics => Self::Text,
            Command::ChangeUser => Self::Authentication,
            Command::BinlogDump
            | Command::BinlogDumpGtid
            | Command::TableDump
            | Command::Clone
            | Command::SubscribeGroupReplication => Self::Stream,
            Command::Sleep
            | Command::InitDb
            | Command::CreateDb
            | Command::DropDb
            | Command::Refresh
            | Command::Shutdown
            | Command::Connect
            | Command::ProcessKill
            | Command::Debug
            | Command::Ping
            | Command::Time
            | Command::DelayedInsert
            | Command::ConnectOut
            | Command::RegisterSlave
            | Command::StmtReset
            | Command::SetOption
            | Command::Daemon
            | Command::ResetConnection => Self::Simple,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first packet of a result.
    Start,
    /// So many definitions follow.
    Definitions(u64),
    /// The EOF after the definitions.
    DefinitionsEnd,
    Rows,
    PrepareStart,
    /// So many definitions or EOF packets follow and then the reply is over.
    Counted(u64),
    Simple,
    Text,
    Done,
}

/// How one packet is treated.
#[derive(Clone, Copy)]
enum Treatment {
    Skim,
    Whole(Kind),
    /// Whole, and sent on without a look: the column count.
    Head,
}

/// The machine for one reply.
#[derive(Clone, Debug)]
pub struct ReplyTracker {
    capabilities: Capabilities,
    state: State,
    /// Bytes of the present packet, header included, that haven't been passed yet.
    remaining: usize,
    /// The next packet continues the present payload.
    continued: bool,
    /// Of the last OK or EOF packet.
    status: Option<StatusFlags>,
    /// The rows under way are values of OUT parameters, and something follows them.
    out_parameters: bool,
}

impl ReplyTracker {
    /// A machine for the reply to a command of this shape, on a connection with `capabilities`.
    #[must_use]
    pub const fn new(shape: ReplyShape, capabilities: Capabilities) -> Self {
        let state = match shape {
            ReplyShape::None => State::Done,
            ReplyShape::Results => State::Start,
            ReplyShape::Prepare => State::PrepareStart,
            ReplyShape::Rows => State::Rows,
            ReplyShape::Text => State::Text,
            ReplyShape::Simple | ReplyShape::Authentication | ReplyShape::Stream => State::Simple,
        };
        Self { capabilities, state, remaining: 0, continued: false, status: None, out_parameters: false }
    }

    /// True once the reply is complete and every byte of it was passed.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done && self.remaining == 0 && !self.continued
    }

    /// True between packets: nothing of a packet has been passed without its rest.
    #[must_use]
    pub const fn at_packet_boundary(&self) -> bool {
        self.remaining == 0
    }

    /// The status flags of the last OK or EOF packet, if there was one. ERR carries none.
    #[must_use]
    pub const fn status(&self) -> Option<StatusFlags> {
        self.status
    }

    /// Looks at what has arrived and not been consumed. After [`Step::Pass`] and [`Step::Packet`] the caller drops
    /// that many bytes from the front of `input` before it calls again.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes can't be a reply to this command. The connection can't be used any more.
    pub fn step(&mut self, input: &[u8]) -> Result<Step, Malformed> {
        let mut passed = 0;
        loop {
            let rest = input.get(passed..).unwrap_or_default();
            if self.remaining > 0 {
                let now = self.remaining.min(rest.len());
                self.remaining -= now;
                passed += now;
                if self.remaining > 0 {
                    break;
                }
                continue;
            }
            if self.is_done() {
                break;
            }
            if !self.continued {
                passed += self.run(rest);
            }
            let rest = input.get(passed..).unwrap_or_default();
            let Some((length, treatment)) = self.look(rest)? else { break };
            match treatment {
                Treatment::Skim => {
                    self.skim(length);
                    self.remaining = HEADER_LENGTH + length;
                }
                Treatment::Whole(_) | Treatment::Head if rest.len() < HEADER_LENGTH + length => break,
                Treatment::Head => {
                    self.head(&rest[HEADER_LENGTH..HEADER_LENGTH + length])?;
                    passed += HEADER_LENGTH + length;
                }
                Treatment::Whole(_) if passed > 0 => break,
                Treatment::Whole(kind) => {
                    let kind = self.whole(kind, &rest[HEADER_LENGTH..HEADER_LENGTH + length])?;
                    return Ok(Step::Packet { length: HEADER_LENGTH + length, kind });
                }
            }
        }
        Ok(if passed > 0 { Step::Pass(passed) } else { Step::More })
    }

    /// Passes definitions and rows that are there whole, and says how many bytes they have.
    fn run(&mut self, input: &[u8]) -> usize {
        let mut passed = 0;
        if let State::Definitions(left) = self.state {
            let (bytes, count) = ordinary(input, left);
            passed = bytes;
            self.state = if count == left { self.after_definitions() } else { State::Definitions(left - count) };
        }
        if self.state == State::Rows {
            passed += ordinary(input.get(passed..).unwrap_or_default(), u64::MAX).0;
        }
        passed
    }

    /// Decides by a packet's header and first byte what is done with it; `None` while they aren't there.
    fn look(&self, rest: &[u8]) -> Result<Option<(usize, Treatment)>, Malformed> {
        let Some(header) = Header::peek(rest) else { return Ok(None) };
        if self.continued || header.length == 0 {
            return if self.continued { Ok(Some((header.length, Treatment::Skim))) } else { Err(Malformed) };
        }
        let Some(&first) = rest.get(HEADER_LENGTH) else { return Ok(None) };
        let treatment = self.treatment(first, header.length)?;
        if header.length == MAX_PAYLOAD && !matches!(treatment, Treatment::Skim) {
            return Err(Malformed);
        }
        Ok(Some((header.length, treatment)))
    }

    fn treatment(&self, first: u8, length: usize) -> Result<Treatment, Malformed> {
        if first == 0xff && length < MAX_PAYLOAD && self.state != State::Text {
            return Ok(Treatment::Whole(Kind::Err));
        }
        let end = if self.deprecate_eof() { Kind::Ok } else { Kind::Eof };
        match (self.state, first) {
            (State::Start, 0x00) => Ok(Treatment::Whole(Kind::Ok)),
            (State::Start, 0xfb) => Ok(Treatment::Whole(Kind::LocalInfile)),
            (State::Start, 0xfe) if length < 9 => Ok(Treatment::Whole(end)),
            (State::Start, _) => Ok(Treatment::Head),
            (State::Definitions(_) | State::Counted(_), _) => Ok(Treatment::Skim),
            (State::DefinitionsEnd, 0xfe) => Ok(Treatment::Whole(Kind::Eof)),
            (State::Rows, 0xfe) if length < MAX_PAYLOAD => Ok(Treatment::Whole(end)),
            (State::Rows, _) => Ok(Treatment::Skim),
            (State::PrepareStart, 0x00) => Ok(Treatment::Whole(Kind::Prepared)),
            (State::Simple, 0x00) => Ok(Treatment::Whole(Kind::Ok)),
            (State::Simple, 0xfe) => Ok(Treatment::Whole(end)),
            (State::Text, _) => Ok(Treatment::Skim),
            (State::DefinitionsEnd | State::PrepareStart | State::Simple | State::Done, _) => Err(Malformed),
        }
    }

    /// Moves on after a packet, or part of a large payload, that is passed without a look.
    fn skim(&mut self, length: usize) {
        let begins = !std::mem::replace(&mut self.continued, length == MAX_PAYLOAD);
        if !begins {
            return;
        }
        self.state = match self.state {
            State::Definitions(left) if left > 1 => State::Definitions(left - 1),
            State::Definitions(_) => self.after_definitions(),
            State::Counted(left) if left > 1 => State::Counted(left - 1),
            State::Counted(_) | State::Text => State::Done,
            same => same,
        };
    }

    fn after_definitions(&self) -> State {
        if self.deprecate_eof() { State::Rows } else { State::DefinitionsEnd }
    }

    const fn deprecate_eof(&self) -> bool {
        self.capabilities.contains(Capabilities::DEPRECATE_EOF)
    }

    /// Reads the column count of a result.
    fn head(&mut self, payload: &[u8]) -> Result<(), Malformed> {
        let mut reader = Reader::new(payload);
        let columns = reader.lenenc()?;
        let described = !self.capabilities.contains(Capabilities::OPTIONAL_RESULTSET_METADATA)
            || reader.is_empty()
            || reader.u8()? != 0;
        self.state = if described && columns > 0 { State::Definitions(columns) } else { self.after_definitions() };
        Ok(())
    }

    /// Moves on after a packet that is handed over whole.
    fn whole(&mut self, kind: Kind, payload: &[u8]) -> Result<Kind, Malformed> {
        match kind {
            Kind::Err => self.state = State::Done,
            Kind::LocalInfile => self.state = State::Start,
            Kind::Prepared => self.state = self.prepared(payload)?,
            Kind::Ok => self.ended(OkPacket::parse(payload, self.capabilities)?.status),
            Kind::Eof | Kind::DefinitionsEnd => {
                self.ended(EofPacket::parse(payload)?.status);
                return Ok(if self.state == State::Rows { Kind::DefinitionsEnd } else { Kind::Eof });
            }
        }
        Ok(kind)
    }

    fn ended(&mut self, status: StatusFlags) {
        self.status = Some(status);
        let between = self.state == State::DefinitionsEnd;
        let more = status.contains(StatusFlags::MORE_RESULTS_EXISTS);
        let more = if between {
            self.out_parameters = more && status.contains(StatusFlags::PS_OUT_PARAMS);
            false
        } else {
            std::mem::take(&mut self.out_parameters) || more
        };
        self.state = if between && !status.contains(StatusFlags::CURSOR_EXISTS) {
            State::Rows
        } else if more && self.state != State::Simple {
            State::Start
        } else {
            State::Done
        };
    }

    /// Counts what follows the head of PREPARE's answer: definitions, and an EOF packet after each group that isn't
    /// empty.
    fn prepared(&self, payload: &[u8]) -> Result<State, Malformed> {
        let head = PreparedHead::parse(payload)?;
        let group = |count: u16| {
            if count == 0 {
                return 0;
            }
            u64::from(count) * u64::from(head.described) + u64::from(!self.deprecate_eof())
        };
        let packets = group(head.parameters) + group(head.columns);
        Ok(if packets > 0 { State::Counted(packets) } else { State::Done })
    }
}

/// The bytes and the number of packets at the front of `input`, `most` at most, that are there whole and can be nothing but
/// definitions or rows. Answers are made of them, so this is the loop that a result's length goes through.
fn ordinary(input: &[u8], most: u64) -> (usize, u64) {
    let (mut at, mut count) = (0, 0);
    while count < most
        && let Some([low, middle, high, _, first]) = input.get(at..).and_then(<[u8]>::first_chunk)
    {
        let length = usize::from(*low) | usize::from(*middle) << 8 | usize::from(*high) << 16;
        let next = at + HEADER_LENGTH + length;
        if *first >= 0xfe || length == 0 || length == MAX_PAYLOAD || next > input.len() {
            break;
        }
        (at, count) = (next, count + 1);
    }
    (at, count)
}

/// The head of PREPARE's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreparedHead {
    /// The statement's id on this connection.
    pub id: u32,
    pub columns: u16,
    pub parameters: u16,
    /// Definitions follow; false only with optional metadata switched off.
    pub described: bool,
}

impl PreparedHead {
    /// Reads the payload.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(payload: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(payload);
        if reader.u8()? != 0 {
            return Err(Malformed);
        }
        let id = reader.u32()?;
        let columns = reader.u16()?;
        let parameters = reader.u16()?;
        reader.take(3)?;
        let described = reader.u8().unwrap_or(1) != 0;
        Ok(Self { id, columns, parameters, described })
    }
}

#[cfg(test)]
mod tests;
