//! Threads that share the steps of a network: a pool for the process, and a team of its workers for each session. Floor 1.
//!
//! What is divided, and into how many shares, is decided elsewhere and never depends on what happens here: who computes a share
//! changes nothing but the time. So nobody waits for a worker that is asleep, late or busy elsewhere: whoever is done takes the
//! shares that nobody has begun, the caller first of all. Locks are taken while a session is made, and when a share panicked.
//!
//! Workers spin for `SPIN` when they have nothing to do, then sleep until they are called: a network costs one wake-up for an
//! image, and none where images follow closely; an idle program costs nothing.

mod cores;
mod pool;
mod team;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use cores::{n_cores, threads_of_environment};
pub use team::{Run, Team};

/// Most threads of a session, its caller's included.
pub const MOST: usize = 128;

/// How long a worker looks for work before it sleeps: some times what waking it costs, and nothing to a battery.
const SPIN: Duration = Duration::from_micros(50);

/// Keeps neighbours out of a cache line, and out of the one that is fetched with it.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Padded<T>(T);

/// Counts turns of a loop that waits.
struct Patience {
    turns: u32,
    since: Option<std::time::Instant>,
}

impl Patience {
    const fn new() -> Patience {
        Patience { turns: 0, since: None }
    }

    /// Waits a moment; whether [`SPIN`] is over.
    fn is_over(&mut self) -> bool {
        std::hint::spin_loop();
        self.turns = self.turns.wrapping_add(1);
        // Looking at the clock takes as long as some turns.
        self.turns.is_multiple_of(16) && self.since.get_or_insert_with(std::time::Instant::now).elapsed() > SPIN
    }
}
