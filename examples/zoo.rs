//! Runs any network of the zoo on any array or picture, and says how long that takes.
//!
//! `cargo run --release --example zoo -- resnet50 --weights resnet50.safetensors --input x.npy --output y.npy --repeat 20`
//!
//! Arrays are `[N, C, H, W]` of f32, as PyTorch has them. `zoo -- list` lists the networks.

use clap::{Parser, ValueEnum};
use convoke::{IMAGENET_MEAN, IMAGENET_STD, LoadOptions, Network, Preprocess, SessionOptions};
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use zoo::npy::{self, Array};
use zoo::{MEMBERS, Member, probabilities};

/// Runs any network of the zoo on any array or picture, and says how long that takes.
#[derive(Parser)]
struct Arguments {
    /// The network, named as in torchvision; `list` lists them all.
    network: String,
    /// Its weights: a safetensors file with PyTorch's names. Without them they are random.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
    /// What random weights are made from.
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "weights")]
    seed: u64,
    /// A .npy array `[N, C, H, W]` of f32, or a picture. Without it, one image of zeros.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Where the outputs go, as a .npy array.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The names of the classes, one a line.
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// How many calls are timed, after one that is not.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// The most threads: as many as there are cores where it is not given.
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// How convolutions may be computed.
    #[arg(long, value_enum, default_value_t)]
    numerics: Numerics,
    /// What the weights of linear layers are stored as.
    #[arg(long, value_enum, default_value_t)]
    weight_type: WeightType,
    /// Prints where the time of the first image goes: each fused step, beside the least that it could take.
    #[arg(long)]
    profile: bool,
    /// Prints the latency as JSON, in the last line.
    #[arg(long)]
    json: bool,
}

/// How convolutions may be computed.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Numerics {
    /// By Winograd's algorithm where it is faster.
    #[default]
    Fast,
    /// As they are defined.
    Direct,
}

/// What weights are stored as.
#[derive(Clone, Copy, Default, ValueEnum)]
enum WeightType {
    /// As f32.
    #[default]
    F32,
    /// Rounded to 8 significant bits: half of the bytes.
    Bf16,
}

/// A safetensors file without tensors: the length of its header, and the header.
const EMPTY: &[u8] = b"\x02\0\0\0\0\0\0\0{}";

type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    if arguments.network == "list" {
        MEMBERS.iter().for_each(|member| println!("{}", member.name));
        return Ok(());
    }
    let name = &arguments.network;
    let member = zoo::member(name).ok_or_else(|| format!("there is no network `{name}`; `list` lists them"))?;
    let options = LoadOptions::new().numerics(match arguments.numerics {
        Numerics::Fast => convoke::Numerics::Fast,
        Numerics::Direct => convoke::Numerics::Direct,
    });
    let options = options.weights(match arguments.weight_type {
        WeightType::F32 => convoke::WeightType::F32,
        WeightType::Bf16 => convoke::WeightType::Bf16,
    });
    let network = match &arguments.weights {
        Some(file) => (member.load)(file, &options)?,
        None => random(member, options.seed(arguments.seed))?,
    };
    let shape = &*network.inputs()[0].shape;
    let (input, is_picture) = match &arguments.input {
        Some(file) => read(file, name, shape)?,
        None => (Array { shape: [&[1], shape].concat(), data: vec![0.0; shape.iter().product()] }, false),
    };
    let labels = arguments.labels.as_deref().map(|file| labels(file, &*network)).transpose()?;

    let mut options = SessionOptions::new().batch(input.shape[0]);
    options.threads = arguments.threads;
    let (output, threads, times) = timed(&*network, &input, options.clone(), arguments.repeat)?;
    if let Some(file) = &arguments.output {
        npy::write(file, &output)?;
    }
    if output.shape.len() == 3 {
        print_read(&output, labels.as_deref());
    } else if is_picture || labels.is_some() {
        print_likeliest(&output, labels.as_deref());
    }
    if arguments.profile {
        let image = &input.data[..shape.iter().product()];
        println!("{}", network.slice_session(options)?.profile(&[image], arguments.repeat as usize)?);
    }
    print_latency(name, input.shape[0], threads, times, arguments.json);
    Ok(())
}

/// A network with weights from the options' seed: none of its parameters is read.
fn random(member: &Member, options: LoadOptions) -> convoke::Result<Box<dyn Network>> {
    let parameters = (member.plan)().parameters.iter();
    let options = parameters.fold(options, |options, parameter| options.fresh(parameter.name.as_ref()));
    (member.from_bytes)(EMPTY.to_vec(), &options)
}

