//! A plan's driver, and running it. Floor 3.

use std::any::Any;
use std::mem::offset_of;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use convoke_compiler::emit_clif::FrameLayout;

use super::pages::Pages;
use crate::kernels::PortPointers;
use crate::kernels::native::Entry;
use crate::threads::Run;

/// The function that runs a plan's steps in order, for sessions that divide them into the same shares.
#[derive(Debug)]
pub struct Driver {
    pub(super) pages: Pages,
    /// What it calls beside kernels.
    pub(super) _chains: Option<Pages>,
}

/// What a driver is given.
#[repr(C)]
struct Frame {
    /// By step.
    arguments: *const *mut u8,
    hand: *mut (),
    inputs: *const *const f32,
    outputs: *const *mut f32,
}

pub(super) const LAYOUT: FrameLayout = FrameLayout {
    arguments: offset_of!(Frame, arguments),
    hand: offset_of!(Frame, hand),
    inputs: offset_of!(Frame, inputs),
    outputs: offset_of!(Frame, outputs),
};

/// Steps as a session has bound them, with the driver that runs them.
#[derive(Debug)]
pub struct Bound {
    driver: Arc<Driver>,
    /// Where the arguments of each step are.
    arguments: Box<[*mut u8]>,
}

// SAFETY: the pointers are used by `run` alone, whose caller promises that nothing else uses what they point to meanwhile.
unsafe impl Send for Bound {}
// SAFETY: as above.
unsafe impl Sync for Bound {}

/// What divides a step among threads, while a driver runs.
struct Hand<'r, 't> {
    run: Option<&'r mut Run<'t>>,
    /// Of a share: no panic may leave a function that compiled code calls.
    panic: Option<Box<dyn Any + Send>>,
}

/// Calls a kernel for each of its shares; none where one has panicked before.
///
/// # Safety
/// `hand` is the one that its frame was made with, and every share of the kernel may be run with these arguments.
pub(super) unsafe extern "C" fn shares(hand: *mut (), kernel: Entry<u8>, arguments: *const u8, n: usize) {
    /// Arguments that several threads read.
    struct Shared(*const u8);
    // SAFETY: the shares of a kernel may run at once, the caller promises.
    unsafe impl Sync for Shared {}

    // SAFETY: `Bound::run` has made it, and holds no other reference while the driver runs.
    let hand = unsafe { &mut *hand.cast::<Hand<'_, '_>>() };
    if hand.panic.is_some() {
        return;
    }
    let arguments = &Shared(arguments);
    let share = move |part: usize| {
        let Shared(arguments) = arguments;
        // SAFETY: the caller's promise.
        unsafe { kernel(*arguments, part, n) }
    };
    let run = &mut hand.run;
    let result = catch_unwind(AssertUnwindSafe(|| match run {
        Some(run) => run.shares(n, &share),
        None => (0..n).for_each(share),
    }));
    hand.panic = result.err();
}

impl Bound {
    /// Steps whose arguments are there.
    ///
    /// # Safety
    /// The driver was made for the kernels that take these arguments, in as many shares as they were prepared for.
    pub unsafe fn new(driver: Arc<Driver>, arguments: Vec<*mut u8>) -> Bound {
        Bound { driver, arguments: arguments.into() }
    }

    /// Runs all steps on an image.
    ///
    /// # Safety
    /// The arguments are still there and are used by nothing else meanwhile, the steps may be run, and the ports point to as many elements
    /// as the plan's ports have.
    ///
    /// # Panics
    /// With the message of a share that panicked.
    #[inline]
    pub unsafe fn run(&self, ports: &PortPointers<'_>, run: Option<&mut Run<'_>>) {
        let mut hand = Hand { run, panic: None };
        let frame = Frame {
            arguments: self.arguments.as_ptr(),
            hand: (&raw mut hand).cast(),
            inputs: ports.inputs.as_ptr(),
            outputs: ports.outputs.as_ptr(),
        };
        // SAFETY: the pages hold a function of this signature, compiled for this machine; `driver` keeps them while it runs.
        let driver =
            unsafe { std::mem::transmute::<*const u8, unsafe extern "C" fn(*const Frame)>(self.driver.pages.function(0)) };
        // SAFETY: the caller's promise for what it calls; the frame is laid out as `LAYOUT` says, the driver reads of it and writes the
        // pointers among the arguments that follow ports.
        unsafe { driver(&frame) };
        if let Some(panic) = hand.panic {
            resume_unwind(panic);
        }
    }
}
