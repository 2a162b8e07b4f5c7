//! A template with its weights, and the plans that were made of it: [`AnyNet`]. Floor 8.

use std::borrow::Cow;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use convoke_compiler::plan::{Pack, Parameter, Plan};
use convoke_compiler::template::{Template, Unfit};
use convoke_compiler::{lower, passes};

use super::cache::Cache;
use super::session::{BindTimes, BoundSession};
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind, Result};
use crate::explain::{self, ExplainOptions};
use crate::kernels::{Kernels, Table};
use crate::rt::{Net, isa_of, packed};
use crate::session::{SessionOptions, engine};
use crate::weights::{Choices, LoadOptions, StateDict, Weights};

/// What `network!` embeds for a network whose sizes are known only when it is bound.
#[derive(Clone, Copy, Debug)]
pub struct TemplateSource {
    /// The network's name.
    pub name: &'static str,
    /// The text form of a [`Template`].
    pub text: &'static str,
    /// The state dict.
    pub parameters: &'static [Parameter],
    /// The file that the definition stands in.
    pub file: &'static str,
    /// Line and column of each node.
    pub places: &'static [(u32, u32)],
}

/// A network of any size as a type: implemented by [`network!`](crate::network).
pub trait AnySize: Sized + 'static {
    /// What it is made of.
    const SOURCE: TemplateSource;

    /// Its template and weights.
    fn net(&self) -> &AnyNet;
}

/// A template, the source of its weights, the weights in the forms that were needed so far, and the plans for the sizes that were bound
/// last. Cheap to clone.
#[derive(Clone)]
pub struct AnyNet(Arc<Inner>);

struct Inner {
    source: TemplateSource,
    /// An error where it could not be reported when the net was made: `random` and `new` return no `Result`.
    made: Result<Made>,
}

struct Made {
    template: Template,
    weights: Arc<Weights>,
    table: &'static Table,
    choices: Choices,
    /// Forms that plans share, by recipe.
    packs: Cache<Pack, Arc<Buffer>>,
    /// By the sizes of the symbols.
    nets: Cache<Vec<usize>, Net>,
    /// The most bytes that the values of one image may take.
    memory_limit: u64,
}

impl TemplateSource {
    fn state(&self) -> StateDict {
        StateDict { name: self.name, parameters: self.parameters }
    }

    fn template(&self) -> Result<Template> {
        Template::parse(self.text).map_err(|what| Error::new(ErrorKind::Plan, format!("the template of `{}`: {what}", self.name)))
    }

    /// What is wrong with sizes, with the layer and where it is written.
    fn unfit(&self, template: &Template, Unfit { node, message }: Unfit) -> Error {
        let call = node.and_then(|node| template.graph.nodes.get(node)).map(|node| &node.call);
        let layer = match call {
            Some(call) if call.path.is_empty() => format!(" at its `{}`", call.layer),
            Some(call) => format!(" at `{}`, its `{}`", call.path, call.layer),
            None => String::new(),
        };
        let place = match node.and_then(|node| self.places.get(node)) {
            Some((line, column)) => format!(" ({}:{line}:{column})", self.file),
            None => String::new(),
        };
        Error::new(ErrorKind::Size, format!("`{}` cannot be bound{layer}{place}: {message}", self.name))
    }

    /// The plan for sizes.
    fn plan(&self, template: &Template, sizes: &[usize]) -> Result<Plan> {
        let graph = template.at(sizes).map_err(|unfit| self.unfit(template, unfit))?;
        let planned = passes::optimise(graph.clone()).and_then(|optimised| lower::lower(&optimised, &graph));
        planned.map_err(|what| {
            let message = format!("`{}` cannot be bound to {}: {what}", self.name, template.named(sizes));
            Error::new(ErrorKind::Size, message)
        })
    }
}

/// The plan of a network for sizes.
///
/// # Errors
/// If the network cannot have them.
pub fn plan_at(source: &TemplateSource, sizes: &[usize]) -> Result<Plan> {
    source.plan(&source.template()?, sizes)
}

impl AnyNet {
    /// With the weights of a safetensors file.
    ///
    /// # Errors
    /// If the file cannot be read, is unsound or holds other tensors than the network's.
    pub fn load(source: &TemplateSource, path: &Path, options: &LoadOptions) -> Result<AnyNet> {
        AnyNet::new(source, Weights::open(source.state(), path, options), options).checked()
    }

    /// With the weights of a safetensors file in memory.
    ///
    /// # Errors
    /// If it is unsound or holds other tensors than the network's.
    pub fn from_bytes(source: &TemplateSource, bytes: Cow<'static, [u8]>, options: &LoadOptions) -> Result<AnyNet> {
        AnyNet::new(source, Weights::from_bytes(source.state(), "the given bytes", bytes, options), options).checked()
    }

    /// With weights from a seed. An error is that of the first session.
    pub fn random(source: &TemplateSource, seed: u64) -> AnyNet {
        AnyNet::new(source, Ok(Weights::random(source.state(), seed)), &LoadOptions::new())
    }

    /// With weights that are part of the program; `file` is where they were read from. An error is that of the first session.
    pub fn embedded(source: &TemplateSource, file: &str, bytes: &'static [u8]) -> AnyNet {
        let options = LoadOptions::new();
        AnyNet::new(source, Weights::from_bytes(source.state(), file, Cow::Borrowed(bytes), &options), &options)
    }

