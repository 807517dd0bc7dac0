//! Messages read from bytes, without a server.

use bytes::{Bytes, BytesMut};

use super::backend;
use super::row::Row;

#[test]
fn rows_keep_nulls_apart_from_empty_text() {
    let body: &[u8] = &[0, 3, 0, 0, 0, 2, b'4', b'2', 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0];
    let row = Row::parse(Bytes::from_static(body)).expect("well formed");
    assert_eq!(
        (row.len(), row.get(0), row.get(1), row.get(2), row.get(3)),
        (3, Some(&b"42"[..]), None, Some(&b""[..]), None)
    );
    assert_eq!(row.parse_as::<i64>(0), Some(42));
    for cut in 0..body.len() {
        assert!(Row::parse(Bytes::from_static(&body[..cut])).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_message_is_taken_only_when_it_is_whole() {
    let whole = [b'Z', 0, 0, 0, 5, b'I'];
    for cut in 0..whole.len() {
        let mut input = BytesMut::from(&whole[..cut]);
        assert!(backend::take(&mut input).expect("a legal length").is_none(), "cut at {cut}");
    }
    let message = backend::take(&mut BytesMut::from(&whole[..])).expect("legal").expect("whole");
    assert_eq!((message.tag, &message.body[..]), (b'Z', &b"I"[..]));
    assert!(backend::take(&mut BytesMut::from(&[b'Z', 0, 0, 0, 3][..])).is_err());
    assert!(backend::take(&mut BytesMut::from(&[b'D', 0xff, 0xff, 0xff, 0xff][..])).is_err());
}

#[test]
fn command_tags_end_in_their_count() {
    assert_eq!(backend::affected(b"INSERT 0 3\0"), 3);
    assert_eq!(backend::affected(b"UPDATE 12\0"), 12);
    assert_eq!(backend::affected(b"BEGIN\0"), 0);
    assert_eq!(backend::affected(b""), 0);
}

#[test]
fn error_fields_are_read_and_cut_ones_end_the_list() {
    let error = backend::server_error(b"SERROR\0VERROR\0C23505\0Mduplicate\0nk_u\0\0", 2);
    assert_eq!((error.sqlstate.as_str(), error.request, error.constraint.as_deref()), ("23505", 2, Some("k_u")));
    assert_eq!(backend::server_error(b"C235", 0).sqlstate, "");
}
