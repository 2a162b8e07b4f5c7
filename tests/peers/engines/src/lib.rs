//! What the engines have in common: the job that they are started with, and the calls that they are told to time.
//!
//! An engine is started as `ENGINE NETWORK FILE INPUT SHAPE THREADS OUTPUT`: the network's name and its file (weights or ONNX), its
//! input as raw f32, its sizes (`1x3x224x224`), how many threads, and where the output goes as raw f32. It says `ready` once it
//! has computed that; then, for every line `N` that it reads, it makes N calls and answers with their times in nanoseconds.

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
    /// The elements of a batch, in PyTorch's order.
    pub input: Vec<f32>,
    /// Its sizes, the batch first.
    pub shape: Vec<usize>,
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
    let shape = shape.split('x').map(str::parse).collect::<std::result::Result<_, _>>()?;
    Ok(Job { network: network.clone(), file: file.into(), input, shape, threads: threads.parse()?, output: output.into() })
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
