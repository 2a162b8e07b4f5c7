//! CIFAR-10: classifies a tar of images whose folders are their classes, and counts what is correct.
//!
//! `cargo run --release --example cifar10 -- --model resnet20 --weights resnet20.safetensors --images test.tar`
//!
//! The tar is read as a stream, image by image; nothing is unpacked to disk.

use clap::{Parser, ValueEnum};
use convoke::rt::Definition;
use convoke::{IMAGENET_MEAN, IMAGENET_STD, Map, Preprocess, Session, SessionOptions, Vector};
use image::ImageReader;
use indicatif::{ProgressBar, ProgressStyle};
use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tar::{Archive, Entry};
use zoo::resnet_cifar::{ResNet20, ResNet32, ResNet56};

/// The folders of the tar, in the order of the network's outputs.
const CLASSES: [&str; 10] = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];
/// Images that go through the network together.
const BATCH: usize = 16;
/// More than any image of 32x32 takes, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Classifies CIFAR-10's images with a residual network and counts what is correct.
#[derive(Parser)]
struct Arguments {
    /// The network.
    #[arg(long)]
    model: Model,
    /// Its weights: a safetensors file with PyTorch's names.
    #[arg(long, value_name = "FILE")]
    weights: PathBuf,
    /// The images: a tar of CLASS/NAME.png or .jpg, 32x32.
    #[arg(long, value_name = "TAR")]
    images: PathBuf,
    /// Only so many images, spread evenly over the tar.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Model {
    #[value(name = "resnet20")]
    ResNet20,
    #[value(name = "resnet32")]
    ResNet32,
    #[value(name = "resnet56")]
    ResNet56,
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
    let options = SessionOptions::new().batch(BATCH);
    let weights = &arguments.weights;
    match arguments.model {
        Model::ResNet20 => evaluate(ResNet20::load(weights)?.session_with(options)?, arguments),
        Model::ResNet32 => evaluate(ResNet32::load(weights)?.session_with(options)?, arguments),
        Model::ResNet56 => evaluate(ResNet56::load(weights)?.session_with(options)?, arguments),
    }
}

/// Classifies the images and prints how many are correct.
fn evaluate<D>(mut session: Session<D>, arguments: &Arguments) -> Result<()>
where
    D: Definition<Inputs = Map<3, 32, 32>, Outputs = Vector<10>>,
{
    let tar = &arguments.images;
    let mut found = 0;
    for file in files(&mut open(tar)?, tar)? {
        file?;
        found += 1;
    }
    if found == 0 {
        return Err(format!("`{}` holds no files", tar.display()).into());
    }
    let wanted = arguments.limit.unwrap_or(found).min(found);

    let bar = ProgressBar::new(wanted).with_style(ProgressStyle::with_template("{bar:40} {pos} of {len}, {eta} left")?);
    let (mut n_images, mut n_correct, mut inference) = (0, 0, Duration::ZERO);
    let mut classify = |images: &mut Vec<Map<3, 32, 32>>, classes: &mut Vec<usize>| -> Result<()> {
        let start = Instant::now();
        let outputs = session.run_batch(images)?;
        inference += start.elapsed();
        n_images += images.len();
        n_correct += outputs.iter().zip(&*classes).filter(|(output, class)| output.argmax() == **class).count();
        bar.inc(images.len() as u64);
        images.clear();
        classes.clear();
        Ok(())
    };

    let (mut images, mut classes) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    for (i, file) in (0..).zip(files(&mut open(tar)?, tar)?) {
        let mut file = file?;
        // A tar holds one class after another, and a quick look should see all of them: every so manieth file.
        if (i + 1) * wanted / found == i * wanted / found {
            continue;
        }
        let path = file.path()?.into_owned();
        let place = |what| format!("`{}` in `{}` {what}", path.display(), tar.display());
        classes.push(class_of(&path).map_err(place)?);
        images.push(decode(&mut file).map_err(place)?);
        if images.len() == BATCH {
            classify(&mut images, &mut classes)?;
        }
    }
    if !images.is_empty() {
        classify(&mut images, &mut classes)?;
    }
    bar.finish_and_clear();

    println!("{:.3} ms per image in the network, in batches of {BATCH}", inference.as_secs_f64() * 1e3 / n_images as f64);
    println!("{n_correct} of {n_images} correct");
    Ok(())
}

fn open(tar: &Path) -> Result<Archive<BufReader<File>>> {
    let file = File::open(tar).map_err(|e| format!("cannot open `{}`: {e}", tar.display()))?;
    Ok(Archive::new(BufReader::new(file)))
}

