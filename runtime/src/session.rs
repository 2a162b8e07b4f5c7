//! Running a network: [`Session`], which owns the memory that it takes. Floor 7.

use std::fmt;
use std::marker::PhantomData;

use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "jit")]
use crate::jit::Chains;
use crate::profile::Profile;
use crate::rt::{Definition, Engine, Frame, MAX_PORTS, Net, Ports, Split, check};
use crate::threads::{n_cores, threads_of_environment};

/// A network's working memory: runs images one by one or in batches, without allocating.
///
/// Made by a network's `session()`. It shares the network's weights, owns everything else and borrows nothing, so it can live
/// in a struct or move to a thread; for several threads, make a session in each.
///
/// ```
/// use convoke::{Map, network};
///
/// network! {
///     pub Small(image: [1, 8, 8]) {
///         image -> conv1: conv(4, 3x3) -> relu -> max_pool(2x2) -> flatten -> fc: linear(3)
///     }
/// }
///
/// let mut session = Small::random(0).session();
/// let logits = session.run(&Map::from_fn(|_, y, x| (x + y) as f32))?;
/// assert!(logits.argmax() < 3);
/// # Ok::<(), convoke::Error>(())
/// ```
pub struct Session<D: Definition> {
    /// The error that the network was made with, where it could not be reported then: see `random`.
    engine: Result<Engine>,
    outputs: <D::Outputs as Ports>::Store,
    options: SessionOptions,
    network: PhantomData<fn() -> D>,
}

/// How a session is made: `SessionOptions::new().batch(16)`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionOptions {
    /// The largest batch.
    pub batch: usize,
    /// The most threads, see [`SessionOptions::threads`].
    pub threads: Option<usize>,
    /// What runs the steps.
    pub backend: Backend,
}

/// What runs the steps of a plan. All give the same bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Backend {
    /// Emitted code where there is some; for sizes that were bound at run time, compiled code where it is the faster, else the loop.
    #[default]
    Auto,
    /// The code that `network!` emitted. For sizes that were bound at run time there is none: the loop.
    Emitted,
    /// Machine code that is made when a session is, for all steps. Where Cranelift has no target, or the system no memory that may be
    /// executed, the loop.
    #[cfg(feature = "jit")]
    Jit,
    /// A loop over the plan: the reference that the others are compared with.
    Loop,
}

impl SessionOptions {
    /// One image at a time, by all cores where the network is large enough, by whatever is fastest.
    pub fn new() -> SessionOptions {
        SessionOptions { batch: 1, threads: None, backend: Backend::Auto }
    }

    /// The largest batch, at least 1; the session keeps room for as many outputs.
    pub fn batch(mut self, batch: usize) -> SessionOptions {
        self.batch = batch;
        self
    }

    /// The most threads that compute an image, the caller's among them: at least 1; more than 128 are 128. The results have the
    /// same bits whatever it is.
    ///
    /// Without it there are as many as the environment's `CONVOKE_THREADS` says, or else as many as this process may use cores. A
    /// network of some ten microseconds stays on one thread, as do steps too small to divide. The threads belong to the
    /// process, and all sessions share them: one that runs beside another takes those that are free, so that no more threads
    /// work than there are cores (or than one session alone has asked for). They sleep 50 µs after they had nothing to do.
    ///
    /// A server that runs a session for each request at once does best with 1.
    pub fn threads(mut self, threads: usize) -> SessionOptions {
        self.threads = Some(threads);
        self
    }

    /// What runs the steps.
    pub fn backend(mut self, backend: Backend) -> SessionOptions {
        self.backend = backend;
        self
    }
}

impl Default for SessionOptions {
    fn default() -> SessionOptions {
        SessionOptions::new()
    }
}

impl<D: Definition> Session<D> {
    /// A session for one image at a time, of [`SessionOptions::new`]. An error that the network was made with, or a
    /// `CONVOKE_THREADS` that is no number of threads, is that of the first run.
    pub fn new(network: &D) -> Session<D> {
        let options = SessionOptions::new();
        let engine = engine_of::<D>(network.net(), &options);
        Session { engine, outputs: D::Outputs::store(options.batch), options, network: PhantomData }
    }

