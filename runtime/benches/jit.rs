//! Compiled code beside the loop over a plan, in turn on one thread: what drivers gain, what element-wise expressions gain or lose by
//! vectors of four that never leave registers, and how long it takes to make.
//!
//! `cargo bench -p convoke --features jit --bench jit -- FILTER`; names that contain the filter are run.

use std::hint::black_box;
use std::time::{Duration, Instant};

use convoke::{Backend, BoundSession, Isa, LoadOptions, Result, SessionOptions, Tensor, network};

network! {
    /// LeNet-5 with the sizes of LeCun et al. (1998) where it is bound to them.
    pub LeNet5(image: [1, H, W]) where H >= 32, W >= 32 {
        image
            -> c1: conv(6, 5x5) -> tanh -> avg_pool(2x2, round = floor)
            -> c3: conv(16, 5x5) -> tanh -> avg_pool(2x2, round = floor)
            -> c5: conv(120, 5x5) -> tanh -> adaptive_avg_pool(1x1) -> flatten
            -> f6: linear(84) -> tanh
            -> output: linear(10)
    }

    /// Seven steps of some ten multiply-adds.
    pub Steps(image: [1, H, W]) { image -> conv(2, 3x3, pad = 1) -> relu -> 6 * mixed }

    block mixed(x) { x -> conv(2, 1x1) -> relu }

    pub Sum(x: [1, H, W]) { x -> map(|x| (x + 0.1) * 0.5) }
    pub Cubic(x: [1, H, W]) { x -> map(|x| ((x * 0.1 + 0.2) * x + 0.3) * x + 0.4) }
    pub Softsign(x: [1, H, W]) { x -> map(|x| x / (1.0 + abs(x))) }
    pub Gate(a: [1, H, W], b: [1, H, W]) { a -> map(b, |a, b| a * b + (1.0 - a) * max(b, 0.0)) }
    pub Exp(x: [1, H, W]) { x -> map(|x| exp(x)) }
    pub Swish(x: [1, H, W]) { x -> map(|x| x * sigmoid(1.5 * x)) }
    pub Mish(x: [1, H, W]) { x -> map(|x| x * tanh(ln(1.0 + exp(x)))) }
}

/// Times that are compared.
const ROUNDS: usize = 31;
/// What one of them takes, roughly.
const ROUND: Duration = Duration::from_micros(500);

/// A network bound to sizes, to be run by a back end.
type Bind<'a> = &'a dyn Fn(&[usize; 2], Backend) -> Result<BoundSession>;

fn compare(name: &str, sizes: [usize; 2], bind: Bind<'_>) -> Result<()> {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let name = format!("{name} {}x{}", sizes[0], sizes[1]);
    if !name.contains(&filter) {
        return Ok(());
    }
    let mut sessions = [bind(&sizes, Backend::Loop)?, bind(&sizes, Backend::Jit)?];
    let (plan, code) = (sessions[0].bind_times().planning, sessions[1].bind_times().compiling);
    let element = |at: &[usize]| (at[1] * 7 + at[2] * 13) as f32 / 64.0 % 2.0 - 1.0;
    let inputs: Vec<Tensor> = sessions[0].input_shapes().map(|shape| Tensor::from_fn(shape, element)).collect::<Result<_>>()?;
    let inputs: Vec<&Tensor> = inputs.iter().collect();
    let run = |session: &mut BoundSession, n: usize| -> Result<f64> {
        let start = Instant::now();
        for _ in 0..n {
            black_box(session.run(&inputs)?);
        }
        Ok(start.elapsed().as_secs_f64() * 1e6 / n as f64)
    };
    let n = (ROUND.as_secs_f64() * 1e6 / run(&mut sessions[0], 10)?).ceil() as usize;
    let mut times = [const { Vec::new() }; 2];
    for _ in 0..ROUNDS {
        for (session, times) in sessions.iter_mut().zip(&mut times) {
            times.push(run(session, n)?);
        }
    }
    let [of_loop, of_jit] = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    });
    let ratio = of_jit / of_loop;
    println!(
        "{name:28} loop {of_loop:9.3} µs, compiled {of_jit:9.3} µs: {ratio:.3}; planned in {plan:.0?}, compiled in {code:.0?}"
    );
    Ok(())
}

fn main() -> Result<()> {
    let lenet = LeNet5::random(0);
    let steps = Steps::random(0);
    let options = |backend| SessionOptions::new().threads(1).backend(backend);
    for sizes in [[32, 32], [36, 40]] {
        compare("LeNet-5", sizes, &|sizes, backend| lenet.bind_with(sizes, options(backend)))?;
    }
    compare("seven steps", [4, 4], &|sizes, backend| steps.bind_with(sizes, options(backend)))?;
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        macro_rules! expressions {
            ($($network:ident)*) => {
                $(
                    let net = $network::from_bytes_with(&EMPTY[..], &LoadOptions::new().isa(isa))?;
                    for sizes in [[8, 8], [64, 64], [320, 320]] {
                        let name = format!("{} {isa}", stringify!($network));
                        compare(&name, sizes, &|sizes, backend| net.bind_with(sizes, options(backend)))?;
                    }
                )*
            };
        }
        expressions! { Sum Cubic Softsign Gate Exp Swish Mish }
    }
    Ok(())
}

/// A safetensors file without tensors: a header of two bytes.
const EMPTY: [u8; 10] = [2, 0, 0, 0, 0, 0, 0, 0, b'{', b'}'];
