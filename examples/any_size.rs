//! Photographs of any size: a network that was trained on 32x32 pixels scores every part of them, and a U-Net runs at three sizes.
//!
//! `cargo run --release --example any_size -- IMAGE…`
//!
//! Sizes are known only at run time: the definitions say `[3, H, W]`, and a session is bound to the size of each image. For each
//! photograph the likeliest classes are printed on a grid, and a heat map is written as `NAME-heat.png`: how sure the network is
//! of the photograph's likeliest class, over the photograph. The weights are CIFAR-10's of He et al.'s ResNet-56.

use clap::Parser;
use convoke::{IMAGENET_MEAN, IMAGENET_STD, Tensor, network};
use image::{ImageReader, Rgb, RgbImage};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

/// In the order of the network's outputs.
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// Rows and columns of the scores.
const GRID: [usize; 2] = [24, 32];
/// Rows and columns of what is printed: so many scores make one.
const PRINTED: [usize; 2] = [6, 8];

network! {
    round = floor;

    /// ResNet-56 for CIFAR-10 (He et al., 2015), section 4.2, over images of any size: class probabilities on a grid of 24x32.
    pub Everywhere(image: [3, H, W]) -> [768, 10] where H >= 32, W >= 32 {
        image -> conv1: conv(16, 3x3, pad = 1, bias = false) -> bn1: batch_norm -> relu
          -> layer1: { 9 * basic(16) }
          -> layer2: { basic(32, stride = 2) -> 8 * basic(32) }
          -> layer3: { basic(64, stride = 2) -> 8 * basic(64) }
          // What the linear layer reads at each place of the grid are the means of 64 channels.
          -> adaptive_avg_pool(24x32) -> reshape([64, 768]) -> permute([1, 0])
          -> linear: linear(10)
    }

    /// Two 3x3 convolutions around a shortcut without parameters.
    block basic(x, width, stride = 1) {
        let shortcut = if stride != 1 { x -> subsample(stride) -> pad_channels((width - x.channels) / 2) } else { x };
        x -> conv1: conv(width, 3x3, stride = stride, pad = 1, bias = false) -> bn1: batch_norm -> relu
          -> conv2: conv(width, 3x3, pad = 1, bias = false) -> bn2: batch_norm
          -> add(shortcut) -> relu
    }
}

network! {
    /// A small U-Net (Ronneberger et al., 2015): two scores for each pixel. What is halved three times must be divisible by 8.
    pub UNet(image: [3, H, W]) -> [2, H, W] where H % 8 == 0, W % 8 == 0 {
        let x1 = image -> inc: double(8);
        let x2 = x1 -> down1: down;
        let x3 = x2 -> down2: down;
        let x4 = x3 -> down3: down;
        x4 -> up1: up(x3) -> up2: up(x2) -> up3: up(x1) -> outc: conv(2, 1x1)
    }

    block down(x) { x -> max_pool(2x2) -> double(2 * x.channels) }

    block up(x, left) {
        let enlarged = x -> up: conv_transpose(x.channels / 2, 2x2, stride = 2);
        concat(left, enlarged) -> conv: double(left.channels)
    }

    block double(x, width) {
        x -> { 2 * unit(width) }
    }

    block unit(x, width) { x -> conv: conv(width, 3x3, pad = 1, bias = false) -> bn: batch_norm -> relu }
}

/// Scores every part of photographs of any size.
#[derive(Parser)]
struct Arguments {
    /// PNG or JPEG files of at least 32x32 pixels.
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// ResNet-56's weights for CIFAR-10, a safetensors file; `cifar10/resnet56.safetensors` in the folder of `CONVOKE_DATA`, or else
    /// in `../shared/data`.
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
}

type Result<T> = std::result::Result<T, Box<dyn Error>>;

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
    let net = Everywhere::load(weights(arguments)?)?;
    for path in &arguments.images {
        score(&net, path).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let unet = UNet::random(1);
    println!("A U-Net of {} parameters, whose weights are random:", UNet::PARAMETERS);
    for [height, width] in [[64, 64], [96, 160], [256, 200]] {
        let start = Instant::now();
        let mut session = unet.bind(&[height, width])?;
        let bound = start.elapsed();
        let image = Tensor::from_fn(&[3, height, width], |at| ((at[1] * at[2]) % 17) as f32 / 17.0)?;
        let start = Instant::now();
        let outputs = session.run(&[&image])?;
        let ran = start.elapsed();
        println!("  {height}x{width}: bound in {bound:.1?}, run in {ran:.1?}, output {:?}", outputs[0].shape());
    }
    Ok(())
}

/// The weight file that is named, or that of the data folder.
fn weights(arguments: &Arguments) -> Result<PathBuf> {
    if let Some(file) = &arguments.weights {
        return Ok(file.clone());
    }
    let folder = std::env::var_os("CONVOKE_DATA").map_or_else(|| PathBuf::from("../shared/data"), PathBuf::from);
    let file = folder.join("cifar10").join("resnet56.safetensors");
    match file.exists() {
        true => Ok(file),
        false => Err(format!(
            "there is no `{}`: name the weights by `--weights FILE`, or their folder by the environment's CONVOKE_DATA",
            file.display()
        )
        .into()),
    }
}

