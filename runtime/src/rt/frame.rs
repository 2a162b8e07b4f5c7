//! The memory of a session and the steps bound to it; [`Frame`] is what generated code runs them through. Floor 4.

use std::ptr;
#[cfg(feature = "jit")]
use std::time::Duration;

use convoke_compiler::plan::{self, Kernel, Plan};

use super::MAX_PORTS;
use super::net::{Net, Ready};
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind, Result};
#[cfg(feature = "jit")]
use crate::jit;
use crate::kernels::{self, Memory, PackPointer, PortPointers, Prepared, Split};
use crate::threads::{self, Run, Team};
use crate::weights::Choices;

/// A plan's steps bound to an arena of their own: a session without types, for plans that no type stands for.
pub struct Engine {
    steps: Vec<Prepared>,
    /// What runs them in place of a loop over them.
    #[cfg(feature = "jit")]
    compiled: Option<jit::Bound>,
    /// Of a network that is not small: also where it is computed by one thread, so that others know of it.
    team: Option<Team>,
    /// Memory that `steps` point into. Never touched but through them.
    _arena: Buffer,
    _scratch: Buffer,
    /// Holds the packed weights that `steps` point into.
    net: Net,
}

impl Engine {
    /// Makes an arena and binds the net's steps to it, to be run by one thread.
    ///
    /// # Errors
    /// Those that the net was made with.
    pub fn new(net: &Net) -> Result<Engine> {
        Engine::with_split(net, Split::NONE)
    }

    /// As [`new`](Engine::new), with steps in as many shares as `split` says, by as many threads as it says.
    ///
    /// # Errors
    /// Those that the net was made with.
    pub fn with_split(net: &Net, split: Split) -> Result<Engine> {
        let plan = net.plan();
        let Ready { table, choices, packs } = net.ready()?;
        let split = Split { threads: split.threads.min(threads::MOST), ..split };
        let kernels = kernels_of(plan, choices);
        let shares = |kernel: &Kernel| split.shares(kernel, table.isa());
        let scratch_len =
            kernels.iter().map(|kernel| kernels::scratch_len(kernel, table.isa(), shares(kernel))).max().unwrap_or(0);
        let mut arena = Buffer::zeroed(plan.arena_len);
        let mut scratch = Buffer::zeroed(scratch_len);
        let memory = Memory { arena: arena.as_mut_ptr(), scratch: scratch.as_mut_ptr() };
        let packs: Vec<PackPointer> =
            packs.iter().zip(choices.packs(plan)).map(|(pack, recipe)| PackPointer::new(pack, &recipe.form)).collect();
        let steps = kernels
            .iter()
            // SAFETY: `accept` has checked the plan before the net was ready: each element that the step touches lies inside
            // the arena, a port or its pack, whose form is that of the step, and for other numerics both have changed alike: the
            // direct algorithm reads and writes what Winograd's does, and weights are read as what they are stored as. Arena and
            // scratch are as long as asked for and live beside the steps, the packs in `net`, which does too. `Net` has checked that this machine has the table's instruction set.
            .map(|kernel| unsafe { Prepared::new(kernel, table, &packs, &memory, shares(kernel)) })
            .collect();
        let team = (split != Split::NONE).then(|| Team::new(split.threads));
        Ok(Engine {
            steps,
            #[cfg(feature = "jit")]
            compiled: None,
            team,
            _arena: arena,
            _scratch: scratch,
            net: net.clone(),
        })
    }

    /// Has the plan run by compiled code from now on, that of its other sessions or new; how long it took to make. `None` where this
    /// machine cannot have any, or that is not worth while: everything is as it was.
    ///
    /// # Errors
    /// If code cannot be made of the plan.
    #[cfg(feature = "jit")]
    pub fn compile(&mut self, chains: jit::Chains) -> Result<Option<Duration>> {
        let Ready { table, choices, .. } = self.net.ready()?;
        let kernels = kernels_of(self.net.plan(), choices);
        let driver = self.net.code().driver(&kernels, &mut self.steps, table.isa(), chains);
        let Some(driver) = driver.map_err(|what| not_compiled(&self.net, &what))? else { return Ok(None) };
        let (driver, took) = driver;
        let arguments = self.steps.iter_mut().map(|step| step.call().arguments()).collect();
        // SAFETY: the driver was made of these steps, or of others of the same plan in the same shares.
        self.compiled = Some(unsafe { jit::Bound::new(driver, arguments) });
        Ok(Some(took))
    }

    /// The code that [`compile`](Engine::compile) has made, as text; `None` where this machine cannot have any.
    ///
    /// # Errors
    /// If code cannot be made of the plan.
    #[cfg(feature = "jit")]
    pub fn listings(&mut self, chains: jit::Chains) -> Result<Option<jit::Listings>> {
        let Ready { table, choices, .. } = self.net.ready()?;
        let kernels = kernels_of(self.net.plan(), choices);
        jit::listings(&kernels, &mut self.steps, table.isa(), chains).map_err(|what| not_compiled(&self.net, &what))
    }

    /// Whether compiled code runs the plan.
    #[cfg(feature = "jit")]
    pub fn is_compiled(&self) -> bool {
        self.compiled.is_some()
    }

    /// The most threads that it runs on.
    pub fn threads(&self) -> usize {
        self.team.as_ref().map_or(1, Team::n_threads)
    }

