//! Running a network of any size: [`BoundSession`] at given sizes, [`AnySession`] at those of whatever comes. Floor 8.

use std::fmt;
use std::time::Duration;

use super::net::AnyNet;
use super::tensor::Tensor;
use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "jit")]
use crate::jit::Chains;
use crate::profile::Profile;
use crate::rt::{Engine, Net};
use crate::session::{Backend, SessionOptions, engine};

/// A network at sizes that it was bound to: its working memory, which nothing is added to while it runs.
///
/// ```
/// use convoke::{Tensor, network};
///
/// network! {
///     pub Edges(image: [1, H, W]) where H >= 3, W >= 3 {
///         image -> conv1: conv(8, 3x3, pad = 1) -> relu -> conv2: conv(1, 1x1) -> sigmoid
///     }
/// }
///
/// let net = Edges::random(1);
/// let mut session = net.bind(&[48, 64])?;
/// let image = Tensor::from_fn(&[1, 48, 64], |at| (at[1] + at[2]) as f32 / 100.0)?;
/// let outputs = session.run(&[&image])?;
/// assert_eq!(outputs[0].shape(), [1, 48, 64]);
///
/// let error = net.bind(&[2, 64]).unwrap_err();
/// assert!(error.to_string().contains("H = 2, W = 64: `H >= 3` does not hold"), "{error}");
/// # Ok::<(), convoke::Error>(())
/// ```
pub struct BoundSession {
    engine: Engine,
    network: String,
    sizes: Vec<usize>,
    inputs: Vec<(String, Vec<usize>)>,
    outputs: Vec<Tensor>,
    times: BindTimes,
}

/// What it took to bind a network to sizes: nothing where it was bound to them before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BindTimes {
    /// From the sizes to a plan.
    pub planning: Duration,
    /// Weights brought into forms that no other size had needed.
    pub packing: Duration,
    /// From the plan to machine code, where it is compiled: feature `jit`.
    pub compiling: Duration,
}

impl BoundSession {
    pub(super) fn new(net: &Net, sizes: &[usize], times: BindTimes, options: &SessionOptions) -> Result<BoundSession> {
        if options.batch != 1 {
            let message = "a session that was bound to sizes runs one image after another: its batch is 1";
            return Err(Error::new(ErrorKind::Batch, message));
        }
        let engine = engine(net, options)?;
        #[cfg(feature = "jit")]
        let (engine, times) = {
            let mut engine = engine;
            let took = match options.backend {
                Backend::Jit => engine.compile(Chains::All)?,
                // The loop does as well where this fails.
                Backend::Auto => engine.compile(Chains::Faster).unwrap_or_default(),
                _ => None,
            };
            (engine, BindTimes { compiling: took.unwrap_or_default(), ..times })
        };
        let plan = net.plan();
        let shape = |port: &convoke_compiler::plan::Port| (port.name.to_string(), port.shape.to_vec());
        Ok(BoundSession {
            engine,
            network: plan.name.to_string(),
            sizes: sizes.to_vec(),
            inputs: plan.inputs.iter().map(shape).collect(),
            outputs: plan.outputs.iter().map(|port| Tensor::zeros(&port.shape)).collect::<Result<_>>()?,
            times,
        })
    }

    /// Runs one image: a tensor for each input, in the order of the definition. Does not allocate.
    ///
    /// The outputs stay in the session until it runs again; clone them to keep them.
    ///
    /// # Errors
    /// If there are not as many inputs as the network has, or one has another shape.
    pub fn run(&mut self, inputs: &[&Tensor]) -> Result<&[Tensor]> {
        if inputs.len() != self.inputs.len() {
            let message = format!("`{}` has {} inputs, but {} were given", self.network, self.inputs.len(), inputs.len());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        for ((name, expected), input) in self.inputs.iter().zip(inputs) {
            if input.shape() != expected.as_slice() {
                let message = format!(
                    "the input `{name}` of `{}` was bound to {expected:?}, but {:?} was given",
                    self.network,
                    input.shape()
                );
                return Err(Error::new(ErrorKind::Shape, message));
            }
        }
        let mut slices: [&[f32]; crate::rt::MAX_PORTS] = [&[]; crate::rt::MAX_PORTS];
        for (slice, input) in slices.iter_mut().zip(inputs) {
            *slice = input.as_slice();
        }
        let mut outputs: [&mut [f32]; crate::rt::MAX_PORTS] = std::array::from_fn(|_| &mut [][..]);
        let n_outputs = self.outputs.len();
        for (slice, output) in outputs.iter_mut().zip(&mut self.outputs) {
            *slice = output.as_mut_slice();
        }
        self.engine.run_plan(&slices[..inputs.len()], &mut outputs[..n_outputs])?;
        Ok(&self.outputs)
    }

    /// As [`run`](BoundSession::run), from slices into slices, each row-major, channel after channel.
    ///
    /// # Errors
    /// If there are not as many as the network has inputs and outputs, or one is not as long as it.
    pub fn run_slices(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        self.engine.run_plan(inputs, outputs)
    }

    /// Where the time of an image goes, see [`Session::profile`](crate::Session::profile).
    ///
    /// # Errors
    /// If there are not as many inputs as the network has, or one is not as long as it.
    pub fn profile(&mut self, inputs: &[&[f32]], n_runs: usize) -> Result<Profile> {
        let mut outputs: Vec<&mut [f32]> = self.outputs.iter_mut().map(Tensor::as_mut_slice).collect();
        Profile::of(&mut self.engine, n_runs, inputs, &mut outputs)
    }

    /// The sizes that it was bound to, in the order of the network's `SYMBOLS`.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// The shapes of the inputs.
    pub fn input_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.inputs.iter().map(|(_, shape)| shape.as_slice())
    }

