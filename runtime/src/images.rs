//! Images as inputs: conversions of the `image` crate's buffers, and [`Preprocess`]; feature `image`. Floor 2.

mod resize;

use std::path::Path;

use image::{DynamicImage, GrayImage, ImageReader, Luma, Rgb, RgbImage};

use self::resize::resize;
use crate::error::{Error, ErrorKind, Result};
use crate::tensor::Map;

/// The mean of ImageNet's channels, red, green, blue, of values in 0 .. 1: what torchvision's weights were trained with.
pub const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// The standard deviation of ImageNet's channels, red, green, blue, of values in 0 .. 1.
pub const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// From a picture to a network's input, as torchvision does it: resize, crop the centre, scale to 0 .. 1, normalise.
///
/// `C` is 3 for colour or 1 for grey; height and width are those of the [`Map`] that is asked for.
///
/// **How near to torchvision:** for the same decoded pixels the result has the same bits as torchvision's
/// `Resize`, `CenterCrop`, `ToTensor`, `Normalize` on a PIL image: bilinear with antialiasing in Pillow's fixed-point
/// arithmetic, grey by Pillow's weights (ITU-R 601-2), the same rounding of sizes and offsets (tested against torchvision
/// 0.29 with Pillow 13). PNG is decoded to the same pixels. Decoders of JPEG differ: in three photographs that were compared,
/// 1 to 17 % of the results were a level of 255 apart, the farthest three. Like PIL, it leaves a photograph as its file has
/// it, even where its EXIF data says to turn it.
///
/// ```
/// use convoke::{Map, Preprocess};
///
/// let picture = image::DynamicImage::new_rgb8(640, 480);
/// let input: Map<3, 224, 224> = Preprocess::imagenet().apply(&picture)?;
/// assert!((input[[0, 0, 0]] - (0.0 - 0.485) / 0.229).abs() < 1e-6);
/// # Ok::<(), convoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preprocess<const C: usize> {
    resize: Resize,
    mean: [f32; C],
    std: [f32; C],
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Resize {
    /// Not at all.
    No,
    /// The shorter side to that many pixels, the other in proportion.
    Shorter(u32),
    /// Both sides to those of the map.
    Stretch,
}

impl Preprocess<3> {
    /// What torchvision's classifiers on ImageNet take: the shorter side to 256, the centre, ImageNet's mean and deviation.
    pub fn imagenet() -> Preprocess<3> {
        Preprocess::new().shorter_side(256).normalise(IMAGENET_MEAN, IMAGENET_STD)
    }
}

impl<const C: usize> Preprocess<C> {
    /// Crops the centre and scales to 0 .. 1, nothing else.
    pub fn new() -> Preprocess<C> {
        Preprocess { resize: Resize::No, mean: [0.0; C], std: [1.0; C] }
    }

    /// Resizes before cropping: the shorter side to `pixels`, the longer in proportion, rounded down. torchvision's `Resize(n)`.
    pub fn shorter_side(mut self, pixels: u32) -> Preprocess<C> {
        self.resize = Resize::Shorter(pixels);
        self
    }

    /// Resizes both sides to the map's, whatever the picture's proportions, so that nothing is cropped. torchvision's `Resize((h, w))`.
    pub fn stretch(mut self) -> Preprocess<C> {
        self.resize = Resize::Stretch;
        self
    }

    /// `(x − mean) / std` of each channel, after scaling to 0 .. 1. torchvision's `Normalize`.
    pub fn normalise(mut self, mean: [f32; C], std: [f32; C]) -> Preprocess<C> {
        (self.mean, self.std) = (mean, std);
        self
    }

    /// `pixels` are rows of `C` interleaved channels.
    fn run<const H: usize, const W: usize>(&self, mut pixels: Vec<u8>, size: (u32, u32)) -> Result<Map<C, H, W>> {
        let (width, height) = (size.0 as usize, size.1 as usize);
        let invalid = |what: String| Error::new(ErrorKind::Shape, what);
        if width == 0 || height == 0 {
            return Err(invalid(format!("an image of {width}x{height} pixels, width by height, has none")));
        }
        let (new_width, new_height) = match self.resize {
            Resize::No => (width, height),
            Resize::Stretch => (W, H),
            Resize::Shorter(0) => return Err(invalid("the shorter side is to be resized to 0 pixels".to_owned())),
            Resize::Shorter(side) => {
                let (side, shorter) = (side as usize, width.min(height));
                let scaled = |n: usize| if n == shorter { Some(side) } else { Some(side.checked_mul(n)? / shorter) };
                let too_large = || invalid(format!("an image of {width}x{height} pixels cannot be resized to {side}"));
                (scaled(width).ok_or_else(too_large)?, scaled(height).ok_or_else(too_large)?)
            }
        };
        if new_width < W || new_height < H {
            let was = if (new_width, new_height) == (width, height) {
                String::new()
            } else {
                format!(", resized from {width}x{height},")
            };
            return Err(invalid(format!(
                "an image of {new_width}x{new_height} pixels{was} is smaller than the {W}x{H} that the network takes, width by height"
            )));
        }
        // Only rows and columns that are kept after cropping are computed.
        let (left, top) = (centre(new_width, W), centre(new_height, H));
        pixels = resize::<C>(&pixels, [height, width], [new_height, new_width], [top, left], [H, W]);
        Ok(Map::from_fn(|c, y, x| {
            let value = f32::from(pixels[(y * W + x) * C + c]) / 255.0;
            (value - self.mean[c]) / self.std[c]
        }))
    }
}

impl<const C: usize> Default for Preprocess<C> {
    fn default() -> Preprocess<C> {
        Preprocess::new()
    }
}

