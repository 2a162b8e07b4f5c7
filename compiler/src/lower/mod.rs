//! From an optimised graph to a plan. Floor 9.
//!
//! - `layout` decides which memory a value lives in and through which view it is read; `homes` says which share memory;
//! - `steps` turns nodes into steps, and moves values where they cannot be had in place; `rearrange` says by which copies;
//! - `strips` joins convolutions that are computed some rows of each at a time;
//! - `recurrent` does so for layers over sequences, which take several;
//! - `memory` places buffers in the arena by their lifetimes;
//! - `weights` lists the state dict and how it is packed;
//! - `check` verifies the finished plan.

mod check;
mod homes;
mod layout;
mod memory;
mod rearrange;
mod recurrent;
mod rows;
mod steps;
mod strips;
mod summary;
mod weights;

pub use check::check;

use crate::graph::Graph;
use crate::passes::rewrite::own_lowering;
use crate::plan::{Conv, List, Parameter, Plan, Port, Step, Text, cost};
use crate::shape::Shape;
use layout::{Buffer, Layout, Lowerings};
use memory::Slot;
use weights::Weights;

/// The state dict of a graph as it was written.
pub fn parameters(original: &Graph) -> Vec<Parameter> {
    Weights::of(original).parameters
}

/// The plan of an optimised graph. State dict and summary are those of `original`, the graph as it was written.
///
/// The error is a sentence about the network as a whole: its values are larger than memory can be.
pub fn lower(graph: &Graph, original: &Graph) -> Result<Plan, String> {
    lower_with_memory(graph, original, cost::pays_in_strips).map(|(plan, ..)| plan)
}

/// [`lower`], with all convolutions in strips that can be, whether or not it pays: for tests, whose maps are small.
#[doc(hidden)]
pub fn lower_in_strips(graph: &Graph, original: &Graph) -> Result<Plan, String> {
    lower_with_memory(graph, original, |_, _| true).map(|(plan, ..)| plan)
}

/// [`lower`], with what the plan itself does not say: the buffers and where they lie. `pays` says whether two convolutions, one of which
/// reads the other's result, are computed in strips.
fn lower_with_memory(
    graph: &Graph,
    original: &Graph,
    pays: impl Fn(&Conv, &Conv) -> bool,
) -> Result<(Plan, Vec<Buffer>, Vec<Slot>), String> {
    let lowerings: Lowerings = graph.nodes.iter().map(|node| own_lowering(graph, node)).collect();
    let mut layout = Layout::of(graph, &lowerings)?;
    let mut weights = Weights::of(original);
    let (drafts, buffers) = steps::drafts(graph, &lowerings, &layout, &mut weights)?;
    layout.buffers.extend(buffers);
    let drafts = strips::join(drafts, &layout.buffers, pays);
    let (mut slots, arena_len) = memory::place(&layout.buffers, &drafts)?;

    let mut offsets = vec![0; layout.buffers.len()];
    let mut cleared_before: Vec<Vec<&Slot>> = vec![Vec::new(); drafts.len()];
    for slot in &slots {
        offsets[slot.buffer] = slot.offset;
        if slot.cleared {
            cleared_before[slot.steps[0]].push(slot);
        }
    }
    let mut steps: Vec<Step> = Vec::new();
    // The step that computes each node, for the summary; of several (the copies of a concatenation) the last.
    let mut step_of_node = vec![None; graph.nodes.len()];
    // Where each draft, the clearing before it included, begins and ends up.
    let mut new_index = Vec::new();
    for (mut draft, cleared) in drafts.into_iter().zip(cleared_before) {
        let first = steps.len();
        for slot in cleared {
            for mut step in memory::clearing(&layout.buffers[slot.buffer], &draft.step.name) {
                step.kernel.views_mut().for_each(|view| view.offset += slot.offset);
                steps.push(step);
            }
        }
        for (view, &buffer) in draft.step.kernel.views_mut().zip(&draft.buffers) {
            view.offset += offsets[buffer];
        }
        draft.nodes.iter().for_each(|&node| step_of_node[node] = Some(steps.len()));
        new_index.push([first, steps.len()]);
        steps.push(draft.step);
    }
    for slot in &mut slots {
        let [first, last] = slot.steps;
        slot.steps = [new_index[first][0], new_index[last][1]];
    }

    let ports = |ports: &[crate::graph::Port]| -> List<Port> {
        let port = |port: &crate::graph::Port| {
            let Shape(sizes) = graph.shape(port.value).clone();
            Port { name: Text::Owned(port.name.clone()), shape: List::Owned(sizes) }
        };
        ports.iter().map(port).collect()
    };
    let plan = Plan {
        name: Text::Owned(graph.name.clone()),
        inputs: ports(&graph.inputs),
        outputs: ports(&graph.outputs),
        arena_len,
        layers: List::Owned(summary::layers(original, graph, &step_of_node)),
        results: List::Owned(summary::results(original)),
        parameters: List::Owned(weights.parameters),
        packs: List::Owned(weights.packs),
        steps: List::Owned(steps),
    };
    memory::check(&slots)?;
    check(&plan)?;
    Ok((plan, layout.buffers.clone(), slots))
}

#[cfg(test)]
mod tests;
