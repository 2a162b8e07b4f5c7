//! What goes into a network and comes out of it: [`Map`], [`Sequence`] and [`Vector`], whose sizes are part of their types. Floor 1.

use std::fmt;
use std::ops::{Index, IndexMut};

use crate::error::{Error, ErrorKind, Result};

/// An image or feature map of `C` channels × `H` rows × `W` columns: f32 in row-major order, channel after channel
/// (PyTorch's NCHW without the N).
///
/// The elements live on the heap.
///
/// ```
/// use convoke::Map;
///
/// let mut map = Map::<3, 2, 4>::from_fn(|c, y, x| (100 * c + 10 * y + x) as f32);
/// assert_eq!(map[[2, 1, 3]], 213.0);
/// map[[0, 0, 0]] = -1.0;
/// assert_eq!(map.as_slice()[..2], [-1.0, 1.0]);
/// assert!(Map::<3, 2, 4>::from_slice(&[0.0; 23]).is_err());
/// ```
#[derive(Clone, PartialEq)]
pub struct Map<const C: usize, const H: usize, const W: usize>(Box<[f32]>);

/// A sequence: `C` channels × `L` positions, a value of two axes. f32 in row-major order, channel after channel (PyTorch's `[N, C, L]`
/// without the N), on the heap.
///
/// What recurrent layers read is a sequence, too, of `C` steps × `L` features.
///
/// ```
/// use convoke::{Sequence, network};
///
/// network! {
///     /// Samples of three sensors, five classes.
///     Gestures(samples: [3, 128]) {
///         samples -> conv1: conv(8, 5, pad = (4, 0)) -> relu -> max_pool(4) -> flatten -> fc: linear(5)
///     }
/// }
///
/// let mut session = Gestures::random(0).session();
/// let classes = session.run(&Sequence::<3, 128>::from_fn(|c, i| (c * i) as f32 / 128.0))?;
/// assert!(classes.argmax() < 5);
///
/// let wave = Sequence::<2, 100>::from_fn(|c, i| (i as f32 * 0.1).sin() + c as f32);
/// assert_eq!(wave[[1, 0]], 1.0);
/// assert_eq!(wave.channel(1).len(), 100);
/// assert!(Sequence::<2, 100>::from_slice(&[0.0; 199]).is_err());
/// # Ok::<(), convoke::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Sequence<const C: usize, const L: usize>(Box<[f32]>);

/// A vector of `N` elements, f32, on the heap.
///
/// ```
/// use convoke::Vector;
///
/// let logits = Vector::<4>::from_slice(&[0.5, 3.0, -1.0, 2.0])?;
/// assert_eq!(logits.argmax(), 1);
/// assert_eq!(logits.top_k(2), [(1, 3.0), (3, 2.0)]);
/// # Ok::<(), convoke::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Vector<const N: usize>(Box<[f32]>);

mod sealed {
    pub trait Sealed {}
    impl<const C: usize, const H: usize, const W: usize> Sealed for super::Map<C, H, W> {}
    impl<const C: usize, const L: usize> Sealed for super::Sequence<C, L> {}
    impl<const N: usize> Sealed for super::Vector<N> {}
}

/// A [`Map`], a [`Sequence`] or a [`Vector`]: what one input or output of a network is.
pub trait Value: sealed::Sealed + Clone + PartialEq + Default + Send + Sync + 'static {
    /// The sizes, outermost first.
    const SHAPE: &'static [usize];

    /// The elements in row-major order, as many as the sizes say.
    fn as_slice(&self) -> &[f32];

    /// The elements in row-major order, as many as the sizes say.
    fn as_mut_slice(&mut self) -> &mut [f32];
}

impl<const C: usize, const H: usize, const W: usize> Value for Map<C, H, W> {
    const SHAPE: &'static [usize] = &[C, H, W];

    fn as_slice(&self) -> &[f32] {
        &self.0
    }

    fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl<const C: usize, const L: usize> Value for Sequence<C, L> {
    const SHAPE: &'static [usize] = &[C, L];

    fn as_slice(&self) -> &[f32] {
        &self.0
    }

    fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

impl<const N: usize> Value for Vector<N> {
    const SHAPE: &'static [usize] = &[N];

    fn as_slice(&self) -> &[f32] {
        &self.0
    }

    fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.0
    }
}

/// What `Map`, `Sequence` and `Vector` have in common; their number of elements is `Self::LEN`.
macro_rules! value {
    ([$($generics:tt)*] $type:ty, $what:literal) => {
        impl<$($generics)*> $type {
            /// All zeros.
            pub fn zeros() -> Self {
                Self(vec![0.0; Self::LEN].into_boxed_slice())
            }

            #[doc = concat!("A ", $what, " of these elements, in row-major order.")]
            ///
            /// # Errors
            /// If there are not exactly [`LEN`](Self::LEN) of them.
            pub fn from_slice(elements: &[f32]) -> Result<Self> {
                check_len(elements.len(), <Self as Value>::SHAPE)?;
                Ok(Self(elements.into()))
            }

            #[doc = concat!("A ", $what, " of these elements, in row-major order, without copying them where `elements` has no spare capacity.")]
            ///
            /// # Errors
            /// If there are not exactly [`LEN`](Self::LEN) of them.
            pub fn from_vec(elements: Vec<f32>) -> Result<Self> {
                check_len(elements.len(), <Self as Value>::SHAPE)?;
                Ok(Self(elements.into_boxed_slice()))
            }

            /// The elements in row-major order.
            pub fn as_slice(&self) -> &[f32] {
                &self.0
            }

            /// The elements in row-major order.
            pub fn as_mut_slice(&mut self) -> &mut [f32] {
                &mut self.0
            }

            /// The elements in row-major order.
            pub fn into_vec(self) -> Vec<f32> {
                self.0.into_vec()
            }
        }

        impl<$($generics)*> Default for $type {
            /// All zeros.
            fn default() -> Self {
                Self::zeros()
            }
        }

        impl<$($generics)*> TryFrom<&[f32]> for $type {
            type Error = Error;

            fn try_from(elements: &[f32]) -> Result<Self> {
                Self::from_slice(elements)
            }
        }

        impl<$($generics)*> TryFrom<Vec<f32>> for $type {
            type Error = Error;

            fn try_from(elements: Vec<f32>) -> Result<Self> {
                Self::from_vec(elements)
            }
        }

        impl<$($generics)*> AsRef<[f32]> for $type {
            fn as_ref(&self) -> &[f32] {
                &self.0
            }
        }

        impl<$($generics)*> AsMut<[f32]> for $type {
            fn as_mut(&mut self) -> &mut [f32] {
                &mut self.0
            }
        }
    };
}

value!([const C: usize, const H: usize, const W: usize] Map<C, H, W>, "map");
value!([const C: usize, const L: usize] Sequence<C, L>, "sequence");
value!([const N: usize] Vector<N>, "vector");

/// Whether as many elements as the sizes say were given.
fn check_len(found: usize, shape: &[usize]) -> Result<()> {
    let expected: usize = shape.iter().product();
    if found == expected {
        return Ok(());
    }
    let product = shape.iter().map(usize::to_string).collect::<Vec<_>>().join("·");
    let product = if shape.len() > 1 { format!("{product} = {expected}") } else { product };
    Err(Error::new(ErrorKind::Shape, format!("{shape:?} takes {product} elements; the slice holds {found}")))
}

impl<const C: usize, const H: usize, const W: usize> Map<C, H, W> {
    /// Number of elements.
    pub const LEN: usize = C * H * W;

    /// A map whose element at channel `c`, row `y`, column `x` is `f(c, y, x)`.
    pub fn from_fn(mut f: impl FnMut(usize, usize, usize) -> f32) -> Self {
        let mut elements = Vec::with_capacity(Self::LEN);
        for c in 0..C {
            for y in 0..H {
                for x in 0..W {
                    elements.push(f(c, y, x));
                }
            }
        }
        Self(elements.into_boxed_slice())
    }

    /// One channel, row by row.
    ///
    /// # Panics
    /// If there is no channel `c`.
    pub fn channel(&self, c: usize) -> &[f32] {
        assert!(c < C, "channel {c} of a map of {C}");
        &self.0[c * H * W..][..H * W]
    }

