//! The representation in its text form, and what the verifier says of it over random graphs and whole networks.

use super::{Bind, Call, Chain, Code, Driver, FrameLayout, Host, Listing, Walk, Wanted};
use crate::plan::{Kernel, Map, Place, Plan, View};
use crate::testing::{dense_block, lenet5, option_a, random_graph, resnet50};
use crate::{lower, passes, text};

const LAYOUT: FrameLayout = FrameLayout { arguments: 0, hand: 8, inputs: 16, outputs: 24 };

fn host() -> Host {
    Host::new().expect("these tests run where Cranelift has a target")
}

/// A driver whose kernels lie anywhere.
fn driver(host: &Host, calls: &[Call], listing: bool) -> Code {
    Driver { layout: LAYOUT, shares: 0x7000, calls }.compile(host, Wanted { listing, verified: true }).expect("it compiles")
}

/// The calls of a plan, every third step in shares.
fn calls(plan: &Plan) -> Vec<Call> {
    let bind = |(field, view): (usize, &View)| Bind { place: view.place, offset: 4 * view.offset as i64, field: 8 * field };
    let call = |(index, kernel): (usize, &Kernel)| Call {
        entry: 0x1000 + 16 * index,
        n_shares: 1 + index % 3 / 2,
        binds: kernel.views().enumerate().map(bind).collect(),
    };
    plan.steps.iter().map(|step| &step.kernel).enumerate().map(call).collect()
}

/// The loops of an element-wise step as it lies, not joined.
fn chain(host: &Host, map: &Map, listing: bool) -> Code {
    let views = std::iter::once(&map.output).chain(map.inputs.iter());
    let walk = |(index, view): (usize, &View)| Walk { pointer: 8 * index, strides: [view.row, view.pixel, view.channel] };
    let operands: Vec<Walk> = views.enumerate().map(walk).collect();
    let View { height, width, channels, .. } = map.output;
    Chain { sizes: [height, width, channels], operands: &operands, operations: &map.operations }
        .compile(host, Wanted { listing, verified: true })
        .expect("it compiles")
}

/// Makes all code that a plan can have, twice, and says how many functions that were.
fn check(host: &Host, plan: &Plan) -> usize {
    let calls = calls(plan);
    assert_eq!(driver(host, &calls, false), driver(host, &calls, false), "{}: the same code each time", plan.name);
    let mut n = 1;
    for step in plan.steps.iter() {
        if let Kernel::Map(map) = &step.kernel {
            assert_eq!(chain(host, map, false), chain(host, map, false), "{}: {}", plan.name, step.name);
            n += 1;
        }
    }
    n
}

fn plan(graph: &crate::graph::Graph) -> Plan {
    lower::lower(&passes::optimise(graph.clone()).expect("passes"), graph).expect("a plan")
}

#[test]
fn the_verifier_has_nothing_to_say_of_random_graphs() {
    let host = host();
    let n: usize = (0..100).map(|seed| check(&host, &plan(&random_graph(seed, 3 + seed as usize % 28)))).sum();
    assert!(n > 120, "only {n} functions: are there expressions among the random graphs?");
}

#[test]
fn the_verifier_has_nothing_to_say_of_known_networks() {
    let host = host();
    for network in [lenet5(), resnet50(), dense_block(), option_a()] {
        check(&host, &plan(&text::parse(&network).expect("a graph")));
    }
}

#[test]
fn a_driver_sets_pointers_and_calls() {
    let calls = [
        Call { entry: 0x1000, n_shares: 1, binds: vec![Bind { place: Place::Input(1), offset: -16, field: 40 }] },
        Call { entry: 0x2000, n_shares: 3, binds: vec![Bind { place: Place::Output(0), offset: 0, field: 8 }] },
    ];
    let Listing { ir, assembly } = driver(&host(), &calls, true).listing.expect("it was asked for");
    for expected in ["iconst.i64 -16", "iconst.i64 4096", "iconst.i64 8192", "iconst.i64 0x7000", "@0001"] {
        assert!(ir.contains(expected), "no {expected} in {ir}");
    }
    assert!(assembly.contains("call"), "{assembly}");
}
