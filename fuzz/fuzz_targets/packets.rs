//! Bytes of any kind through every reader of the wire.
#![no_main]

mod readers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| readers::read(data));
