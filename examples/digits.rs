//! Handwritten digits: a LeNet-5 whose weights are in the program reads 360 images that it was not trained on.
//!
//! `cargo run --release --example digits`
//!
//! Where images and weights come from: `examples/digits/README.md`.

use convoke::{Error, Map};
use std::time::{Duration, Instant};
use zoo::lenet::LeNet5;
use zoo::softmax;

/// One image a line: its class, a space, 8x8 pixels row by row, each one of `0` to `9` and `a` to `g` for 0 to 16.
const IMAGES: &str = include_str!("digits/digits.txt");
/// The images at the end of the file that were not trained on.
const HELD_OUT: usize = 360;
/// Images that are shown side by side.
const SHOWN: usize = 4;

struct Digit {
    class: usize,
    /// From 0 to 16.
    pixels: [[u8; 8]; 8],
}

fn main() -> Result<(), Error> {
    let digits = held_out();
    let net = LeNet5::new();
    let mut session = net.session();

    let mut read = Vec::with_capacity(digits.len());
    for digit in &digits {
        let logits = session.run(&enlarge(&digit.pixels))?;
        read.push((digit, softmax(logits).top_k(3)));
    }
    let (right, wrong): (Vec<_>, Vec<_>) = read.into_iter().partition(|(digit, classes)| classes[0].0 == digit.class);

    show(&right[..SHOWN.min(right.len())]);
    if !wrong.is_empty() {
        println!("and what it gets wrong:\n");
        show(&wrong[..SHOWN.min(wrong.len())]);
    }
    println!("{}", LeNet5::summary());
    let percent = 100.0 * right.len() as f64 / digits.len() as f64;
    println!("{} of {} correct ({percent:.1} %)", right.len(), digits.len());

    let image = enlarge(&digits[0].pixels);
    let mut times = Vec::new();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(200) {
        let before = Instant::now();
        session.run(&image)?;
        times.push(before.elapsed());
    }
    times.sort();
    println!("{:.1} µs per image (median of {})", times[times.len() / 2].as_secs_f64() * 1e6, times.len());
    Ok(())
}

fn held_out() -> Vec<Digit> {
    let n = IMAGES.lines().count();
    IMAGES.lines().skip(n - HELD_OUT).map(parse).collect()
}

/// A line of the file, which is part of the program: a mistake in it is ours.
fn parse(line: &str) -> Digit {
    let digit = |c: u8| char::from(c).to_digit(17).unwrap_or_else(|| panic!("not a pixel: {c:?}")) as u8;
    let [class, b' ', pixels @ ..] = line.as_bytes() else { panic!("not an image: {line}") };
    assert_eq!(pixels.len(), 64, "pixels of {line}");
    Digit { class: digit(*class).into(), pixels: std::array::from_fn(|y| std::array::from_fn(|x| digit(pixels[8 * y + x]))) }
}

/// 8x8 to 32x32, bilinear, from 0 to 1.
///
/// Pixel `i` of the 32 lies at `(i + 1/2)/4 − 1/2` of the 8. The weights are odd eighths and pixels are sixteenths, so that
/// nothing is rounded: the same bits as in PyTorch, which the weights were trained with.
fn enlarge(pixels: &[[u8; 8]; 8]) -> Map<1, 32, 32> {
    /// The two neighbours, and the weight of the second in eighths.
    fn neighbours(i: usize) -> (usize, usize, usize) {
        let eighths = (2 * i + 1).saturating_sub(4);
        (eighths / 8, (eighths / 8 + 1).min(7), eighths % 8)
    }
    Map::from_fn(|_, y, x| {
        let (top, bottom, down) = neighbours(y);
        let (left, right, across) = neighbours(x);
        let row = |y: usize| usize::from(pixels[y][left]) * (8 - across) + usize::from(pixels[y][right]) * across;
        (row(top) * (8 - down) + row(bottom) * down) as f32 / 1024.0
    })
}

/// Images side by side, each with its likeliest classes below.
fn show(digits: &[(&Digit, Vec<(usize, f32)>)]) {
    const SHADES: [&str; 5] = ["  ", "░░", "▒▒", "▓▓", "██"];
    for y in 0..8 {
        for (digit, _) in digits {
            let row: String = digit.pixels[y].iter().map(|&p| SHADES[usize::from(p).div_ceil(4)]).collect();
            print!("  {row}");
        }
        println!();
    }
    println!();
    for i in 0..3 {
        for (_, classes) in digits {
            let (class, p) = classes[i];
            let bar = "━".repeat((8.0 * p).round() as usize);
            print!("  {class} {:5.1} % {bar:<8}", 100.0 * p);
        }
        println!();
    }
    for (digit, _) in digits {
        print!("  {:<18}", format!("is a {}", digit.class));
    }
    println!("\n");
}

#[cfg(test)]
mod tests {
    use super::{enlarge, held_out};
    use zoo::lenet::LeNet5;

    /// What PyTorch reads in the 360 images with the same weights: `python examples/digits/train.py --check`.
    const PYTORCH: &str = "\
        234567890955650989841773510022782012633733466649150952820017632174631391768431405369617544728225795488490898012345678901\
        234569012345678909556509858417735100227820126337334666991509528017632179631391768431405369617544722573594508980123456789\
        012345678901234567890955650989841773510022782012632733466649150952820017632174631391768451405369617544728225795488490898";

    #[test]
    fn reads_every_held_out_image_as_pytorch_does() {
        let net = LeNet5::new();
        let mut session = net.session();
        let digits = held_out();
        let read: Vec<usize> = digits.iter().map(|d| session.run(&enlarge(&d.pixels)).unwrap().argmax()).collect();
        assert_eq!(read.iter().map(|c| c.to_string()).collect::<String>(), PYTORCH);
        assert_eq!(digits.iter().zip(&read).filter(|(digit, class)| digit.class == **class).count(), 352);
    }

    #[test]
    fn enlarging_keeps_the_corners_and_a_flat_image() {
        let mut pixels = [[16; 8]; 8];
        assert!(enlarge(&pixels).as_slice().iter().all(|&v| v == 1.0));
        pixels[0][0] = 0;
        let map = enlarge(&pixels);
        assert_eq!(map[[0, 0, 0]], 0.0);
        // Two pixels in, an eighth of the way to the next pixel of the 8: 1 − (7/8)².
        assert_eq!(map[[0, 2, 2]], 1.0 - 49.0 / 64.0);
        assert_eq!(map[[0, 31, 31]], 1.0);
    }
}
