//! Weight files: what is loaded, what is refused and how the message reads, and that what was saved comes back.

use std::error::Error as _;

use crate::common::{Folder, Tensor, file, raw_file};
use convoke::{ErrorKind, LoadOptions, Map, Vector, network};

network! {
    /// A convolution, a batch norm and a head.
    pub Small(image: [1, 6, 6]) {
        image -> conv1: conv(2, 3x3, bias = false) -> bn1: batch_norm -> relu -> max_pool(2x2) -> flatten -> fc: linear(3)
    }
}

/// Sound tensors of `Small`: no two values alike.
fn tensors() -> Vec<Tensor> {
    let ramp = |n: usize, from: f32| (0..n).map(|i| from + 0.07 * i as f32).collect::<Vec<f32>>();
    vec![
        Tensor::f32("conv1.weight", &[2, 1, 3, 3], &ramp(18, -0.6)),
        Tensor::f32("bn1.weight", &[2], &[0.9, 1.2]),
        Tensor::f32("bn1.bias", &[2], &[0.1, -0.2]),
        Tensor::f32("bn1.running_mean", &[2], &[0.3, -0.4]),
        Tensor::f32("bn1.running_var", &[2], &[0.5, 1.7]),
        Tensor::f32("fc.weight", &[3, 8], &ramp(24, -0.8)),
        Tensor::f32("fc.bias", &[3], &[0.1, 0.2, 0.3]),
    ]
}

fn image() -> Map<1, 6, 6> {
    Map::from_fn(|_, y, x| ((y * 7 + x * 3) % 11) as f32 / 11.0 - 0.4)
}

fn logits(net: &Small) -> Vector<3> {
    net.session().run(&image()).unwrap().clone()
}

/// What loading these bytes fails with.
fn refused(bytes: Vec<u8>) -> convoke::Error {
    Small::from_bytes(bytes).expect_err("a file that is refused")
}

#[test]
fn a_sound_file_is_loaded_and_batch_norm_is_folded_as_it_is_defined() {
    let net = Small::from_bytes(file(&tensors())).unwrap();
    // The definition, in f64.
    let value = |name: &str, i: usize| {
        let tensors = tensors();
        let tensor = tensors.iter().find(|tensor| tensor.name == name).unwrap();
        f64::from(f32::from_le_bytes(tensor.bytes[4 * i..][..4].try_into().unwrap()))
    };
    let image = image();
    let mut features = Vec::new();
    for f in 0..2 {
        for (py, px) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let mut best = f64::NEG_INFINITY;
            for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(y, x)| (2 * py + y, 2 * px + x)) {
                let mut sum = 0.0;
                for (i, j) in (0..9).map(|k| (k / 3, k % 3)) {
                    sum += value("conv1.weight", f * 9 + i * 3 + j) * f64::from(image[[0, y + i, x + j]]);
                }
                let normalised = (sum - value("bn1.running_mean", f)) / (value("bn1.running_var", f) + 1e-5).sqrt();
                best = best.max((normalised * value("bn1.weight", f) + value("bn1.bias", f)).max(0.0));
            }
            features.push(best);
        }
    }
    let logits = logits(&net);
    for i in 0..3 {
        let expected: f64 =
            value("fc.bias", i) + features.iter().enumerate().map(|(j, x)| value("fc.weight", i * 8 + j) * x).sum::<f64>();
        // Nine and eight terms of size one: some units in the last place of f32.
        assert!((f64::from(logits[i]) - expected).abs() < 1e-5, "{i}: {} for {expected}", logits[i]);
    }
}

#[test]
fn a_missing_file_is_named_with_its_cause() {
    let error = Small::load("no/such/file.safetensors").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().starts_with("cannot open `no/such/file.safetensors`: No such file"), "{error}");
    assert!(error.source().is_some_and(|source| source.is::<std::io::Error>()));
}

#[test]
fn a_folder_is_no_file() {
    let folder = Folder::new();
    let error = Small::load(folder.path()).unwrap_err();
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
}

