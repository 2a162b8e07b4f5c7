//! The plan's verifier: what a back end may rely on. It runs at the end of lowering; what it finds is a mistake of this crate.

use crate::plan::{Kernel, Place, Plan, View};

/// Whether every step stays inside of its places and its packs are there.
///
/// Lifetimes are checked where they are known, in `memory`.
pub fn check(plan: &Plan) -> Result<(), String> {
    for (index, step) in plan.steps.iter().enumerate() {
        let place = |problem: String| format!("step {index}, `{}`: {problem}", step.name);
        for view in step.kernel.views() {
            inside(plan, view, [0; 4]).map_err(place)?;
        }
        match &step.kernel {
            Kernel::Conv(conv) => {
                inside(plan, &conv.input, conv.border()).map_err(place)?;
                has_pack(plan, conv.pack).map_err(place)?;
            }
            Kernel::Strips(strips) => {
                strips.convs().try_for_each(|conv| has_pack(plan, conv.pack)).map_err(place)?;
                let first = strips.convs().next().unwrap_or(&strips.last);
                inside(plan, &first.input, first.border()).map_err(place)?;
                let mut pairs = strips.convs().zip(strips.convs().skip(1));
                if pairs.any(|(a, b)| a.output != b.input || a.output.place != Place::Strip) {
                    return Err(place("its convolutions do not follow one another".to_string()));
                }
            }
            Kernel::Linear(linear) => {
                has_pack(plan, linear.pack).map_err(place)?;
                if !linear.input.is_dense() {
                    return Err(place(format!("its input does not lie side by side: {:?}", linear.input)));
                }
            }
            Kernel::Affine(affine) => has_pack(plan, affine.pack).map_err(place)?,
            Kernel::Norm(norm) => has_pack(plan, norm.pack).map_err(place)?,
            Kernel::Recurrent(layer) => {
                layer.packs.iter().chain(&*layer.projections).try_for_each(|&pack| has_pack(plan, pack)).map_err(place)?;
                if layer.last_cell.is_some_and(|view| matches!(view.place, Place::Input(_))) {
                    return Err(place("it writes to an input".to_string()));
                }
            }
            Kernel::Prelu(prelu) => has_pack(plan, prelu.pack).map_err(place)?,
            Kernel::ClearBorder(clear) => inside(plan, &clear.view, clear.border).map_err(place)?,
            _ => {}
        }
        if matches!(step.kernel.output().place, Place::Input(_)) {
            return Err(place("it writes to an input".to_string()));
        }
    }
    Ok(())
}

fn has_pack(plan: &Plan, pack: usize) -> Result<(), String> {
    if pack < plan.packs.len() { Ok(()) } else { Err(format!("there is no pack {pack}")) }
}

/// Whether a view with rows and columns around it lies inside of its place.
fn inside(plan: &Plan, view: &View, [top, left, bottom, right]: [usize; 4]) -> Result<(), String> {
    let len = match view.place {
        Place::Arena => Some(plan.arena_len),
        Place::Strip => None,
        Place::Input(index) => plan.inputs.get(index).map(|port| port.shape.iter().product()),
        Place::Output(index) => plan.outputs.get(index).map(|port| port.shape.iter().product()),
    };
    let before = top * view.row + left * view.pixel;
    let last = (view.height - 1 + bottom) * view.row + (view.width - 1 + right) * view.pixel + (view.channels - 1) * view.channel;
    let fits = before <= view.offset && len.is_some_and(|len| view.offset + last < len);
    if fits { Ok(()) } else { Err(format!("{view:?} with [{top}, {left}, {bottom}, {right}] around it leaves its place")) }
}
