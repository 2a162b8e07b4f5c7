//! What sizes known only at run time cost: `cargo bench -p convoke-examples --bench any_size [-- WORD..] [--threads N]`, and with
//! `--features jit` what compiling for them costs and gains.
//!
//! Networks are defined twice by the same blocks, for one size and for any. Bound to that size, the second runs in turn with the
//! first: of pairs of bursts the median ratio is printed, and that of the fastest bursts; both have to give the same bits. Then it
//! is bound to sizes that it is not bound to at the time, while packed forms of its weights are in use: once before, it was bound
//! to all of them, which are more than it keeps.

use std::time::{Duration, Instant};

use convoke::{Backend, BoundSession, Network, Result, SessionOptions, network};
use zoo::{mobilenet, resnet, unet, vgg};

network! {
    /// LeNet-5 with means over the last map, which is of one pixel.
    pub LeNet5(image: [1, 32, 32]) -> [10] { lenet(image) }

    /// That last map may be larger.
    pub LeNet5AnySize(image: [1, H, W]) -> [10] where H >= 32, W >= 32, H % 4 == 0, W % 4 == 0 { lenet(image) }

    block lenet(x) {
        x -> c1: conv(6, 5x5) -> tanh -> avg_pool(2x2)
          -> c3: conv(16, 5x5) -> tanh -> avg_pool(2x2)
          -> c5: conv(120, 5x5) -> tanh -> adaptive_avg_pool(1x1) -> flatten
          -> f6: linear(84) -> tanh -> output: linear(10)
    }
}

/// Pairs of bursts.
const ROUNDS: usize = 41;
/// A burst is one run at least.
const BURST: Duration = Duration::from_millis(20);
/// As many heights as widths, of which a network is bound to all combinations.
const SIDES: usize = 5;

/// What runs a bound size.
const BACKENDS: &[(&str, Backend)] = &[
    ("loop", Backend::Loop),
    #[cfg(feature = "jit")]
    ("compiled", Backend::Jit),
];

/// Makes the networks of a pair.
type Make = fn() -> Pair;

/// A network for one size and for any.
struct Pair {
    name: &'static str,
    known: Box<dyn Network>,
    bind: Box<dyn Fn([usize; 2], SessionOptions) -> Result<BoundSession>>,
    /// The size of the first.
    size: usize,
    /// What its size divides by.
    step: usize,
}

macro_rules! pairs {
    ($($name:literal: $known:ty, $any:ty, $size:literal, $step:literal;)*) => {
        [$(
            ($name, || {
                let any = <$any>::random(1);
                let bind = move |sizes: [usize; 2], options| any.bind_with(&sizes, options);
                Pair { name: $name, known: Box::new(<$known>::random(1)), bind: Box::new(bind), size: $size, step: $step }
            }),
        )*]
    };
}

const PAIRS: [(&str, Make); 5] = pairs! {
    "resnet50": resnet::ResNet50, resnet::ResNet50AnySize, 224, 16;
    "vgg16_features": vgg::Vgg16Features, vgg::Vgg16FeaturesAnySize, 224, 32;
    "mobilenet_v2": mobilenet::MobileNetV2, mobilenet::MobileNetV2AnySize, 224, 16;
    "unet": unet::UNet256, unet::UNetAnySize, 256, 16;
    "lenet5": LeNet5, LeNet5AnySize, 32, 4;
};

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let threads =
        arguments.iter().skip_while(|argument| *argument != "--threads").nth(1).and_then(|n| n.parse().ok()).unwrap_or(1);
    let words: Vec<&String> = arguments.iter().filter(|word| !word.starts_with("--") && word.parse::<usize>().is_err()).collect();
    println!("{threads} at a time: the static definition, what the bound size takes of its time, and binding to a new size\n");
    println!("{:<16} {:<10} {:>10} {:>8} {:>8} {:>10} {:>10}", "network", "", "static, ms", "median", "best", "bind, ms", "most");
    for (name, make) in PAIRS {
        if words.is_empty() || words.iter().any(|word| name.contains(word.as_str())) {
            let pair = make();
            for &(backend, of) in BACKENDS {
                report(&pair, backend, &SessionOptions::new().threads(threads).backend(of))?;
            }
        }
    }
    Ok(())
}

/// Measures one pair and prints its line.
fn report(pair: &Pair, backend: &str, options: &SessionOptions) -> Result<()> {
    let mut known = pair.known.slice_session(options.clone().backend(Backend::Emitted))?;
    let mut bound = (pair.bind)([pair.size; 2], options.clone())?;
    let len = |port: &convoke::Port| port.shape.iter().product::<usize>();
    let image: Vec<f32> = (0..len(&pair.known.inputs()[0])).map(|at| (at * 7 % 251) as f32 / 125.0 - 1.0).collect();
    let mut outputs = [(); 2].map(|()| vec![f32::NAN; len(&pair.known.outputs()[0])]);
    let [by_known, by_bound] = &mut outputs;
    let mut run_known = || known.run_into(&[&image], &mut [by_known]);
    let mut run_bound = || bound.run_slices(&[&image], &mut [by_bound]);
    run_known()?;
    run_bound()?;
    let start = Instant::now();
    run_known()?;
    let repeat = (BURST.as_secs_f64() / start.elapsed().as_secs_f64()).ceil() as usize;
    let (mut of_known, mut of_bound) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        if round % 2 == 0 {
            of_known.push(seconds(repeat, &mut run_known)?);
            of_bound.push(seconds(repeat, &mut run_bound)?);
        } else {
            of_bound.push(seconds(repeat, &mut run_bound)?);
            of_known.push(seconds(repeat, &mut run_known)?);
        }
    }
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
    assert_eq!(bits(&outputs[0]), bits(&outputs[1]), "{}: the bound size gives other bits", pair.name);
    let ratios = of_known.iter().zip(&of_bound).map(|(known, bound)| bound / known).collect();
    let least = |seconds: &[f64]| seconds.iter().copied().fold(f64::INFINITY, f64::min);
    let (best, ratio) = (least(&of_bound) / least(&of_known), median(ratios));
    let (known_ms, binds) = (median(of_known) * 1e3, binding(pair, options)?);
    let most_ms = binds.iter().copied().fold(0.0, f64::max) * 1e3;
    let bind_ms = median(binds) * 1e3;
    println!("{:<16} {backend:<10} {known_ms:>10.4} {ratio:>8.3} {best:>8.3} {bind_ms:>10.3} {most_ms:>10.3}", pair.name);
    Ok(())
}

/// Seconds of one of `n` runs.
fn seconds(n: usize, run: &mut dyn FnMut() -> Result<()>) -> Result<f64> {
    let start = Instant::now();
    for _ in 0..n {
        run()?;
    }
    Ok(start.elapsed().as_secs_f64() / n as f64)
}

/// Seconds of each binding to a size whose packed forms are in use.
fn binding(pair: &Pair, options: &SessionOptions) -> Result<Vec<f64>> {
    let side = |i: usize| pair.size + i * pair.step;
    let sizes = (0..SIDES * SIDES).map(|i| [side(i / SIDES), side(i % SIDES)]);
    for sizes in sizes.clone() {
        (pair.bind)(sizes, options.clone())?;
    }
    let mut times = Vec::new();
    for sizes in sizes {
        let start = Instant::now();
        let bound = (pair.bind)(sizes, options.clone())?;
        times.push(start.elapsed().as_secs_f64());
        let of = bound.bind_times();
        assert!(!of.planning.is_zero() && of.packing.is_zero(), "{} at {sizes:?}: {of:?}", pair.name);
    }
    Ok(times)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