#[test]
fn files_that_are_unsound_are_named_with_what_is_wrong() {
    let folder = Folder::new();
    let sound = file(&tensors());
    let entry = |offsets: &str| format!(r#"{{"a":{{"dtype":"F32","shape":[2],"data_offsets":{offsets}}}}}"#);
    for (bytes, expected) in [
        (vec![], "is empty"),
        (b"conv1".to_vec(), "is not a safetensors file: it has 5 bytes"),
        (b"These are my weights:\n1.0 2.0\n".to_vec(), "is not a safetensors file: it would have a header of"),
        (
            b"PK\x03\x04\x14\0\x08\x08archive/data.pkl".to_vec(),
            "a zip archive, perhaps PyTorch's own format; convert it once: python",
        ),
        (b"\x80\x02\x8a\nl\xfc\x9cF\xf9".to_vec(), "a Python pickle, perhaps PyTorch's old format"),
        (sound[..4].to_vec(), "is not a safetensors file"),
        (sound[..100].to_vec(), "is truncated, or not a safetensors file: its header claims"),
        (sound[..sound.len() - 1].to_vec(), "is truncated or damaged: `fc.bias` lies at bytes"),
        ([&sound[..], &[0]].concat(), "is damaged: its tensors end at byte"),
        (u64::MAX.to_le_bytes().to_vec(), "is not a safetensors file: it would have a header of 18446744073709551615 bytes"),
        (raw_file("not json", &[]), "has a header that cannot be understood"),
        (raw_file(&"[".repeat(5000), &[]), "has a header that cannot be understood"),
        (raw_file(&format!("{{\"a\":{}", "[".repeat(5000)), &[]), "has a header that cannot be understood"),
        (raw_file(&entry("[0,8000000000000]"), &[0; 8]), "lies at bytes 0 to 8000000000000 of its data, which has 8 bytes"),
        (raw_file(&entry("[4,12]"), &[0; 12]), "starts at byte 4 of its data, not 0, and leaves a gap"),
    ] {
        let path = folder.file("weights.safetensors");
        std::fs::write(&path, &bytes).unwrap();
        let error = Small::load(&path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::WeightFile, "{error}");
        assert!(error.to_string().contains(expected), "expected `{expected}`: {error}");
        assert!(error.to_string().starts_with(&format!("`{}` ", path.display())), "{error}");
        // The same from memory.
        let error = refused(bytes);
        assert!(error.to_string().starts_with("`the given bytes` ") && error.to_string().contains(expected), "{error}");
    }
}

#[test]
fn every_truncation_is_an_error() {
    let sound = file(&tensors());
    for len in 0..sound.len() {
        assert!(Small::from_bytes(sound[..len].to_vec()).is_err(), "{len} bytes of {}", sound.len());
    }
}

#[test]
fn damaged_headers_never_panic() {
    let sound = file(&tensors());
    let header_end = 8 + u64::from_le_bytes(sound[..8].try_into().unwrap()) as usize;
    let mut state = 7_u64;
    for _ in 0..5_000 {
        let mut bytes = sound.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            bytes[(state >> 33) as usize % header_end] = (state >> 20) as u8;
        }
        if let Err(error) = Small::from_bytes(bytes) {
            assert!(!error.to_string().chars().any(|c| c.is_control() && c != '\n'), "{error:?}");
        }
    }
}

#[test]
fn all_that_does_not_fit_is_in_one_error() {
    let mut tensors = tensors();
    tensors[0].name = "conv_1.weight".to_owned();
    tensors.remove(4);
    tensors.push(Tensor::f32("extra.bias", &[1], &[0.0]));
    for tensor in &mut tensors {
        if tensor.name == "fc.weight" {
            *tensor = Tensor::f32("fc.weight", &[4, 8], &[0.0; 32]);
        }
        if tensor.name == "bn1.bias" {
            *tensor = Tensor { name: "bn1.bias".to_owned(), dtype: "I32", shape: vec![2], bytes: vec![0; 8] };
        }
    }
    let error = refused(file(&tensors));
    assert_eq!(error.kind(), ErrorKind::Weights);
    let expected = "\
`the given bytes` does not hold the weights of `Small`: 2 missing, 2 unexpected, 2 misshapen
  missing: `bn1.running_var` [2]
  missing: `conv1.weight` [2, 1, 3, 3] (the file has `conv_1.weight` of that shape)
  unexpected: `conv_1.weight` [2, 1, 3, 3]
  unexpected: `extra.bias` [1]
  misshapen: `bn1.bias` has elements of type I32; F32, F16, BF16 and F64 can be read
  misshapen: `fc.weight` is [4, 8] in the file, [3, 8] in the network";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn batch_counters_and_auxiliary_heads_are_no_mistake() {
    let mut tensors = tensors();
    let counter = Tensor { name: "bn1.num_batches_tracked".to_owned(), dtype: "I64", shape: vec![], bytes: vec![1; 8] };
    tensors.insert(2, counter);
    tensors.push(Tensor::f32("aux1.fc2.bias", &[1], &[0.0]));
    Small::from_bytes(file(&tensors)).unwrap();
}

