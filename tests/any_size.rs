//! Networks that are bound to sizes at run time, against the same definitions with sizes that are known while compiling: the same
//! bits. And what binding costs when it is done many times, or by many at once.

use convoke::{
    Backend, ErrorKind, ExplainOptions, LoadOptions, Map, Numerics, Sequence, SessionOptions, Tensor, WeightType, network,
};

network! {
    round = floor;
    const CLASSES = 7;

    /// Windows of every kind, a shortcut, a concatenation.
    pub Known(image: [3, 40, 56]) -> (map: [5, 40, 56], class: [CLASSES]) { let (map, class) = body(image); (map: map, class: class) }
    /// The same at any size.
    pub Any(image: [3, H, W]) -> (map: [5, H, W], class: [CLASSES]) where H >= 16, W >= 16, H % 8 == 0, W % 8 == 0 { let (map, class) = body(image); (map: map, class: class) }

    block body(image) {
        let features = image -> stem: conv(16, 7x7, stride = 2, pad = 3) -> bn: batch_norm -> relu -> layer1: basic(16) -> layer2: basic(24, stride = 2);
        let up = features -> up: conv_transpose(16, 2x2, stride = 2) -> upsample(2, mode = bilinear);
        let mixed = concat(image -> wide: conv(12, 3x3, pad = 1) -> silu, up) -> dw: depthwise_conv(3x3, pad = 1) -> mix: conv(5, 1x1) -> sigmoid;
        let class = features -> max_pool(3x3, stride = 2, pad = 1) -> adaptive_avg_pool(2x2) -> flatten -> fc: linear(CLASSES) -> softmax;
        (mixed, class)
    }

    block basic(x, width, stride = 1) {
        let shortcut = if stride != 1 || x.channels != width { x -> downsample: conv(width, 1x1, stride = stride) } else { x };
        x -> conv1: conv(width, 3x3, stride = stride, pad = 1) -> bn1: batch_norm -> relu
          -> conv2: conv(width, 3x3, pad = 1) -> bn2: batch_norm -> add(shortcut) -> relu
    }

    /// Two inputs share a symbol, and a closure has no kernel of its own.
    pub Pair(a: [4, L], b: [2, L]) -> [6, L] where L >= 2 {
        concat(a, b) -> conv(6, 3, pad = 1) -> map(|x| x * sigmoid(x))
    }

    /// States before the first step and after the last of layers over one another.
    pub Steps(x: [11, 6], s: [2, 5]) -> (y: [11, 10], h: [2, 5], c: [3, 4]) { let (y, h, c) = recurrent(x, s); (y: y, h: h, c: c) }
    /// The same for any number of steps.
    pub AnySteps(x: [L, 6], s: [2, 5]) -> (y: [L, 10], h: [2, 5], c: [3, 4]) { let (y, h, c) = recurrent(x, s); (y: y, h: h, c: c) }

    block recurrent(x, s) {
        let (y, h) = x -> a: gru(5, bidirectional = true, h0 = s);
        let (_, z, c) = y -> b: lstm(4, layers = 3, proj_size = 2);
        (y, h, add(z -> linear(4), c))
    }

    /// A network that is planned in no time, with an expression.
    pub Tiny(image: [1, H, W]) { image -> conv(2, 3x3, pad = 1) -> map(|x| x / (1.0 + abs(x))) }
}

/// Numbers between −1 and 1 in no order.
fn image(shape: &[usize]) -> Tensor {
    let mut state = 7u64;
    Tensor::from_fn(shape, |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    })
    .expect("a shape")
}

fn same_bits(a: &[f32], b: &[f32]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.to_bits() == b.to_bits())
}

