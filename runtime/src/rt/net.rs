//! A plan with its weights, shared by all sessions: [`Net`]. Floor 4.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use convoke_compiler::plan::{Form, Plan};

use super::accept::accept;
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind, Result};
use crate::isa::Isa;
use crate::threads::{n_cores, threads_of_environment};
use crate::weights::{LoadOptions, Numerics, Weights, load_packs};

/// A plan, the source of its weights, and the weights in the form that kernels read, made once. Cheap to clone.
#[derive(Clone)]
pub struct Net(Arc<Inner>);

struct Inner {
    plan: &'static Plan,
    /// An error where it could not be reported when the net was made: `random` and `new` return no `Result`. It is that of
    /// the first use.
    weights: Result<Weights>,
    /// The same.
    ready: Result<Ready>,
}

/// What sessions are made of.
pub(crate) struct Ready {
    /// What the weights are packed for.
    pub isa: Isa,
    /// And for which algorithms.
    pub numerics: Numerics,
    /// By index among the plan's packs.
    pub packs: Vec<Buffer>,
}

impl Net {
    /// With the weights of a safetensors file.
    ///
    /// # Errors
    /// If the file cannot be read, is unsound or holds other tensors than the network's.
    pub fn load(plan: &'static Plan, path: &Path, options: &LoadOptions) -> Result<Net> {
        Net::new(plan, Weights::open(plan, path, options), options).checked()
    }

    /// With the weights of a safetensors file in memory.
    ///
    /// # Errors
    /// If it is unsound or holds other tensors than the network's.
    pub fn from_bytes(plan: &'static Plan, bytes: Cow<'static, [u8]>, options: &LoadOptions) -> Result<Net> {
        Net::new(plan, Weights::from_bytes(plan, "the given bytes", bytes, options), options).checked()
    }

    /// With weights from a seed. An error is that of the first session.
    pub fn random(plan: &'static Plan, seed: u64) -> Net {
        Net::new(plan, Ok(Weights::random(plan, seed)), &LoadOptions::new())
    }

    /// With weights that are part of the program; `file` is where they were read from. An error is that of the first session.
    pub fn embedded(plan: &'static Plan, file: &str, bytes: &'static [u8]) -> Net {
        let options = LoadOptions::new();
        Net::new(plan, Weights::from_bytes(plan, file, Cow::Borrowed(bytes), &options), &options)
    }

    /// With any weights. An error is that of the first session.
    pub(super) fn new(plan: &'static Plan, weights: Result<Weights>, options: &LoadOptions) -> Net {
        let ready = match &weights {
            Ok(weights) => Ready::new(plan, weights, options),
            Err(error) => Err(error.clone()),
        };
        Net(Arc::new(Inner { plan, weights, ready }))
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
    pub fn plan(&self) -> &'static Plan {
        self.0.plan
    }

    /// The instruction set that its weights are packed for.
    ///
    /// # Errors
    /// Those that the net was made with.
    pub fn isa(&self) -> Result<Isa> {
        self.ready().map(|ready| ready.isa)
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

impl Ready {
    fn new(plan: &Plan, weights: &Weights, options: &LoadOptions) -> Result<Ready> {
        accept(plan)?;
        let isa = match options.isa_choice() {
            Some(isa) if !isa.is_available() => Err(crate::isa::IsaError::Missing(isa)),
            Some(isa) => Ok(isa),
            None => Isa::detect(),
        }
        .map_err(|error| Error::new(ErrorKind::Isa, error.to_string()))?;
        let numerics = options.numerics_choice();
        let form = |form: &Form| match numerics {
            Numerics::Direct => form.direct(),
            Numerics::Fast => *form,
        };
        let threads = || threads_of_environment().ok().flatten().unwrap_or_else(n_cores);
        let packs = load_packs(plan, weights, isa, form, threads)?;
        Ok(Ready { isa, numerics, packs })
    }
}
