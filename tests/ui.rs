//! The macro as users meet it: every mistake's message, recorded beside the definition that makes it.
//!
//! `TRYBUILD=overwrite cargo test -p convoke-tests --test ui` records the messages anew. Read each of them aloud before you accept it.

use std::path::Path;

/// A safetensors file of tensors of zeros.
fn safetensors(tensors: &[(&str, &str, &[usize])]) -> Vec<u8> {
    let mut end = 0;
    let entries: Vec<String> = tensors
        .iter()
        .map(|(name, dtype, shape)| {
            let start = end;
            end += shape.iter().product::<usize>() * if *dtype == "F32" { 4 } else { 2 };
            format!(r#""{name}":{{"dtype":"{dtype}","shape":{shape:?},"data_offsets":[{start},{end}]}}"#)
        })
        .collect();
    let header = format!("{{{}}}", entries.join(","));
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &vec![0; end]].concat()
}

/// Weight files are looked for beside the manifest, which for these tests is one that trybuild makes.
fn write_weights() {
    let manifest = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("tests").join("trybuild").join(env!("CARGO_PKG_NAME"));
    std::fs::create_dir_all(&manifest).expect("the directory of trybuild's manifest");
    let unlike: &[(&str, &str, &[usize])] =
        &[("a.weight", "F32", &[2, 1, 5, 5]), ("a.bias", "I16", &[2]), ("bn.weight", "F32", &[2]), ("old.weight", "F32", &[3])];
    let whole = safetensors(unlike);
    std::fs::write(manifest.join("cut.safetensors"), &whole[..whole.len() - 3]).expect("a weight file");
    std::fs::write(manifest.join("unlike.safetensors"), whole).expect("a weight file");
    std::fs::write(manifest.join("archive.pth"), b"PK\x03\x04 what torch.save writes").expect("a weight file");
}

#[test]
fn every_mistake_is_told_and_nothing_else() {
    write_weights();
    let cases = trybuild::TestCases::new();
    cases.compile_fail("ui/*.rs");
}