impl Preprocess<3> {
    /// The input that a picture makes, in colour.
    ///
    /// # Errors
    /// If the picture, when it is resized, is smaller than the map.
    pub fn apply<const H: usize, const W: usize>(&self, picture: &DynamicImage) -> Result<Map<3, H, W>> {
        self.run(picture.to_rgb8().into_raw(), (picture.width(), picture.height()))
    }

    /// The input that a file's picture makes, in colour.
    ///
    /// # Errors
    /// If the file cannot be read or decoded; else as for [`apply`](Preprocess::apply).
    pub fn load<const H: usize, const W: usize>(&self, path: impl AsRef<Path>) -> Result<Map<3, H, W>> {
        self.apply(&decode(path.as_ref())?)
    }
}

impl Preprocess<1> {
    /// The input that a picture makes, in grey.
    ///
    /// # Errors
    /// If the picture, when it is resized, is smaller than the map.
    pub fn apply<const H: usize, const W: usize>(&self, picture: &DynamicImage) -> Result<Map<1, H, W>> {
        self.run(grey(picture), (picture.width(), picture.height()))
    }

    /// The input that a file's picture makes, in grey.
    ///
    /// # Errors
    /// If the file cannot be read or decoded; else as for [`apply`](Preprocess::apply).
    pub fn load<const H: usize, const W: usize>(&self, path: impl AsRef<Path>) -> Result<Map<1, H, W>> {
        self.apply(&decode(path.as_ref())?)
    }
}

/// The first of `kept` pixels in the middle of `n`, by Python's rounding, which takes a half to the even number.
fn centre(n: usize, kept: usize) -> usize {
    let twice = n - kept;
    let half = twice / 2;
    half + usize::from(twice % 2 == 1 && half % 2 == 1)
}

/// A picture's pixels in grey, by Pillow's integer form of ITU-R 601-2: 0.299 red + 0.587 green + 0.114 blue.
fn grey(picture: &DynamicImage) -> Vec<u8> {
    if !picture.color().has_color() {
        return picture.to_luma8().into_raw();
    }
    let weigh = |rgb: &Rgb<u8>| {
        let [red, green, blue] = rgb.0.map(u32::from);
        ((19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16) as u8
    };
    picture.to_rgb8().pixels().map(weigh).collect()
}

/// The picture of a file; its first bytes say of which format.
fn decode(path: &Path) -> Result<DynamicImage> {
    let cannot = |what: &str| format!("cannot {what} `{}`", path.display());
    let reader = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(|error| Error::caused_by(ErrorKind::Io, cannot("open"), error))?;
    reader.decode().map_err(|error| Error::caused_by(ErrorKind::Image, cannot("decode"), error))
}

/// Whether a picture has the map's height and width.
fn check_size(found: (u32, u32), width: usize, height: usize) -> Result<()> {
    if (found.0 as usize, found.1 as usize) == (width, height) {
        return Ok(());
    }
    let message =
        format!("an image of {}x{} pixels for a map of {width}x{height}, width by height: see `Preprocess`", found.0, found.1);
    Err(Error::new(ErrorKind::Shape, message))
}

impl<const H: usize, const W: usize> TryFrom<&RgbImage> for Map<3, H, W> {
    type Error = Error;

    /// The pixels, scaled to 0 .. 1.
    fn try_from(picture: &RgbImage) -> Result<Self> {
        check_size(picture.dimensions(), W, H)?;
        Ok(Map::from_fn(|c, y, x| f32::from(picture[(x as u32, y as u32)].0[c]) / 255.0))
    }
}

impl<const H: usize, const W: usize> TryFrom<&GrayImage> for Map<1, H, W> {
    type Error = Error;

    /// The pixels, scaled to 0 .. 1.
    fn try_from(picture: &GrayImage) -> Result<Self> {
        check_size(picture.dimensions(), W, H)?;
        Ok(Map::from_fn(|_, y, x| f32::from(picture[(x as u32, y as u32)].0[0]) / 255.0))
    }
}

impl<const H: usize, const W: usize> TryFrom<&DynamicImage> for Map<3, H, W> {
    type Error = Error;

    /// The pixels in colour, scaled to 0 .. 1.
    fn try_from(picture: &DynamicImage) -> Result<Self> {
        check_size((picture.width(), picture.height()), W, H)?;
        Preprocess::<3>::new().apply(picture)
    }
}

impl<const H: usize, const W: usize> TryFrom<&DynamicImage> for Map<1, H, W> {
    type Error = Error;

    /// The pixels in grey, scaled to 0 .. 1.
    fn try_from(picture: &DynamicImage) -> Result<Self> {
        check_size((picture.width(), picture.height()), W, H)?;
        Preprocess::<1>::new().apply(picture)
    }
}

/// 0 .. 1 to 0 .. 255, rounded; what is outside is cut off, and NaN is black.
fn level(value: f32) -> u8 {
    (value * 255.0).round() as u8
}

impl<const H: usize, const W: usize> From<&Map<3, H, W>> for RgbImage {
    /// Values of 0 .. 1 as 256 levels; what is outside is cut off.
    fn from(map: &Map<3, H, W>) -> RgbImage {
        RgbImage::from_fn(W as u32, H as u32, |x, y| Rgb(std::array::from_fn(|c| level(map[[c, y as usize, x as usize]]))))
    }
}

impl<const H: usize, const W: usize> From<&Map<1, H, W>> for GrayImage {
    /// Values of 0 .. 1 as 256 levels; what is outside is cut off.
    fn from(map: &Map<1, H, W>) -> GrayImage {
        GrayImage::from_fn(W as u32, H as u32, |x, y| Luma([level(map[[0, y as usize, x as usize]])]))
    }
}

#[cfg(test)]
mod tests;