    /// A session as the options say.
    ///
    /// # Errors
    /// If the largest batch or the number of threads is 0, if `CONVOKE_THREADS` is no number of threads, and those that the
    /// network was made with: an unknown `CONVOKE_ISA` where it was made by `random` or `new`, which return no `Result`.
    pub fn with_options(network: &D, options: SessionOptions) -> Result<Session<D>> {
        if options.batch == 0 {
            return Err(Error::new(ErrorKind::Batch, "a session runs at least one image; its largest batch is 0"));
        }
        let engine = engine_of::<D>(network.net(), &options)?;
        Ok(Session { engine: Ok(engine), outputs: D::Outputs::store(options.batch), options, network: PhantomData })
    }

    /// Runs one image: `run(&image)`, or `run((&a, &b))` for a network of two inputs. Does not allocate.
    ///
    /// The outputs stay in the session until it runs again; clone them to keep them.
    ///
    /// # Errors
    /// Those that the network was made with: none where it came from `load` or `from_bytes`.
    pub fn run(&mut self, inputs: <D::Inputs as Ports>::Ref<'_>) -> Result<<D::Outputs as Ports>::Ref<'_>> {
        self.run_image(inputs, 0)?;
        Ok(D::Outputs::stored(&self.outputs, 0))
    }

    /// Runs as many images as there are, up to the session's largest batch: `run_batch(&images)`, or `run_batch((&a, &b))` for a
    /// network of two inputs. Each gets the bits that [`run`](Session::run) gives it. Does not allocate.
    ///
    /// Images are computed one after another, each by all threads: so a batch takes no more memory than an image, and its first
    /// result is there as soon as possible. A network too small to divide runs on one thread in a batch, too; sessions in
    /// threads of your own run images of it at once.
    ///
    /// # Errors
    /// If there are more images than the session's largest batch, or not as many of each input; else as for [`run`](Session::run).
    pub fn run_batch(&mut self, inputs: <D::Inputs as Ports>::Slice<'_>) -> Result<<D::Outputs as Ports>::Slice<'_>> {
        let n = D::Inputs::n_images(inputs)?;
        self.check_batch(n)?;
        for i in 0..n {
            self.run_image(D::Inputs::image(inputs, i), i)?;
        }
        Ok(D::Outputs::stored_first(&self.outputs, n))
    }

    /// Runs one image whose inputs are slices, in the order of the definition, each row-major, channel after channel. Does not allocate.
    ///
    /// # Errors
    /// If there are not as many slices as inputs, or one is not as long as its input; else as for [`run`](Session::run).
    pub fn run_slices(&mut self, inputs: &[&[f32]]) -> Result<<D::Outputs as Ports>::Ref<'_>> {
        self.run_into_store(inputs, 0)?;
        Ok(D::Outputs::stored(&self.outputs, 0))
    }

    /// Where the time of an image goes: as [`run_slices`](Session::run_slices), `n_runs` times after one that is not counted, with a clock
    /// read after each step.
    ///
    /// ```
    /// use convoke::network;
    ///
    /// network! {
    ///     pub Small(image: [1, 8, 8]) {
    ///         image -> conv1: conv(4, 3x3) -> relu -> max_pool(2x2) -> flatten -> fc: linear(3)
    ///     }
    /// }
    ///
    /// let profile = Small::random(0).session().profile(&[&[0.5; 64]], 3)?;
    /// assert_eq!(profile.steps.iter().map(|step| step.flops).sum::<f64>(), 2.0 * Small::MACS as f64);
    /// println!("{profile}");
    /// # Ok::<(), convoke::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`run_slices`](Session::run_slices).
    pub fn profile(&mut self, inputs: &[&[f32]], n_runs: usize) -> Result<Profile> {
        let engine = self.engine.as_mut().map_err(|error| error.clone())?;
        let mut outputs = no_outputs();
        D::Outputs::each_stored(&mut self.outputs, 0, &mut |index, elements| outputs[index] = elements);
        Profile::of(engine, n_runs, inputs, &mut outputs[..D::Outputs::SHAPES.len()])
    }

    /// The largest batch.
    pub fn batch(&self) -> usize {
        self.options.batch
    }

    /// The most threads that compute an image: 1 where the network is too small to divide.
    pub fn threads(&self) -> usize {
        self.engine.as_ref().map_or(1, Engine::threads)
    }

    /// As [`SliceSession::run_into`](crate::SliceSession::run_into) says.
    pub(crate) fn run_into(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let one: usize = D::Inputs::SHAPES[0].iter().product();
        let n = inputs.first().map_or(1, |first| first.len() / one);
        self.check_batch(n)?;
        let backend = self.options.backend;
        let engine = self.engine.as_mut().map_err(|error| error.clone())?;
        if n <= 1 || inputs.len() != D::Inputs::SHAPES.len() || outputs.len() != D::Outputs::SHAPES.len() {
            return run_engine::<D>(engine, backend, inputs, outputs);
        }
        for i in 0..n {
            // Where a slice does not divide, its parts have not the length of an image, and the engine says so.
            let mut image_inputs = [&[][..]; MAX_PORTS];
            for (part, input) in image_inputs.iter_mut().zip(inputs) {
                let len = input.len() / n;
                *part = &input[i * len..][..len];
            }
            let mut image_outputs = no_outputs();
            for (part, output) in image_outputs.iter_mut().zip(outputs.iter_mut()) {
                let len = output.len() / n;
                *part = &mut output[i * len..][..len];
            }
            let (n_inputs, n_outputs) = (D::Inputs::SHAPES.len(), D::Outputs::SHAPES.len());
            run_engine::<D>(engine, backend, &image_inputs[..n_inputs], &mut image_outputs[..n_outputs])?;
        }
        Ok(())
    }

    fn run_image(&mut self, inputs: <D::Inputs as Ports>::Ref<'_>, i: usize) -> Result<()> {
        let mut slices: [&[f32]; MAX_PORTS] = [&[]; MAX_PORTS];
        D::Inputs::each(inputs, &mut |index, elements| slices[index] = elements);
        self.run_into_store(&slices[..D::Inputs::SHAPES.len()], i)
    }

    /// Runs one image; its outputs go to place `i` of the store.
    fn run_into_store(&mut self, inputs: &[&[f32]], i: usize) -> Result<()> {
        let engine = self.engine.as_mut().map_err(|error| error.clone())?;
        let mut outputs = no_outputs();
        D::Outputs::each_stored(&mut self.outputs, i, &mut |index, elements| outputs[index] = elements);
        run_engine::<D>(engine, self.options.backend, inputs, &mut outputs[..D::Outputs::SHAPES.len()])
    }

    fn check_batch(&self, n: usize) -> Result<()> {
        let most = self.options.batch;
        if n <= most {
            return Ok(());
        }
        let message = format!(
            "a batch of {n} images for `{}`, whose session was made for at most {most}: make it by \
             `session_with(SessionOptions::new().batch({n}))`",
            D::plan().name,
        );
        Err(Error::new(ErrorKind::Batch, message))
    }
}

/// Room for as many outputs as there can be.
fn no_outputs<'a>() -> [&'a mut [f32]; MAX_PORTS] {
    std::array::from_fn(|_| &mut [][..])
}

