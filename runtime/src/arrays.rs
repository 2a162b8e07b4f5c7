//! `ndarray` views of maps, sequences and vectors, and these from them; feature `ndarray`. Floor 2.
//!
//! `ArrayView1::from(&vector)` and `ArrayViewMut1::from(&mut vector)` are `ndarray`'s own, by `AsRef<[f32]>` and `AsMut<[f32]>`.

use ndarray::{Array1, Array2, Array3, ArrayView1, ArrayView2, ArrayView3, ArrayViewMut2, ArrayViewMut3};

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{Map, Sequence, Vector};

/// A view of a value whose sizes are known to fit.
macro_rules! view_of {
    ($view:expr, $sizes:expr, $elements:expr) => {
        match $view($sizes, $elements) {
            Ok(view) => view,
            Err(error) => unreachable!("a value of {:?} has other elements: {error}", $sizes),
        }
    };
}

impl<'a, const C: usize, const H: usize, const W: usize> From<&'a Map<C, H, W>> for ArrayView3<'a, f32> {
    /// The map as `[C, H, W]`, without copying.
    fn from(map: &'a Map<C, H, W>) -> Self {
        view_of!(ArrayView3::from_shape, (C, H, W), map.as_slice())
    }
}

impl<'a, const C: usize, const H: usize, const W: usize> From<&'a mut Map<C, H, W>> for ArrayViewMut3<'a, f32> {
    /// The map as `[C, H, W]`, without copying.
    fn from(map: &'a mut Map<C, H, W>) -> Self {
        view_of!(ArrayViewMut3::from_shape, (C, H, W), map.as_mut_slice())
    }
}

impl<const C: usize, const H: usize, const W: usize> From<Map<C, H, W>> for Array3<f32> {
    /// The map as `[C, H, W]`, without copying.
    fn from(map: Map<C, H, W>) -> Self {
        view_of!(Array3::from_shape_vec, (C, H, W), map.into_vec())
    }
}

impl<const C: usize, const H: usize, const W: usize> TryFrom<ArrayView3<'_, f32>> for Map<C, H, W> {
    type Error = Error;

    /// A copy of a `[C, H, W]` view in any layout; of an image's `[H, W, C]`, take `view.permuted_axes([2, 0, 1])`.
    ///
    /// # Errors
    /// If its sizes are others.
    fn try_from(view: ArrayView3<'_, f32>) -> Result<Self> {
        if view.shape() != [C, H, W] {
            return Err(Error::new(ErrorKind::Shape, format!("an array of {:?} for a map of {:?}", view.shape(), [C, H, W])));
        }
        match view.as_slice() {
            Some(elements) => Map::from_slice(elements),
            None => Map::from_vec(view.iter().copied().collect()),
        }
    }
}

impl<'a, const C: usize, const L: usize> From<&'a Sequence<C, L>> for ArrayView2<'a, f32> {
    /// The sequence as `[C, L]`, without copying.
    fn from(sequence: &'a Sequence<C, L>) -> Self {
        view_of!(ArrayView2::from_shape, (C, L), sequence.as_slice())
    }
}

impl<'a, const C: usize, const L: usize> From<&'a mut Sequence<C, L>> for ArrayViewMut2<'a, f32> {
    /// The sequence as `[C, L]`, without copying.
    fn from(sequence: &'a mut Sequence<C, L>) -> Self {
        view_of!(ArrayViewMut2::from_shape, (C, L), sequence.as_mut_slice())
    }
}

impl<const C: usize, const L: usize> From<Sequence<C, L>> for Array2<f32> {
    /// The sequence as `[C, L]`, without copying.
    fn from(sequence: Sequence<C, L>) -> Self {
        view_of!(Array2::from_shape_vec, (C, L), sequence.into_vec())
    }
}

