//! All weights of a plan from their source into the form that kernels read, by several threads. Floor 3.
//!
//! Each thread reads some rows of one weight, folds and packs them while they are in its cache, and takes the next: beside the packs
//! themselves there are only these rows in memory. Where a weight cannot be read by rows it is read whole.

use std::sync::{Mutex, PoisonError};
use std::thread;

use convoke_compiler::plan::{Form, Pack};

use super::Weights;
use super::fold::{Folded, fold, whole_weight};
use crate::buffer::Buffer;
use crate::error::Result;
use crate::kernels::{Part, Table, n_rows, pack_part, packed_len, parts, row_len};

/// Weights that a thread reads at a time, about: a part of what its second-level cache holds.
const PART: usize = 128 << 10;
/// Weights that are worth a thread: reading and packing them takes some times what starting it does.
const PER_THREAD: usize = 512 << 10;

/// What one thread makes at a time.
struct Task<'a> {
    pack: &'a Pack,
    folded: &'a Folded,
    /// One that is read by its rows, or all of a weight that is read whole.
    parts: Vec<Part<'a>>,
}

/// The packs of a plan, by as many threads as pay, at most those that a function says there are.
///
/// # Errors
/// If the source can no longer be read.
pub(crate) fn load_packs(
    packs: &[Pack],
    weights: &Weights,
    table: &Table,
    n_threads_there_are: impl FnOnce() -> usize,
) -> Result<Vec<Buffer>> {
    let folded: Vec<Folded> = packs.iter().map(|pack| fold(pack, weights)).collect::<Result<_>>()?;
    let lens: Vec<usize> = packs.iter().map(|pack| packed_len(&pack.form, table.isa())).collect();
    let mut buffers = Buffer::zeroed_together(&lens);
    let most = (buffers.iter().map(|buffer| buffer.len()).sum::<usize>() / PER_THREAD).max(1);
    let (mut by_rows, mut whole) = (Vec::new(), Vec::new());
    for ((pack, folded), buffer) in packs.iter().zip(&folded).zip(&mut buffers) {
        let parts = parts(&pack.form, table.isa(), buffer, PART);
        match has_rows(pack, weights) {
            true => by_rows.extend(parts.into_iter().map(|part| Task { pack, folded, parts: vec![part] })),
            false => {
                // The longest first, so that nobody waits for one that was begun last; rows in the order of the file. They are few:
                // the library's sorts are ten kilobytes of code for each type.
                let len = |pack: &Pack| n_rows(&pack.form) * row_len(&pack.form);
                let at = whole.partition_point(|task: &Task<'_>| len(task.pack) >= len(pack));
                whole.insert(at, Task { pack, folded, parts });
            }
        }
    }
    let n_threads = most.min(whole.len() + by_rows.len());
    let n_threads = if n_threads > 1 { n_threads.min(n_threads_there_are()) } else { 1 };
    let tasks = Mutex::new(whole.into_iter().chain(by_rows));
    let work = || {
        let mut rows = Vec::new();
        loop {
            // What panicked elsewhere left the iterator as it was: it only hands out.
            let next = tasks.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(task) = next else { return Ok(()) };
            task.run(weights, table, &mut rows)?;
        }
    };
    thread::scope(|scope| {
        let others: Vec<_> = (1..n_threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let own = work();
        others
            .into_iter()
            .fold(own, |result, other| result.and(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))))
    })?;
    Ok(buffers)
}

/// Whether rows of a pack's weight can be read one by one: they lie in a file, and are rows of the pack.
fn has_rows(pack: &Pack, weights: &Weights) -> bool {
    matches!(pack.form, Form::Conv { .. } | Form::Linear { .. } | Form::LinearBf16 { .. } | Form::Rows { .. })
        && pack.weight.is_some_and(|index| weights.is_stored(index))
}

impl Task<'_> {
    /// Reads, folds and packs; `rows` is room that is used again.
    fn run(self, weights: &Weights, table: &Table, rows: &mut Vec<f32>) -> Result<()> {
        let Task { pack, folded, parts } = self;
        let len = row_len(&pack.form);
        let mut whole = match pack.weight {
            Some(index) if has_rows(pack, weights) => {
                for part in parts {
                    rows.resize(part.rows.len() * len, 0.0);
                    weights.read_part(index, part.rows.start * len, rows)?;
                    folded.pack(pack, table, part, rows);
                }
                return Ok(());
            }
            _ => whole_weight(pack, weights)?,
        };
        // One slope may be that of all rows.
        let is_one = parts.len() == 1;
        for part in parts {
            let own = if is_one { 0..whole.len() } else { part.rows.start * len..part.rows.end * len };
            folded.pack(pack, table, part, &mut whole[own]);
        }
        Ok(())
    }
}

impl Folded {
    fn pack(&self, pack: &Pack, table: &Table, part: Part<'_>, rows: &mut [f32]) {
        let own = part.rows.clone();
        let scale = self.scale.as_ref().map(|scale| &scale[own.clone()]);
        pack_part(&pack.form, table, part, rows, scale, &self.bias[own]);
    }
}