/// The images that a file holds, and whether it is a picture.
fn read(file: &Path, network: &str, shape: &[usize]) -> Result<(Array, bool)> {
    let mut start = Vec::new();
    let opened = File::open(file).and_then(|opened| opened.take(npy::MAGIC.len() as u64).read_to_end(&mut start));
    opened.map_err(|e| format!("cannot read `{}`: {e}", file.display()))?;
    if start != npy::MAGIC {
        return Ok((Array { shape: [&[1], shape].concat(), data: picture(file, network, shape)? }, true));
    }
    let array = npy::read(file)?;
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    match array.shape.split_first() {
        Some((1.., image)) if image == shape => Ok((array, false)),
        Some((0, image)) if image == shape => Err(format!("`{}` holds no images", file.display()).into()),
        _ => Err(format!(
            "`{}` holds an array of {:?}, and {network} takes [N, {}], N images",
            file.display(),
            array.shape,
            sizes.join(", ")
        )
        .into()),
    }
}

/// A picture as the network was trained to see it: torchvision's preprocessing, or the whole picture made small.
fn picture(file: &Path, network: &str, shape: &[usize]) -> Result<Vec<f32>> {
    let small = Preprocess::<3>::new().stretch().normalise(IMAGENET_MEAN, IMAGENET_STD);
    Ok(match *shape {
        [3, 224, 224] => Preprocess::imagenet().load::<224, 224>(file)?.into_vec(),
        [3, 227, 227] => Preprocess::imagenet().load::<227, 227>(file)?.into_vec(),
        [3, 299, 299] => Preprocess::imagenet().shorter_side(342).load::<299, 299>(file)?.into_vec(),
        [3, 32, 32] => small.load::<32, 32>(file)?.into_vec(),
        [3, 128, 128] => small.load::<128, 128>(file)?.into_vec(),
        [1, 32, 100] => Preprocess::<1>::new().stretch().normalise([0.5], [0.5]).load::<32, 100>(file)?.into_vec(),
        [1, 32, 32] => Preprocess::<1>::new().stretch().load::<32, 32>(file)?.into_vec(),
        _ => return Err(format!("{network} takes {shape:?}, which no picture is made into: give a .npy array").into()),
    })
}

/// The names of all classes.
fn labels(file: &Path, network: &dyn Network) -> Result<Vec<String>> {
    let text = fs::read_to_string(file).map_err(|e| format!("cannot read `{}`: {e}", file.display()))?;
    let labels: Vec<String> = text.lines().map(str::to_owned).collect();
    // Classes come first, but in a sequence after the steps.
    let n_classes = match *network.outputs()[0].shape {
        [_, n_classes] | [n_classes, ..] => n_classes,
        [] => 0,
    };
    if labels.len() == n_classes {
        return Ok(labels);
    }
    let found = labels.len();
    Err(format!("`{}` has {found} lines, and {} has {n_classes} classes", file.display(), network.name()).into())
}

/// The outputs, how many threads computed them, and how long each call took.
fn timed(network: &dyn Network, input: &Array, options: SessionOptions, n_runs: u32) -> Result<(Array, usize, Vec<Duration>)> {
    let batch = input.shape[0];
    let shape = [&[batch], &*network.outputs()[0].shape].concat();
    let mut output = Array { data: vec![0.0; shape.iter().product()], shape };
    let mut session = network.slice_session(options)?;
    session.run_into(&[&input.data], &mut [&mut output.data])?;
    let mut times = Vec::new();
    for _ in 0..n_runs {
        let start = Instant::now();
        session.run_into(&[&input.data], &mut [&mut output.data])?;
        times.push(start.elapsed());
    }
    Ok((output, session.threads(), times))
}

/// The five likeliest classes of each image; where each pixel has scores of its own, the five that are the likeliest of most pixels.
fn print_likeliest(output: &Array, labels: Option<&[String]>) {
    let (n_classes, n_pixels) = (output.shape[1], output.shape[2..].iter().product::<usize>());
    for (i, scores) in output.data.chunks(n_classes * n_pixels).enumerate() {
        if output.shape[0] > 1 {
            println!("image {i}");
        }
        let shares = if n_pixels == 1 { probabilities(scores) } else { shares(scores, n_classes) };
        let mut classes: Vec<(usize, f32)> = shares.into_iter().enumerate().collect();
        classes.sort_by(|a, b| b.1.total_cmp(&a.1));
        for &(class, share) in classes.iter().take(5) {
            let label = labels.map_or_else(|| format!("class {class}"), |labels| labels[class].clone());
            println!("{:6.2} %  {label}", 100.0 * share);
        }
    }
}