#[test]
fn nan_is_accepted_and_reaches_the_output() {
    let mut tensors = tensors();
    tensors[6] = Tensor::f32("fc.bias", &[3], &[0.0, f32::NAN, 0.0]);
    let logits = logits(&Small::from_bytes(file(&tensors)).unwrap());
    assert_eq!(logits.as_slice().iter().map(|x| x.is_nan()).collect::<Vec<_>>(), [false, true, false]);
}

#[test]
fn half_precision_and_f64_are_converted() {
    let convert = |dtype: &'static str, to_bytes: fn(f32) -> Vec<u8>| {
        let mut tensors = tensors();
        for tensor in &mut tensors {
            tensor.dtype = dtype;
            // Powers of two: exact in every type.
            let n = tensor.bytes.len() / 4;
            tensor.bytes = (0..n).flat_map(|i| to_bytes([0.5, -2.0, 1.0, 0.25][i % 4])).collect();
            if tensor.name == "bn1.running_var" {
                tensor.bytes = (0..n).flat_map(|_| to_bytes(1.0)).collect();
            }
        }
        logits(&Small::from_bytes(file(&tensors)).unwrap())
    };
    let expected = convert("F32", |x| x.to_le_bytes().to_vec());
    assert_eq!(convert("F64", |x| f64::from(x).to_le_bytes().to_vec()), expected);
    assert_eq!(convert("BF16", |x| x.to_le_bytes()[2..].to_vec()), expected);
    // The same bits but for a shorter exponent: exact for powers of two within its range.
    fn half(x: f32) -> Vec<u8> {
        let (sign, exponent) = (x.to_bits() >> 16 & 0x8000, (x.to_bits() >> 23 & 0xff) + 15 - 127);
        ((sign | exponent << 10) as u16).to_le_bytes().to_vec()
    }
    assert_eq!(convert("F16", half), expected);
}

#[test]
fn prefixes_are_stripped_and_suggested() {
    let mut tensors = tensors();
    for tensor in &mut tensors {
        tensor.name = format!("module.{}", tensor.name);
    }
    let bytes = file(&tensors);
    let error = refused(bytes.clone()).to_string();
    let help = "help: the file's names begin with `module.`: load them by `LoadOptions::new().prefix(\"module.\")`";
    assert!(error.contains("7 missing, 7 unexpected") && error.ends_with(help), "{error}");
    let net = Small::from_bytes_with(bytes, &LoadOptions::new().prefix("module.")).unwrap();
    assert_eq!(logits(&net), logits(&Small::from_bytes(file(&self::tensors())).unwrap()));
}

#[test]
fn layers_are_renamed() {
    let mut tensors = tensors();
    tensors[0].name = "stem.conv.weight".to_owned();
    tensors[5].name = "classifier.kernel".to_owned();
    tensors[6].name = "classifier.bias".to_owned();
    let options = LoadOptions::new()
        .rename("stem.conv", "conv1")
        .rename("classifier", "fc")
        .rename_with(|name| name.replace("kernel", "weight"));
    let net = Small::from_bytes_with(file(&tensors), &options).unwrap();
    assert_eq!(logits(&net), logits(&Small::from_bytes(file(&self::tensors())).unwrap()));
    // Two tensors for one parameter.
    let mut twice = self::tensors();
    twice.push(Tensor::f32("head.bias", &[3], &[0.0; 3]));
    let error = Small::from_bytes_with(file(&twice), &LoadOptions::new().rename("head", "fc")).unwrap_err();
    assert!(error.to_string().contains("`fc.bias` is both `fc.bias` and `head.bias` of the file"), "{error}");
}

