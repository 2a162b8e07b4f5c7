//! How a weight file's tensors are matched with a network's parameters: [`LoadOptions`]. Floor 3.

use std::fmt;
use std::sync::Arc;

use convoke_compiler::plan::{Conv, Kernel, Pack, Plan};

use crate::isa::Isa;

/// How weights are loaded: `LoadOptions::new().prefix("module.").fresh("fc")`.
///
/// A tensor's name in the file loses its [`prefix`](LoadOptions::prefix), then goes through the [renamings](LoadOptions::rename)
/// in the order that they were given, and must then be the name of a parameter.
///
/// ```
/// use convoke::{LoadOptions, network};
///
/// network! {
///     pub Classifier(image: [1, 8, 8]) { image -> conv1: conv(4, 3x3) -> relu -> flatten -> fc: linear(2) }
/// }
///
/// # let dir = std::env::temp_dir().join(format!("convoke-options-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// # let path = dir.join("pretrained.safetensors");
/// # Classifier::random(1).save(&path)?;
/// // Features from the file, a new head from a seed.
/// let net = Classifier::load_with(&path, &LoadOptions::new().fresh("fc").seed(7))?;
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct LoadOptions {
    choices: Choices,
    prefix: Option<String>,
    renames: Vec<Rename>,
    fresh: Vec<String>,
    seed: u64,
    allow_unexpected: bool,
    isa: Option<Isa>,
    #[cfg(feature = "dynamic")]
    bound_sizes: Option<usize>,
    #[cfg(feature = "dynamic")]
    memory_limit: Option<u64>,
}

/// How convolutions may be computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Numerics {
    /// By Winograd's algorithm where it is estimated to be faster: F(2x2, 3x3) errs no more than sums as they are defined do;
    /// F(4x4, 3x3) two to four times as much, about 2e-6 of the values' root mean square.
    #[default]
    Fast,
    /// By sums as they are defined.
    Direct,
}

/// What weights are stored as once they are loaded. Sums are of f32 always.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WeightType {
    /// As f32.
    #[default]
    F32,
    /// Those of linear layers as bf16, f32 rounded to 8 significant bits, to the nearest and of two to the even one: half of the memory,
    /// and half of the time where reading weights is what takes it, as it is for one image. A weight is off by at most 2⁻⁸ of itself, an
    /// output by at most 2⁻⁸ of the sum of its terms' magnitudes; the errors of independent weights have a root mean square of about
    /// 0.16 % of the outputs'.
    Bf16,
}

/// What is chosen of how a plan is computed, beside the instruction set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choices {
    pub numerics: Numerics,
    pub weights: WeightType,
}

impl Choices {
    /// A step as it is computed.
    pub fn kernel(&self, kernel: &Kernel) -> Kernel {
        let direct = |conv: &Conv| Conv { algorithm: conv.algorithm.direct(), ..conv.clone() };
        match (self.numerics, kernel) {
            (Numerics::Direct, Kernel::Conv(conv)) => Kernel::Conv(direct(conv)),
            (Numerics::Direct, Kernel::Strips(strips)) => Kernel::Strips(strips.map(direct)),
            _ => kernel.clone(),
        }
    }

    /// A plan's packs as its steps then read them.
    pub fn packs(&self, plan: &Plan) -> Vec<Pack> {
        let only_linear = |index: usize| {
            let mut readers = plan.steps.iter().filter(|step| step.kernel.packs().contains(&index));
            readers.all(|step| matches!(step.kernel, Kernel::Linear(_)))
        };
        let chosen = plan.packs.iter().enumerate().map(|(index, pack)| {
            let form = match self.numerics {
                Numerics::Direct => pack.form.direct(),
                Numerics::Fast => pack.form,
            };
            let form = match self.weights {
                // A recurrent layer's projections have a linear layer's form, and another kernel.
                WeightType::Bf16 if only_linear(index) => form.bf16(),
                _ => form,
            };
            Pack { form, ..pack.clone() }
        });
        chosen.collect()
    }
}

#[derive(Clone)]
enum Rename {
    Path { from: String, to: String },
    By(Arc<dyn Fn(&str) -> String + Send + Sync>),
}

impl LoadOptions {
    /// As `load` without options: names as they are, every parameter from the file, nothing in the file left over.
    pub fn new() -> LoadOptions {
        LoadOptions::default()
    }

    /// Leaves this off the front of the file's names where they have it: `module.`, which PyTorch's `DataParallel` puts there.
    pub fn prefix(mut self, prefix: impl Into<String>) -> LoadOptions {
        self.prefix = Some(prefix.into());
        self
    }

    /// Renames what is called `from` in the file, or stands below it (`from.…`), to `to`: `rename("backbone.stem", "conv1")`.
    pub fn rename(mut self, from: impl Into<String>, to: impl Into<String>) -> LoadOptions {
        self.renames.push(Rename::Path { from: from.into(), to: to.into() });
        self
    }

    /// Renames each of the file's tensors by a function.
    pub fn rename_with(mut self, rename: impl Fn(&str) -> String + Send + Sync + 'static) -> LoadOptions {
        self.renames.push(Rename::By(Arc::new(rename)));
        self
    }

    /// Does not read the parameters called `path` or below it (`path.…`) but starts them from the [`seed`](LoadOptions::seed),
    /// whatever the file holds for them: a partial load, for a new head.
    pub fn fresh(mut self, path: impl Into<String>) -> LoadOptions {
        self.fresh.push(path.into());
        self
    }

