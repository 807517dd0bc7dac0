//! The demo.  together with benches/, docker/, docs/decisions/ and docs/performance.md.
