//! The weights of a network at their source: a safetensors file, bytes or a seed. Floor 3.
//!
//! A source is read tensor by tensor, through a bounded buffer and never mapped: a file that is truncated while it is read is
//! an error, not a signal. The file stays open, so that [`Weights::save`] finds its tensors although another file may have
//! taken its name.
//!
//! Values are taken as they are. A NaN among them is accepted, as PyTorch accepts it, and makes what depends on it NaN.

mod bind;
mod convert;
mod dtype;
mod file;
mod fold;
mod header;
mod json;
mod load;
mod options;
mod random;
mod save;

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use convoke_compiler::plan::{Parameter, Plan};

use self::bind::{Binding, bind};
use self::convert::{convert, element_bytes, from_little_endian};
use self::dtype::Dtype;
use self::file::PositionedFile;
use self::header::{Entry, Header, LENGTH_BYTES, header_len};
use crate::buffer;
use crate::error::{Error, ErrorKind, Result};

pub(crate) use self::load::load_packs;
pub(crate) use self::options::Choices;
pub use self::options::{LoadOptions, Numerics, WeightType};

/// Bytes that are read at a time: a multiple of every element's.
const CHUNK_BYTES: usize = 1 << 16;

/// The parameters of a network, at whatever sizes it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StateDict {
    /// The network's name.
    pub name: &'static str,
    /// In the order of the definition.
    pub parameters: &'static [Parameter],
}

impl From<&'static Plan> for StateDict {
    fn from(plan: &'static Plan) -> StateDict {
        StateDict { name: &plan.name, parameters: &plan.parameters }
    }
}

/// Where the parameters of a network come from, one by one.
pub(crate) struct Weights {
    state: StateDict,
    source: Source,
    /// By parameter.
    bindings: Vec<Binding>,
    /// Of the parameters that the source does not give.
    seed: u64,
}

enum Source {
    /// A file that is kept open.
    File { path: PathBuf, file: PositionedFile },
    /// A file in memory, and what messages call it.
    Bytes { name: String, bytes: Cow<'static, [u8]> },
    /// None but the seed.
    Seed,
}

impl Weights {
    /// From a file, whose header is checked and matched with the plan's parameters.
    ///
    /// # Errors
    /// If it cannot be read, is unsound or holds other tensors.
    pub(crate) fn open(state: StateDict, path: &Path, options: &LoadOptions) -> Result<Weights> {
        let cannot = |what: &str, error| Error::caused_by(ErrorKind::Io, format!("cannot {what} `{}`", path.display()), error);
        let unsound = |what: String| Error::new(ErrorKind::WeightFile, format!("`{}` {what}", path.display()));
        let mut file = File::open(path).map_err(|error| cannot("open", error))?;
        let file_bytes = file.metadata().map_err(|error| cannot("read", error))?.len();
        let mut first = Vec::with_capacity(LENGTH_BYTES);
        file.by_ref().take(LENGTH_BYTES as u64).read_to_end(&mut first).map_err(|error| cannot("read", error))?;
        let mut json = vec![0; header_len(&first, file_bytes).map_err(unsound)?];
        file.read_exact(&mut json).map_err(|error| cannot("read", error))?;
        let header = Header::parse(&json, file_bytes).map_err(unsound)?;
        let source = Source::File { path: path.to_owned(), file: PositionedFile::new(file) };
        Weights::bound(state, source, &header, options)
    }

    /// From the bytes of a file, which messages call `name`.
    ///
    /// # Errors
    /// If they are unsound or hold other tensors.
    pub(crate) fn from_bytes(state: StateDict, name: &str, bytes: Cow<'static, [u8]>, options: &LoadOptions) -> Result<Weights> {
        let unsound = |what: String| Error::new(ErrorKind::WeightFile, format!("`{name}` {what}"));
        let file_bytes = bytes.len() as u64;
        let len = header_len(&bytes[..bytes.len().min(LENGTH_BYTES)], file_bytes).map_err(unsound)?;
        let header = Header::parse(&bytes[LENGTH_BYTES..][..len], file_bytes).map_err(unsound)?;
        Weights::bound(state, Source::Bytes { name: name.to_owned(), bytes }, &header, options)
    }

