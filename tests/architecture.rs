//! The house stands as it is drawn: modules import only from lower floors, crates only in one direction, and a user's
//! program links neither syn nor Cranelift.
//!
//! The floors are those of the tables in `compiler/src/lib.rs` and `runtime/src/lib.rs`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The project's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Module → floor, from the rows `//! | 4 | `ops/*` … |` of a crate's `lib.rs`.
fn floors(lib: &str) -> BTreeMap<String, u32> {
    let mut floors = BTreeMap::new();
    for line in lib.lines().filter_map(|line| line.strip_prefix("//! | ")) {
        let Some((number, modules)) = line.split_once(" | ") else { continue };
        let Ok(number) = number.trim().parse() else { continue };
        for module in modules.split('`').skip(1).step_by(2) {
            floors.insert(module.trim_end_matches("/*").to_owned(), number);
        }
    }
    floors
}

/// Every `.rs` file below a folder, modules of tests left out.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The top-level modules named after `crate::` in code, tests at the end of the file left out.
fn imports(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in source.lines().take_while(|line| !line.starts_with("#[cfg(test)]")) {
        let code = line.split("//").next().unwrap_or_default();
        for (position, _) in code.match_indices("crate::") {
            // `$crate::` and `::some_crate::` are other things.
            let before = code[..position].chars().next_back();
            if before.is_some_and(|c| c == '$' || c == '_' || c.is_alphanumeric()) {
                continue;
            }
            let rest = &code[position + "crate::".len()..];
            if let Some(list) = rest.strip_prefix('{') {
                let list = list.split('}').next().unwrap_or_default();
                found.extend(list.split(',').map(|item| first_word(item.trim())).filter(|word| !word.is_empty()));
            } else {
                found.push(first_word(rest));
            }
        }
    }
    found
}

/// The number in `Floor 3.`, in the file's first paragraph.
fn said_floor(source: &str) -> Option<u32> {
    let head: String = source.lines().take_while(|line| line.starts_with("//!")).collect();
    let (_, rest) = head.split_once("Floor ")?;
    first_word(rest).parse().ok()
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn check(krate: &str) {
    let src = root().join(krate).join("src");
    let lib = fs::read_to_string(src.join("lib.rs")).expect("a lib.rs");
    let floors = floors(&lib);
    assert!(floors.len() >= 5, "{krate}/src/lib.rs has no table of floors: {floors:?}");
    let top = *floors.values().max().expect("floors");
    let mut wrong = Vec::new();
    let mut n_imports = 0;
    for file in sources(&src) {
        let inside = file.strip_prefix(&src).expect("below src");
        let module = inside.components().next().expect("a name").as_os_str().to_string_lossy();
        let module = module.trim_end_matches(".rs");
        let floor = match module {
            "lib" => top + 1,
            // Random graphs for tests, from any floor.
            "testing" => continue,
            _ => match floors.get(module) {
                Some(floor) => *floor,
                None => {
                    wrong.push(format!("{krate}/src/{}: `{module}` is on no floor of lib.rs's table", inside.display()));
                    continue;
                }
            },
        };
        let source = fs::read_to_string(&file).expect("readable");
        if let Some(said) = said_floor(&source)
            && said != floor
        {
            wrong.push(format!("{krate}/src/{}: says floor {said}, and is on floor {floor}", inside.display()));
        }
        for import in imports(&source) {
            let Some(&below) = floors.get(&import) else { continue };
            n_imports += 1;
            if import != module && below >= floor {
                wrong.push(format!("{krate}/src/{}: floor {floor} imports `{import}` of floor {below}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_imports > 10, "found only {n_imports} imports in {krate}: is the test still reading them?");
}

#[test]
fn the_compilers_modules_import_only_from_lower_floors() {
    check("compiler");
}

#[test]
fn the_runtimes_modules_import_only_from_lower_floors() {
    check("runtime");
}

/// The packages that a program which depends on `convoke` links, as cargo resolves them.
fn linked(features: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "-p", "convoke", "-e", "normal,no-proc-macro", "--prefix", "none", "-f", "{p}"])
        .args(features)
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names are UTF-8");
    text.lines().map(|line| line.split(' ').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_users_program_links_our_own_crates_alone() {
    let packages = linked(&[]);
    assert!(packages.iter().any(|name| name == "convoke-compiler"), "{packages:?}");
    assert!(packages.iter().all(|name| name.starts_with("convoke")), "{packages:?}");
}

/// Own crates named in the dependency tables of a manifest, dev-dependencies left out.
fn own_dependencies(krate: &str) -> Vec<String> {
    let manifest = fs::read_to_string(root().join(krate).join("Cargo.toml")).expect("a manifest");
    let mut section = "";
    let mut found = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        } else if section.contains("dependencies]") && !section.contains("dev-") && line.starts_with("convoke") {
            found.push(line.split(['.', ' ', '=']).next().unwrap_or_default().to_owned());
        }
    }
    found.sort();
    found
}

#[test]
fn crates_depend_in_one_direction() {
    assert_eq!(own_dependencies("compiler"), Vec::<String>::new());
    assert_eq!(own_dependencies("macros"), ["convoke-compiler"]);
    assert_eq!(own_dependencies("runtime"), ["convoke-compiler", "convoke-macros"]);
}

#[test]
fn the_compiler_and_the_macro_forbid_unsafe() {
    for krate in ["compiler", "macros"] {
        let lib = fs::read_to_string(root().join(krate).join("src/lib.rs")).expect("a lib.rs");
        assert!(lib.contains("#![forbid(unsafe_code)]"), "{krate}/src/lib.rs");
    }
}