    /// Into how many shares each step is divided.
    pub fn shares(&self) -> impl Iterator<Item = usize> {
        self.steps.iter().map(Prepared::n_shares)
    }

    /// What it runs.
    pub fn net(&self) -> &Net {
        &self.net
    }

    /// Elements of the packed weights that a kernel of its plan reads.
    pub(crate) fn weights_len(&self, kernel: &Kernel) -> usize {
        let packs = self.net.ready().map_or(&[][..], |ready| &ready.packs);
        kernel.packs().into_iter().filter_map(|pack| packs.get(pack)).map(|pack| pack.len()).sum()
    }

    /// Runs the plan's steps in order on one image: the elements of each input and output, in order. Does not allocate.
    ///
    /// # Errors
    /// If the slices are not as many and as long as the plan's ports.
    pub fn run_plan(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        self.run(inputs, outputs, |frame| frame.all())
    }

    /// Runs `body` on one image: the elements of each input and output, in order.
    ///
    /// # Errors
    /// If the slices are not as many and as long as the plan's ports.
    pub fn run(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]], body: impl FnOnce(&mut Frame<'_>)) -> Result<()> {
        let plan = self.net.plan();
        check_ports(&plan.name, "input", &plan.inputs, inputs.iter().map(|input| input.len()))?;
        check_ports(&plan.name, "output", &plan.outputs, outputs.iter().map(|output| output.len()))?;
        // `accept` has made sure that there are at most `MAX_PORTS` of each.
        let mut input_pointers = [ptr::null(); MAX_PORTS];
        let mut output_pointers = [ptr::null_mut(); MAX_PORTS];
        for (pointer, input) in input_pointers.iter_mut().zip(inputs) {
            *pointer = input.as_ptr();
        }
        for (pointer, output) in output_pointers.iter_mut().zip(outputs.iter_mut()) {
            *pointer = output.as_mut_ptr();
        }
        let ports = PortPointers { inputs: &input_pointers[..inputs.len()], outputs: &output_pointers[..outputs.len()] };
        body(&mut Frame {
            steps: &mut self.steps,
            #[cfg(feature = "jit")]
            compiled: self.compiled.as_ref(),
            ports,
            run: self.team.as_mut().map(Team::enter),
        });
        Ok(())
    }
}

/// The steps of a plan as they are computed.
fn kernels_of(plan: &Plan, choices: &Choices) -> Vec<Kernel> {
    plan.steps.iter().map(|step| choices.kernel(&step.kernel)).collect()
}

#[cfg(feature = "jit")]
fn not_compiled(net: &Net, what: &str) -> Error {
    Error::new(ErrorKind::Plan, format!("`{}` cannot be compiled, which is a mistake: please report it\n{what}", net.plan().name))
}

/// Whether there is a slice for each port, of its length.
fn check_ports(network: &str, what: &str, ports: &[plan::Port], lens: impl ExactSizeIterator<Item = usize>) -> Result<()> {
    if lens.len() != ports.len() {
        let s = if ports.len() == 1 { "" } else { "s" };
        let message = format!("`{network}` has {} {what}{s}; {} slices were given", ports.len(), lens.len());
        return Err(Error::new(ErrorKind::Shape, message));
    }
    for (port, found) in ports.iter().zip(lens) {
        let expected: usize = port.shape.iter().product();
        if found != expected {
            let name = &port.name;
            return Err(Error::new(
                ErrorKind::Shape,
                format!("the {what} `{name}` of `{network}` is {:?}, {expected} elements; the slice holds {found}", port.shape),
            ));
        }
    }
    Ok(())
}

/// The steps of a plan bound to one image's inputs and outputs.
///
/// Any step may be run at any time and any number of times: each touches only memory that was checked to be its own. In the
/// plan's order they compute the network.
pub struct Frame<'a> {
    steps: &'a mut [Prepared],
    #[cfg(feature = "jit")]
    compiled: Option<&'a jit::Bound>,
    ports: PortPointers<'a>,
    run: Option<Run<'a>>,
}

impl Frame<'_> {
    /// Runs step `index` of the plan.
    ///
    /// # Panics
    /// If there is no such step.
    #[inline]
    pub fn step(&mut self, index: usize) {
        let step = &mut self.steps[index];
        step.bind(&self.ports);
        let step = &*step;
        // SAFETY: what `Engine::with_split` promised holds for as long as the engine is borrowed, and `&mut` makes the use
        // exclusive to the shares of one step, which are waited for; `Engine::run` has checked that the ports are as long as
        // the plan says and holds their borrows.
        let share = |part| unsafe { step.share(part) };
        match &mut self.run {
            Some(run) if step.n_shares() > 1 => run.shares(step.n_shares(), &share),
            _ => (0..step.n_shares()).for_each(share),
        }
    }

    /// Runs all steps in the plan's order: by compiled code where the engine has it, else by a loop over them.
    pub(crate) fn all(&mut self) {
        #[cfg(feature = "jit")]
        if let Some(compiled) = self.compiled {
            // SAFETY: as for a step; the arguments are those of `steps`, which stay where they are while the engine lives and are
            // borrowed for writing here.
            return unsafe { compiled.run(&self.ports, self.run.as_mut()) };
        }
        for index in 0..self.steps.len() {
            self.step(index);
        }
    }
}
