//! Definitions that mean something, in a crate that forbids what generated code must not do and hides what it might rely on.
#![deny(warnings, unreachable_pub)]
#![forbid(unsafe_code)]

mod runtime {
    pub(crate) use convoke::*;
}

mod networks {
    // Names that generated code must not mean.
    #[derive(Clone, Copy)]
    pub(crate) struct Option;
    #[derive(Clone, Copy)]
    pub(crate) struct Some;
    pub(crate) mod core {}
    pub(crate) mod std {}
    pub(crate) mod convoke {}
    pub(crate) const PLAN: (Option, Some) = (Option, Some);

    ::convoke::network! {
        crate = crate::runtime;
        round = floor;
        const CLASSES = 10;

        /// Two inputs, two outputs, and blocks that it shares.
        pub(crate) Two(image: [3, 16, 16], other: [5]) -> (mask: [4, 8, 8], class: [CLASSES]) {
            let features = image -> stem: unit(4, 3x3, stride = 2);
            (
                mask: features -> if CLASSES > 3 { sigmoid } else { tanh },
                class: concat(features -> flatten, other) -> for i in 0..2 { "fc{i}": linear(CLASSES) -> relu } -> softmax,
            )
        }

        /// One, with its weights.
        pub(super) One(image: [1, 15, 15]) {
            weights = "language/fits.safetensors";
            image -> a: conv(2, 3x3) -> bn: batch_norm -> adaptive_max_pool(2) -> flatten
        }

        /// Values that are outputs and go on, and an input that is an output.
        pub(crate) Taps(image: [2, 4, 4], other: [3]) {
            let a = image -> relu;
            (image, a: a, again: a, b: a -> max_pool(2x2), flat: a -> flatten, other)
        }

        /// Recurrent layers, with and without their states.
        pub(crate) Reads(x: [5, 3]) {
            let (y, h, c) = x -> rnn: lstm(4, layers = 2, bidirectional = true);
            let alone = y -> read: gru(2) -> say: linear(3);
            (y, h, c, alone)
        }

        block unit(x, width, window, stride = 1, pad = 1) {
            x -> conv(width, window, stride = stride, pad = pad) -> batch_norm -> relu
        }
    }
}

use networks::{One, Reads, Taps, Two};

const _: () = assert!(Two::OUTPUT.0[0] == 4 && One::PARAMETERS == 24);

#[test]
fn networks_of_one_invocation_run() {
    let _ = networks::PLAN;
    let mut session = Two::random(1).session();
    let (mask, class) = session.run((&convoke::Map::zeros(), &convoke::Vector::zeros())).expect("it runs");
    assert_eq!((mask.as_slice().len(), class.as_slice().len()), (256, 10));
    assert!((class.as_slice().iter().sum::<f32>() - 1.0).abs() < 1e-5);
}

#[test]
fn embedded_weights_are_those_of_the_file() {
    let mut session = One::new().session();
    let out: &convoke::Vector<8> = session.run(&convoke::Map::zeros()).expect("it runs");
    // Its batch norm shifts zeros by 0.25 and -0.5.
    let expected = [0.25, 0.25, 0.25, 0.25, -0.5, -0.5, -0.5, -0.5];
    assert!(out.as_slice().iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-4), "{out:?}");
}

#[test]
fn last_states_are_those_of_the_last_steps() {
    let mut session = Reads::random(3).session();
    let x = convoke::Sequence::from_fn(|step, feature| (step * 3 + feature) as f32 / 7.0 - 1.0);
    let (y, h, c, alone): (&convoke::Sequence<5, 8>, &convoke::Sequence<4, 4>, _, &convoke::Sequence<5, 3>) =
        session.run(&x).expect("it runs");
    let row = |values: &[f32], row: usize, of: usize| values[row * of..][..of].to_vec();
    assert_eq!(row(h.as_slice(), 2, 4), row(y.as_slice(), 4, 8)[..4]);
    assert_eq!(row(h.as_slice(), 3, 4), row(y.as_slice(), 0, 8)[4..]);
    // What an output gate lets through is less than what is there.
    let cells: &convoke::Sequence<4, 4> = c;
    assert!(h.as_slice().iter().zip(cells.as_slice()).all(|(h, c)| h.abs() < c.abs() && h.signum() == c.signum()));
    assert!(alone.as_slice().iter().all(|value| value.is_finite()));
}

#[test]
fn a_value_may_be_several_outputs_and_an_input_may_be_one() {
    let image = convoke::Map::from_fn(|c, y, x| (c * 16 + y * 4 + x) as f32 - 8.0);
    let other = convoke::Vector::from_fn(|i| i as f32);
    let mut session = Taps::random(1).session();
    let (same, a, again, b, flat, vector) = session.run((&image, &other)).expect("it runs");
    assert_eq!(same.as_slice(), image.as_slice());
    assert_eq!(vector.as_slice(), other.as_slice());
    let expected: Vec<f32> = image.as_slice().iter().map(|x| x.max(0.0)).collect();
    for found in [a.as_slice(), again.as_slice(), flat.as_slice()] {
        assert_eq!(found, expected);
    }
    assert_eq!((b.as_slice()[0], b.as_slice()[7]), (0.0, 23.0));
}
