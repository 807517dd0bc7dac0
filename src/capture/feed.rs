//! The reading end of the spool as a [`Feed`].

use crate::change::{Backlog, Feed, FeedError, SourceEvent};
use crate::position::GtidSet;

use super::order::Orderer;
use super::record::Record;
use super::spool::{Raw, SpoolError, SpoolReader};

/// Reads the spool from its oldest record and gives out what lies beyond a position.
#[derive(Debug)]
pub struct CaptureFeed {
    reader: SpoolReader,
    orderer: Orderer,
    /// First sequence of the segment that was read last.
    segment: u64,
    /// The spool has stopped, and that was told.
    ended: bool,
}

impl CaptureFeed {
    pub(super) fn new(reader: SpoolReader, from: GtidSet) -> Self {
        Self { reader, orderer: Orderer::new(from), segment: 0, ended: false }
    }

    fn take(&mut self, raw: Raw) -> Result<(), FeedError> {
        let record = Record::decode(&raw.payload)
            .map_err(|error| FeedError { message: format!("record {} of the spool: {error}", raw.sequence) })?;
        self.segment = raw.segment;
        self.orderer.take(raw.sequence, raw.segment, record);
        Ok(())
    }

    /// A spool that has stopped is told once as lost transactions, then as the end of the lane.
    fn failed(&mut self, error: &SpoolError) -> Result<SourceEvent, FeedError> {
        match error {
            SpoolError::Stopped { reason } if !self.ended => {
                self.ended = true;
                Ok(SourceEvent::Lost { reason: reason.to_string() })
            }
            SpoolError::Stopped { .. }
            | SpoolError::InUse { .. }
            | SpoolError::Io { .. }
            | SpoolError::Damaged { .. }
            | SpoolError::Reset => Err(FeedError { message: error.to_string() }),
        }
    }
}

impl Feed for CaptureFeed {
    async fn next(&mut self) -> Result<SourceEvent, FeedError> {
        loop {
            if let Some(event) = self.orderer.pop() {
                return Ok(event);
            }
            match self.reader.next().await {
                Ok(raw) => self.take(raw)?,
                Err(error) => return self.failed(&error),
            }
        }
    }

    async fn ready(&mut self) -> Result<Option<SourceEvent>, FeedError> {
        loop {
            if let Some(event) = self.orderer.pop() {
                return Ok(Some(event));
            }
            match self.reader.ready().await {
                Ok(Some(raw)) => self.take(raw)?,
                Ok(None) => return Ok(None),
                Err(error) => return Err(FeedError { message: error.to_string() }),
            }
        }
    }

    async fn acknowledge(&mut self, applied: &GtidSet) {
        let oldest = self.orderer.acknowledge(applied, self.segment);
        if let Err(error) = self.reader.forget_before(oldest) {
            tracing::warn!(%error, "segments that aren't needed any more couldn't be deleted");
        }
    }

    fn backlog(&self) -> Backlog {
        Backlog { bytes: self.reader.backlog_bytes() }
    }
}
