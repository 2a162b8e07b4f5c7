//! Shapes of one image's values, without the batch: `[C, H, W]` of a map, `[C, L]` of a sequence, `[N]` of a vector. Floor 1.

use crate::size::Size;
use std::fmt;

/// The sizes of a value, for one image; row-major, as PyTorch has it without its batch axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(pub Vec<usize>);

impl Shape {
    /// A feature map of `channels` × `height` × `width`.
    pub fn map(channels: usize, height: usize, width: usize) -> Shape {
        Shape(vec![channels, height, width])
    }

    /// A sequence of `channels` × `length`.
    pub fn sequence(channels: usize, length: usize) -> Shape {
        Shape(vec![channels, length])
    }

    /// A vector of `len` elements.
    pub fn vector(len: usize) -> Shape {
        Shape(vec![len])
    }

    /// `[channels, height, width]` of a map; `None` for any other value.
    pub fn as_map(&self) -> Option<[usize; 3]> {
        <[usize; 3]>::try_from(self.0.as_slice()).ok()
    }

    /// `[channels, length]` of a sequence; `None` for any other value.
    pub fn as_sequence(&self) -> Option<[usize; 2]> {
        <[usize; 2]>::try_from(self.0.as_slice()).ok()
    }

    /// The length of a vector; `None` for any other value.
    pub fn as_vector(&self) -> Option<usize> {
        match self.0.as_slice() {
            [len] => Some(*len),
            _ => None,
        }
    }

    /// Channels, height and width, with a sequence as a map of one row, and a vector of N elements as N channels of one pixel.
    pub fn chw(&self) -> [usize; 3] {
        match *self.0.as_slice() {
            [channels, height, width] => [channels, height, width],
            [channels, length] => [channels, 1, length],
            _ => [self.0.first().copied().unwrap_or(1), 1, 1],
        }
    }

    /// A value of the same kind with other channels, height and width; of a sequence the height stays one.
    pub fn resized(&self, channels: usize, [height, width]: [usize; 2]) -> Shape {
        match self.0.len() {
            2 => Shape::sequence(channels, width),
            _ => Shape::map(channels, height, width),
        }
    }

    /// What it is called: `map`, `sequence`, `vector`.
    pub fn kind(&self) -> &'static str {
        match self.0.len() {
            3 => "map",
            2 => "sequence",
            _ => "vector",
        }
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

/// The sizes of a value as expressions over a network's symbols, as [`Shape`] has them in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Sizes(pub Vec<Size>);

impl Sizes {
    /// The shape where the symbols have these values; `None` where a size is negative there, or cannot be counted.
    pub fn at(&self, symbols: &[i64]) -> Option<Shape> {
        self.0.iter().map(|size| usize::try_from(size.at(symbols)?).ok()).collect::<Option<_>>().map(Shape)
    }

    /// The shape, if it depends on no symbol.
    pub fn known(&self) -> Option<Shape> {
        self.0.iter().map(|size| usize::try_from(size.known()?).ok()).collect::<Option<_>>().map(Shape)
    }

    /// A shape of as many axes, the sizes that are not known being one.
    pub fn smallest(&self) -> Shape {
        Shape(self.0.iter().map(|size| size.known().and_then(|size| usize::try_from(size).ok()).unwrap_or(1)).collect())
    }

    /// Number of elements.
    pub fn len(&self) -> Option<Size> {
        self.0.iter().try_fold(Size::constant(1), |product, size| product.times(size))
    }

    /// Channels, height and width, as [`Shape::chw`].
    pub fn chw(&self) -> [Size; 3] {
        let one = || Size::constant(1);
        match self.0.as_slice() {
            [channels, height, width] => [channels.clone(), height.clone(), width.clone()],
            [channels, length] => [channels.clone(), one(), length.clone()],
            [len, ..] => [len.clone(), one(), one()],
            [] => [one(), one(), one()],
        }
    }

    /// A value of the same kind with other channels, height and width; of a sequence the height stays one.
    pub fn resized(&self, channels: Size, [height, width]: [Size; 2]) -> Sizes {
        match self.0.len() {
            2 => Sizes(vec![channels, width]),
            _ => Sizes(vec![channels, height, width]),
        }
    }

    /// With the symbols' names: `[64, ⌊(H + 1)/2⌋, W]`.
    pub fn display<'a>(&'a self, names: &'a [String]) -> impl fmt::Display + 'a {
        Named { sizes: self, names }
    }
}

impl From<&Shape> for Sizes {
    fn from(shape: &Shape) -> Sizes {
        Sizes(shape.0.iter().map(|&size| Size::constant(i64::try_from(size).unwrap_or(i64::MAX))).collect())
    }
}

/// Sizes with the names of their symbols.
struct Named<'a> {
    sizes: &'a Sizes,
    names: &'a [String],
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (i, size) in self.sizes.0.iter().enumerate() {
            write!(f, "{}{}", if i == 0 { "" } else { ", " }, size.display(self.names))?;
        }
        f.write_str("]")
    }
}
