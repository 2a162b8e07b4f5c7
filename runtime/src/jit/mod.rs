//! Machine code for the steps of a plan, made when a session asks for it: the host of `convoke_compiler::emit_clif`. Feature `jit`. Floor 3.
//!
//! - `pages`: the memory that it lies in;
//! - `driver`: running it;
//! - `choice`: what is worth it.
//!
//! A plan's code is kept beside the plan and shared by its sessions ([`Cabinet`]), so it is made once for each number of threads. A session
//! holds it as long as it lives; the last who drops it gives its memory back. No pointer to code leaves this module.

mod choice;
mod driver;
mod pages;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use convoke_compiler::emit_clif::{self, Bind, Chain, Code, Host, Listing, Walk, Wanted};
use convoke_compiler::plan::Kernel;

pub use self::driver::{Bound, Driver};
use self::driver::{LAYOUT, shares};
use self::pages::Pages;
use crate::isa::Isa;
use crate::kernels::{Call, Prepared, Slot};

/// Which element-wise steps are compiled; the program's interpreter computes the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chains {
    /// Every one.
    All,
    /// Those that are the faster for it; and no code at all for a plan that does not gain by it.
    Faster,
}

/// What a driver depends on beside its plan.
#[derive(Clone, Debug, PartialEq)]
struct Key {
    /// By step.
    shares: Box<[usize]>,
    chains: Chains,
}

/// The code of a plan.
#[derive(Debug, Default)]
pub struct Cabinet(Mutex<Vec<(Key, Arc<Driver>)>>);

/// This machine as Cranelift's target. `None` where it has none, or where nobody has seen the code run.
fn host() -> Option<&'static Host> {
    static HOST: OnceLock<Option<Host>> = OnceLock::new();
    HOST.get_or_init(|| if cfg!(target_arch = "x86_64") { Host::new() } else { None }).as_ref()
}

/// What is made beside code: while this crate is built with its assertions, the verifier is asked.
fn wanted(listing: bool) -> Wanted {
    Wanted { listing, verified: cfg!(debug_assertions) }
}

impl Cabinet {
    /// The driver of steps that a session has prepared, and how long it took to make: nothing where it was there. `None` where this machine
    /// cannot have one, or the plan gains nothing by it and need not.
    ///
    /// # Errors
    /// What Cranelift has to say where it cannot make code of them.
    pub fn driver(
        &self,
        kernels: &[Kernel],
        steps: &mut [Prepared],
        isa: Isa,
        chains: Chains,
    ) -> Result<Option<(Arc<Driver>, Duration)>, String> {
        let Some(host) = host() else { return Ok(None) };
        if chains == Chains::Faster && !choice::gains(kernels, isa) {
            return Ok(None);
        }
        let key = Key { shares: steps.iter().map(Prepared::n_shares).collect(), chains };
        // Held while it is made: who asks for the same waits, and a plan is seldom asked for two.
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, driver)) = kept.iter().find(|(known, _)| *known == key) {
            return Ok(Some((driver.clone(), Duration::ZERO)));
        }
        let start = Instant::now();
        let made = Driver::new(host, kernels, steps, isa, chains, wanted(false))?;
        let Some((driver, _)) = made else { return Ok(None) };
        let driver = Arc::new(driver);
        kept.push((key, driver.clone()));
        Ok(Some((driver, start.elapsed())))
    }
}

impl Driver {
    fn new(
        host: &Host,
        kernels: &[Kernel],
        steps: &mut [Prepared],
        isa: Isa,
        chains: Chains,
        wanted: Wanted,
    ) -> Result<Option<(Driver, Listings)>, String> {
        let mut functions = Vec::new();
        let mut of_step = vec![None; steps.len()];
        let mut listings = Listings::default();
        for (index, (kernel, step)) in kernels.iter().zip(steps.iter_mut()).enumerate() {
            if let Some(mut code) = chain(host, kernel, step, isa, chains, wanted)? {
                listings.of_steps.extend(code.listing.take().map(|listing| (index, listing)));
                of_step[index] = Some(functions.len());
                functions.push(code);
            }
        }
        let pages = match functions.is_empty() {
            true => None,
            false => match Pages::new(&functions) {
                Some(pages) => Some(pages),
                None => return Ok(None),
            },
        };
        let entry = |index: usize| Some(pages.as_ref()?.address(of_step[index]?));
        let calls: Vec<emit_clif::Call> = steps.iter_mut().enumerate().map(|(index, step)| call(step, entry(index))).collect();
        let driver = emit_clif::Driver { layout: LAYOUT, shares: shares as *const () as usize, calls: &calls };
        let mut code = driver.compile(host, wanted)?;
        listings.driver = code.listing.take();
        Ok(Pages::new(&[code]).map(|code| (Driver { pages: code, _chains: pages }, listings)))
    }
}

/// A plan's code as text.
#[derive(Debug, Default)]
pub struct Listings {
    /// The driver's.
    pub driver: Option<Listing>,
    /// Of each step that is compiled, by index.
    pub of_steps: Vec<(usize, Listing)>,
}

/// The code that [`Cabinet::driver`] gives, as text: made anew.
///
/// # Errors
/// As [`Cabinet::driver`].
pub fn listings(kernels: &[Kernel], steps: &mut [Prepared], isa: Isa, chains: Chains) -> Result<Option<Listings>, String> {
    let Some(host) = host() else { return Ok(None) };
    Ok(Driver::new(host, kernels, steps, isa, chains, wanted(true))?.map(|(_, listings)| listings))
}

/// A step as its driver calls it; `entry` is the function that takes its kernel's place.
fn call(step: &mut Prepared, entry: Option<usize>) -> emit_clif::Call {
    let bind = |(place, offset, field)| Bind { place, offset: offset as i64, field };
    let binds = step.binds().map(bind).collect();
    let n_shares = step.n_shares();
    emit_clif::Call { entry: entry.unwrap_or_else(|| step.call().entry()), n_shares, binds }
}

/// The code of an element-wise step, where it gets one.
fn chain(
    host: &Host,
    kernel: &Kernel,
    step: &mut Prepared,
    isa: Isa,
    chains: Chains,
    wanted: Wanted,
) -> Result<Option<Code>, String> {
    let Kernel::Map(map) = kernel else { return Ok(None) };
    if chains == Chains::Faster && !choice::is_faster(map, isa) {
        return Ok(None);
    }
    let call = step.call();
    let pointers: Vec<usize> =
        std::iter::once(Slot::Out).chain((0..map.inputs.len()).map(Slot::Nth)).map(|slot| call.field(slot)).collect();
    let Call::Program(_, program) = call else { return Ok(None) };
    let args = &program.args;
    let strides = std::iter::once(&args.output).chain(&args.inputs).map(|operand| operand.strides);
    let operands: Vec<Walk> = pointers.iter().zip(strides).map(|(&pointer, strides)| Walk { pointer, strides }).collect();
    Chain { sizes: args.sizes, operands: &operands, operations: &map.operations }.compile(host, wanted).map(Some)
}
