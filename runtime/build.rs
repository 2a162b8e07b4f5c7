//! Compiles the kernels into an object of their own, so that they are fast in unoptimised builds, too.
//!
//! Cargo compiles a library with its user's profile: without optimisation, loops of intrinsics take a hundred times as long. So
//! cargo's own compiler makes one optimised object of `src/object.rs`, a crate without dependencies, which is linked as an
//! archive of one member; `cfg(convoke_object)` tells the library. Where anything of this fails, or where `CONVOKE_KERNELS=module`
//! asks for it, the same files are an ordinary module, and nothing but the speed of unoptimised builds differs.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

fn main() {
    println!("cargo:rustc-check-cfg=cfg(convoke_object)");
    println!("cargo:rerun-if-env-changed=CONVOKE_KERNELS");
    for source in ["build.rs", "src/object.rs", "src/simd.rs", "src/simd", "src/kernels/native"] {
        println!("cargo:rerun-if-changed={source}");
    }
    match env::var("CONVOKE_KERNELS").as_deref() {
        Ok("module") => {}
        Ok(other) if other != "object" => {
            println!("cargo:warning=CONVOKE_KERNELS is `{other}`; it can be `object` or `module`");
        }
        _ => {
            if let Err(error) = object() {
                println!("cargo:warning=the kernels will be slow without optimisation: {error}");
            }
        }
    }
}

/// Compiles the object and has it linked.
fn object() -> io::Result<()> {
    // What is not measured is not linked: archives of other systems have other formats.
    if variable("CARGO_CFG_TARGET_OS")? != "linux" || variable("CARGO_CFG_TARGET_ARCH")? != "x86_64" {
        return Ok(());
    }
    let out = PathBuf::from(variable("OUT_DIR")?);
    let object = out.join("convoke_kernels.o");
    let output = Command::new(variable("RUSTC")?)
        .args(["--edition=2024", "--crate-type=lib", "--crate-name=convoke_kernels", "--emit=obj", "--cap-lints=allow"])
        .args(["-Copt-level=3", "-Ccodegen-units=1", "-Cdebug-assertions=off", "-Coverflow-checks=off", "-Cpanic=abort"])
        .args(["-Crelocation-model=pic", "--target", &variable("TARGET")?])
        .arg("-o")
        .arg(&object)
        .arg(Path::new("src").join("object.rs"))
        .output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(message.lines().next().unwrap_or("rustc failed").to_owned()));
    }
    fs::write(out.join("libconvoke_kernels.a"), archive("kernels.o", &fs::read(&object)?))?;
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=convoke_kernels");
    println!("cargo:rustc-cfg=convoke_object");
    Ok(())
}

/// A variable that cargo sets.
fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// An archive of one member, in the format of System V's `ar`, whose name has at most 15 bytes. Link-time optimisation wants the name to end in `.o`.
fn archive(name: &str, member: &[u8]) -> Vec<u8> {
    // Name, time, user, group, mode and size, each in a field of its own.
    let header = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", format!("{name}/"), 0, 0, 0, 644, member.len());
    let mut archive = b"!<arch>\n".to_vec();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(member);
    if member.len() % 2 == 1 {
        archive.push(b'\n');
    }
    archive
}
