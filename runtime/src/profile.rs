//! Where the time of a network goes: [`Profile`]. Floor 6.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use convoke_compiler::plan::{Kernel, Plan};

use crate::error::Result;
use crate::kernels::multiply_adds;
use crate::rt::Engine;
use crate::summary::kernel_name;

/// The steps of a network with the time that each takes, beside the least that it could take: what `profile` returns.
///
/// A step's floor is the longer of two times: that of its multiply-adds as they are defined, at the rate of a loop that touches
/// registers only, on as many threads; and that of its bytes (inputs, outputs and packed weights, each once), at the rate of
/// copying memory that no cache holds, on one. Both rates are measured beside the steps. Winograd's algorithms go below the first, and steps whose values
/// are in a cache below the second.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// The network.
    pub network: String,
    /// Its steps in order.
    pub steps: Vec<StepProfile>,
    /// The most threads that computed a step.
    pub threads: usize,
    /// Floating-point operations in a second of one thread, at most.
    pub peak: f64,
    /// Bytes in a second that one thread copies, each read and written.
    pub bandwidth: f64,
}

/// A row of a [`Profile`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct StepProfile {
    /// What it fuses: `layer1.0.conv1 + relu`.
    pub name: String,
    /// What computes it.
    pub kernel: &'static str,
    /// Output's channels, height and width.
    pub output: [usize; 3],
    /// The median of the runs.
    pub time: Duration,
    /// Floating-point operations of the layers as they are defined: two for each multiply-add.
    pub flops: f64,
    /// Bytes of the values that it reads and writes, and of its weights, each once.
    pub bytes: f64,
}

/// Passes of the yardstick in one measurement, some 30 µs, and measurements before each run: the first may find the vector units
/// asleep.
const PASSES: usize = 1 << 14;
const YARDSTICKS: usize = 4;
/// Bytes that are copied in one measurement: more than the caches near a core hold.
const COPIED: usize = 32 << 20;
/// Measurements of the copy.
const COPIES: usize = 5;

