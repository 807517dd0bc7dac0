use super::{Spool, SpoolError, segment};
use crate::config;

fn config(directory: &std::path::Path) -> config::Spool {
    config::Spool { directory: directory.to_owned(), limit_bytes: 1 << 30, fsync: true }
}

/// Opens with small segments and gives what was found.
fn open(directory: &std::path::Path) -> Result<(Spool, Vec<Vec<u8>>, super::open::Found), SpoolError> {
    let mut records = Vec::new();
    let (spool, found) = Spool::open_sized(&config(directory), 200, |_, payload| {
        records.push(payload.to_vec());
        Ok(())
    })?;
    Ok((spool, records, found))
}

async fn write(spool: &Spool, payload: &[u8]) {
    spool.append(payload.to_vec()).expect("taken").durable().await.expect("durable");
}

#[tokio::test]
async fn a_tail_torn_at_any_byte_is_cut_off_and_nothing_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let payloads: Vec<Vec<u8>> = (0..3u8).map(|n| vec![n; 10 + usize::from(n)]).collect();
    {
        let (spool, ..) = open(folder.path()).expect("opens");
        for payload in &payloads {
            write(&spool, payload).await;
        }
    }
    let whole = std::fs::read(segment::path(folder.path(), 1)).expect("readable");
    for cut in 0..whole.len() {
        let torn = tempfile::tempdir().expect("a folder");
        std::fs::write(segment::path(torn.path(), 1), &whole[..cut]).expect("written");
        let (spool, records, found) = open(torn.path()).expect("opens");
        let mut end = segment::HEADER as usize;
        let kept = payloads
            .iter()
            .take_while(|payload| {
                end += segment::FRAME + payload.len();
                end <= cut
            })
            .count();
        assert_eq!(records, payloads[..kept], "cut at {cut}");
        assert_eq!(found.stopped, None, "cut at {cut}");
        // It goes on behind what was kept.
        write(&spool, b"next").await;
        drop(spool);
        let (_spool, records, found) = open(torn.path()).expect("opens");
        assert_eq!(records.last().map(Vec::as_slice), Some(&b"next"[..]), "cut at {cut}");
        assert_eq!((records.len(), found.torn_bytes), (kept + 1, 0), "cut at {cut}");
    }
}

#[tokio::test]
async fn damage_in_an_older_segment_stops_the_spool_loudly() {
    let folder = tempfile::tempdir().expect("a folder");
    {
        let (spool, ..) = open(folder.path()).expect("opens");
        for n in 0..20u8 {
            write(&spool, &[n; 50]).await;
        }
    }
    let path = segment::path(folder.path(), 1);
    let mut bytes = std::fs::read(&path).expect("readable");
    bytes[60] ^= 1;
    std::fs::write(&path, bytes).expect("written");
    let (spool, _, found) = open(folder.path()).expect("opens");
    assert!(found.stopped.is_some());
    assert!(spool.append(vec![1]).is_err());
    spool.reset().await.expect("empty");
    write(&spool, b"anew").await;
}

#[tokio::test]
async fn the_reader_follows_over_segments_and_deletes_what_is_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let (spool, ..) = open(folder.path()).expect("opens");
    let mut reader = spool.reader().expect("a reader");
    let mut last = 0;
    for n in 0..30u8 {
        write(&spool, &[n; 50]).await;
        let raw = reader.next().await.expect("a record");
        assert_eq!((raw.sequence, raw.payload), (u64::from(n) + 1, vec![n; 50]));
        last = raw.segment;
    }
    assert_eq!(reader.ready().await.expect("no error"), None);
    let before = spool.stored_bytes();
    reader.forget_before(last).expect("deleted");
    assert_eq!(segment::list(folder.path()).expect("readable"), [last]);
    assert!(spool.stored_bytes() < before);
    // A large record is read in pieces.
    write(&spool, &vec![7; 1_000_000]).await;
    assert_eq!(reader.next().await.expect("a record").payload.len(), 1_000_000);
    spool.reset().await.expect("empty");
    assert!(matches!(reader.next().await, Err(SpoolError::Reset)));
}

#[tokio::test]
async fn one_process_at_a_time() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().expect("a folder");
    let (_spool, ..) = open(folder.path()).expect("opens");
    match open(folder.path()) {
        Err(SpoolError::InUse { .. }) => {}
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("opened twice"),
    }
    let mode = std::fs::metadata(segment::path(folder.path(), 1)).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}
