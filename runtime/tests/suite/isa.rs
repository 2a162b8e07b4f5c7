//! `CONVOKE_ISA`, which is read once per process: each case runs this suite's one case in a process of its own.

use std::process::Command;

use crate::common::{Tensor, file};
use convoke::{ErrorKind, Isa, Map, SessionOptions, network};

network! {
    pub Small(image: [1, 6, 6]) { image -> conv1: conv(4, 3x3) -> relu -> flatten -> fc: linear(2) }
}

/// Tells the process that it is a case, and which.
const CASE: &str = "CONVOKE_TEST_CASE";

/// Runs [`case`] with a value of `CONVOKE_ISA`.
fn in_a_process(isa: &str, case: &str) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "isa::case", "--nocapture"])
        .env("CONVOKE_ISA", isa)
        .env(CASE, case)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{isa}: {text}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_unknown_word_is_an_error_at_the_first_chance() {
    in_a_process("sse9", "unknown");
}

#[test]
fn every_available_word_is_taken() {
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        in_a_process(&isa.to_string(), "known");
    }
}

/// What a process with a value of `CONVOKE_ISA` finds; nothing in one without a case.
#[test]
fn case() {
    let Ok(case) = std::env::var(CASE) else { return };
    let path = std::env::temp_dir().join(format!("convoke-isa-{}.safetensors", std::process::id()));
    let image = Map::zeros();
    let net = Small::random(1);
    if case == "known" {
        net.session().run(&image).unwrap();
        net.save(&path).unwrap();
        Small::load(&path).unwrap().session().run(&image).unwrap();
        std::fs::remove_file(&path).unwrap();
        return;
    }
    let expected = "CONVOKE_ISA is `sse9`; it can be `avx512`, `avx2` or `portable`";
    // `random` and `session` return no `Result`: the first call that does says so, and none panics.
    let mut session = net.session();
    for error in [
        session.run(&image).unwrap_err(),
        session.run_slices(&[image.as_slice()]).unwrap_err(),
        net.session_with(SessionOptions::new()).unwrap_err(),
        Small::from_bytes(weights()).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Isa);
        assert_eq!(error.to_string(), expected);
    }
    // What needs no instruction set works.
    net.save(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    // An instruction set that is asked for by name does not depend on the variable.
    let options = convoke::LoadOptions::new().isa(Isa::Portable);
    Small::from_bytes_with(weights(), &options).unwrap().session().run(&image).unwrap();
}

/// A file with weights of zero.
fn weights() -> Vec<u8> {
    let shapes = [("conv1.weight", &[4, 1, 3, 3][..]), ("conv1.bias", &[4]), ("fc.weight", &[2, 64]), ("fc.bias", &[2])];
    file(&shapes.map(|(name, shape)| Tensor::f32(name, shape, &vec![0.0; shape.iter().product()])))
}
