//! Sessions: batches, back ends, several inputs and outputs, threads, and what they refuse.

use std::thread;

use convoke::{Backend, ErrorKind, Isa, LoadOptions, Map, Network, Session, SessionOptions, Vector, network};

network! {
    /// Every kind of memory: kept borders, a shortcut, a concatenation, pooling, a linear layer.
    pub Mixed(image: [3, 12, 12]) {
        let stem = image -> conv1: conv(8, 3x3, pad = 1, bias = false) -> bn1: batch_norm -> relu;
        let left = stem -> left: conv(8, 3x3, pad = 1) -> tanh;
        let right = stem -> right: conv(4, 1x1) -> sigmoid;
        let sum = left -> add(stem) -> relu;
        concat(sum, right) -> max_pool(2x2) -> depth: conv(12, 3x3, pad = 1, groups = 12) -> relu6 -> conv2: conv(6, 5x5, pad = 2)
            -> avg_pool(2x2) -> flatten -> fc: linear(5) -> softmax
    }

    /// Two inputs, two outputs.
    pub Twins(image: [2, 4, 4], hint: [3]) -> (map: [2, 4, 4], class: [3]) {
        let features = image -> conv1: conv(2, 3x3, pad = 1) -> relu;
        let class = features -> flatten -> fc: linear(3) -> add(hint);
        (map: features, class: class)
    }
}

fn image(seed: usize) -> Map<3, 12, 12> {
    Map::from_fn(|c, y, x| ((c * 31 + y * 17 + x * 7 + seed * 13) % 23) as f32 / 11.0 - 1.0)
}

fn bits(elements: &[f32]) -> Vec<u32> {
    elements.iter().map(|x| x.to_bits()).collect()
}

fn is_send<T: Send + 'static>() {}
fn is_sync<T: Send + Sync + Clone + 'static>() {}

#[test]
fn networks_are_shared_and_sessions_are_sent() {
    is_send::<Session<Mixed>>();
    is_sync::<Mixed>();
    is_sync::<convoke::Error>();
    is_sync::<LoadOptions>();
}

#[test]
fn a_batch_has_the_bits_of_single_runs() {
    let net = Mixed::random(5);
    let images: Vec<_> = (0..7).map(image).collect();
    let singles: Vec<Vector<5>> = images.iter().map(|image| net.session().run(image).unwrap().clone()).collect();
    let mut session = net.session_with(SessionOptions::new().batch(7)).unwrap();
    for n in [7, 3, 1, 0, 7] {
        let outputs = session.run_batch(&images[..n]).unwrap();
        assert_eq!(outputs.len(), n);
        for (output, single) in outputs.iter().zip(&singles) {
            assert_eq!(bits(output.as_slice()), bits(single.as_slice()));
        }
    }
    // What ran before leaves no trace.
    let mut session = net.session();
    for (image, single) in images.iter().zip(&singles).rev() {
        assert_eq!(session.run(image).unwrap(), single);
    }
    assert_ne!(singles[0], singles[1]);
}

#[test]
fn both_back_ends_have_the_same_bits_on_every_instruction_set() {
    let folder = std::env::temp_dir().join(format!("convoke-sessions-{}.safetensors", std::process::id()));
    Mixed::random(5).save(&folder).unwrap();
    let mut first: Option<Vector<5>> = None;
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        let net = Mixed::load_with(&folder, &LoadOptions::new().isa(isa)).unwrap();
        let emitted = net.session().run(&image(1)).unwrap().clone();
        let options = SessionOptions::new().backend(Backend::Loop);
        let looped = net.session_with(options).unwrap().run(&image(1)).unwrap().clone();
        assert_eq!(bits(emitted.as_slice()), bits(looped.as_slice()), "{isa}");
        // Between instruction sets sums differ in order: a few units in the last place of probabilities.
        let first = first.get_or_insert_with(|| emitted.clone());
        for i in 0..5 {
            assert!((first[i] - emitted[i]).abs() < 1e-5, "{isa}: {emitted:?} for {first:?}");
        }
    }
    std::fs::remove_file(&folder).unwrap();
}

