//! Joins convolutions whose results are read by the next one alone: they are computed in strips of rows, see [`Strips`].

use super::layout::Buffer;
use super::steps::Draft;
use crate::plan::{Algorithm, Conv, Kernel, List, Place, Step, Strips, Text, View};

/// Joins what follows one another where `pays` says so of the last two. Buffers of such maps are left without a step that uses them.
pub fn join(drafts: Vec<Draft>, buffers: &[Buffer], pays: impl Fn(&Conv, &Conv) -> bool) -> Vec<Draft> {
    let mut n_uses = vec![0; buffers.len()];
    drafts.iter().flat_map(|draft| &draft.buffers).for_each(|&buffer| n_uses[buffer] += 1);
    let mut joined: Vec<Draft> = Vec::new();
    for draft in drafts {
        let with = joined.last().and_then(|before| together(before, &draft, buffers, &n_uses, &pays));
        match with {
            Some(draft) => *joined.last_mut().expect("there is one before") = draft,
            None => joined.push(draft),
        }
    }
    joined
}

/// Two steps as one.
fn together(
    before: &Draft,
    after: &Draft,
    buffers: &[Buffer],
    n_uses: &[usize],
    pays: impl Fn(&Conv, &Conv) -> bool,
) -> Option<Draft> {
    let (convs, last) = match &before.step.kernel {
        Kernel::Conv(conv) => (&[][..], conv),
        Kernel::Strips(strips) => (&*strips.before, &strips.last),
        _ => return None,
    };
    let Kernel::Conv(next) = &after.step.kernel else { return None };
    let (&between, reads) = before.buffers.split_last()?;
    let (&result, more) = after.buffers[1..].split_last()?;
    let alone = after.buffers[0] == between && n_uses[between] == 2;
    let apart = !reads.contains(&result) && !more.contains(&result);
    if !(alone && apart && convs.len() + 2 <= Strips::MOST && follows(last, next, &buffers[between]) && pays(last, next)) {
        return None;
    }
    let strip = |view: View| View { place: Place::Strip, ..view };
    let last = Conv { output: strip(last.output), ..last.clone() };
    let next = Conv { input: strip(next.input), ..next.clone() };
    let strips = Strips { before: List::Owned([convs, &[last]].concat()), last: next };
    // As `Kernel::views` has them: what is read first, residuals from the last one's on, what is written.
    let (input, residuals) = reads.split_first()?;
    let n_last = usize::from(strips.before[strips.before.len() - 1].epilogue.residual.is_some());
    let (of_last, others) = residuals.split_at(n_last);
    let buffers = [&[*input], more, others, of_last, &[result]].concat();
    let name = Text::Owned(format!("{} + {}", before.step.name, after.step.name));
    let nodes = [&*before.nodes, &after.nodes].concat();
    Some(Draft { step: Step { name, kernel: Kernel::Strips(strips) }, buffers, nodes })
}

/// Whether one convolution reads all that the other writes, by rows that either can be given some of.
fn follows(a: &Conv, b: &Conv, between: &Buffer) -> bool {
    let [top, left, bottom, right] = between.border;
    let needed = b.border();
    let in_rows = |conv: &Conv| conv.algorithm != Algorithm::Pixels && conv.epilogue.pool.is_none();
    between.place == Place::Arena
        && between.zero_channels.is_empty()
        && a.output == b.input
        && b.input == between.view()
        && [top, left] == b.pad
        && needed[2] <= bottom
        && needed[3] <= right
        && in_rows(a)
        && in_rows(b)
        && b.meets_rows()
        && b.stride[0] <= b.extent()
}
