//! What can go wrong by a user's doing: one type whose text names the file, the layer, what was expected and what was found. Floor 0.

use std::fmt;
use std::sync::Arc;

/// What loading or running a network can fail with.
///
/// Its text is complete: it names the file, the layer or the tensor, what was expected and what was found, and where there
/// is one, the way out. `Debug` prints the same text, so that a `main` which returns it is readable.
/// [`source`](std::error::Error::source) is the error of the operating system or of a decoder, where there is one.
///
/// Cloning is cheap.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A file could not be opened, read or written.
    Io,
    /// A weight file is not what its format says: foreign, truncated or contradictory.
    WeightFile,
    /// A weight file is sound, but its tensors are not those of the network.
    Weights,
    /// `CONVOKE_ISA` or an option asks for an instruction set that is unknown or that this machine lacks.
    Isa,
    /// A slice, array or image has not the size that the network takes.
    Shape,
    /// A network cannot be bound to the sizes that were asked for.
    Size,
    /// More images at once than the session was made for.
    Batch,
    /// `CONVOKE_THREADS` or an option asks for what is no number of threads.
    Threads,
    /// An image could not be decoded.
    Image,
    /// A plan contradicts itself: a mistake in the compiler or in a hand-written plan.
    Plan,
}

/// The result of what can fail with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of that kind with a complete sentence or several.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Error {
        Error(Arc::new(Inner { kind, message: message.into(), source: None }))
    }

    /// An error whose text ends in its cause.
    pub(crate) fn caused_by(
        kind: ErrorKind,
        message: impl fmt::Display,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Error {
        Error(Arc::new(Inner { kind, message: format!("{message}: {source}"), source: Some(Box::new(source)) }))
    }

    /// Which kind it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ends_in_the_cause_which_stays_reachable() {
        let cause = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let error = Error::caused_by(ErrorKind::Io, "cannot open `a.safetensors`", cause);
        assert_eq!(error.to_string(), "cannot open `a.safetensors`: no such file");
        assert_eq!(format!("{error:?}"), error.to_string());
        let source = std::error::Error::source(&error).and_then(|e| e.downcast_ref::<std::io::Error>());
        assert_eq!(source.map(|e| e.kind()), Some(std::io::ErrorKind::NotFound));
    }
}
