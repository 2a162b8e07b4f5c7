//! Memory that machine code lies in: written once, then executable and no longer writable, and given back when it is dropped. Floor 3.

use convoke_compiler::emit_clif::Code;
use memmap2::{Mmap, MmapMut};

/// Functions in pages of their own.
#[derive(Debug)]
pub struct Pages {
    map: Mmap,
    /// Where each function begins.
    starts: Vec<usize>,
}

impl Pages {
    /// Of functions, at least one. `None` where the system gives no memory, or none that is executed.
    pub fn new(functions: &[Code]) -> Option<Pages> {
        let mut starts = Vec::with_capacity(functions.len());
        let mut len = 0_usize;
        for Code { bytes, align, .. } in functions {
            let start = len.next_multiple_of(*align);
            starts.push(start);
            len = start + bytes.len();
        }
        let mut map = MmapMut::map_anon(len).ok()?;
        for (function, &start) in functions.iter().zip(&starts) {
            map[start..start + function.bytes.len()].copy_from_slice(&function.bytes);
        }
        Some(Pages { map: map.make_exec().ok()?, starts })
    }

    /// The address of a function, which is good for as long as these pages are not dropped.
    pub fn address(&self, index: usize) -> usize {
        self.map.as_ptr().addr() + self.starts[index]
    }

    /// A function as a pointer, as [`address`](Pages::address).
    pub fn function(&self, index: usize) -> *const u8 {
        // SAFETY: a function begins inside of the mapping.
        unsafe { self.map.as_ptr().add(self.starts[index]) }
    }
}