#[test]
fn a_bound_size_gives_the_bits_of_a_static_definition() {
    assert_eq!((Any::PARAMETERS, Any::SYMBOLS), (Known::PARAMETERS, ["H", "W"]));
    assert_eq!(Any::macs(&[40, 56]).unwrap(), Known::MACS);
    let (known, any) = (Known::random(3), Any::random(3));
    let file = std::env::temp_dir().join(format!("convoke-any-size-{}.safetensors", std::process::id()));
    known.save(&file).expect("a writable folder");
    let fast = LoadOptions::new();
    for options in [fast.clone(), fast.clone().numerics(Numerics::Direct), fast.weights(WeightType::Bf16)] {
        let (known, any) = (Known::load_with(&file, &options).unwrap(), Any::load_with(&file, &options).unwrap());
        let input = image(&[3, 40, 56]);
        let mut session = known.session();
        let (map, class) = session.run(&Map::from_slice(input.as_slice()).unwrap()).unwrap();
        let backends = [Backend::Auto, Backend::Jit, Backend::Loop];
        for (threads, backend) in [1, 3].into_iter().flat_map(|threads| backends.map(|backend| (threads, backend))) {
            let mut bound = any.bind_with(&[40, 56], SessionOptions::new().threads(threads).backend(backend)).unwrap();
            let outputs = bound.run(&[&input]).unwrap();
            assert_eq!((outputs[0].shape(), outputs[1].shape()), (&[5, 40, 56][..], &[7][..]));
            assert!(same_bits(outputs[0].as_slice(), map.as_slice()), "{options:?}, {threads} threads, {backend:?}");
            assert!(same_bits(outputs[1].as_slice(), class.as_slice()), "{options:?}, {threads} threads, {backend:?}");
        }
    }
    std::fs::remove_file(&file).expect("the file that was written");
    // By itself, and back to a size that it was bound to before.
    let mut session = any.session();
    let mut first = Vec::new();
    for (height, width) in [(16, 24), (48, 16), (16, 24)] {
        let outputs = session.run(&[&image(&[3, height, width])]).unwrap();
        assert_eq!(outputs[0].shape(), [5, height, width]);
        first.push(outputs[0].as_slice().to_vec());
    }
    assert!(same_bits(&first[0], &first[2]));
}

#[test]
fn states_do_not_depend_on_the_number_of_steps() {
    let mut known = Steps::random(5).session();
    let (input, state) = (image(&[11, 6]), image(&[2, 5]));
    let (x, s) = (Sequence::from_slice(input.as_slice()).unwrap(), Sequence::from_slice(state.as_slice()).unwrap());
    let (y, h, c) = known.run((&x, &s)).unwrap();
    let mut any = AnySteps::random(5).session();
    let outputs = any.run(&[&input, &state]).unwrap();
    for (known, any) in [y.as_slice(), h.as_slice(), c.as_slice()].into_iter().zip(outputs) {
        assert!(same_bits(known, any.as_slice()), "{known:?} {any:?}");
    }
    for steps in [1, 30] {
        let outputs = any.run(&[&image(&[steps, 6]), &state]).unwrap();
        let shapes: Vec<&[usize]> = outputs.iter().map(Tensor::shape).collect();
        assert_eq!(shapes, [&[steps, 10][..], &[2, 5], &[3, 4]]);
    }
}

#[test]
fn sizes_that_do_not_fit_are_refused_with_those_that_do() {
    let any = Any::random(0);
    let refused = |sizes: &[usize; 2]| any.bind(sizes).expect_err("sizes that do not fit");
    let error = refused(&[20, 32]);
    assert_eq!(error.kind(), ErrorKind::Size);
    let text = error.to_string();
    assert!(text.contains("`Any` cannot be bound: H = 20, W = 32: `H % 8 == 0` does not hold"), "{text}");
    assert!(text.contains("H = 24, W = 32") && text.contains("H = 16, W = 32"), "{text}");
    assert!(refused(&[16_000, 16_000]).to_string().contains("more than the limit of 8.0 GiB"));
    assert!(refused(&[100_000, 100_000]).to_string().contains("larger than memory can be"));
    assert!(refused(&[usize::MAX - 7, 16]).to_string().contains("more than can be counted"));
    let mut session = any.session();
    let error = session.run(&[&image(&[4, 16, 16])]).expect_err("four channels");
    assert!(error.to_string().contains("the input `image` is [3, H, W], but [4, 16, 16] was given"), "{error}");
    let error = session.run(&[]).expect_err("no input");
    assert!(error.to_string().contains("1 inputs, but 0 were given"), "{error}");
    let limited = Any::load_with(saved(), &LoadOptions::new().memory_limit(1 << 16)).expect("a file just written");
    assert!(limited.bind(&[64, 64]).expect_err("too large").to_string().contains("the limit of 64.0 KiB"));
}

/// A file of the weights of `Any`.
fn saved() -> std::path::PathBuf {
    let file = std::env::temp_dir().join(format!("convoke-any-size-limit-{}.safetensors", std::process::id()));
    Any::random(1).save(&file).expect("a writable folder");
    file
}

#[test]
fn inputs_that_share_a_symbol_agree() {
    let pair = Pair::random(0);
    let mut session = pair.session();
    let outputs = session.run(&[&image(&[4, 9]), &image(&[2, 9])]).unwrap();
    assert_eq!(outputs[0].shape(), [6, 9]);
    let error = session.run(&[&image(&[4, 9]), &image(&[2, 8])]).expect_err("two lengths");
    assert!(error.to_string().contains("the input `b` is [2, L], but [2, 8] was given"), "{error}");
}