    fn new(source: &TemplateSource, weights: Result<Weights>, options: &LoadOptions) -> AnyNet {
        let made = weights.and_then(|weights| {
            let (n_sizes, memory_limit) = options.binding_limits();
            Ok(Made {
                template: source.template()?,
                weights: Arc::new(weights),
                table: Kernels::all().table(isa_of(options)?),
                choices: options.choices(),
                packs: Cache::new(usize::MAX),
                nets: Cache::new(n_sizes),
                memory_limit,
            })
        });
        AnyNet(Arc::new(Inner { source: *source, made }))
    }

    fn checked(self) -> Result<AnyNet> {
        self.made()?;
        Ok(self)
    }

    fn made(&self) -> Result<&Made> {
        self.0.made.as_ref().map_err(Error::clone)
    }

    /// Writes the weights as safetensors, see [`Net::save`].
    ///
    /// # Errors
    /// If the file cannot be written, or the source of the weights can no longer be read.
    pub fn save(&self, path: &Path) -> Result<()> {
        self.made()?.weights.save(path)
    }

    /// The network's name.
    pub fn name(&self) -> &'static str {
        self.0.source.name
    }

    /// A session for sizes, one for each symbol in the order of their first appearance.
    ///
    /// # Errors
    /// If the network cannot have these sizes, or the options cannot be met.
    pub fn bind(&self, sizes: &[usize], options: SessionOptions) -> Result<BoundSession> {
        let (net, times) = self.net(sizes)?;
        BoundSession::new(&net, sizes, times, &options)
    }

    /// The plan for sizes as text, and the code that is made of it where the options ask for that.
    ///
    /// # Errors
    /// As [`bind`](AnyNet::bind).
    pub fn explain(&self, sizes: &[usize], options: &ExplainOptions) -> Result<String> {
        let (net, _) = self.net(sizes)?;
        let of_session = SessionOptions { threads: options.threads, ..SessionOptions::new() };
        explain::engine(&mut engine(&net, &of_session)?, options)
    }

    /// The sizes of the symbols where the inputs have these shapes.
    ///
    /// # Errors
    /// If an input has another shape than its definition.
    pub(super) fn sizes_of(&self, shapes: &[&[usize]]) -> Result<Vec<usize>> {
        let sizes = self.made()?.template.sizes_of(shapes);
        sizes.map_err(|what| Error::new(ErrorKind::Shape, format!("`{}`: {what}", self.name())))
    }

    /// The plan for sizes with its weights: that which is kept, or a new one.
    fn net(&self, sizes: &[usize]) -> Result<(Net, BindTimes)> {
        let made = self.made()?;
        let mut times = BindTimes::default();
        let (net, _) = made.nets.get(&sizes.to_vec(), || {
            let start = Instant::now();
            let plan = self.0.source.plan(&made.template, sizes)?;
            made.check(&self.0.source, &plan, sizes)?;
            let (packs, packing) = made.packs(&made.choices.packs(&plan))?;
            let net = Net::bound(plan, made.weights.clone(), made.table, made.choices, packs)?;
            times = BindTimes { planning: start.elapsed().saturating_sub(packing), packing, ..times };
            Ok(net)
        })?;
        Ok((net, times))
    }
}

impl Made {
    /// Packs in the order of their recipes, and how long it took to make those that no other size had needed.
    fn packs(&self, recipes: &[Pack]) -> Result<(Vec<Arc<Buffer>>, Duration)> {
        let start = Instant::now();
        let missing: Vec<Pack> = recipes.iter().filter(|recipe| self.packs.kept(recipe).is_none()).cloned().collect();
        let made = packed(&missing, &self.weights, self.table)?;
        let packing = if missing.is_empty() { Duration::ZERO } else { start.elapsed() };
        // Where another thread has made the same meanwhile, its is taken.
        for (recipe, buffer) in missing.iter().zip(made) {
            self.packs.get(recipe, || Ok(buffer))?;
        }
        let kept = |recipe| self.packs.kept(recipe).ok_or_else(|| Error::new(ErrorKind::Plan, "a pack is lost"));
        Ok((recipes.iter().map(kept).collect::<Result<_>>()?, packing))
    }

    /// Whether a plan is of this state dict and within the limit of memory.
    fn check(&self, source: &TemplateSource, plan: &Plan, sizes: &[usize]) -> Result<()> {
        if *plan.parameters != *source.parameters {
            return Err(Error::new(ErrorKind::Plan, format!("the weights of `{}` depend on its sizes", source.name)));
        }
        let bytes = plan.arena_len as u64 * 4;
        if bytes > self.memory_limit {
            let (network, named, limit) = (source.name, self.template.named(sizes), self.memory_limit);
            let message = format!(
                "`{network}` at {named} takes {} of memory for one image, more than the limit of {}: `LoadOptions::memory_limit` sets it",
                readable(bytes),
                readable(limit),
            );
            return Err(Error::new(ErrorKind::Size, message));
        }
        Ok(())
    }
}

/// `12.3 GiB`
fn readable(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..0x10_0000 => format!("{:.1} KiB", bytes as f64 / 1024.0),
        0x10_0000..0x4000_0000 => format!("{:.1} MiB", bytes as f64 / 1_048_576.0),
        _ => format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0),
    }
}

impl fmt::Debug for AnyNet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyNet")
            .field("name", &self.name())
            .field("weights", &self.0.made.as_ref().map(|made| &made.weights))
            .finish_non_exhaustive()
    }
}