    /// From a seed.
    pub(crate) fn random(state: StateDict, seed: u64) -> Weights {
        Weights { state, source: Source::Seed, bindings: vec![Binding::Seeded; state.parameters.len()], seed }
    }

    fn bound(state: StateDict, source: Source, header: &Header, options: &LoadOptions) -> Result<Weights> {
        let bindings = bind(state, header, options).map_err(|what| Error::new(ErrorKind::Weights, format!("{source} {what}")))?;
        Ok(Weights { state, source, bindings, seed: options.fresh_seed() })
    }

    /// The parameters that these are the values of.
    fn state(&self) -> StateDict {
        self.state
    }

    /// The values of a parameter, in PyTorch's layout.
    ///
    /// # Errors
    /// If the file can no longer be read.
    pub(crate) fn read(&self, index: usize) -> Result<Vec<f32>> {
        let parameter = &self.state.parameters[index];
        let n = parameter.shape.iter().product();
        match (&self.bindings[index], &self.source) {
            (Binding::Stored(_), Source::File { .. } | Source::Bytes { .. }) => {
                let mut values = vec![0.0; n];
                self.read_part(index, 0, &mut values)?;
                Ok(values)
            }
            (Binding::Seeded, _) | (_, Source::Seed) => {
                let mut values = vec![0.0; n];
                random::fill(self.seed, parameter, &mut values);
                Ok(values)
            }
        }
    }

    /// Whether a parameter is read and not made up, so that parts of it can be read.
    fn is_stored(&self, index: usize) -> bool {
        matches!((&self.bindings[index], &self.source), (Binding::Stored(_), Source::File { .. } | Source::Bytes { .. }))
    }

    /// The values of a stored parameter from element `first` on, as many as there is room for.
    ///
    /// # Errors
    /// If the file can no longer be read.
    fn read_part(&self, index: usize, first: usize, values: &mut [f32]) -> Result<()> {
        let Binding::Stored(entry) = &self.bindings[index] else { unreachable!("parameter {index} is not stored") };
        let name = &self.state.parameters[index].name;
        let start = entry.start + (first * bytes_of(entry)) as u64;
        match &self.source {
            Source::Seed => unreachable!("parameter {index} is not stored"),
            Source::Bytes { bytes, .. } => {
                convert(values, entry.dtype, &bytes[start as usize..][..values.len() * bytes_of(entry)]);
                Ok(())
            }
            Source::File { path, file } => read_file(file, entry, start, values).map_err(|error| {
                Error::caused_by(ErrorKind::Io, format!("cannot read `{name}` from `{}`", path.display()), error)
            }),
        }
    }
}

/// Bytes of one element. `bind` has refused entries of types that are not read.
fn bytes_of(entry: &Entry) -> usize {
    match element_bytes(entry.dtype) {
        Some(bytes) => bytes,
        None => unreachable!("elements of {} are refused when a file is opened", entry.dtype),
    }
}

/// Reads elements: as they are, or through a bounded buffer where they have to be converted.
fn read_file(file: &PositionedFile, entry: &Entry, start: u64, values: &mut [f32]) -> std::io::Result<()> {
    if entry.dtype == Dtype::F32 {
        file.read_at(start, buffer::bytes_of(values))?;
        from_little_endian(values);
        return Ok(());
    }
    let element = bytes_of(entry);
    let mut bytes = vec![0; CHUNK_BYTES.min(values.len() * element)];
    let mut start = start;
    for values in values.chunks_mut(CHUNK_BYTES / element) {
        let bytes = &mut bytes[..values.len() * element];
        file.read_at(start, bytes)?;
        convert(values, entry.dtype, bytes);
        start += bytes.len() as u64;
    }
    Ok(())
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::File { path, .. } => write!(f, "`{}`", path.display()),
            Source::Bytes { name, .. } => write!(f, "`{name}`"),
            Source::Seed => write!(f, "the seed"),
        }
    }
}

impl fmt::Debug for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Seed => write!(f, "seed {}", self.seed),
            source => write!(f, "{source}"),
        }
    }
}
