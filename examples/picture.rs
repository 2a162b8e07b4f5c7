//! Draws any network of the zoo: `cargo run --example picture -- googlenet googlenet.svg`; a name that ends in `.dot` is Graphviz's.

use convoke::Picture;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [network, file] = &*arguments else {
        eprintln!("usage: picture NETWORK FILE.svg|FILE.dot");
        return ExitCode::FAILURE;
    };
    let Some(member) = zoo::member(network) else {
        eprintln!("error: there is no network `{network}`; the example `zoo -- list` lists them");
        return ExitCode::FAILURE;
    };
    let picture = Picture::of((member.plan)());
    let text = if file.ends_with(".dot") { picture.to_dot() } else { picture.to_svg() };
    match std::fs::write(file, text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {file}: {error}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// The README shows it. `UPDATE=1` writes it anew.
    #[test]
    fn the_figure_of_lenet5_is_the_one_that_is_drawn() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo/figures/lenet5.svg");
        let drawn = zoo::lenet::LeNet5::to_svg();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&file, &drawn).expect("a file that can be written");
        }
        assert!(std::fs::read_to_string(&file).is_ok_and(|kept| kept == drawn), "run it once with UPDATE=1");
    }

    /// Each holds every layer once.
    #[test]
    fn every_network_of_the_zoo_can_be_drawn() {
        for member in zoo::MEMBERS {
            let plan = (member.plan)();
            let (svg, dot) = (Picture::of(plan).to_svg(), Picture::of(plan).to_dot());
            for layer in plan.layers.iter().filter(|layer| !layer.path.is_empty()) {
                let line = format!("{}: {}", layer.path, layer.call);
                assert!(svg.contains(&line) && dot.contains(&line), "{}: {line}", member.name);
            }
        }
    }
}
