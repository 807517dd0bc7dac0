//! The bodies of the fuzz targets, with seeded random bytes and with mutated bytes of real sessions: they run on every
//! change, not only where a fuzzer does.

#![allow(clippy::print_stdout, reason = "tests print their seeds")]

#[expect(unreachable_pub, reason = "the fuzz targets need it")]
#[path = "../fuzz/readers.rs"]
mod readers;

use std::path::Path;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use readers::TARGETS;

const ROUNDS: usize = 10_000;
/// Lengths, counts and markers: they lead deeper than noise does.
const TELLING: [u8; 13] = [0, 1, 2, 3, 5, 8, 10, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff];

fn seed() -> (u64, StdRng) {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("SEED={seed}");
    (seed, StdRng::seed_from_u64(seed))
}

fn check(name: &str, target: fn(&[u8]), data: &[u8], seed: u64) {
    let outcome = std::panic::catch_unwind(|| target(data));
    assert!(outcome.is_ok(), "SEED={seed}, {name}: {data:?}");
}

#[test]
fn no_reader_panics_on_random_bytes() {
    let (seed, mut random) = seed();
    for round in 0..ROUNDS {
        let mut data = vec![0; random.gen_range(0..400)];
        random.fill(data.as_mut_slice());
        for byte in &mut data {
            if random.gen_bool(0.7) {
                *byte = TELLING[random.gen_range(0..TELLING.len())];
            }
        }
        let (name, target) = TARGETS[round % TARGETS.len()];
        check(name, target, &data, seed);
    }
}

/// The seeds of a target.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{name} has seeds");
    paths.iter().map(|path| std::fs::read(path).expect("a seed")).collect()
}

#[test]
fn no_reader_panics_on_mutated_bytes_of_real_sessions() {
    let (seed, mut random) = seed();
    let corpora = TARGETS.map(|(name, target)| (name, target, corpus(name)));
    for (name, target, seeds) in &corpora {
        seeds.iter().for_each(|data| check(name, *target, data, seed));
    }
    for round in 0..ROUNDS {
        let (name, target, seeds) = &corpora[round % corpora.len()];
        let data = mutated(&seeds[random.gen_range(0..seeds.len())], &mut random);
        check(name, *target, &data, seed);
    }
}

/// Some bytes changed, removed, doubled or cut off.
fn mutated(data: &[u8], random: &mut StdRng) -> Vec<u8> {
    let mut data = data.to_vec();
    for _ in 0..random.gen_range(1..6) {
        let at = random.gen_range(0..data.len().max(1));
        match random.gen_range(0..6) {
            0 | 1 if !data.is_empty() => data[at] = random.r#gen(),
            2 if !data.is_empty() => data[at] = TELLING[random.gen_range(0..TELLING.len())],
            3 if !data.is_empty() => drop(data.remove(at)),
            4 => {
                let end = (at + random.gen_range(1..40)).min(data.len());
                let piece = data.get(at..end).unwrap_or_default().to_vec();
                data.splice(at..at, piece);
            }
            _ => data.truncate(at),
        }
    }
    data
}
