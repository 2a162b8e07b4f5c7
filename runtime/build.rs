//! Compiles the kernels into an object of their own, so that they are fast in unoptimised builds, too.
//!
//! Cargo compiles a library with its user's profile: without optimisation, loops of intrinsics take a hundred times as long. So
//! cargo's own compiler makes optimised objects of `src/object.rs`, a crate without dependencies, one for each instruction set,
//! which are linked as an archive; `cfg(convoke_object)` tells the library. Where anything of this fails, or where `CONVOKE_KERNELS=module`
//! asks for it, the same files are an ordinary module, and nothing but the speed of unoptimised builds differs.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs, io};

fn main() {
    println!("cargo:rustc-check-cfg=cfg(convoke_object)");
    println!("cargo:rustc-check-cfg=cfg(convoke_isa, values(\"avx512\", \"avx2\", \"portable\"))");
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
            if let Err(error) = objects() {
                println!("cargo:warning=the kernels will be slow without optimisation: {error}");
            }
        }
    }
}

/// One object for each, so that they are compiled side by side.
const ISAS: [&str; 3] = ["avx512", "avx2", "portable"];

/// Compiles the objects and has them linked.
fn objects() -> io::Result<()> {
    // Only where it is measured: archives and symbols of other systems have other formats.
    if variable("CARGO_CFG_TARGET_OS")? != "linux" || variable("CARGO_CFG_TARGET_ARCH")? != "x86_64" {
        return Ok(());
    }
    let out = PathBuf::from(variable("OUT_DIR")?);
    let compile = |isa: &str| -> io::Result<(PathBuf, Child)> {
        let object = out.join(format!("{isa}.o"));
        let child = Command::new(variable("RUSTC")?)
            .args(["--edition=2024", "--crate-type=lib", "--crate-name=convoke_kernels", "--emit=obj", "--cap-lints=allow"])
            .args(["-Copt-level=3", "-Ccodegen-units=1", "-Cdebug-assertions=off", "-Coverflow-checks=off", "-Cpanic=abort"])
            .args(["-Crelocation-model=pic", "--target", &variable("TARGET")?])
            // Kernels say themselves what is a vector and what is written out; other loops are not worth their size.
            .args(["-Cno-vectorize-loops", "-Cllvm-args=-unroll-runtime=false"])
            .arg(format!("-Cmetadata={isa}-{}", variable("CARGO_PKG_VERSION")?))
            .args(["--cfg", &format!("convoke_isa=\"{isa}\"")])
            .arg("-o")
            .arg(&object)
            .arg(Path::new("src").join("object.rs"))
            .stderr(Stdio::piped())
            .spawn()?;
        Ok((object, child))
    };
    // All are started before the first is waited for.
    let children: Vec<_> = ISAS.map(compile).into_iter().collect();
    let mut archive = b"!<arch>\n".to_vec();
    let mut failure = None;
    for (isa, child) in ISAS.into_iter().zip(children) {
        let result = child.and_then(|(object, child)| {
            let output = child.wait_with_output()?;
            let message = String::from_utf8_lossy(&output.stderr);
            match output.status.success() {
                true => fs::read(object),
                false => Err(io::Error::other(message.lines().next().unwrap_or("rustc failed").to_owned())),
            }
        });
        match result {
            Ok(object) => append(&mut archive, &format!("{isa}.o"), &object),
            Err(error) => failure = Some(error),
        }
    }
    if let Some(error) = failure {
        return Err(error);
    }
    fs::write(out.join("libconvoke_kernels.a"), archive)?;
    println!("cargo:rustc-link-search=native={}", out.display());
    println!("cargo:rustc-link-lib=static=convoke_kernels");
    println!("cargo:rustc-cfg=convoke_object");
    Ok(())
}

/// A variable that cargo sets.
fn variable(name: &str) -> io::Result<String> {
    env::var(name).map_err(|error| io::Error::other(format!("{name}: {error}")))
}

/// Appends a member to an archive in the format of System V's `ar`; its name has at most 15 bytes. Link-time optimisation wants it
/// to end in `.o`.
fn append(archive: &mut Vec<u8>, name: &str, member: &[u8]) {
    // Name, time, user, group, mode and size, each in a field of its own.
    let header = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", format!("{name}/"), 0, 0, 0, 644, member.len());
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(member);
    if member.len() % 2 == 1 {
        archive.push(b'\n');
    }
}
