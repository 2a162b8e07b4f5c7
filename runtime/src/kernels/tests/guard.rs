//! Floats that begin or end at a page which faults when it is touched.

use std::ops::{Deref, DerefMut};

/// Where the fence is.
#[derive(Clone, Copy, Debug)]
pub enum Side {
    /// The first element is the first of its page, and the page before faults.
    Start,
    /// The last element is the last of its page, and the page behind faults.
    End,
}

/// See the module.
pub struct Guarded {
    map: *mut u8,
    map_len: usize,
    first: *mut f32,
    len: usize,
}

const PAGE: usize = 4096;

impl Guarded {
    pub fn new(len: usize, side: Side) -> Guarded {
        let bytes = len * 4;
        let inner = bytes.next_multiple_of(PAGE);
        let map_len = inner + 2 * PAGE;
        // SAFETY: a fresh private mapping; the pages between the first and the last become usable, of which `first` points to
        // `len` floats at one end.
        unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let map = libc::mmap(std::ptr::null_mut(), map_len, libc::PROT_NONE, flags, -1, 0).cast::<u8>();
            assert!(map as isize != -1, "mmap");
            if inner > 0 {
                assert_eq!(libc::mprotect(map.add(PAGE).cast(), inner, libc::PROT_READ | libc::PROT_WRITE), 0, "mprotect");
            }
            let first = match side {
                Side::Start => map.add(PAGE),
                Side::End => map.add(PAGE + inner - bytes),
            };
            Guarded { map, map_len, first: first.cast(), len }
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the mapping that `new` made.
        unsafe { libc::munmap(self.map.cast(), self.map_len) };
    }
}

impl Deref for Guarded {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `new` made `len` zeroed floats there.
        unsafe { std::slice::from_raw_parts(self.first, self.len) }
    }
}

impl DerefMut for Guarded {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; `&mut self` makes the access unique.
        unsafe { std::slice::from_raw_parts_mut(self.first, self.len) }
    }
}