#[test]
fn packed_weights_are_shared_and_a_size_is_planned_once() {
    let any = Any::random(0);
    let first = any.bind(&[40, 40]).unwrap().bind_times();
    let other = any.bind(&[48, 40]).unwrap().bind_times();
    let again = any.bind(&[40, 40]).unwrap().bind_times();
    assert!(!first.planning.is_zero() && !first.packing.is_zero() && !other.planning.is_zero());
    assert!(again.planning.is_zero() && again.packing.is_zero(), "{again:?}");
    // Many at once: all but one of them find it made.
    let n_made: usize = std::thread::scope(|scope| {
        let bind = || usize::from(!any.bind(&[64, 64]).expect("it fits").bind_times().planning.is_zero());
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(bind)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(n_made, 1);
}

/// Pages of memory that this process holds.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").expect("Linux says");
    status.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number of pages")
}

/// Bytes more that the process holds after so many sizes were bound than after the first tenth of them.
#[cfg(target_os = "linux")]
fn grown(n: usize, backend: Backend) -> usize {
    let tiny = Tiny::random(0);
    let bind = |i: usize| {
        let sizes = [1 + i % 100, 1 + i / 100];
        let options = SessionOptions::new().threads(1).backend(backend);
        let mut session = tiny.bind_with(&sizes, options).expect("any size");
        session.run(&[&image(&[1, sizes[0], sizes[1]])]).expect("it runs");
    };
    (0..n / 10).for_each(bind);
    let before = resident();
    (n / 10..n).for_each(bind);
    resident().saturating_sub(before) * 4096
}

#[test]
#[cfg(target_os = "linux")]
fn ten_thousand_sizes_leave_no_memory_behind() {
    // The plans kept are eight, the largest arena is 120 kB.
    let planned = grown(10_000, Backend::Loop);
    assert!(planned < 8 << 20, "{planned} bytes more after 9000 sizes");
    // Code lies in at least two pages, one for the driver and one for the expression: 9 MB if it stayed.
    let compiled = grown(1200, Backend::Jit);
    assert!(compiled < 6 << 20, "{compiled} bytes more after 1080 sizes that were compiled");
}

#[test]
fn a_plan_is_compiled_once_and_its_code_lives_as_long_as_a_session() {
    let pair = Pair::random(0);
    let jit = || SessionOptions::new().threads(1).backend(Backend::Jit);
    let mut first = pair.bind_with(&[9], jit()).expect("it fits");
    if first.backend() != Backend::Jit {
        return println!("skipped: no code can be made for this machine");
    }
    assert!(!first.bind_times().compiling.is_zero());
    // Many at once: all but one of them find it made.
    let n_made: usize = std::thread::scope(|scope| {
        let bind = || usize::from(!pair.bind_with(&[64], jit()).expect("it fits").bind_times().compiling.is_zero());
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(bind)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!(n_made, 1);
    let (a, b) = (image(&[4, 9]), image(&[2, 9]));
    let expected = first.run(&[&a, &b]).unwrap()[0].as_slice().to_vec();
    // Eight other sizes push the first out of what the network keeps, and the network goes before its session.
    for length in 10..30 {
        pair.bind_with(&[length], jit()).expect("it fits");
    }
    drop(pair);
    assert!(same_bits(first.run(&[&a, &b]).unwrap()[0].as_slice(), &expected));
}

#[test]
fn a_network_explains_itself() {
    let pair = Pair::random(0);
    let plan = pair.explain(&[5]).expect("it fits");
    for part in ["Pair: ", "direct, pack 0, shares: 1", "input 1 + 0: [2, 1, 5]", "function: Sigmoid"] {
        assert!(plan.contains(part), "no {part} in {plan}");
    }
    assert_eq!(pair.explain_with(&[5], &ExplainOptions::new()).unwrap(), plan);
    let code = pair.explain_with(&[5], &ExplainOptions::new().ir().assembly()).unwrap();
    if code.contains("no code can be made") {
        return println!("skipped: {code}");
    }
    assert!(code.starts_with(&plan));
    for part in ["\ndriver:\n", "call_indirect", "\nstep ", "fdiv"] {
        assert!(code.contains(part), "no {part} in {code}");
    }
    assert!(pair.explain(&[1]).expect_err("too short").to_string().contains("`L >= 2` does not hold"));
    assert!(Known::explain().contains(": softmax\n"), "{}", Known::explain());
}
