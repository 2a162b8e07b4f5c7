//! Shapes of one image's values, without the batch: `[C, H, W]` of a map, `[N]` of a vector. Floor 1.

use std::fmt;

/// The sizes of a value, for one image; row-major, as PyTorch has it without its batch axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    /// A feature map of `channels` × `height` × `width`.
    pub fn map(channels: usize, height: usize, width: usize) -> Shape {
        Shape(vec![channels, height, width])
    }

    /// A vector of `len` elements.
    pub fn vector(len: usize) -> Shape {
        Shape(vec![len])
    }

    /// `[channels, height, width]` of a map; `None` for a vector.
    pub fn as_map(&self) -> Option<[usize; 3]> {
        <[usize; 3]>::try_from(self.0.as_slice()).ok()
    }

    /// The length of a vector; `None` for a map.
    pub fn as_vector(&self) -> Option<usize> {
        match self.0.as_slice() {
            [len] => Some(*len),
            _ => None,
        }
    }

    /// Channels, height and width, with a vector of N elements as N channels of one pixel.
    pub fn chw(&self) -> [usize; 3] {
        self.as_map().unwrap_or([self.0.first().copied().unwrap_or(1), 1, 1])
    }

    /// Number of elements. The verifier has checked that it does not overflow.
    pub fn len(&self) -> usize {
        self.0.iter().product()
    }

    /// Whether the value has no elements; never so in a verified graph.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Display for Shape {
    /// `[3, 224, 224]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, size) in self.0.iter().enumerate() {
            write!(f, "{}{size}", if i == 0 { "" } else { ", " })?;
        }
        f.write_str("]")
    }
}