/// The files of a tar, without its folders, links and the like.
fn files<'a, R: Read>(archive: &'a mut Archive<R>, tar: &'a Path) -> Result<impl Iterator<Item = Result<Entry<'a, R>>>> {
    let broken = |e: io::Error| {
        // What the archive's reader says of a header that is none repeats its bytes.
        let cause = if e.kind() == io::ErrorKind::Other { String::new() } else { format!(": {e}") };
        format!("`{}` is not a tar archive or is damaged{cause}", tar.display())
    };
    let entries = archive.entries().map_err(broken)?.map(move |entry| Ok(entry.map_err(broken)?));
    Ok(entries.filter(|entry: &Result<Entry<R>>| entry.as_ref().map_or(true, |e| e.header().entry_type().is_file())))
}

/// The class that a file's folder names: an index into [`CLASSES`].
fn class_of(path: &Path) -> std::result::Result<usize, String> {
    let folder = path.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let class = CLASSES.iter().position(|class| *class == folder);
    class.ok_or_else(|| format!("is in the folder `{folder}`, which is none of the classes {}", CLASSES.join(", ")))
}

/// A PNG or JPEG of 32x32 pixels as the networks take it: their weights were trained with ImageNet's mean and deviation.
fn decode(file: &mut impl Read) -> std::result::Result<Map<3, 32, 32>, String> {
    let undecodable = |e: &dyn Error| format!("cannot be decoded: {e}");
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|e| undecodable(&e))?;
    let reader = || ImageReader::new(Cursor::new(&bytes)).with_guessed_format().map_err(|e| undecodable(&e));
    // Before its pixels, which a small file can claim many of.
    let (width, height) = reader()?.into_dimensions().map_err(|e| undecodable(&e))?;
    if (width, height) != (32, 32) {
        return Err(format!("is {width}x{height}, and the networks take 32x32"));
    }
    let picture = reader()?.decode().map_err(|e| undecodable(&e))?;
    Preprocess::<3>::new().normalise(IMAGENET_MEAN, IMAGENET_STD).apply(&picture).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Archive, Path, class_of, decode, files};

    /// A tar of one file, as bytes.
    fn tar(path: &str, content: &[u8]) -> Vec<u8> {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_data(&mut header, path, content).unwrap();
        builder.into_inner().unwrap()
    }

    #[test]
    fn the_class_is_the_folder_however_deep() {
        assert_eq!(class_of(Path::new("airplane/0000.png")), Ok(0));
        assert_eq!(class_of(Path::new("./test/truck/0000.png")), Ok(9));
    }

    #[test]
    fn an_unknown_folder_is_named() {
        let error = class_of(Path::new("plane/0000.png")).unwrap_err();
        assert!(error.starts_with("is in the folder `plane`, which is none of the classes airplane, "), "{error}");
        assert!(class_of(Path::new("0000.png")).unwrap_err().starts_with("is in the folder ``, "));
    }

    #[test]
    fn what_is_no_image_is_an_error() {
        let bytes = tar("cat/0000.png", b"no image");
        let mut archive = Archive::new(&bytes[..]);
        let mut file = files(&mut archive, Path::new("x.tar")).unwrap().next().unwrap().unwrap();
        let error = decode(&mut file).unwrap_err();
        assert!(error.starts_with("cannot be decoded: "), "{error}");
    }

    #[test]
    fn an_image_of_another_size_is_an_error() {
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(32, 31).write_to(&mut png, image::ImageFormat::Png).unwrap();
        assert_eq!(decode(&mut &png.into_inner()[..]).unwrap_err(), "is 32x31, and the networks take 32x32");
    }

    #[test]
    fn what_is_no_tar_is_an_error_that_names_it() {
        let bytes = [b'x'; 2048];
        let mut archive = Archive::new(&bytes[..]);
        let error = files(&mut archive, Path::new("x.tar")).unwrap().next().unwrap().err().unwrap().to_string();
        assert_eq!(error, "`x.tar` is not a tar archive or is damaged");
    }

    #[test]
    fn a_truncated_tar_is_an_error() {
        let mut png = std::io::Cursor::new(Vec::new());
        image::RgbImage::new(32, 32).write_to(&mut png, image::ImageFormat::Png).unwrap();
        let bytes = tar("cat/0000.png", &png.into_inner());
        let mut archive = Archive::new(&bytes[..540]);
        let mut file = files(&mut archive, Path::new("x.tar")).unwrap().next().unwrap().unwrap();
        assert!(decode(&mut file).is_err());
    }
}