/// What each line of text reads: the best class of each step, without repetitions and blanks, which are class 0.
fn print_read(output: &Array, labels: Option<&[String]>) {
    let (n_steps, n_classes) = (output.shape[1], output.shape[2]);
    for scores in output.data.chunks(n_steps * n_classes) {
        let best = |step: &[f32]| (0..n_classes).max_by(|&a, &b| step[a].total_cmp(&step[b])).unwrap_or(0);
        let mut classes: Vec<usize> = scores.chunks(n_classes).map(best).collect();
        classes.dedup();
        classes.retain(|&class| class != 0);
        let words: Vec<String> =
            classes.iter().map(|&class| labels.map_or_else(|| class.to_string(), |labels| labels[class].clone())).collect();
        println!("reads: {}", words.join(" "));
    }
}

/// Of each class, the share of pixels that have their largest score in it.
fn shares(scores: &[f32], n_classes: usize) -> Vec<f32> {
    let n_pixels = scores.len() / n_classes;
    let mut shares = vec![0.0; n_classes];
    for pixel in 0..n_pixels {
        let score = |class: &usize| scores[class * n_pixels + pixel];
        let largest = (0..n_classes).max_by(|a, b| score(a).total_cmp(&score(b)));
        shares[largest.unwrap_or(0)] += 1.0 / n_pixels as f32;
    }
    shares
}

fn print_latency(network: &str, batch: usize, threads: usize, mut times: Vec<Duration>, json: bool) {
    times.sort();
    let runs = times.len();
    // The smallest time that so many percent of the calls do not exceed.
    let ms = |percent: usize| times[(percent * runs).div_ceil(100).max(1) - 1].as_secs_f64() * 1e3;
    let (median, p95, min) = (ms(50), ms(95), ms(0));
    let s = if threads == 1 { "" } else { "s" };
    if json {
        println!(
            "{{\"network\": \"{network}\", \"threads\": {threads}, \"batch\": {batch}, \"runs\": {runs}, \
             \"median_ms\": {median:.4}, \"p95_ms\": {p95:.4}, \"min_ms\": {min:.4}}}"
        );
    } else {
        println!(
            "{network}: {median:.3} ms per call, median of {runs}; 95 % take at most {p95:.3}, the quickest {min:.3}; \
             batch of {batch}, {threads} thread{s}"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::{picture, random, read, shares};
    use convoke::{LoadOptions, SessionOptions};
    use std::fs;
    use std::path::Path;
    use zoo::npy::{self, Array};

    #[test]
    fn a_picture_is_made_into_every_networks_input() {
        let file = std::env::temp_dir().join(format!("convoke-zoo-{}.png", std::process::id()));
        image::RgbImage::new(300, 400).save(&file).expect("a folder for temporary files");
        for member in zoo::MEMBERS {
            let shape = &*(member.plan)().inputs[0].shape;
            let found = picture(&file, member.name, shape).unwrap_or_else(|e| panic!("{}: {e}", member.name));
            assert_eq!(found.len(), shape.iter().product::<usize>());
        }
        fs::remove_file(&file).expect("was written");
    }

    #[test]
    fn random_weights_are_those_of_the_seed() {
        let member = zoo::member("lenet5").expect("a member");
        let outputs = [random(member, LoadOptions::new().seed(3)).expect("weights"), (member.random)(3)].map(|network| {
            let (input, mut output) = ([0.5; 32 * 32], [0.0; 10]);
            let mut session = network.slice_session(SessionOptions::new()).expect("a session");
            session.run_into(&[&input], &mut [&mut output]).expect("a run");
            output
        });
        assert_eq!(outputs[0], outputs[1]);
    }

    #[test]
    fn a_class_has_the_pixels_where_its_score_is_the_largest() {
        assert_eq!(shares(&[1.0, 5.0, 5.0, 5.0, 2.0, 0.0, 0.0, 0.0], 2), [0.75, 0.25]);
    }

    #[test]
    fn an_array_of_other_sizes_is_refused_in_a_sentence() {
        let file = std::env::temp_dir().join(format!("convoke-zoo-{}.npy", std::process::id()));
        for (shape, expected) in [
            (vec![3, 4, 5], "holds an array of [3, 4, 5], and net takes [N, 3, 4, 5], N images"),
            (vec![1, 3, 4, 6], "holds an array of [1, 3, 4, 6], and net takes"),
            (vec![0, 3, 4, 5], "holds no images"),
        ] {
            let data = vec![0.0; shape.iter().product()];
            npy::write(&file, &Array { shape, data }).expect("a folder for temporary files");
            let error = read(&file, "net", &[3, 4, 5]).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
        fs::remove_file(&file).expect("was written");
        assert!(read(Path::new("/nowhere/x.npy"), "net", &[1]).is_err());
    }
}