impl<const C: usize, const L: usize> TryFrom<ArrayView2<'_, f32>> for Sequence<C, L> {
    type Error = Error;

    /// A copy of a `[C, L]` view in any layout.
    ///
    /// # Errors
    /// If its sizes are others.
    fn try_from(view: ArrayView2<'_, f32>) -> Result<Self> {
        if view.shape() != [C, L] {
            return Err(Error::new(ErrorKind::Shape, format!("an array of {:?} for a sequence of {:?}", view.shape(), [C, L])));
        }
        match view.as_slice() {
            Some(elements) => Sequence::from_slice(elements),
            None => Sequence::from_vec(view.iter().copied().collect()),
        }
    }
}

impl<const N: usize> From<Vector<N>> for Array1<f32> {
    /// The vector, without copying.
    fn from(vector: Vector<N>) -> Self {
        Array1::from_vec(vector.into_vec())
    }
}

impl<const N: usize> TryFrom<ArrayView1<'_, f32>> for Vector<N> {
    type Error = Error;

    /// A copy of a view with any stride.
    ///
    /// # Errors
    /// If it has not `N` elements.
    fn try_from(view: ArrayView1<'_, f32>) -> Result<Self> {
        if view.len() != N {
            return Err(Error::new(ErrorKind::Shape, format!("an array of {:?} for a vector of {:?}", view.shape(), [N])));
        }
        match view.as_slice() {
            Some(elements) => Vector::from_slice(elements),
            None => Vector::from_vec(view.iter().copied().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::s;

    #[test]
    fn a_map_is_viewed_in_place_and_comes_back() {
        let mut map = Map::<2, 3, 4>::from_fn(|c, y, x| (c * 100 + y * 10 + x) as f32);
        assert_eq!(ArrayView3::from(&map)[[1, 2, 3]], 123.0);
        assert_eq!(ArrayView3::from(&map).as_ptr(), map.as_slice().as_ptr());
        assert_eq!(Map::try_from(ArrayView3::from(&map)).unwrap(), map);
        ArrayViewMut3::from(&mut map)[[0, 0, 1]] = -1.0;
        assert_eq!(map[[0, 0, 1]], -1.0);
        assert_eq!(Array3::from(map).shape(), [2, 3, 4]);
    }

    #[test]
    fn a_sequence_is_viewed_in_place_and_comes_back() {
        let mut sequence = Sequence::<2, 3>::from_fn(|c, i| (c * 10 + i) as f32);
        assert_eq!(ArrayView2::from(&sequence)[[1, 2]], 12.0);
        assert_eq!(Sequence::<3, 2>::try_from(ArrayView2::from(&sequence).t()).unwrap()[[2, 1]], 12.0);
        ArrayViewMut2::from(&mut sequence)[[0, 1]] = -1.0;
        assert_eq!(sequence[[0, 1]], -1.0);
        let error = Sequence::<3, 2>::try_from(ArrayView2::from(&sequence)).unwrap_err();
        assert_eq!(error.to_string(), "an array of [2, 3] for a sequence of [3, 2]");
        assert_eq!(Array2::from(sequence).shape(), [2, 3]);
    }

    #[test]
    fn other_layouts_are_read_in_the_order_of_their_axes() {
        let interleaved = Array3::from_shape_fn((3, 4, 2), |(y, x, c)| (c * 100 + y * 10 + x) as f32);
        let map = Map::<2, 3, 4>::try_from(interleaved.view().permuted_axes([2, 0, 1])).unwrap();
        assert_eq!(map[[1, 2, 3]], 123.0);
        let column = Vector::<3>::try_from(interleaved.slice(s![.., 1, 0])).unwrap();
        assert_eq!(column.as_slice(), [1.0, 11.0, 21.0]);
        assert_eq!(ArrayView1::from(&column).sum(), 33.0);
        assert_eq!(Array1::from(column).len(), 3);
    }

    #[test]
    fn other_sizes_are_an_error_that_names_both() {
        let error = Map::<3, 2, 2>::try_from(Array3::zeros((2, 2, 3)).view()).unwrap_err();
        assert_eq!(error.to_string(), "an array of [2, 2, 3] for a map of [3, 2, 2]");
        let error = Vector::<3>::try_from(Array1::zeros(4).view()).unwrap_err();
        assert_eq!(error.to_string(), "an array of [4] for a vector of [3]");
    }
}
