//! The figures of a lecture on convolutional networks, worked out as a student would check them.

use convoke::{Map, Vector, network};
use safetensors::{Dtype, tensor::TensorView};

network! {
    /// A 3x3 window on a 7x7 map has 5x5 places.
    Window(image: [1, 7, 7]) -> [1, 5, 5] { image -> conv(1, 3x3) }

    /// With stride 2 it has 3x3.
    Stride(image: [1, 7, 7]) -> [1, 3, 3] { image -> conv(1, 3x3, stride = 2) }

    /// With a border of zeros, the map keeps its size.
    Pad(image: [1, 7, 7]) -> [1, 7, 7] { image -> conv(1, 3x3, pad = 1) }

    /// The mean of each 2x2 window, and its maximum.
    Pools(table: [1, 4, 4]) -> (average: [1, 2, 2], maximum: [1, 2, 2]) {
        (average: table -> avg_pool(2x2), maximum: table -> max_pool(2x2))
    }

    /// One filter of 3x3.
    Whole(image: [1, 6, 7]) -> [1, 4, 5] { image -> filter: conv(1, 3x3, bias = false) }

    /// The same, as a column and a row.
    Separable(image: [1, 6, 7]) -> [1, 4, 5] {
        image -> column: conv(1, 3x1, bias = false) -> row: conv(1, 1x3, bias = false)
    }

    /// From 7 neurons to 4.
    Linear(x: [7]) -> [4] { x -> linear(4) }
}

/// Weights as the bytes of a file.
fn file(tensors: &[(&str, &[usize], &[f32])]) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|(.., data)| data.iter().flat_map(|x| x.to_le_bytes()).collect()).collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        (*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes).expect("as many elements as the shape says"))
    });
    safetensors::serialize(views, None).expect("serialises")
}

/// `(N + 2P − F)/S + 1`
#[test]
fn a_window_has_as_many_places_as_the_formula_says() {
    assert_eq!(Window::OUTPUT, [1, 7 - 3 + 1, 5]);
    assert_eq!(Stride::OUTPUT, [1, (7 - 3) / 2 + 1, 3]);
    assert_eq!(Pad::OUTPUT, [1, 7 + 2 - 3 + 1, 7]);
    // The sizes are types: of others, this would not compile.
    let image = Map::<1, 7, 7>::zeros();
    let _: &Map<1, 5, 5> = Window::random(0).session().run(&image).expect("it runs");
    let _: &Map<1, 3, 3> = Stride::random(0).session().run(&image).expect("it runs");
    let _: &Map<1, 7, 7> = Pad::random(0).session().run(&image).expect("it runs");
}

/// In a `network!` this is a compile error (`ui/shapes.rs`); here the same message as a text.
#[test]
fn a_stride_of_3_does_not_fit_and_the_message_does_the_arithmetic() {
    let graph = "network wrong\ninput image [1, 7, 7]\n%1 = conv(%0, filters = 1, window = 3x3, stride = 3)\noutput out %1";
    let error = convoke_compiler::text::parse(graph).expect_err("7 is not 3 more than a multiple of 3");
    assert!(error.contains("does not tile a 7x7 input: (7 + 2·0 − 3)/3 + 1 = 2.33"), "{error}");
}

#[test]
fn pools_of_the_table() {
    #[rustfmt::skip]
    let table = Map::from_slice(&[
        2.0, 2.0, 7.0, 3.0,
        9.0, 4.0, 6.0, 1.0,
        8.0, 5.0, 2.0, 4.0,
        3.0, 1.0, 2.0, 6.0,
    ]).expect("16 elements");
    let mut session = Pools::random(0).session();
    let (average, maximum) = session.run(&table).expect("it runs");
    assert_eq!(average.as_slice(), [4.25, 4.25, 4.25, 3.5]);
    assert_eq!(maximum.as_slice(), [9.0, 7.0, 8.0, 6.0]);
}

/// `(3 4 5)ᵀ (1 2 3)`: 3 + 3 multiply-adds for each pixel instead of 9.
#[test]
fn a_filter_of_rank_one_is_a_column_and_a_row() {
    let (column, row) = ([3.0, 4.0, 5.0], [1.0, 2.0, 3.0]);
    let filter = [3.0, 6.0, 9.0, 4.0, 8.0, 12.0, 5.0, 10.0, 15.0];
    assert!((0..9).all(|i| filter[i] == column[i / 3] * row[i % 3]));
    let whole = Whole::from_bytes(file(&[("filter.weight", &[1, 1, 3, 3], &filter)])).expect("its weights");
    let parts = file(&[("column.weight", &[1, 1, 3, 1], &column), ("row.weight", &[1, 1, 1, 3], &row)]);
    let separable = Separable::from_bytes(parts).expect("its weights");
    // Small integers, so that every sum is exact.
    let image = Map::from_fn(|_, y, x| ((5 * y + 3 * x * x) % 11) as f32 - 4.0);
    assert_eq!(whole.session().run(&image).expect("it runs"), separable.session().run(&image).expect("it runs"));
    assert_eq!((Whole::PARAMETERS, Separable::PARAMETERS), (9, 6));
}

/// What networks call convolution is cross-correlation: the filter lies on the image as it is. True convolution flips it.
#[test]
fn filters_are_not_flipped() {
    let filter: [f32; 9] = std::array::from_fn(|i| (i + 1) as f32);
    let mut flipped = filter;
    flipped.reverse();
    let pixel = |image: &Map<1, 6, 7>, y: usize, x: usize| image.channel(0)[y * 7 + x];
    let image = Map::from_fn(|_, y, x| ((7 * y + 4 * x) % 5) as f32);
    let run = |filter: &[f32]| {
        let net = Whole::from_bytes(file(&[("filter.weight", &[1, 1, 3, 3], filter)])).expect("its weights");
        net.session().run(&image).expect("it runs").clone()
    };
    let correlation = Map::<1, 4, 5>::from_fn(|_, y, x| (0..9).map(|i| filter[i] * pixel(&image, y + i / 3, x + i % 3)).sum());
    let convolution =
        Map::<1, 4, 5>::from_fn(|_, y, x| (0..9).map(|i| filter[i] * pixel(&image, y + 2 - i / 3, x + 2 - i % 3)).sum());
    assert_eq!(run(&filter), correlation);
    assert_eq!(run(&flipped), convolution);
    assert_ne!(correlation, convolution);
}

/// 7 · 4 weights and 4 biases.
#[test]
fn a_linear_layer_from_7_to_4_has_32_parameters() {
    assert_eq!(Linear::PARAMETERS, 32);
    let _: &Vector<4> = Linear::random(0).session().run(&Vector::zeros()).expect("it runs");
}