    /// Where `[c, y, x]` is among the elements.
    ///
    /// Checked axis by axis: beyond the end of one row is not the start of the next.
    fn position([c, y, x]: [usize; 3]) -> usize {
        assert!(c < C && y < H && x < W, "no element [{c}, {y}, {x}] in a map of [{C}, {H}, {W}]");
        (c * H + y) * W + x
    }
}

impl<const C: usize, const H: usize, const W: usize> Index<[usize; 3]> for Map<C, H, W> {
    type Output = f32;

    /// The element at `[channel, row, column]`.
    fn index(&self, at: [usize; 3]) -> &f32 {
        &self.0[Self::position(at)]
    }
}

impl<const C: usize, const H: usize, const W: usize> IndexMut<[usize; 3]> for Map<C, H, W> {
    fn index_mut(&mut self, at: [usize; 3]) -> &mut f32 {
        &mut self.0[Self::position(at)]
    }
}

impl<const C: usize, const L: usize> Sequence<C, L> {
    /// Number of elements.
    pub const LEN: usize = C * L;

    /// A sequence whose element at channel `c`, position `i` is `f(c, i)`.
    pub fn from_fn(mut f: impl FnMut(usize, usize) -> f32) -> Self {
        Self((0..C).flat_map(|c| (0..L).map(move |i| (c, i))).map(|(c, i)| f(c, i)).collect())
    }

    /// One channel.
    ///
    /// # Panics
    /// If there is no channel `c`.
    pub fn channel(&self, c: usize) -> &[f32] {
        assert!(c < C, "channel {c} of a sequence of {C}");
        &self.0[c * L..][..L]
    }

    /// Where `[c, i]` is among the elements; beyond the end of one channel is not the start of the next.
    fn position([c, i]: [usize; 2]) -> usize {
        assert!(c < C && i < L, "no element [{c}, {i}] in a sequence of [{C}, {L}]");
        c * L + i
    }
}

impl<const C: usize, const L: usize> Index<[usize; 2]> for Sequence<C, L> {
    type Output = f32;

    /// The element at `[channel, position]`.
    fn index(&self, at: [usize; 2]) -> &f32 {
        &self.0[Self::position(at)]
    }
}

impl<const C: usize, const L: usize> IndexMut<[usize; 2]> for Sequence<C, L> {
    fn index_mut(&mut self, at: [usize; 2]) -> &mut f32 {
        &mut self.0[Self::position(at)]
    }
}

impl<const N: usize> Vector<N> {
    /// Number of elements.
    pub const LEN: usize = N;

    /// A vector whose element `i` is `f(i)`.
    pub fn from_fn(f: impl FnMut(usize) -> f32) -> Self {
        Self((0..N).map(f).collect())
    }

    /// The index of the largest element: the predicted class. The first of equals; NaN is never the largest.
    pub fn argmax(&self) -> usize {
        let mut best = 0;
        for (i, &value) in self.0.iter().enumerate() {
            if value > self.0[best] || self.0[best].is_nan() && !value.is_nan() {
                best = i;
            }
        }
        best
    }

    /// The `k` largest elements with their indices, the largest first; all of them where there are fewer. Equals stand in order; NaN comes last.
    pub fn top_k(&self, k: usize) -> Vec<(usize, f32)> {
        let mut all: Vec<(usize, f32)> = self.0.iter().copied().enumerate().collect();
        all.sort_by(|(_, a), (_, b)| a.is_nan().cmp(&b.is_nan()).then(b.partial_cmp(a).unwrap_or(std::cmp::Ordering::Equal)));
        all.truncate(k);
        all
    }
}

impl<const N: usize> Index<usize> for Vector<N> {
    type Output = f32;

    fn index(&self, i: usize) -> &f32 {
        &self.0[i]
    }
}

impl<const N: usize> IndexMut<usize> for Vector<N> {
    fn index_mut(&mut self, i: usize) -> &mut f32 {
        &mut self.0[i]
    }
}

impl<const N: usize> From<[f32; N]> for Vector<N> {
    fn from(elements: [f32; N]) -> Self {
        Self(Box::new(elements))
    }
}

impl<const C: usize, const H: usize, const W: usize> fmt::Debug for Map<C, H, W> {
    /// `Map<3, 32, 32>[0.1, 0.2, 0.3, …]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map<{C}, {H}, {W}>")?;
        short(&self.0, f)
    }
}