fn run_engine<D: Definition>(engine: &mut Engine, backend: Backend, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
    match backend {
        Backend::Auto | Backend::Emitted => engine.run(inputs, outputs, D::run),
        _ => engine.run(inputs, outputs, |frame: &mut Frame<'_>| frame.all()),
    }
}

/// An engine over the net, whose plan has the inputs and outputs of `D`.
fn engine_of<D: Definition>(net: &Net, options: &SessionOptions) -> Result<Engine> {
    let engine = engine(net, options)?;
    #[cfg(feature = "jit")]
    let engine = {
        let mut engine = engine;
        if options.backend == Backend::Jit {
            engine.compile(Chains::All)?;
        }
        engine
    };
    check::<D::Inputs>("input", &net.plan().inputs)?;
    check::<D::Outputs>("output", &net.plan().outputs)?;
    Ok(engine)
}

/// An engine over the net, as options say.
pub(crate) fn engine(net: &Net, options: &SessionOptions) -> Result<Engine> {
    let of_environment = || threads_of_environment().map_err(|what| Error::new(ErrorKind::Threads, what));
    let threads = match options.threads {
        Some(0) => {
            return Err(Error::new(ErrorKind::Threads, "a session takes at least one thread, the caller's; it was given 0"));
        }
        Some(threads) => Some(threads),
        None => of_environment()?,
    };
    let split = Split::of(net.plan(), net.isa()?, || threads.unwrap_or_else(n_cores));
    Engine::with_split(net, split)
}

impl<D: Definition> fmt::Debug for Session<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("network", &D::plan().name).field("options", &self.options).finish_non_exhaustive()
    }
}
