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
    let found = count(&arguments.images)?;
    let wanted = arguments.limit.unwrap_or(found).min(found);
    let bar = ProgressBar::new(wanted).with_style(ProgressStyle::with_template("{bar:40} {pos} of {len}, {eta} left")?);
    let (mut n_images, mut n_correct, mut inference) = (0, 0, Duration::ZERO);
    each_batch(&arguments.images, wanted, found, |images, classes| {
        let start = Instant::now();
        let outputs = session.run_batch(images)?;
        inference += start.elapsed();
        n_images += images.len();
        n_correct += outputs.iter().zip(classes).filter(|(output, class)| output.argmax() == **class).count();
        bar.inc(images.len() as u64);
        Ok(())
    })?;
    bar.finish_and_clear();
    println!("{:.3} ms per image in the network, in batches of {BATCH}", inference.as_secs_f64() * 1e3 / n_images as f64);
    println!("{n_correct} of {n_images} correct");
    Ok(())
}

/// The number of files in a tar, of which there must be one.
fn count(tar: &Path) -> Result<u64> {
    let mut n = 0;
    for file in files(&mut open(tar)?, tar)? {
        file?;
        n += 1;
    }
    if n == 0 { Err(format!("`{}` holds no files", tar.display()).into()) } else { Ok(n) }
}

/// Calls `f` with `wanted` of the `found` images of a tar and their classes, [`BATCH`] at a time.
///
/// They are spread evenly: a tar holds one class after another, and a quick look should see all of them.
fn each_batch(tar: &Path, wanted: u64, found: u64, mut f: impl FnMut(&[Map<3, 32, 32>], &[usize]) -> Result<()>) -> Result<()> {
    let (mut images, mut classes) = (Vec::with_capacity(BATCH), Vec::with_capacity(BATCH));
    for (i, file) in (0..).zip(files(&mut open(tar)?, tar)?) {
        let mut file = file?;
        if (i + 1) * wanted / found == i * wanted / found {
            continue;
        }
        let path = file.path()?.into_owned();
        let place = |what| format!("`{}` in `{}` {what}", path.display(), tar.display());
        classes.push(class_of(&path).map_err(place)?);
        images.push(decode(&mut file).map_err(place)?);
        if images.len() == BATCH {
            f(&images, &classes)?;
            images.clear();
            classes.clear();
        }
    }
    if images.is_empty() { Ok(()) } else { f(&images, &classes) }
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
    use super::{
        Archive, BATCH, Definition, Map, Path, PathBuf, Session, SessionOptions, Vector, class_of, count, decode, each_batch,
        files,
    };
    use convoke::{Isa, LoadOptions};
    use zoo::resnet_cifar::{ResNet20, ResNet32, ResNet56};

    /// The folder of CIFAR-10 and the weights, where this machine has it.
    fn data() -> Option<PathBuf> {
        let root = std::env::var_os("CONVOKE_DATA").map_or_else(|| Path::new("../../shared/data").into(), PathBuf::from);
        let folder = root.join("cifar10");
        if folder.is_dir() {
            return Some(folder);
        }
        println!("skipped: there is no `{}`; CONVOKE_DATA can say where the data is", folder.display());
        None
    }

    /// What the network puts out for 500 of the test images, and their classes.
    fn outputs<D>(mut session: Session<D>) -> (Vec<Vector<10>>, Vec<usize>)
    where
        D: Definition<Inputs = Map<3, 32, 32>, Outputs = Vector<10>>,
    {
        let tar = data().unwrap().join("test.tar");
        let (mut outputs, mut all_classes) = (Vec::new(), Vec::new());
        each_batch(&tar, 500, count(&tar).unwrap(), |images, classes| {
            outputs.extend_from_slice(session.run_batch(images)?);
            all_classes.extend_from_slice(classes);
            Ok(())
        })
        .unwrap();
        (outputs, all_classes)
    }

    fn n_correct<D>(session: Session<D>) -> usize
    where
        D: Definition<Inputs = Map<3, 32, 32>, Outputs = Vector<10>>,
    {
        let (outputs, classes) = outputs(session);
        outputs.iter().zip(classes).filter(|(output, class)| output.argmax() == *class).count()
    }

    /// PyTorch's figures for the same 500 images. On all 10,000 they are 8103, 8256 and 8320.
    #[test]
    fn as_many_images_are_correct_as_by_pytorch() {
        let Some(data) = data() else { return };
        let options = || SessionOptions::new().batch(BATCH);
        let load = |name: &str| data.join(name);
        let net = ResNet20::load(load("resnet20.safetensors")).unwrap();
        assert_eq!(n_correct(net.session_with(options()).unwrap()), 413);
        let net = ResNet32::load(load("resnet32.safetensors")).unwrap();
        assert_eq!(n_correct(net.session_with(options()).unwrap()), 421);
        let net = ResNet56::load(load("resnet56.safetensors")).unwrap();
        assert_eq!(n_correct(net.session_with(options()).unwrap()), 426);
    }

    /// Sums are ordered differently, so that bits differ: after 20 layers by less than TOLERANCE of the largest output.
    #[test]
    fn instruction_sets_agree_on_real_images() {
        const TOLERANCE: f32 = 1e-5;
        let Some(data) = data() else { return };
        let run = |isa| {
            let net = ResNet20::load_with(data.join("resnet20.safetensors"), &LoadOptions::new().isa(isa)).unwrap();
            outputs(net.session_with(SessionOptions::new().batch(BATCH)).unwrap()).0
        };
        let expected = run(Isa::Portable);
        let mut worst = 0.0_f32;
        for isa in [Isa::Avx2, Isa::Avx512].into_iter().filter(|isa| isa.is_available()) {
            for (i, (found, expected)) in run(isa).iter().zip(&expected).enumerate() {
                let largest = expected.as_slice().iter().fold(0.0_f32, |most, x| most.max(x.abs()));
                for (a, b) in found.as_slice().iter().zip(expected.as_slice()) {
                    worst = worst.max((a - b).abs() / largest);
                    assert!((a - b).abs() <= TOLERANCE * largest, "image {i} by {isa}: {a}, portable {b}");
                }
            }
        }
        println!("at most {worst:e} of the largest output apart");
    }

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