#[test]
fn several_inputs_and_outputs_are_tuples() {
    let net = Twins::random(1);
    let images: Vec<Map<2, 4, 4>> = (0..3).map(|i| Map::from_fn(|c, y, x| (c + y * x + i) as f32 * 0.1)).collect();
    let hints: Vec<Vector<3>> = (0..3).map(|i| Vector::from([i as f32, 0.0, -1.0])).collect();
    let mut session = net.session_with(SessionOptions::new().batch(3)).unwrap();
    let (map, class) = session.run((&images[2], &hints[2])).unwrap();
    let (map, class): (Map<2, 4, 4>, Vector<3>) = (map.clone(), class.clone());
    let (maps, classes) = session.run_batch((&images, &hints)).unwrap();
    assert_eq!((&maps[2], &classes[2]), (&map, &class));
    let (from_slices, _) = session.run_slices(&[images[2].as_slice(), hints[2].as_slice()]).unwrap();
    assert_eq!(from_slices, &map);
    let error = session.run_batch((&images, &hints[..2])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert_eq!(Twins::INPUT, ([2, 4, 4], [3]));
}

#[test]
fn a_batch_larger_than_the_session_is_an_error_that_says_what_to_do() {
    let net = Mixed::random(0);
    let images: Vec<_> = (0..3).map(image).collect();
    let error = net.session().run_batch(&images).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Batch);
    let expected = "a batch of 3 images for `Mixed`, whose session was made for at most 1: make it by \
                    `session_with(SessionOptions::new().batch(3))`";
    assert_eq!(error.to_string(), expected);
    let error = net.session_with(SessionOptions::new().batch(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Batch);
}

#[test]
fn slices_of_a_wrong_length_or_number_are_errors_that_name_the_input() {
    let mut session = Mixed::random(0).session();
    let error = session.run_slices(&[&[0.0; 431]]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Shape);
    assert_eq!(error.to_string(), "the input `image` of `Mixed` is [3, 12, 12], 432 elements; the slice holds 431");
    for inputs in [&[][..], &[&[0.0; 432][..]; 2], &[&[0.0; 432][..]; 20]] {
        let error = session.run_slices(inputs).unwrap_err();
        assert_eq!(error.to_string(), format!("`Mixed` has 1 input; {} slices were given", inputs.len()));
    }
    assert_eq!(session.run_slices(&[image(3).as_slice()]).unwrap(), Mixed::random(0).session().run(&image(3)).unwrap());
}

#[test]
fn sessions_in_several_threads_share_weights_and_agree() {
    let net = Mixed::random(9);
    let expected = net.session().run(&image(4)).unwrap().clone();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (net, expected) = (net.clone(), expected.clone());
            thread::spawn(move || {
                let mut session = net.session();
                for seed in [4, 1, 4, 2, 4] {
                    let output = session.run(&image(seed)).unwrap();
                    assert_eq!(output == &expected, seed == 4);
                }
                session
            })
        })
        .collect();
    for thread in threads {
        // A session goes on in another thread than the one it was made in.
        assert_eq!(thread.join().unwrap().run(&image(4)).unwrap(), &expected);
    }
}

#[test]
fn any_network_runs_behind_one_type() {
    let networks: [Box<dyn Network>; 2] = [Box::new(Mixed::random(5)), Box::new(Twins::random(1))];
    let names: Vec<&str> = networks.iter().map(|network| network.name()).collect();
    assert_eq!(names, ["Mixed", "Twins"]);
    let mixed = &networks[0];
    assert_eq!((mixed.parameters(), mixed.macs()), (Mixed::PARAMETERS, Mixed::MACS));
    assert_eq!((&*mixed.inputs()[0].name, &*mixed.inputs()[0].shape), ("image", &Mixed::INPUT[..]));
    assert!(mixed.summary().to_string().contains("conv1"));
    let mut session = mixed.slice_session(SessionOptions::new().batch(2)).unwrap();
    let (first, second) = (image(0), image(1));
    let both = [first.as_slice(), second.as_slice()].concat();
    let mut outputs = [0.0; 10];
    session.run_into(&[&both], &mut [&mut outputs]).unwrap();
    let mut typed = Mixed::random(5).session();
    assert_eq!(&outputs[..5], typed.run(&first).unwrap().as_slice());
    assert_eq!(&outputs[5..], typed.run(&second).unwrap().as_slice());
    let three = vec![0.0; 3 * 432];
    assert_eq!(session.run_into(&[&three], &mut [&mut [0.0; 15]]).unwrap_err().kind(), ErrorKind::Batch);
    assert_eq!(session.run_into(&[&both], &mut [&mut [0.0; 9]]).unwrap_err().kind(), ErrorKind::Shape);
    assert_eq!(session.run_into(&[&both[1..]], &mut [&mut outputs]).unwrap_err().kind(), ErrorKind::Shape);
    assert_eq!(session.run_into(&[], &mut []).unwrap_err().kind(), ErrorKind::Shape);
}
