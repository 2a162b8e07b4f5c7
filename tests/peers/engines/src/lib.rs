//! What the engines have in common: the job that they are started with, and the calls that they are told to time.
//!
//! An engine is started as `ENGINE NETWORK FILE INPUT SHAPE THREADS OUTPUT`: the network's name and its file (weights or ONNX), its
//! input as raw f32, its sizes (`1x3x224x224`), how many threads, and where the output goes as raw f32. It says `ready` once it
//! has computed that; then, for every line `N` that it reads, it makes N calls and answers with their times in nanoseconds.
//!
//! Where there are several sizes (`1x3x160x200,1x3x320x256`), as many inputs follow one another in the file. The engine says `ready` and
//! how many nanoseconds loading took before it has computed anything; then, for every line, it runs all of them in turn and
//! answers with their times. The outputs of the first turn are written one after another.

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;
use std::{env, fs, io};

/// Whatever an engine says.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What an engine is started with.
pub struct Job {
    /// Its name in the zoo.
    pub network: String,
    /// Weights or the whole network, as the engine reads them.
    pub file: PathBuf,
    /// The elements of a batch, in PyTorch's order; of several sizes all of them.
    pub input: Vec<f32>,
    /// Its sizes, the batch first; those of the first where there are several.
    pub shape: Vec<usize>,
    /// Of each.
    pub shapes: Vec<Vec<usize>>,
    /// Threads to use.
    pub threads: usize,
    output: PathBuf,
}

/// The job of this process.
pub fn job() -> Result<Job> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [network, file, input, shape, threads, output] = arguments.as_slice() else {
        return Err("NETWORK FILE INPUT SHAPE THREADS OUTPUT".into());
    };
    let input = fs::read(input)?.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let sizes = |shape: &str| shape.split('x').map(str::parse).collect::<std::result::Result<Vec<usize>, _>>();
    let shapes = shape.split(',').map(sizes).collect::<std::result::Result<Vec<_>, _>>()?;
    let (network, file, output, shape) = (network.clone(), file.into(), output.into(), shapes[0].clone());
    Ok(Job { network, file, input, shape, shapes, threads: threads.parse()?, output })
}

/// Runs all sizes in turn when told to. `load` gives what runs one of them and its output.
pub fn stream<Run>(job: &Job, load: impl FnOnce() -> Result<Run>) -> Result<()>
where
    Run: FnMut(usize) -> Result<Vec<f32>>,
{
    let start = Instant::now();
    let mut run = load()?;
    let mut out = io::stdout();
    writeln!(out, "ready {}", start.elapsed().as_nanos())?;
    for (turn, line) in io::stdin().lock().lines().enumerate() {
        line?;
        let (mut times, mut outputs) = (Vec::new(), Vec::new());
        for index in 0..job.shapes.len() {
            let start = Instant::now();
            let output = run(index)?;
            times.push(start.elapsed().as_nanos().to_string());
            outputs.extend(output.iter().flat_map(|value| value.to_le_bytes()));
        }
        if turn == 0 {
            fs::write(&job.output, outputs)?;
        }
        writeln!(out, "{}", times.join(" "))?;
    }
    Ok(())
}

/// Makes calls when told to. `call` gives the output where that is asked for.
pub fn serve(job: &Job, mut call: impl FnMut(bool) -> Result<Option<Vec<f32>>>) -> Result<()> {
    let output = call(true)?.unwrap_or_default();
    fs::write(&job.output, output.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())?;
    let mut out = io::stdout();
    writeln!(out, "ready")?;
    for line in io::stdin().lock().lines() {
        let mut times = Vec::new();
        for _ in 0..line?.trim().parse::<usize>()? {
            let start = Instant::now();
            call(false)?;
            times.push(start.elapsed().as_nanos().to_string());
        }
        writeln!(out, "{}", times.join(" "))?;
    }
    Ok(())
}