impl Profile {
    /// Runs an engine `n_runs` times on one image, and once before that.
    pub(crate) fn of(engine: &mut Engine, n_runs: usize, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<Profile> {
        let n_steps = engine.net().plan().steps.len();
        let isa = engine.net().isa()?;
        let n_runs = n_runs.max(1);
        let mut times = vec![Vec::with_capacity(n_runs); n_steps];
        let mut rates = Vec::with_capacity(n_runs);
        engine.run_plan(inputs, outputs)?;
        for _ in 0..n_runs {
            for _ in 0..YARDSTICKS {
                let start = Instant::now();
                let flops = multiply_adds(isa, PASSES);
                rates.push(flops / seconds(start.elapsed()));
            }
            engine.run(inputs, outputs, |frame| {
                let mut before = Instant::now();
                for (step, times) in times.iter_mut().enumerate() {
                    frame.step(step);
                    let after = Instant::now();
                    times.push(after - before);
                    before = after;
                }
            })?;
        }
        let plan = engine.net().plan();
        let steps = plan.steps.iter().zip(&mut times).enumerate().map(|(index, (step, times))| {
            let output = step.kernel.output();
            StepProfile {
                name: step.name.to_string(),
                kernel: kernel_name(&step.kernel),
                output: [output.channels, output.height, output.width],
                time: median(times),
                flops: 2.0 * macs(plan, index) as f64,
                bytes: (bytes(&step.kernel) + size_of::<f32>() * engine.weights_len(&step.kernel)) as f64,
            }
        });
        Ok(Profile {
            network: plan.name.to_string(),
            steps: steps.collect(),
            threads: engine.threads(),
            peak: rates.into_iter().fold(0.0, f64::max),
            bandwidth: bandwidth(),
        })
    }

    /// All steps together.
    pub fn time(&self) -> Duration {
        self.steps.iter().map(|step| step.time).sum()
    }

    /// The least that a step's multiply-adds take as they are defined, at the peak of all threads.
    pub fn floor_of_flops(&self, step: &StepProfile) -> Duration {
        Duration::from_secs_f64(step.flops / (self.peak * self.threads as f64))
    }

    /// The least that a step's bytes take where no cache holds them.
    pub fn floor_of_bytes(&self, step: &StepProfile) -> Duration {
        Duration::from_secs_f64(step.bytes / self.bandwidth)
    }
}

/// Multiply-adds of the layers that a step computes.
fn macs(plan: &Plan, step: usize) -> u64 {
    plan.layers.iter().filter(|layer| layer.step == Some(step)).map(|layer| layer.macs).sum()
}

/// Bytes of the values that a kernel reads and writes.
fn bytes(kernel: &Kernel) -> usize {
    kernel.views().map(|view| view.len() * size_of::<f32>()).sum()
}

/// Bytes in a second that this thread copies, counted as they are read and as they are written.
fn bandwidth() -> f64 {
    let (source, mut copy) = (vec![1u8; COPIED], vec![0u8; COPIED]);
    let mut rates = [0.0; COPIES];
    for rate in &mut rates {
        let start = Instant::now();
        copy.copy_from_slice(black_box(&source));
        black_box(&mut copy);
        *rate = 2.0 * COPIED as f64 / seconds(start.elapsed());
    }
    median(&mut rates)
}

/// More than nothing, whatever the clock says.
fn seconds(time: Duration) -> f64 {
    time.as_secs_f64().max(1e-9)
}

/// The one in the middle, of at least one.
fn median<T: PartialOrd + Copy>(list: &mut [T]) -> T {
    list.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    list[list.len() / 2]
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = seconds(self.time());
        let s = if self.threads == 1 { "" } else { "s" };
        writeln!(
            f,
            "{}: {:.3} ms in {} steps, {} thread{s}; {:.0} GFLOP/s in registers, {:.1} GB/s copied, on one",
            self.network,
            total * 1e3,
            self.steps.len(),
            self.threads,
            self.peak * 1e-9,
            self.bandwidth * 1e-9
        )?;
        writeln!(f, "   µs      share  % peak  floor: FLOPs    bytes  step")?;
        for (index, step) in self.steps.iter().enumerate() {
            let time = seconds(step.time);
            let [flops, bytes] = [self.floor_of_flops(step), self.floor_of_bytes(step)].map(|floor| floor.as_secs_f64() * 1e6);
            let peak = match step.flops {
                0.0 => String::new(),
                _ => format!("{:.0}", 1e-4 * flops / time),
            };
            let [c, h, w] = step.output;
            writeln!(
                f,
                "{:>9.2} {:>5.1} % {peak:>7} {flops:>13.2} {bytes:>8.2}  {index}: {} -> {c}x{h}x{w}, {}",
                time * 1e6,
                100.0 * time / total,
                step.name,
                step.kernel
            )?;
        }
        let [flops, bytes] = [Profile::floor_of_flops, Profile::floor_of_bytes]
            .map(|floor| self.steps.iter().map(|step| floor(self, step)).sum::<Duration>().as_secs_f64() * 1e6);
        write!(f, "{:>9.2}         {:>7.0} {flops:>13.2} {bytes:>8.2}  in all", total * 1e6, 1e-4 * flops / total)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Profile, StepProfile, median};

    #[test]
    fn floors_are_what_the_rates_leave() {
        let step = StepProfile {
            name: "conv1 + relu".to_owned(),
            kernel: "direct",
            output: [8, 4, 4],
            time: Duration::from_micros(40),
            flops: 4e6,
            bytes: 1e5,
        };
        let (network, steps) = ("Net".to_owned(), vec![step.clone()]);
        let profile = Profile { network, steps, threads: 2, peak: 1e11, bandwidth: 1e10 };
        assert_eq!(profile.floor_of_flops(&step), Duration::from_micros(20));
        assert_eq!(profile.floor_of_bytes(&step), Duration::from_micros(10));
        let text = profile.to_string();
        assert!(text.contains("40.00 100.0 %      50         20.00    10.00  0: conv1 + relu -> 8x4x4, direct"), "{text}");
    }

    #[test]
    fn the_median_is_one_of_the_list() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [7]), 7);
    }
}
