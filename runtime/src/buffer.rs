//! Memory that kernels work on: floats, zeroed, aligned to a cache line, with slack behind them. Floor 0.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;

/// A fixed number of floats that start as zeros, aligned to 64 bytes.
///
/// At least one vector of slack lies behind the last element, so that a vector read that starts inside stays inside.
pub struct Buffer {
    /// The first float, aligned.
    pointer: NonNull<f32>,
    len: usize,
    /// What is to be freed.
    allocation: NonNull<u8>,
}

/// Alignment in bytes: a cache line, and the widest vector.
const ALIGN: usize = 64;
/// Bytes of a huge page of x86-64, and of aarch64 with small pages of 4 KiB. Large buffers begin with one: kernels that walk
/// several rows at once need fewer translations of addresses.
const HUGE_PAGE: usize = 2 << 20;
/// Floats behind the last element.
const SLACK: usize = 16;

// SAFETY: a `Buffer` owns its memory, as a `Vec<f32>` does; shared access is only through `&self`.
unsafe impl Send for Buffer {}
// SAFETY: as above: `&Buffer` gives nothing but reads of plain floats.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// `len` zeros. Ends the process when there is no memory, as `Vec` does.
    pub fn zeroed(len: usize) -> Buffer {
        let (layout, align) = Buffer::layout(len);
        // Aligned here and not by the layout, as the allocator would then write zeros to pages that the system gives as zeros,
        // one thread for all; so each page is first touched by the thread that fills it.
        // SAFETY: the layout's size is at least `SLACK` floats, so not zero.
        let allocation = unsafe { alloc_zeroed(layout) };
        let Some(allocation) = NonNull::new(allocation) else { handle_alloc_error(layout) };
        // SAFETY: the layout has `align` bytes more than are used.
        let pointer = unsafe { allocation.add(allocation.addr().get().wrapping_neg() % align) }.cast();
        if align == HUGE_PAGE {
            ask_for_huge_pages(pointer, len * size_of::<f32>());
        }
        Buffer { pointer, len, allocation }
    }

    /// Of an allocation for `len` floats, and the alignment that the first of them has in it.
    fn layout(len: usize) -> (Layout, usize) {
        let layout = || {
            let bytes = len.checked_add(SLACK)?.checked_mul(size_of::<f32>())?;
            let align = if bytes < HUGE_PAGE { ALIGN } else { HUGE_PAGE };
            Some((Layout::from_size_align(bytes.checked_add(align)?, align_of::<f32>()).ok()?, align))
        };
        match layout() {
            Some(layout) => layout,
            None => panic!("a buffer of {len} floats does not fit the address space"),
        }
    }

    /// The first element, for kernels.
    pub fn as_mut_ptr(&mut self) -> *mut f32 {
        self.pointer.as_ptr()
    }

    /// The first element, for kernels.
    pub fn as_ptr(&self) -> *const f32 {
        self.pointer.as_ptr()
    }
}

/// Asks Linux to back the whole huge pages of an allocation that begins with one by such pages, which it does when they are first
/// written.
fn ask_for_huge_pages(pointer: NonNull<f32>, bytes: usize) {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        unsafe extern "C" {
            fn madvise(address: *mut std::ffi::c_void, len: usize, advice: std::ffi::c_int) -> std::ffi::c_int;
        }
        /// `MADV_HUGEPAGE`
        const USE_HUGE_PAGES: std::ffi::c_int = 14;
        let whole = bytes / HUGE_PAGE * HUGE_PAGE;
        // SAFETY: the pages are this allocation's alone, and advice changes nothing that it holds. A refusal costs only speed.
        unsafe { madvise(pointer.as_ptr().cast(), whole, USE_HUGE_PAGES) };
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = (pointer, bytes);
}

/// The bytes of floats, as they lie in memory.
pub fn bytes_of(floats: &mut [f32]) -> &mut [u8] {
    // SAFETY: floats have four bytes each without padding, any of which are floats again, and bytes have no alignment.
    unsafe { std::slice::from_raw_parts_mut(floats.as_mut_ptr().cast(), size_of_val(floats)) }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // SAFETY: `allocation` came from `alloc_zeroed` with this same layout, and nothing else frees it.
        unsafe { dealloc(self.allocation.as_ptr(), Buffer::layout(self.len).0) }
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: `zeroed` allocated and initialised `len` floats there, which live as long as `self`.
        unsafe { std::slice::from_raw_parts(self.pointer.as_ptr(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`; `&mut self` makes the access unique.
        unsafe { std::slice::from_raw_parts_mut(self.pointer.as_ptr(), self.len) }
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Buffer {
        let mut copy = Buffer::zeroed(self.len);
        copy.copy_from_slice(self);
        copy
    }
}

impl Default for Buffer {
    fn default() -> Buffer {
        Buffer::zeroed(0)
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} floats)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_is_aligned_zeroed_and_as_long_as_asked_for() {
        for len in [0, 1, 15, 16, 17, 1000] {
            let mut buffer = Buffer::zeroed(len);
            assert_eq!(buffer.as_ptr() as usize % ALIGN, 0);
            assert_eq!(buffer.len(), len);
            assert!(buffer.iter().all(|&x| x == 0.0));
            buffer.fill(1.0);
            assert_eq!(buffer.clone()[..], buffer[..]);
        }
    }
}
