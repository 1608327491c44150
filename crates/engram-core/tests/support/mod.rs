//! What the campaigns share: a generator, a model of the database, and scripts that run on both.
#![allow(unreachable_pub, reason = "a module of each test binary")]
#![allow(dead_code, reason = "every test binary uses a part of it")]
#![allow(
    clippy::unwrap_used,
    reason = "a failing test should stop where it fails"
)]

pub mod model;
pub mod script;
pub mod worker;

/// A small deterministic generator (splitmix64), seeded by whoever prints the seed.
#[derive(Clone)]
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn roll(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    /// A number within -1 and 1.
    pub fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

/// Whether the long version of the campaigns was asked for (`ENGRAM_LONG=1`).
pub fn long() -> bool {
    std::env::var_os("ENGRAM_LONG").is_some_and(|v| v != "0")
}

/// Runs `f` on every item, on as many threads as there are cores; returns the sum of the results.
pub fn in_parallel<T: Sync>(items: &[T], f: impl Fn(&T) -> u64 + Sync) -> u64 {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut sum = 0;
                    while let Some(item) =
                        items.get(next.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
                    {
                        sum += f(item);
                    }
                    sum
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|w| w.join().unwrap_or_else(|e| std::panic::resume_unwind(e)))
            .sum()
    })
}

/// Prints a figure of a campaign, past the capture of the test harness.
pub fn announce(line: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "{line}");
}
