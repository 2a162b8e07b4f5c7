//! Sessions on several threads: the same bits for any number of them, several sessions at once, and what they refuse.

use std::thread;

use convoke::{Backend, ErrorKind, Map, SessionOptions, Vector, network};

network! {
    /// Large enough for its steps to be divided: by rows, by filters where maps are small, with pooling in strips.
    pub Divided(image: [3, 64, 64]) {
        image -> conv1: conv(32, 5x5, pad = 2) -> relu -> max_pool(3x3, stride = 2, pad = 1, round = floor)
            -> conv2: conv(64, 3x3, pad = 1) -> bn2: batch_norm -> sigmoid
            -> depth: conv(64, 3x3, stride = 2, pad = 1, groups = 64, round = floor)
            -> conv3: conv(200, 1x1) -> relu6 -> max_pool(2x2) -> conv4: conv(200, 3x3, pad = 1) -> avg_pool(2x2)
            -> flatten -> fc: linear(300) -> tanh -> last: linear(10) -> softmax
    }

    /// Too small for that.
    pub Whole(image: [1, 8, 8]) { image -> conv1: conv(4, 3x3) -> relu -> flatten -> fc: linear(3) }
}

fn image(seed: usize) -> Map<3, 64, 64> {
    Map::from_fn(|c, y, x| ((c * 31 + y * 17 + x * 7 + seed * 13) % 23) as f32 / 11.0 - 1.0)
}

fn bits(vector: &Vector<10>) -> [u32; 10] {
    std::array::from_fn(|i| vector[i].to_bits())
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let net = Divided::random(1);
    let images: Vec<_> = (0..3).map(image).collect();
    let mut one = net.session_with(SessionOptions::new().threads(1)).unwrap();
    let expected: Vec<_> = images.iter().map(|image| bits(one.run(image).unwrap())).collect();
    for threads in [2, 3, 5, 16, 1000] {
        for backend in [Backend::Emitted, Backend::Loop] {
            let options = SessionOptions::new().threads(threads).batch(3).backend(backend);
            let mut session = net.session_with(options).unwrap();
            assert_eq!(session.threads(), threads.min(128));
            let found: Vec<_> = session.run_batch(&images).unwrap().iter().map(bits).collect();
            assert_eq!(found, expected, "{threads} threads, {backend:?}");
        }
    }
}

#[test]
fn sessions_at_once_get_the_bits_of_one() {
    let net = Divided::random(2);
    let expected: Vec<_> = (0..4).map(|i| bits(net.session().run(&image(i)).unwrap())).collect();
    thread::scope(|scope| {
        for (i, expected) in expected.iter().enumerate() {
            let net = &net;
            scope.spawn(move || {
                for threads in [2, 3] {
                    let mut session = net.session_with(SessionOptions::new().threads(threads)).unwrap();
                    for _ in 0..10 {
                        assert_eq!(bits(session.run(&image(i)).unwrap()), *expected, "image {i}");
                    }
                }
            });
        }
    });
}

#[test]
fn a_session_goes_on_in_another_thread() {
    let mut session = Divided::random(3).session_with(SessionOptions::new().threads(2)).unwrap();
    let here = bits(session.run(&image(0)).unwrap());
    let there = thread::spawn(move || bits(session.run(&image(0)).unwrap())).join().unwrap();
    assert_eq!(here, there);
}

#[test]
fn small_networks_stay_on_one_thread() {
    let session = Whole::random(0).session_with(SessionOptions::new().threads(8)).unwrap();
    assert_eq!(session.threads(), 1);
    assert!(Divided::random(0).session().threads() >= 1);
}

#[test]
fn no_thread_is_too_few() {
    let error = Whole::random(0).session_with(SessionOptions::new().threads(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Threads);
    assert_eq!(error.to_string(), "a session takes at least one thread, the caller's; it was given 0");
}
