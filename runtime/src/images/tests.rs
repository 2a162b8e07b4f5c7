//! Against torchvision 0.29 on PIL images (Pillow 13): a hash of all bits of what it makes of the same pixels, by
//! `Compose([Resize(..), CenterCrop(..), ToTensor(), Normalize(..)])`, and for grey `Grayscale()` before it.

use super::*;

/// The picture that torchvision was given: no symmetry, all levels.
fn picture(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| {
        Rgb([(x * 7 + y * 13 + x * y) as u8, (x * x + y * 3 + 50) as u8, (x * 5 + y * y * 2 + 200) as u8])
    })
    .into()
}

/// FNV-1a of the elements' bits.
fn hash(elements: &[f32]) -> u64 {
    let bytes = elements.iter().flat_map(|element| element.to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[test]
fn bits_are_torchvisions() {
    for ((width, height), expected) in [
        ((61, 47), [0xb19b6ab271d83493, 0xefd1b66f0492b9a5, 0x8d2d2a68c431c49b]),
        ((47, 61), [0x3ea05bfae1fa766c, 0x88bb5f72dddcf699, 0xd732d12fa85e754b]),
        ((300, 33), [0x666f03e51537d889, 0x81cb8a0069832a9d, 0x43631cf1c9408f52]),
        ((40, 40), [0x649dea599b2a48f7, 0x5d826c3d34668bc4, 0x56153ec268cd1d15]),
    ] {
        let picture = picture(width, height);
        let normalised: Map<3, 32, 32> =
            Preprocess::new().shorter_side(40).normalise(IMAGENET_MEAN, IMAGENET_STD).apply(&picture).unwrap();
        let enlarged: Map<3, 64, 90> = Preprocess::<3>::new().shorter_side(91).apply(&picture).unwrap();
        let grey: Map<1, 28, 28> = Preprocess::<1>::new().shorter_side(29).apply(&picture).unwrap();
        let found = [normalised.as_slice(), enlarged.as_slice(), grey.as_slice()].map(hash);
        assert_eq!(found, expected, "{width}x{height}: {found:x?}");
    }
    for ((width, height), expected) in [
        ((61, 47), 0xcd7c1efcf0f1672f),
        ((300, 33), 0x8a51569ac28100bd),
        // Columns are filtered before rows.
        ((47, 61), 0xda1e488c5393bece),
        ((40, 40), 0x970bbf4aba9c3443),
    ] {
        let stretched: Map<3, 20, 33> = Preprocess::<3>::new().stretch().apply(&picture(width, height)).unwrap();
        assert_eq!(hash(stretched.as_slice()), expected, "{width}x{height}");
    }
    let tall: Map<3, 32, 32> = Preprocess::<3>::new().shorter_side(40).apply(&picture(60, 200)).unwrap();
    assert_eq!(hash(tall.as_slice()), 0x14ea9244b26e68bd);
    let cropped: Map<3, 31, 30> = Preprocess::<3>::new().apply(&picture(61, 47)).unwrap();
    assert_eq!(hash(cropped.as_slice()), 0xa5cf9fbf0346fd8d);
}

#[test]
fn pixels_become_maps_and_come_back() {
    let picture = picture(5, 4);
    let map = Map::<3, 4, 5>::try_from(&picture).unwrap();
    assert_eq!(map, Map::try_from(&picture.to_rgb8()).unwrap());
    assert_eq!(map[[1, 0, 0]], 50.0 / 255.0);
    assert_eq!(RgbImage::from(&map), picture.to_rgb8());
    let grey = GrayImage::from_fn(3, 2, |x, y| Luma([(x * 100 + y) as u8]));
    let map = Map::<1, 2, 3>::try_from(&grey).unwrap();
    assert_eq!(map, Map::try_from(&DynamicImage::from(grey.clone())).unwrap());
    assert_eq!(GrayImage::from(&map), grey);
    let outside = Map::<1, 1, 3>::from_slice(&[-1.0, 2.0, f32::NAN]).unwrap();
    assert_eq!(GrayImage::from(&outside).as_raw(), &[0, 255, 0]);
}

#[test]
fn a_picture_of_other_sizes_is_an_error_that_names_both() {
    let error = Map::<3, 4, 6>::try_from(&picture(5, 4)).unwrap_err();
    assert_eq!(error.to_string(), "an image of 5x4 pixels for a map of 6x4, width by height: see `Preprocess`");
    let error = Preprocess::<3>::new().shorter_side(30).apply::<32, 32>(&picture(61, 47)).unwrap_err();
    let expected =
        "an image of 38x30 pixels, resized from 61x47, is smaller than the 32x32 that the network takes, width by height";
    assert_eq!(error.to_string(), expected);
    assert!(Preprocess::<3>::new().shorter_side(u32::MAX).apply::<1, 1>(&picture(300, 2)).is_ok());
    assert!(Preprocess::<3>::new().shorter_side(0).apply::<1, 1>(&picture(3, 2)).is_err());
}

#[test]
fn a_file_that_is_no_picture_is_an_error_that_names_it() {
    let path = std::env::temp_dir().join(format!("convoke-no-picture-{}.png", std::process::id()));
    let missing = Preprocess::<3>::imagenet().load::<224, 224>(&path).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Io);
    for bytes in [&b""[..], b"not a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"] {
        std::fs::write(&path, bytes).unwrap();
        let error = Preprocess::<3>::imagenet().load::<224, 224>(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Image);
        assert!(error.to_string().contains(&format!("cannot decode `{}`", path.display())), "{error}");
    }
    std::fs::remove_file(&path).unwrap();
}
