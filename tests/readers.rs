//! The body of the fuzz target, with seeded random bytes: it runs on every change, not only where a fuzzer does.

#[expect(unreachable_pub, reason = "the fuzz target needs it")]
#[path = "../fuzz/fuzz_targets/readers.rs"]
mod readers;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

const ROUNDS: usize = 20_000;

#[test]
fn no_reader_panics_on_random_bytes() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    let mut random = StdRng::seed_from_u64(seed);
    for round in 0..ROUNDS {
        let mut data = vec![0; random.gen_range(0..400)];
        random.fill(data.as_mut_slice());
        // Small numbers are lengths and counts that fit: they lead deeper than noise does.
        for byte in &mut data {
            if random.gen_bool(0.7) {
                *byte = [0, 1, 2, 3, 5, 8, 10, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff][random.gen_range(0..13)];
            }
        }
        let outcome = std::panic::catch_unwind(|| readers::read(&data));
        assert!(outcome.is_ok(), "SEED={seed}, round {round}: {data:?}");
    }
}
