//! `readers::executions` under the fuzzer.
#![no_main]

#[allow(dead_code, reason = "the other targets run the other readers")]
#[path = "../readers.rs"]
mod readers;

libfuzzer_sys::fuzz_target!(|data: &[u8]| readers::executions(data));
