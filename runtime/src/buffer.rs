//! Memory that kernels work on: floats, zeroed, aligned to a cache line, with slack behind them. Floor 0.

use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::ptr::NonNull;
use std::sync::Arc;

/// A fixed number of floats that start as zeros, aligned to 64 bytes.
///
/// At least one vector of slack lies behind the last element, so that a vector read that starts inside stays inside.
pub struct Buffer {
    /// The first float, aligned.
    pointer: NonNull<f32>,
    len: usize,
    /// Freed with the last buffer that lies in it.
    _allocation: Arc<Allocation>,
}

/// Zeroed memory of the system's.
struct Allocation {
    start: NonNull<u8>,
    layout: Layout,
    /// Whether it is the system's pages, not the allocator's.
    mapped: bool,
}

/// Alignment in bytes: a cache line, and the widest vector.
const ALIGN: usize = 64;
/// Bytes of a huge page of x86-64, and of aarch64 with small pages of 4 KiB. Large buffers begin with one: kernels that walk
/// several rows at once need fewer translations of addresses.
const HUGE_PAGE: usize = 2 << 20;
/// Floats behind the last element.
const SLACK: usize = 16;

// SAFETY: an `Allocation` does nothing with its memory but free it, once, from whatever thread.
unsafe impl Send for Allocation {}
// SAFETY: as above: it gives no access to anything.
unsafe impl Sync for Allocation {}
// SAFETY: a `Buffer` owns its part of the allocation, as a `Vec<f32>` does its memory; shared access is only through `&self`.
unsafe impl Send for Buffer {}
// SAFETY: as above: `&Buffer` gives nothing but reads of plain floats.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// `len` zeros. Ends the process when there is no memory, as `Vec` does.
    pub fn zeroed(len: usize) -> Buffer {
        let (allocation, pointer) = Allocation::zeroed(Some(len).and_then(room));
        Buffer { pointer, len, _allocation: Arc::new(allocation) }
    }

    /// Several of zeros, of these lengths, in one piece of memory, which is freed with the last of them: together they fill the huge
    /// pages that each alone is too small for.
    pub fn zeroed_together(lens: &[usize]) -> Vec<Buffer> {
        let all = lens.iter().try_fold(0usize, |all, &len| all.checked_add(room(len)?));
        let (allocation, start) = Allocation::zeroed(all);
        let allocation = Arc::new(allocation);
        let mut first = 0;
        let one = |&len| {
            // SAFETY: `first` is the room of those before, and the allocation has room for all.
            let pointer = unsafe { start.add(first) };
            first += room(len).unwrap_or(0);
            Buffer { pointer, len, _allocation: allocation.clone() }
        };
        lens.iter().map(one).collect()
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

/// Floats that a buffer of `len` takes among others: its slack, and whole cache lines.
fn room(len: usize) -> Option<usize> {
    len.checked_add(SLACK)?.checked_next_multiple_of(ALIGN / size_of::<f32>())
}

impl Allocation {
    /// Of so many zeros, and the first of them.
    fn zeroed(len: Option<usize>) -> (Allocation, NonNull<f32>) {
        let layout = || {
            let bytes = len?.checked_mul(size_of::<f32>())?;
            let align = if bytes < HUGE_PAGE { ALIGN } else { HUGE_PAGE };
            Some((Layout::from_size_align(bytes.checked_add(align)?, align_of::<f32>()).ok()?, bytes, align))
        };
        let Some((layout, bytes, align)) = layout() else { panic!("buffers of so many floats do not fit the address space") };
        // Large ones straight from the system: the allocator may give memory that was in use before, which it would have to clear, and
        // which stays on small pages. Aligned here and not by the layout, as the allocator would then write zeros to pages that
        // the system gives as zeros, one thread for all; so each page is first touched by the thread that fills it.
        let mapped = if align == HUGE_PAGE { map(layout.size()) } else { None };
        let start = match mapped {
            Some(start) => start,
            // SAFETY: the layout's size is at least `align`, so not zero.
            None => NonNull::new(unsafe { alloc_zeroed(layout) }).unwrap_or_else(|| handle_alloc_error(layout)),
        };
        // SAFETY: the layout has `align` bytes more than are used.
        let first = unsafe { start.add(start.addr().get().wrapping_neg() % align) }.cast();
        if align == HUGE_PAGE {
            ask_for_huge_pages(first, bytes);
        }
        (Allocation { start, layout, mapped: mapped.is_some() }, first)
    }
}

/// Pages of zeros that are nobody else's; `None` where the system has none, or is none that is asked here.
fn map(bytes: usize) -> Option<NonNull<u8>> {
    #[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
    {
        /// `PROT_READ | PROT_WRITE`
        const READ_AND_WRITE: std::ffi::c_int = 3;
        /// `MAP_PRIVATE | MAP_ANONYMOUS`
        const PRIVATE: std::ffi::c_int = 0x22;
        // SAFETY: the system chooses where, so that no other memory is touched.
        let start = unsafe { system::mmap(std::ptr::null_mut(), bytes, READ_AND_WRITE, PRIVATE, -1, 0) };
        // It is −1 where there is no memory.
        NonNull::new(start.cast::<u8>()).filter(|start| start.addr().get() != usize::MAX)
    }
    #[cfg(not(all(target_os = "linux", target_pointer_width = "64", not(miri))))]
    {
        let _ = bytes;
        None
    }
}

/// Gives pages back.
///
/// # Safety
/// They came from [`map`], as many bytes, and nobody uses them any more.
unsafe fn unmap(start: NonNull<u8>, bytes: usize) {
    #[cfg(all(target_os = "linux", target_pointer_width = "64", not(miri)))]
    // SAFETY: the caller's promise. It cannot fail for a whole mapping.
    unsafe {
        system::munmap(start.as_ptr().cast(), bytes)
    };
    #[cfg(not(all(target_os = "linux", target_pointer_width = "64", not(miri))))]
    let _ = (start, bytes);
}

/// What is asked of Linux.
#[cfg(all(target_os = "linux", not(miri)))]
mod system {
    use std::ffi::{c_int, c_void};

    unsafe extern "C" {
        #[cfg(target_pointer_width = "64")]
        pub fn mmap(address: *mut c_void, len: usize, protection: c_int, flags: c_int, file: c_int, offset: i64) -> *mut c_void;
        #[cfg(target_pointer_width = "64")]
        pub fn munmap(address: *mut c_void, len: usize) -> c_int;
        pub fn madvise(address: *mut c_void, len: usize, advice: c_int) -> c_int;
    }
}

/// Asks Linux to back the whole huge pages of an allocation that begins with one by such pages, which it does when they are first
/// written.
fn ask_for_huge_pages(pointer: NonNull<f32>, bytes: usize) {
    #[cfg(all(target_os = "linux", not(miri)))]
    {
        /// `MADV_HUGEPAGE`
        const USE_HUGE_PAGES: std::ffi::c_int = 14;
        let whole = bytes / HUGE_PAGE * HUGE_PAGE;
        // SAFETY: the pages are this allocation's alone, and advice changes nothing that it holds. A refusal costs only speed.
        unsafe { system::madvise(pointer.as_ptr().cast(), whole, USE_HUGE_PAGES) };
    }
    #[cfg(not(all(target_os = "linux", not(miri))))]
    let _ = (pointer, bytes);
}

/// The bytes of floats, as they lie in memory.
pub fn bytes_of(floats: &mut [f32]) -> &mut [u8] {
    // SAFETY: floats have four bytes each without padding, any of which are floats again, and bytes have no alignment.
    unsafe { std::slice::from_raw_parts_mut(floats.as_mut_ptr().cast(), size_of_val(floats)) }
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: `start` came from `map` or from `alloc_zeroed` with this same layout, as `mapped` says, and nothing else frees it.
        unsafe {
            match self.mapped {
                true => unmap(self.start, self.layout.size()),
                false => dealloc(self.start.as_ptr(), self.layout),
            }
        }
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

    #[test]
    fn buffers_in_one_allocation_are_as_others_and_apart() {
        // Without and with huge pages.
        for lens in [vec![], vec![1, 0, 17, 1000], vec![300_000, 5, 400_000]] {
            let mut buffers = Buffer::zeroed_together(&lens);
            assert_eq!(buffers.iter().map(|buffer| buffer.len()).collect::<Vec<_>>(), lens);
            for (i, buffer) in buffers.iter_mut().enumerate() {
                assert_eq!(buffer.as_ptr() as usize % ALIGN, 0);
                assert!(buffer.iter().all(|&x| x == 0.0));
                buffer.fill(i as f32 + 1.0);
            }
            // What is left lives on without the others.
            let last = buffers.pop();
            drop(buffers);
            assert!(last.is_none_or(|last| last.iter().all(|&x| x == lens.len() as f32)));
        }
    }
}
