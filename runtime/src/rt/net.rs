//! A plan with its weights, shared by all sessions: [`Net`]. Floor 4.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use convoke_compiler::plan::{Form, Pack, Plan};

use super::accept::accept;
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind, Result};
use crate::isa::{Isa, IsaError};
#[cfg(feature = "jit")]
use crate::jit::Cabinet;
use crate::threads::{n_cores, threads_of_environment};
use crate::weights::{LoadOptions, Numerics, Weights, load_packs};

/// A plan, the source of its weights, and the weights in the form that kernels read, made once. Cheap to clone.
#[derive(Clone)]
pub struct Net(Arc<Inner>);

struct Inner {
    plan: Shared,
    /// An error where it could not be reported when the net was made: `random` and `new` return no `Result`. It is that of
    /// the first use.
    weights: Result<Arc<Weights>>,
    /// The same.
    ready: Result<Ready>,
    /// What sessions have had compiled of the plan.
    #[cfg(feature = "jit")]
    code: Cabinet,
}

/// A plan that is a part of the program, or was made at run time.
enum Shared {
    Static(&'static Plan),
    #[cfg(feature = "dynamic")]
    Owned(Plan),
}

impl Deref for Shared {
    type Target = Plan;

    fn deref(&self) -> &Plan {
        match self {
            Shared::Static(plan) => plan,
            #[cfg(feature = "dynamic")]
            Shared::Owned(plan) => plan,
        }
    }
}

/// What sessions are made of.
pub(crate) struct Ready {
    /// What the weights are packed for.
    pub isa: Isa,
    /// And for which algorithms.
    pub numerics: Numerics,
    /// By index among the plan's packs.
    pub packs: Vec<Arc<Buffer>>,
}

impl Net {
    /// With the weights of a safetensors file.
    ///
    /// # Errors
    /// If the file cannot be read, is unsound or holds other tensors than the network's.
    pub fn load(plan: &'static Plan, path: &Path, options: &LoadOptions) -> Result<Net> {
        Net::new(plan, Weights::open(plan.into(), path, options), options).checked()
    }

    /// With the weights of a safetensors file in memory.
    ///
    /// # Errors
    /// If it is unsound or holds other tensors than the network's.
    pub fn from_bytes(plan: &'static Plan, bytes: Cow<'static, [u8]>, options: &LoadOptions) -> Result<Net> {
        Net::new(plan, Weights::from_bytes(plan.into(), "the given bytes", bytes, options), options).checked()
    }

    /// With weights from a seed. An error is that of the first session.
    pub fn random(plan: &'static Plan, seed: u64) -> Net {
        Net::new(plan, Ok(Weights::random(plan.into(), seed)), &LoadOptions::new())
    }

    /// With weights that are part of the program; `file` is where they were read from. An error is that of the first session.
    pub fn embedded(plan: &'static Plan, file: &str, bytes: &'static [u8]) -> Net {
        let options = LoadOptions::new();
        Net::new(plan, Weights::from_bytes(plan.into(), file, Cow::Borrowed(bytes), &options), &options)
    }

    /// With any weights. An error is that of the first session.
    pub(super) fn new(plan: &'static Plan, weights: Result<Weights>, options: &LoadOptions) -> Net {
        let ready = match &weights {
            Ok(weights) => Ready::new(plan, weights, options),
            Err(error) => Err(error.clone()),
        };
        Net::of(Shared::Static(plan), weights.map(Arc::new), ready)
    }

    /// With a plan made at run time and what its packs come to.
    ///
    /// # Errors
    /// If the plan is not sound.
    #[cfg(feature = "dynamic")]
    pub(crate) fn bound(plan: Plan, weights: Arc<Weights>, isa: Isa, numerics: Numerics, packs: Vec<Arc<Buffer>>) -> Result<Net> {
        accept(&plan)?;
        Ok(Net::of(Shared::Owned(plan), Ok(weights), Ok(Ready { isa, numerics, packs })))
    }

    fn of(plan: Shared, weights: Result<Arc<Weights>>, ready: Result<Ready>) -> Net {
        Net(Arc::new(Inner {
            plan,
            weights,
            ready,
            #[cfg(feature = "jit")]
            code: Cabinet::default(),
        }))
    }

    fn checked(self) -> Result<Net> {
        self.ready()?;
        Ok(self)
    }

    /// Writes the weights as safetensors: f32 under the names of the state dict, tensor by tensor, to a file beside `path`
    /// that takes its place when it is complete.
    ///
    /// # Errors
    /// If the file cannot be written, or the source of the weights can no longer be read.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.0.weights.as_ref().map_err(Error::clone)?.save(path)
    }

    /// What running it takes.
    pub fn plan(&self) -> &Plan {
        &self.0.plan
    }

    /// The instruction set that its weights are packed for.
    ///
    /// # Errors
    /// Those that the net was made with.
    pub fn isa(&self) -> Result<Isa> {
        self.ready().map(|ready| ready.isa)
    }

    /// What sessions have had compiled of the plan.
    #[cfg(feature = "jit")]
    pub(crate) fn code(&self) -> &Cabinet {
        &self.0.code
    }

    pub(crate) fn ready(&self) -> Result<&Ready> {
        self.0.ready.as_ref().map_err(Error::clone)
    }
}

impl fmt::Debug for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Net").field("name", &self.0.plan.name).field("weights", &self.0.weights).finish_non_exhaustive()
    }
}

/// The instruction set that options ask for.
///
/// # Errors
/// If there is no such, or this machine lacks it.
pub(crate) fn isa_of(options: &LoadOptions) -> Result<Isa> {
    match options.isa_choice() {
        Some(isa) if !isa.is_available() => Err(IsaError::Missing(isa)),
        Some(isa) => Ok(isa),
        None => Isa::detect(),
    }
    .map_err(|error| Error::new(ErrorKind::Isa, error.to_string()))
}

/// The weights of packs in the forms that kernels read.
///
/// # Errors
/// If a tensor cannot be read.
pub(crate) fn packed(packs: &[Pack], weights: &Weights, isa: Isa, numerics: Numerics) -> Result<Vec<Arc<Buffer>>> {
    let form = |form: &Form| match numerics {
        Numerics::Direct => form.direct(),
        Numerics::Fast => *form,
    };
    let threads = || threads_of_environment().ok().flatten().unwrap_or_else(n_cores);
    Ok(load_packs(packs, weights, isa, form, threads)?.into_iter().map(Arc::new).collect())
}

impl Ready {
    fn new(plan: &Plan, weights: &Weights, options: &LoadOptions) -> Result<Ready> {
        accept(plan)?;
        let isa = isa_of(options)?;
        let numerics = options.numerics_choice();
        let packs = packed(&plan.packs, weights, isa, numerics)?;
        Ok(Ready { isa, numerics, packs })
    }
}