#[test]
fn a_new_head_starts_from_a_seed() {
    // A head for five classes in the file, for three in the network.
    let mut tensors = tensors();
    tensors[5] = Tensor::f32("fc.weight", &[5, 8], &[0.0; 40]);
    tensors[6] = Tensor::f32("fc.bias", &[5], &[0.0; 5]);
    let bytes = file(&tensors);
    let error = refused(bytes.clone()).to_string();
    assert!(error.ends_with("help: to start `fc` from a seed, as a new head: `LoadOptions::new().fresh(\"fc\")`"), "{error}");
    let load = |seed| Small::from_bytes_with(bytes.clone(), &LoadOptions::new().fresh("fc").seed(seed)).unwrap();
    assert_eq!(logits(&load(1)), logits(&load(1)));
    assert_ne!(logits(&load(1)), logits(&load(2)));
    // A file without any head is as good, and a path that names nothing is a slip.
    let net = Small::from_bytes_with(file(&tensors[..5]), &LoadOptions::new().fresh("fc").seed(1)).unwrap();
    assert_eq!(logits(&net), logits(&load(1)));
    let error = Small::from_bytes_with(bytes, &LoadOptions::new().fresh("fcc")).unwrap_err();
    assert!(error.to_string().contains("`fcc`, which is to start fresh, is no layer"), "{error}");
}

#[test]
fn unexpected_tensors_can_be_allowed() {
    let mut tensors = tensors();
    tensors.push(Tensor::f32("ema.decay", &[1], &[0.9]));
    let bytes = file(&tensors);
    assert!(refused(bytes.clone()).to_string().contains("unexpected: `ema.decay` [1]"));
    Small::from_bytes_with(bytes, &LoadOptions::new().allow_unexpected()).unwrap();
}

#[test]
fn what_was_saved_comes_back_to_the_bit() {
    let folder = Folder::new();
    let path = folder.file("saved.safetensors");
    let net = Small::random(42);
    net.save(&path).unwrap();
    let loaded = Small::load(&path).unwrap();
    assert_eq!(logits(&loaded), logits(&net));
    let again = folder.file("again.safetensors");
    loaded.save(&again).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap());
    // Onto the file that it was loaded from, which stays open.
    loaded.save(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), std::fs::read(&again).unwrap());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "a temporary file was left behind");
    let header = std::fs::read(&path).unwrap();
    assert_eq!(u64::from_le_bytes(header[..8].try_into().unwrap()) % 8, 0);
    // Every bit pattern is kept, NaN's included.
    let mut tensors = tensors();
    tensors[6].bytes = [0x7fc0_1234_u32, 0x8000_0000, 0x0000_0001].iter().flat_map(|bits| bits.to_le_bytes()).collect();
    Small::from_bytes(file(&tensors)).unwrap().save(&path).unwrap();
    assert!(std::fs::read(&path).unwrap().ends_with(&tensors[6].bytes));
}

#[test]
fn a_network_outlives_the_file_it_was_loaded_from() {
    let folder = Folder::new();
    let path = folder.file("weights.safetensors");
    std::fs::write(&path, file(&tensors())).unwrap();
    let net = Small::load(&path).unwrap();
    let before = logits(&net);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(logits(&net), before);
    // The file is kept open: where the system lets it be deleted, it can still be saved.
    if cfg!(unix) {
        let saved = folder.file("saved.safetensors");
        net.save(&saved).unwrap();
        assert_eq!(logits(&Small::load(&saved).unwrap()), before);
    }
}

#[test]
fn a_file_truncated_after_loading_is_an_error_that_names_the_tensor() {
    let folder = Folder::new();
    let path = folder.file("weights.safetensors");
    std::fs::write(&path, file(&tensors())).unwrap();
    let net = Small::load(&path).unwrap();
    let shorter = std::fs::metadata(&path).unwrap().len() - 40;
    std::fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(shorter).unwrap();
    let error = net.save(folder.file("saved.safetensors")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().starts_with("cannot read `") && error.to_string().contains("weights.safetensors"), "{error}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "a partial file was left behind");
}

#[test]
fn saving_where_nothing_can_be_written_is_an_error_that_names_the_file() {
    let error = Small::random(0).save("no/such/folder/weights.safetensors").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().starts_with("cannot write `no/such/folder/weights.safetensors`"), "{error}");
    assert!(Small::random(0).save("").is_err());
}

#[test]
fn a_seed_decides_all_weights() {
    assert_eq!(logits(&Small::random(3)), logits(&Small::random(3)));
    assert_ne!(logits(&Small::random(3)), logits(&Small::random(4)));
}
