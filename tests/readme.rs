//! The README is true: its layer table is the registry's, its commands are those that `.ci/run` runs, and the compile error it
//! shows is one that the compiler gives. (Its Rust code is compiled and run as this package's documentation tests.)
//!
//! `RECORD=1 cargo test -p convoke-tests --test readme` writes the layer table anew.

use std::fs;
use std::path::{Path, PathBuf};

/// The project's root.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// The lines of the README's fenced blocks in that language.
fn blocks(readme: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    readme.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_layer_table_is_the_registrys() {
    const OPEN: &str = "<!-- layers -->\n";
    const CLOSE: &str = "<!-- end of layers -->";
    let readme = read("README.md");
    let (before, rest) = readme.split_once(OPEN).expect("the mark before the layer table");
    let (table, after) = rest.split_once(CLOSE).expect("the mark after the layer table");
    let expected = convoke_compiler::registry::table();
    if std::env::var_os("RECORD").is_some() {
        fs::write(root().join("README.md"), format!("{before}{OPEN}{expected}{CLOSE}{after}")).expect("a writable README");
    } else {
        assert!(table == expected, "the README's layer table is not the registry's: run this test with RECORD=1");
    }
}

#[test]
fn every_command_is_run_in_ci_and_ci_runs_no_other() {
    let (readme, ci) = (read("README.md"), read(".ci/run"));
    let run: Vec<&str> = ci.split("run_readme \"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let commands: Vec<String> = blocks(&readme, "sh").iter().flat_map(|block| block.lines()).map(str::to_owned).collect();
    assert!(!run.is_empty() && !commands.is_empty());
    for command in commands.iter().filter(|command| *command != ".ci/run") {
        assert!(
            run.iter().any(|prefix| command.starts_with(prefix)),
            "`{command}` is in the README, but .ci/run does not run it"
        );
    }
    for prefix in run {
        assert!(commands.iter().any(|command| command.starts_with(prefix)), ".ci/run wants `{prefix} …` from the README");
    }
}

/// `tests/ui/readme.rs` is the definition, and trybuild compares what rustc says of it with `readme.stderr`.
#[test]
fn the_compile_error_is_the_one_that_the_compiler_gives() {
    let readme = read("README.md");
    assert_eq!(blocks(&readme, "rust,compile_fail"), [read("tests/ui/readme.rs")]);
    let shown = blocks(&readme, "text").into_iter().find(|block| block.starts_with("error: ")).expect("a block with an error");
    assert_eq!(shown, read("tests/ui/readme.stderr").replace("ui/readme.rs", "src/main.rs"));
}

#[test]
fn every_file_that_is_named_is_there() {
    let readme = read("README.md");
    let mut n_paths = 0;
    for word in readme.split('`').skip(1).step_by(2) {
        let is_path = ["compiler/", "runtime/", "macros/", "tests/", "examples/"].iter().any(|start| word.starts_with(start));
        if is_path && !word.contains(char::is_whitespace) {
            let path = word.replace("<layer>", "conv");
            assert!(root().join(&path).exists(), "`{word}` is in the README, but not in the project");
            n_paths += 1;
        }
    }
    assert!(n_paths > 5);
}