    /// The seed of [`fresh`](LoadOptions::fresh) parameters; 0 where it is not given.
    pub fn seed(mut self, seed: u64) -> LoadOptions {
        self.seed = seed;
        self
    }

    /// Ignores tensors of the file that the network has no parameter for.
    ///
    /// Without it, only `*.num_batches_tracked` and the auxiliary heads of torchvision's GoogLeNet, Inception and networks for
    /// segmentation (`aux1.*`, `aux2.*`, `AuxLogits.*`, `aux_classifier.*`) are ignored.
    pub fn allow_unexpected(mut self) -> LoadOptions {
        self.allow_unexpected = true;
        self
    }

    /// The instruction set to run on, instead of what `CONVOKE_ISA` asks for or else the widest that the machine has.
    pub fn isa(mut self, isa: Isa) -> LoadOptions {
        self.isa = Some(isa);
        self
    }

    /// How convolutions may be computed: `numerics(Numerics::Direct)` for sums as they are defined.
    ///
    /// The plan stays the same but for the algorithm, so `summary()` shows what [`Numerics::Fast`] does.
    pub fn numerics(mut self, numerics: Numerics) -> LoadOptions {
        self.choices.numerics = numerics;
        self
    }

    /// What weights are stored as: `weights(WeightType::Bf16)` for half of the memory and time of linear layers.
    pub fn weights(mut self, weights: WeightType) -> LoadOptions {
        self.choices.weights = weights;
        self
    }

    pub(crate) fn choices(&self) -> Choices {
        self.choices
    }

    /// How many sizes a network that is bound at run time keeps its plans for, besides those that sessions hold: the ones that
    /// were bound last. 8 where it is not given; 0 keeps none.
    #[cfg(feature = "dynamic")]
    pub fn bound_sizes(mut self, n: usize) -> LoadOptions {
        self.bound_sizes = Some(n);
        self
    }

    /// The bytes that the values of one image may take where sizes are known only at run time: to bind larger ones is an error.
    /// 8 GiB where it is not given.
    #[cfg(feature = "dynamic")]
    pub fn memory_limit(mut self, bytes: u64) -> LoadOptions {
        self.memory_limit = Some(bytes);
        self
    }

    /// How many bound sizes are kept, and the most bytes of one.
    #[cfg(feature = "dynamic")]
    pub(crate) fn binding_limits(&self) -> (usize, u64) {
        (self.bound_sizes.unwrap_or(8), self.memory_limit.unwrap_or(8 << 30))
    }

    pub(crate) fn isa_choice(&self) -> Option<Isa> {
        self.isa
    }

    pub(super) fn fresh_seed(&self) -> u64 {
        self.seed
    }

    pub(super) fn allows_unexpected(&self) -> bool {
        self.allow_unexpected
    }

    /// Paths that are not read.
    pub(super) fn fresh_paths(&self) -> &[String] {
        &self.fresh
    }

    /// Whether a parameter is one of those that are not read.
    pub(super) fn is_fresh(&self, parameter: &str) -> bool {
        self.fresh.iter().any(|path| below(parameter, path).is_some())
    }

    /// The parameter that a tensor of the file is for.
    pub(super) fn parameter_name(&self, tensor: &str) -> String {
        let stripped = self.prefix.as_deref().and_then(|prefix| tensor.strip_prefix(prefix)).unwrap_or(tensor);
        self.renames.iter().fold(stripped.to_owned(), |name, rename| match rename {
            Rename::Path { from, to } => match below(&name, from) {
                Some("") => to.clone(),
                Some(rest) => format!("{to}.{rest}"),
                None => name,
            },
            Rename::By(rename) => rename(&name),
        })
    }
}

/// What stands below `path` in `name`: `weight` of `fc.weight` below `fc`; nothing where they are the same.
pub(super) fn below<'a>(name: &'a str, path: &str) -> Option<&'a str> {
    match name.strip_prefix(path)? {
        "" => Some(""),
        rest => rest.strip_prefix('.'),
    }
}

impl fmt::Debug for LoadOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoadOptions")
            .field("prefix", &self.prefix)
            .field("n_renames", &self.renames.len())
            .field("fresh", &self.fresh)
            .field("seed", &self.seed)
            .field("allow_unexpected", &self.allow_unexpected)
            .field("isa", &self.isa)
            .field("numerics", &self.choices.numerics)
            .field("weights", &self.choices.weights)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_the_prefix_and_are_renamed_in_order() {
        let options =
            LoadOptions::new().prefix("module.").rename("stem", "conv1").rename_with(|name| name.replace("gamma", "weight"));
        for (tensor, parameter) in [
            ("module.stem.weight", "conv1.weight"),
            ("stem.gamma", "conv1.weight"),
            ("module.stemmed.weight", "stemmed.weight"),
            ("fc.bias", "fc.bias"),
        ] {
            assert_eq!(options.parameter_name(tensor), parameter, "{tensor}");
        }
    }

    #[test]
    fn a_fresh_path_covers_what_is_below_it() {
        let options = LoadOptions::new().fresh("fc");
        assert!(options.is_fresh("fc.weight") && options.is_fresh("fc"));
        assert!(!options.is_fresh("fc2.weight") && !options.is_fresh("layer.fc.weight"));
    }
}
