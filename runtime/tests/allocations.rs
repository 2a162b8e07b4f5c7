//! Running allocates nothing: counted by the allocator of this suite, which has one test so that nothing else allocates meanwhile.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use convoke::{Backend, Map, SessionOptions, network};

struct Counting;

static N_ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is handed to `System`, which keeps the contract.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        N_ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps `System`'s contract, which is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps `System`'s contract, which is the same; `pointer` came from `System`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

network! {
    pub Small(image: [3, 16, 16]) {
        image -> conv1: conv(8, 3x3, pad = 1, bias = false) -> bn1: batch_norm -> relu -> max_pool(2x2)
            -> conv2: conv(20, 3x3, stride = 2, pad = (1, 1, 0, 0)) -> tanh -> avg_pool(2x2)
            -> depth: conv(20, 1x1, groups = 20) -> flatten -> fc: linear(10) -> softmax
    }
}

#[test]
fn running_allocates_nothing() {
    let net = Small::random(0);
    let images: Vec<Map<3, 16, 16>> = (0..4).map(|i| Map::from_fn(|c, y, x| (c + y + x + i) as f32 * 0.01)).collect();
    for backend in [Backend::Emitted, Backend::Loop] {
        let mut session = net.session_with(SessionOptions::new().batch(4).backend(backend)).unwrap();
        let before = N_ALLOCATIONS.load(Ordering::Relaxed);
        let mut sum = 0.0;
        for _ in 0..3 {
            sum += session.run(&images[0]).unwrap()[0];
            sum += session.run_batch(&images).unwrap()[3][0];
            sum += session.run_slices(&[images[1].as_slice()]).unwrap()[0];
        }
        assert_eq!(N_ALLOCATIONS.load(Ordering::Relaxed) - before, 0, "{backend:?}");
        assert!(sum > 0.0);
    }
}