    /// The shapes of the outputs.
    pub fn output_shapes(&self) -> impl Iterator<Item = &[usize]> {
        self.outputs.iter().map(Tensor::shape)
    }

    /// What runs it: [`Backend::Loop`], or `Backend::Jit` where it is compiled.
    pub fn backend(&self) -> Backend {
        #[cfg(feature = "jit")]
        if self.engine.is_compiled() {
            return Backend::Jit;
        }
        Backend::Loop
    }

    /// What binding it took.
    pub fn bind_times(&self) -> BindTimes {
        self.times
    }
}

impl fmt::Debug for BoundSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundSession").field("network", &self.network).field("sizes", &self.sizes).finish_non_exhaustive()
    }
}

/// A network of any size that binds itself to the shapes of what it is given: images of different sizes, one after another.
///
/// It keeps the memory of the last sizes alone; plans and weights are kept by the network, see
/// [`LoadOptions::bound_sizes`](crate::LoadOptions::bound_sizes).
///
/// ```
/// use convoke::{Tensor, network};
///
/// network! {
///     pub Halved(image: [3, H, W]) where H % 2 == 0, W % 2 == 0 { image -> avg_pool(2x2) }
/// }
///
/// let mut session = Halved::random(0).session();
/// for (height, width) in [(4, 6), (10, 2)] {
///     let image = Tensor::zeros(&[3, height, width])?;
///     assert_eq!(session.run(&[&image])?[0].shape(), [3, height / 2, width / 2]);
/// }
/// assert!(session.run(&[&Tensor::zeros(&[3, 5, 6])?]).is_err());
/// # Ok::<(), convoke::Error>(())
/// ```
pub struct AnySession {
    net: AnyNet,
    options: SessionOptions,
    bound: Option<BoundSession>,
}

impl AnySession {
    /// Bound to nothing yet. An error that the network was made with is that of the first run.
    #[doc(hidden)]
    pub fn new(net: &AnyNet, options: SessionOptions) -> AnySession {
        AnySession { net: net.clone(), options, bound: None }
    }

    /// Runs one image, bound to its sizes: at once where they are those of the last one.
    ///
    /// # Errors
    /// If an input has a shape that its definition excludes, if the network cannot have these sizes (see its `bind`), and
    /// those that the network was made with.
    pub fn run(&mut self, inputs: &[&Tensor]) -> Result<&[Tensor]> {
        self.bind(inputs)?.run(inputs)
    }

    /// The session for the sizes of these inputs.
    ///
    /// # Errors
    /// As [`run`](AnySession::run).
    pub fn bind(&mut self, inputs: &[&Tensor]) -> Result<&mut BoundSession> {
        let fits = |bound: &BoundSession| {
            bound.inputs.len() == inputs.len()
                && bound.inputs.iter().zip(inputs).all(|((_, shape), input)| shape == input.shape())
        };
        let bound = match self.bound.take().filter(fits) {
            Some(bound) => bound,
            None => {
                let shapes: Vec<&[usize]> = inputs.iter().map(|input| input.shape()).collect();
                self.net.bind(&self.net.sizes_of(&shapes)?, self.options.clone())?
            }
        };
        Ok(self.bound.insert(bound))
    }
}

impl fmt::Debug for AnySession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnySession").field("net", &self.net).field("bound", &self.bound).finish_non_exhaustive()
    }
}
