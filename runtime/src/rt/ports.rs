//! The inputs and outputs of a network as types: one [`Map`](crate::Map), [`Sequence`](crate::Sequence) or
//! [`Vector`](crate::Vector), or a tuple of up to eight. Floor 4.

use convoke_compiler::plan;

use crate::error::{Error, ErrorKind, Result};
use crate::tensor::{Map, Sequence, Value, Vector};

/// Most inputs or outputs of one network.
pub const MAX_PORTS: usize = 8;

mod sealed {
    pub trait Sealed {}
}

/// One value or a tuple of two to eight: what a network takes or gives.
pub trait Ports: sealed::Sealed + 'static {
    /// One image's: `&Map`, or `(&A, &B)`.
    type Ref<'a>: Copy;
    /// A batch's: `&[Map]`, or `(&[A], &[B])`.
    type Slice<'a>: Copy;
    /// Room for a batch: `Vec<Map>`, or `(Vec<A>, Vec<B>)`.
    type Store: Send + Sync + 'static;
    /// The sizes of each.
    const SHAPES: &'static [&'static [usize]];

    /// Room for `n` images, all zeros.
    #[doc(hidden)]
    fn store(n: usize) -> Self::Store;
    /// Image `i` of the store.
    #[doc(hidden)]
    fn stored(store: &Self::Store, i: usize) -> Self::Ref<'_>;
    /// The first `n` images of the store.
    #[doc(hidden)]
    fn stored_first(store: &Self::Store, n: usize) -> Self::Slice<'_>;
    /// Calls `f` with the elements of each value of image `i`, in order.
    #[doc(hidden)]
    fn each_stored<'a>(store: &'a mut Self::Store, i: usize, f: &mut dyn FnMut(usize, &'a mut [f32]));
    /// Calls `f` with the elements of each value, in order.
    #[doc(hidden)]
    fn each<'a>(values: Self::Ref<'a>, f: &mut dyn FnMut(usize, &'a [f32]));
    /// Image `i` of a batch.
    #[doc(hidden)]
    fn image<'a>(batch: Self::Slice<'a>, i: usize) -> Self::Ref<'a>;
    /// Number of images of a batch, the same for each of its values.
    #[doc(hidden)]
    fn n_images(batch: Self::Slice<'_>) -> Result<usize>;
}

/// Whether a plan's ports are of the types `P`.
///
/// # Errors
/// If they are not: a session would read or write beyond its values.
pub(crate) fn check<P: Ports>(what: &str, ports: &[plan::Port]) -> Result<()> {
    let same = P::SHAPES.len() == ports.len() && P::SHAPES.iter().zip(ports).all(|(shape, port)| *shape == &*port.shape);
    if same {
        return Ok(());
    }
    let found: Vec<&[usize]> = ports.iter().map(|port| &*port.shape).collect();
    Err(Error::new(ErrorKind::Plan, format!("the {what} types are {:?}, the plan's {found:?}", P::SHAPES)))
}

macro_rules! one {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> sealed::Sealed for $type {}

        impl<$($generics)*> Ports for $type {
            type Ref<'a> = &'a $type;
            type Slice<'a> = &'a [$type];
            type Store = Vec<$type>;
            const SHAPES: &'static [&'static [usize]] = &[<$type as Value>::SHAPE];

            fn store(n: usize) -> Vec<Self> {
                vec![Self::zeros(); n]
            }

            fn stored(store: &Vec<Self>, i: usize) -> &Self {
                &store[i]
            }

            fn stored_first(store: &Vec<Self>, n: usize) -> &[Self] {
                &store[..n]
            }

            fn each_stored<'a>(store: &'a mut Vec<Self>, i: usize, f: &mut dyn FnMut(usize, &'a mut [f32])) {
                f(0, store[i].as_mut_slice());
            }

            fn each<'a>(value: Self::Ref<'a>, f: &mut dyn FnMut(usize, &'a [f32])) {
                f(0, value.as_slice());
            }

            fn image<'a>(batch: Self::Slice<'a>, i: usize) -> Self::Ref<'a> {
                &batch[i]
            }

            fn n_images(batch: &[Self]) -> Result<usize> {
                Ok(batch.len())
            }
        }
    };
}

one!([const C: usize, const H: usize, const W: usize] Map<C, H, W>);
one!([const C: usize, const L: usize] Sequence<C, L>);
one!([const N: usize] Vector<N>);

macro_rules! tuple {
    ($($name:ident $index:tt),+) => {
        impl<$($name: Value),+> sealed::Sealed for ($($name,)+) {}

        impl<$($name: Value),+> Ports for ($($name,)+) {
            type Ref<'a> = ($(&'a $name,)+);
            type Slice<'a> = ($(&'a [$name],)+);
            type Store = ($(Vec<$name>,)+);
            const SHAPES: &'static [&'static [usize]] = &[$($name::SHAPE),+];

            fn store(n: usize) -> Self::Store {
                ($(vec![$name::default(); n],)+)
            }

            fn stored(store: &Self::Store, i: usize) -> Self::Ref<'_> {
                ($(&store.$index[i],)+)
            }

            fn stored_first(store: &Self::Store, n: usize) -> Self::Slice<'_> {
                ($(&store.$index[..n],)+)
            }

            fn each_stored<'a>(store: &'a mut Self::Store, i: usize, f: &mut dyn FnMut(usize, &'a mut [f32])) {
                $(f($index, store.$index[i].as_mut_slice());)+
            }

            fn each<'a>(values: Self::Ref<'a>, f: &mut dyn FnMut(usize, &'a [f32])) {
                $(f($index, values.$index.as_slice());)+
            }

            fn image<'a>(batch: Self::Slice<'a>, i: usize) -> Self::Ref<'a> {
                ($(&batch.$index[i],)+)
            }

            fn n_images(batch: Self::Slice<'_>) -> Result<usize> {
                let lens = [$(batch.$index.len()),+];
                if lens.iter().all(|&len| len == lens[0]) {
                    return Ok(lens[0]);
                }
                Err(Error::new(ErrorKind::Shape, format!("each input of a batch has as many images as the others; they have {lens:?}")))
            }
        }
    };
}

tuple!(A 0, B 1);
tuple!(A 0, B 1, C 2);
tuple!(A 0, B 1, C 2, D 3);
tuple!(A 0, B 1, C 2, D 3, E 4);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6);
tuple!(A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);
