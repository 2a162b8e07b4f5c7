//! What a network does when it runs, as text: its plan, and the code that was made of it. Floor 6.

use std::fmt::Write;

use convoke_compiler::plan::{Kernel, Place, Plan, View};

#[cfg(feature = "dynamic")]
use crate::error::Result;
#[cfg(feature = "jit")]
use crate::jit::Chains;
#[cfg(feature = "dynamic")]
use crate::rt::Engine;
use crate::summary::kernel_name;

/// What `explain_with` adds to a plan: `ExplainOptions::new().ir().assembly()`.
#[cfg(feature = "dynamic")]
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ExplainOptions {
    /// Cranelift's intermediate representation.
    #[cfg(feature = "jit")]
    pub ir: bool,
    /// Machine instructions.
    #[cfg(feature = "jit")]
    pub assembly: bool,
    /// The most threads, see [`SessionOptions::threads`](crate::SessionOptions::threads).
    pub threads: Option<usize>,
}

#[cfg(feature = "dynamic")]
impl ExplainOptions {
    /// The plan alone.
    pub fn new() -> ExplainOptions {
        ExplainOptions::default()
    }

    /// With Cranelift's intermediate representation of the driver and of each element-wise step: feature `jit`. Its `@0004` is step 4.
    #[cfg(feature = "jit")]
    pub fn ir(mut self) -> ExplainOptions {
        self.ir = true;
        self
    }

    /// With their machine instructions, as Cranelift writes them: feature `jit`.
    #[cfg(feature = "jit")]
    pub fn assembly(mut self) -> ExplainOptions {
        self.assembly = true;
        self
    }

    /// For a session of so many threads at most.
    pub fn threads(mut self, threads: usize) -> ExplainOptions {
        self.threads = Some(threads);
        self
    }
}

/// A plan step by step: what computes it, and where it reads and writes. Of `shares` there may be one for each step.
pub fn plan(plan: &Plan, shares: &[usize]) -> String {
    let mut text = format!("{}: {} steps, {} packs of weights, ", plan.name, plan.steps.len(), plan.packs.len());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} bytes for the values of an image", plan.arena_len * size_of::<f32>());
    for (index, step) in plan.steps.iter().enumerate() {
        let _ = write!(text, "{index:3}  {}: {}", step.name, kernel_name(&step.kernel));
        for (what, n) in step.kernel.packs().iter().map(|pack| ("pack", pack)).chain(shares.get(index).map(|n| ("shares:", n))) {
            let _ = write!(text, ", {what} {n}");
        }
        text.push('\n');
        let output = step.kernel.output();
        for view in step.kernel.views() {
            let what = if std::ptr::eq(view, output) { "writes" } else { "reads" };
            let _ = writeln!(text, "       {what:6} {}", self::view(view));
        }
        if let Kernel::Map(map) = &step.kernel {
            for (n, operation) in map.operations.iter().enumerate() {
                let _ = writeln!(text, "       %{} = {operation:?}", map.inputs.len() + n);
            }
        }
    }
    text
}

/// `[C, H, W]` at a place, with the distances between channels, rows and columns.
fn view(view: &View) -> String {
    let View { place, offset, height, width, channels, row, pixel, channel } = view;
    let place = match place {
        Place::Arena => "arena".to_owned(),
        Place::Input(index) => format!("input {index}"),
        Place::Output(index) => format!("output {index}"),
        Place::Strip => "strip".to_owned(),
    };
    format!("{place} + {offset}: [{channels}, {height}, {width}] by {channel}, {row}, {pixel}")
}

/// The plan of an engine, and its code where it is asked for.
#[cfg(feature = "dynamic")]
pub(crate) fn engine(engine: &mut Engine, options: &ExplainOptions) -> Result<String> {
    let shares: Vec<usize> = engine.shares().collect();
    Ok(plan(engine.net().plan(), &shares) + &code(engine, options)?)
}

/// Without `jit` there is none.
#[cfg(all(feature = "dynamic", not(feature = "jit")))]
fn code(_: &mut Engine, _: &ExplainOptions) -> Result<String> {
    Ok(String::new())
}

/// The driver's code, and that of each step that has some.
#[cfg(feature = "jit")]
fn code(engine: &mut Engine, options: &ExplainOptions) -> Result<String> {
    let mut text = String::new();
    if !options.ir && !options.assembly {
        return Ok(text);
    }
    let Some(listings) = engine.listings(Chains::All)? else {
        return Ok("\nno code can be made for this machine: a loop over the steps runs them\n".to_owned());
    };
    let steps = listings.of_steps.iter().map(|(index, listing)| (format!("step {index}"), listing));
    for (name, listing) in listings.driver.iter().map(|listing| ("driver".to_owned(), listing)).chain(steps) {
        for (wanted, code) in [(options.ir, &listing.ir), (options.assembly, &listing.assembly)] {
            if wanted {
                // Writing to a string cannot fail.
                let _ = write!(text, "\n{name}:\n{}\n", code.trim_end());
            }
        }
    }
    Ok(text)
}
