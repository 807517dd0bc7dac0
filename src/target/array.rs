//! Arrays in PostgreSQL's binary format: many rows travel as one array for each column.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::schema::types::oid;

/// The array type of an element type; `None` for types that aren't in use here.
#[must_use]
pub const fn array_of(element: u32) -> Option<u32> {
    Some(match element {
        oid::BYTEA => 1001,
        oid::SMALLINT => 1005,
        oid::INTEGER => 1007,
        oid::TEXT => 1009,
        oid::VARCHAR => 1015,
        oid::BIGINT => 1016,
        oid::REAL => 1021,
        oid::DOUBLE => 1022,
        oid::TIMESTAMP => 1115,
        oid::DATE => 1182,
        oid::TIMESTAMPTZ => 1185,
        oid::INTERVAL => 1187,
        oid::NUMERIC => 1231,
        oid::JSONB => 3807,
        _other => return None,
    })
}

/// An array that grows.
#[derive(Clone, Debug)]
pub struct Array {
    element: u32,
    count: i32,
    has_null: bool,
    elements: BytesMut,
}

impl Array {
    /// An empty array of a type's binary values.
    #[must_use]
    pub fn new(element: u32) -> Self {
        Self { element, count: 0, has_null: false, elements: BytesMut::new() }
    }

    /// Appends a value's binary form; `None` is NULL.
    pub fn push(&mut self, value: Option<&[u8]>) {
        self.count += 1;
        match value {
            Some(value) => {
                self.elements.put_i32(i32::try_from(value.len()).unwrap_or(i32::MAX));
                self.elements.put_slice(value);
            }
            None => {
                self.has_null = true;
                self.elements.put_i32(-1);
            }
        }
    }

    /// The parameter.
    #[must_use]
    pub fn finish(self) -> Bytes {
        let mut out = BytesMut::with_capacity(20 + self.elements.len());
        out.put_i32(1);
        out.put_i32(i32::from(self.has_null));
        out.put_u32(self.element);
        out.put_i32(self.count);
        out.put_i32(1);
        out.put_slice(&self.elements);
        out.freeze()
    }
}