impl<const C: usize, const L: usize> fmt::Debug for Sequence<C, L> {
    /// `Sequence<2, 100>[0.1, 0.2, …]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sequence<{C}, {L}>")?;
        short(&self.0, f)
    }
}

impl<const N: usize> fmt::Debug for Vector<N> {
    /// `Vector<10>[0.1, 0.2, …]`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vector<{N}>")?;
        short(&self.0, f)
    }
}

/// The first ten elements: a failed assertion should not print an image.
fn short(elements: &[f32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let shown = &elements[..elements.len().min(10)];
    f.write_str("[")?;
    for (i, element) in shown.iter().enumerate() {
        write!(f, "{}{element:?}", if i == 0 { "" } else { ", " })?;
    }
    f.write_str(if shown.len() < elements.len() { ", …]" } else { "]" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_length_names_the_sizes_and_what_was_found() {
        let error = Map::<3, 4, 5>::from_slice(&[0.0; 59]).unwrap_err();
        assert_eq!(error.to_string(), "[3, 4, 5] takes 3·4·5 = 60 elements; the slice holds 59");
        assert_eq!(error.kind(), ErrorKind::Shape);
        let error = Vector::<10>::from_vec(vec![0.0; 11]).unwrap_err();
        assert_eq!(error.to_string(), "[10] takes 10 elements; the slice holds 11");
    }

    #[test]
    fn elements_are_in_row_major_order() {
        let map = Map::<2, 3, 4>::from_fn(|c, y, x| (c * 100 + y * 10 + x) as f32);
        assert_eq!(map.as_slice()[..5], [0.0, 1.0, 2.0, 3.0, 10.0]);
        assert_eq!(map[[1, 2, 3]], 123.0);
        assert_eq!(map.channel(1)[0], 100.0);
        assert_eq!(Map::<2, 3, 4>::try_from(map.as_slice()).unwrap(), map);
        assert_eq!(map.clone().into_vec().len(), 24);
    }

    #[test]
    #[should_panic(expected = "no element [0, 0, 4] in a map of [2, 3, 4]")]
    fn an_index_beyond_its_row_is_not_the_next_row() {
        let _ = Map::<2, 3, 4>::zeros()[[0, 0, 4]];
    }

    #[test]
    fn a_sequence_is_channel_after_channel() {
        let sequence = Sequence::<3, 4>::from_fn(|c, i| (c * 10 + i) as f32);
        assert_eq!(sequence.as_slice()[..5], [0.0, 1.0, 2.0, 3.0, 10.0]);
        assert_eq!((sequence[[2, 3]], sequence.channel(1)), (23.0, &[10.0, 11.0, 12.0, 13.0][..]));
        assert_eq!(Sequence::<3, 4>::from_vec(sequence.clone().into_vec()).unwrap(), sequence);
        let error = Sequence::<3, 4>::from_slice(&[0.0; 13]).unwrap_err();
        assert_eq!(error.to_string(), "[3, 4] takes 3·4 = 12 elements; the slice holds 13");
        assert_eq!(format!("{:?}", Sequence::<1, 2>::zeros()), "Sequence<1, 2>[0.0, 0.0]");
    }

    #[test]
    #[should_panic(expected = "no element [0, 4] in a sequence of [3, 4]")]
    fn an_index_beyond_its_channel_is_not_the_next_channel() {
        let _ = Sequence::<3, 4>::zeros()[[0, 4]];
    }

    #[test]
    fn the_largest_comes_first_and_nan_last() {
        let vector = Vector::from([f32::NAN, 1.0, 3.0, 3.0]);
        assert_eq!(vector.argmax(), 2);
        let order: Vec<usize> = vector.top_k(9).into_iter().map(|(i, _)| i).collect();
        assert_eq!(order, [2, 3, 1, 0]);
    }

    #[test]
    fn debug_is_short() {
        assert_eq!(format!("{:?}", Vector::from([1.0, 2.5])), "Vector<2>[1.0, 2.5]");
        assert!(format!("{:?}", Map::<3, 224, 224>::zeros()).ends_with(", …]"));
    }
}
