//! A plan with its weights, shared by all sessions: [`Net`]. Floor 4.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use convoke_compiler::plan::{Pack, Plan};

use super::accept::accept;
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind, Result};
use crate::isa::{Isa, IsaError};
#[cfg(feature = "jit")]
use crate::jit::Cabinet;
use crate::kernels::{Kernels, Table};
use crate::threads::{n_cores, threads_of_environment};
use crate::weights::{Choices, LoadOptions, Weights, load_packs};

/// A plan, the source of its weights, and the weights in the form that kernels read, made once. Cheap to clone.
#[derive(Clone)]
pub struct Net(Arc<Inner>);

/// A plan that is a part of the program, and the kernels that it calls, which are parts, too.
#[derive(Clone, Copy, Debug)]
pub struct Linked {
    /// The plan.
    pub plan: &'static Plan,
    /// Its kernels; a session panics where one of them is missing.
    pub kernels: &'static Kernels,
}

impl Linked {
    /// With all kernels that there are.
    pub fn all(plan: &'static Plan) -> Linked {
        Linked { plan, kernels: Kernels::all() }
    }
}

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
    pub table: &'static Table,
    /// And how else.
    pub choices: Choices,
    /// By index among the plan's packs.
    pub packs: Vec<Arc<Buffer>>,
}

impl Net {
    /// With the weights of a safetensors file.
    ///
    /// # Errors
    /// If the file cannot be read, is unsound or holds other tensors than the network's.
    pub fn load(linked: Linked, path: &Path, options: &LoadOptions) -> Result<Net> {
        Net::new(linked, Weights::open(linked.plan.into(), path, options), options).checked()
    }

    /// With the weights of a safetensors file in memory.
    ///
    /// # Errors
    /// If it is unsound or holds other tensors than the network's.
    pub fn from_bytes(linked: Linked, bytes: Cow<'static, [u8]>, options: &LoadOptions) -> Result<Net> {
        Net::new(linked, Weights::from_bytes(linked.plan.into(), "the given bytes", bytes, options), options).checked()
    }

    /// With weights from a seed. An error is that of the first session.
    pub fn random(linked: Linked, seed: u64) -> Net {
        Net::new(linked, Ok(Weights::random(linked.plan.into(), seed)), &LoadOptions::new())
    }

    /// With weights that are part of the program; `file` is where they were read from. An error is that of the first session.
    pub fn embedded(linked: Linked, file: &str, bytes: &'static [u8]) -> Net {
        let options = LoadOptions::new();
        Net::new(linked, Weights::from_bytes(linked.plan.into(), file, Cow::Borrowed(bytes), &options), &options)
    }

    /// With any weights. An error is that of the first session.
    pub(super) fn new(linked: Linked, weights: Result<Weights>, options: &LoadOptions) -> Net {
        let ready = match &weights {
            Ok(weights) => Ready::new(linked, weights, options),
            Err(error) => Err(error.clone()),
        };
        Net::of(Shared::Static(linked.plan), weights.map(Arc::new), ready)
    }

    /// With a plan made at run time and what its packs come to.
    ///
    /// # Errors
    /// If the plan is not sound.
    #[cfg(feature = "dynamic")]
    pub(crate) fn bound(
        plan: Plan,
        weights: Arc<Weights>,
        table: &'static Table,
        choices: Choices,
        packs: Vec<Arc<Buffer>>,
    ) -> Result<Net> {
        accept(&plan)?;
        Ok(Net::of(Shared::Owned(plan), Ok(weights), Ok(Ready { table, choices, packs })))
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
        self.ready().map(|ready| ready.table.isa())
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
pub(crate) fn packed(packs: &[Pack], weights: &Weights, table: &Table) -> Result<Vec<Arc<Buffer>>> {
    let threads = || threads_of_environment().ok().flatten().unwrap_or_else(n_cores);
    Ok(load_packs(packs, weights, table, threads)?.into_iter().map(Arc::new).collect())
}

impl Ready {
    fn new(linked: Linked, weights: &Weights, options: &LoadOptions) -> Result<Ready> {
        let Linked { plan, kernels } = linked;
        accept(plan)?;
        let table = kernels.table(isa_of(options)?);
        let choices = options.choices();
        let packs = packed(&choices.packs(plan), weights, table)?;
        Ok(Ready { table, choices, packs })
    }
}
