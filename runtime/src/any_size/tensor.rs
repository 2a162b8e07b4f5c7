//! Values whose shape is known only at run time: [`Tensor`]. Floor 8.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Value;

/// A value of any shape: f32 in row-major order, as [`Map`](crate::Map) has it, on the heap. What networks of any size take and give.
///
/// ```
/// use convoke::Tensor;
///
/// let tensor = Tensor::new(&[2, 3], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0])?;
/// assert_eq!((tensor.shape(), tensor.as_slice()[4]), (&[2, 3][..], 5.0));
/// assert!(Tensor::new(&[2, 3], vec![1.0]).is_err());
/// # Ok::<(), convoke::Error>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct Tensor {
    shape: Box<[usize]>,
    elements: Box<[f32]>,
}

impl Tensor {
    /// Of these elements, in row-major order.
    ///
    /// # Errors
    /// If there are not as many as the shape says.
    pub fn new(shape: &[usize], elements: Vec<f32>) -> Result<Tensor> {
        let expected = n_elements(shape)?;
        if elements.len() != expected {
            let message = format!("a tensor of {shape:?} has {expected} elements, but {} were given", elements.len());
            return Err(Error::new(ErrorKind::Shape, message));
        }
        Ok(Tensor { shape: shape.into(), elements: elements.into_boxed_slice() })
    }

    /// All zeros.
    ///
    /// # Errors
    /// If the shape has more elements than memory can hold.
    pub fn zeros(shape: &[usize]) -> Result<Tensor> {
        let mut elements = Vec::new();
        let n = n_elements(shape)?;
        let cannot = |error| Error::caused_by(ErrorKind::Shape, format!("no memory for a tensor of {shape:?}"), error);
        elements.try_reserve_exact(n).map_err(cannot)?;
        elements.resize(n, 0.0);
        Tensor::new(shape, elements)
    }

    /// Each element from its index.
    ///
    /// # Errors
    /// As [`zeros`](Tensor::zeros).
    pub fn from_fn(shape: &[usize], mut element: impl FnMut(&[usize]) -> f32) -> Result<Tensor> {
        let mut tensor = Tensor::zeros(shape)?;
        let mut index = vec![0; shape.len()];
        for value in &mut *tensor.elements {
            *value = element(&index);
            for (at, size) in index.iter_mut().zip(shape).rev() {
                *at += 1;
                if *at < *size {
                    break;
                }
                *at = 0;
            }
        }
        Ok(tensor)
    }

    /// The sizes, outermost first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The elements in row-major order.
    pub fn as_slice(&self) -> &[f32] {
        &self.elements
    }

    /// The elements in row-major order.
    pub fn as_mut_slice(&mut self) -> &mut [f32] {
        &mut self.elements
    }

    /// The elements in row-major order.
    pub fn into_vec(self) -> Vec<f32> {
        self.elements.into_vec()
    }
}

/// A map, sequence or vector as a tensor.
impl<V: Value> From<&V> for Tensor {
    fn from(value: &V) -> Tensor {
        Tensor { shape: V::SHAPE.into(), elements: value.as_slice().into() }
    }
}

impl fmt::Debug for Tensor {
    /// Its shape and first elements.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = &self.elements[..self.elements.len().min(8)];
        write!(f, "Tensor{:?} {shown:?}", self.shape)?;
        if shown.len() < self.elements.len() { f.write_str(" …") } else { Ok(()) }
    }
}

fn n_elements(shape: &[usize]) -> Result<usize> {
    let n = shape.iter().try_fold(1usize, |product, &size| product.checked_mul(size));
    n.filter(|&n| n <= isize::MAX as usize / 4)
        .ok_or_else(|| Error::new(ErrorKind::Shape, format!("a tensor of {shape:?} has more elements than memory can hold")))
}