/// Scores one photograph, prints its grid and writes its heat map.
fn score(net: &Everywhere, path: &Path) -> Result<()> {
    let reader = || -> Result<_> { Ok(ImageReader::open(path)?.with_guessed_format()?) };
    // What cannot be had at all is said before the pixels are decoded.
    let (width, height) = reader()?.into_dimensions()?;
    let start = Instant::now();
    let mut session = net.bind(&[height as usize, width as usize])?;
    let bound = start.elapsed();
    let photograph = reader()?.decode()?.to_rgb8();
    let input = Tensor::from_fn(&[3, height as usize, width as usize], |at| {
        let pixel = photograph.get_pixel(at[2] as u32, at[1] as u32);
        (f32::from(pixel[at[0]]) / 255.0 - IMAGENET_MEAN[at[0]]) / IMAGENET_STD[at[0]]
    })?;
    let start = Instant::now();
    let outputs = session.run(&[&input])?;
    let ran = start.elapsed();
    let logits = outputs[0].as_slice();
    println!("{}, {width}x{height}: bound in {bound:.1?}, run in {ran:.1?}", path.display());

    let [down, across] = [GRID[0] / PRINTED[0], GRID[1] / PRINTED[1]];
    for row in 0..PRINTED[0] {
        let cells = (0..PRINTED[1]).map(|column| {
            let places = (0..down * across).map(|i| (row * down + i / across) * GRID[1] + column * across + i % across);
            let (class, share) = likeliest(&mean(logits, places));
            format!("{:>10} {:2.0}%", CLASSES[class], share * 100.0)
        });
        println!("  {}", cells.collect::<Vec<_>>().join(" "));
    }
    let (class, share) = likeliest(&mean(logits, 0..GRID[0] * GRID[1]));
    let heat = heat_name(path);
    heat_map(&photograph, logits, class).save(&heat)?;
    println!("  as a whole: {} {:.0}%, drawn in {heat}", CLASSES[class], share * 100.0);
    Ok(())
}

/// `cat-heat.png`
fn heat_name(path: &Path) -> String {
    let stem = path.file_stem().map_or_else(|| "image".into(), |stem| stem.to_string_lossy().into_owned());
    format!("{stem}-heat.png")
}

/// The mean scores of some places of the grid.
fn mean(logits: &[f32], places: impl Iterator<Item = usize>) -> [f32; 10] {
    let (mut sum, mut n) = ([0.0; 10], 0.0);
    for place in places {
        sum.iter_mut().zip(&logits[place * 10..][..10]).for_each(|(sum, logit)| *sum += logit);
        n += 1.0;
    }
    sum.map(|sum| sum / n)
}

/// The likeliest class and its probability.
fn likeliest(logits: &[f32; 10]) -> (usize, f32) {
    let shares = probabilities(logits);
    let best = (0..10).max_by(|&a, &b| shares[a].total_cmp(&shares[b])).unwrap_or(0);
    (best, shares[best])
}

/// `exp(x) / Σ exp(x)`
fn probabilities(logits: &[f32]) -> Vec<f32> {
    let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let exponentials: Vec<f32> = logits.iter().map(|logit| (logit - most).exp()).collect();
    let sum: f32 = exponentials.iter().sum();
    exponentials.iter().map(|exponential| exponential / sum).collect()
}

/// The photograph in grey, the redder the likelier the class is there.
fn heat_map(photograph: &RgbImage, logits: &[f32], class: usize) -> RgbImage {
    let (width, height) = photograph.dimensions();
    let heat: Vec<f32> = logits.chunks_exact(10).map(|place| probabilities(place)[class]).collect();
    RgbImage::from_fn(width, height, |x, y| {
        let row = y as usize * GRID[0] / height as usize;
        let column = x as usize * GRID[1] / width as usize;
        let heat = heat[row * GRID[1] + column];
        let Rgb([red, green, blue]) = *photograph.get_pixel(x, y);
        let grey = 0.299 * f32::from(red) + 0.587 * f32::from(green) + 0.114 * f32::from(blue);
        let mixed = |full: f32| (grey * (1.0 - 0.7 * heat) + full * 0.7 * heat).round() as u8;
        Rgb([mixed(255.0), mixed(40.0), mixed(0.0)])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of one colour in the temporary folder.
    fn picture(name: &str, width: u32, height: u32) -> PathBuf {
        let path = std::env::temp_dir().join(format!("convoke-any-size-{}-{name}.png", std::process::id()));
        RgbImage::from_pixel(width, height, Rgb([200, 90, 30])).save(&path).expect("a writable folder");
        path
    }

    #[test]
    fn an_image_too_small_is_refused_with_its_condition() {
        let path = picture("small", 1, 1);
        let error = score(&Everywhere::random(0), &path).expect_err("one pixel").to_string();
        std::fs::remove_file(path).expect("the picture");
        assert!(error.contains("H = 1, W = 1: `H >= 32` does not hold"), "{error}");
    }

    #[test]
    fn an_image_too_large_is_refused_before_it_is_decoded() {
        let error = Everywhere::random(0).bind(&[100_000, 100_000]).expect_err("too large").to_string();
        assert!(error.contains("100000"), "{error}");
    }

    #[test]
    fn heat_is_drawn_over_the_photograph() {
        let mut logits = vec![0.0; 7680];
        logits[3] = 100.0;
        let drawn = heat_map(&RgbImage::from_pixel(64, 48, Rgb([0, 0, 0])), &logits, 3);
        assert_eq!((drawn.get_pixel(0, 0), drawn.dimensions()), (&Rgb([179, 28, 0]), (64, 48)));
        assert!(drawn.get_pixel(63, 47)[0] < 30);
        assert_eq!(likeliest(&mean(&logits, 0..1)).0, 3);
        assert_eq!(heat_name(Path::new("a/cat.jpg")), "cat-heat.png");
    }
}
