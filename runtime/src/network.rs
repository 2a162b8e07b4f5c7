//! Any network behind one type: [`Network`], for what takes a network and need not know which. Floor 8.

use convoke_compiler::plan::Port;

use crate::error::Result;
use crate::picture::Picture;
use crate::profile::Profile;
use crate::rt::Definition;
use crate::session::{Session, SessionOptions};
use crate::summary::Summary;

/// A network of any kind: implemented for each that [`network!`](crate::network) defines.
///
/// Prefer the network's own methods where its type is known: their inputs and outputs are typed.
pub trait Network: Send + Sync {
    /// Its name in the definition.
    fn name(&self) -> &str;

    /// Number of learned parameters.
    fn parameters(&self) -> usize;

    /// Multiply-adds of convolutions and linear layers, for one image.
    fn macs(&self) -> u64;

    /// Names and sizes of its inputs: `[C, H, W]` or `[N]`.
    fn inputs(&self) -> &[Port];

    /// Names and sizes of its outputs.
    fn outputs(&self) -> &[Port];

    /// Its layers as a table.
    fn summary(&self) -> Summary;

    /// Its layers and how values flow between them as a figure: a complete SVG file.
    fn to_svg(&self) -> String;

    /// The same figure in Graphviz's language.
    fn to_dot(&self) -> String;

    /// A session that takes slices.
    ///
    /// # Errors
    /// As for [`Session::with_options`].
    fn slice_session(&self, options: SessionOptions) -> Result<Box<dyn SliceSession>>;
}

/// A session of a network whose type is not known.
pub trait SliceSession: Send {
    /// Runs the images that the inputs hold: in each slice one after the other, row-major, channel after channel. The outputs
    /// are written in the same way. Does not allocate.
    ///
    /// # Errors
    /// If there are not as many slices as inputs and outputs, if their lengths are not those of the same number of images, or
    /// if these are more than the session's largest batch.
    fn run_into(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()>;

    /// Where the time of an image goes, see [`Session::profile`].
    ///
    /// # Errors
    /// If there are not as many inputs as the network has, or one has not the length of an image's.
    fn profile(&mut self, inputs: &[&[f32]], n_runs: usize) -> Result<Profile>;

    /// The most threads that compute an image: 1 where the network is too small to divide.
    fn threads(&self) -> usize;
}

impl<D: Definition + Send + Sync> Network for D {
    fn name(&self) -> &str {
        &self.net().plan().name
    }

    fn parameters(&self) -> usize {
        self.net().plan().n_parameters()
    }

    fn macs(&self) -> u64 {
        self.net().plan().macs()
    }

    fn inputs(&self) -> &[Port] {
        &self.net().plan().inputs
    }

    fn outputs(&self) -> &[Port] {
        &self.net().plan().outputs
    }

    fn summary(&self) -> Summary {
        Summary::of(self.net().plan())
    }

    fn to_svg(&self) -> String {
        Picture::of(self.net().plan()).to_svg()
    }

    fn to_dot(&self) -> String {
        Picture::of(self.net().plan()).to_dot()
    }

    fn slice_session(&self, options: SessionOptions) -> Result<Box<dyn SliceSession>> {
        Ok(Box::new(Session::with_options(self, options)?))
    }
}

impl<D: Definition> SliceSession for Session<D> {
    fn run_into(&mut self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        Session::run_into(self, inputs, outputs)
    }

    fn profile(&mut self, inputs: &[&[f32]], n_runs: usize) -> Result<Profile> {
        Session::profile(self, inputs, n_runs)
    }

    fn threads(&self) -> usize {
        Session::threads(self)
    }
}
