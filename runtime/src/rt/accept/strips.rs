//! Convolutions in strips: the rows between them lie in scratch that is measured by their sizes. Floor 4.

use convoke_compiler::plan::{Algorithm, Conv, Place, Plan, Strips, View};

use super::{Check, MAX_ARENA, accept_conv_sizes, ensure, read, window_reach, windows_inside, written};

pub(super) fn accept_strips(plan: &Plan, strips: &Strips) -> Check {
    let convs: Vec<&Conv> = strips.convs().collect();
    ensure((2..=Strips::MOST).contains(&convs.len()), || format!("{} convolutions in strips", convs.len()))?;
    for conv in &convs {
        ensure(conv.epilogue.pool.is_none() && conv.algorithm != Algorithm::Pixels, || {
            format!("{:?} in strips, with a pooling: {}", conv.algorithm, conv.epilogue.pool.is_some())
        })?;
    }
    for pair in convs.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        ensure(from.output == to.input, || format!("{:?} is written, {:?} read", from.output, to.input))?;
        between(&to.input)?;
    }
    for conv in &convs {
        accept_conv_sizes(plan, conv)?;
    }
    for conv in &convs[1..] {
        reads_between(conv)?;
    }
    read(plan, &convs[0].input)?;
    windows_inside(plan, convs[0])?;
    written(plan, &strips.last.output)
}

/// Whether a map lies by rows of whole pixels, and can be counted.
fn between(view: &View) -> Check {
    let View { place, height, width, channels, row, pixel, channel, .. } = *view;
    ensure(place == Place::Strip && channel == 1 && channels > 0 && pixel == channels && row % pixel == 0, || {
        format!("{view:?} between two convolutions")
    })?;
    let counted = height > 0 && width > 0 && height <= MAX_ARENA && row <= MAX_ARENA / height;
    ensure(counted && width <= row / pixel, || format!("{view:?} between two convolutions"))
}

/// Whether a convolution's windows stay in the rows between it and the one before, each of them over some row of the map.
fn reads_between(conv: &Conv) -> Check {
    let Conv { input, window, stride, dilation, pad, .. } = conv;
    let size = conv.size();
    let across = window_reach(size[1], window[1], stride[1], dilation[1], 0)?;
    let columns = input.row / input.pixel;
    ensure(pad[1] <= columns - input.width && across.1 < columns as i64, || {
        format!("windows over {} columns of {columns}", across.1)
    })?;
    let (_, last) = window_reach(size[0], window[0], stride[0], dilation[0], 0)?;
    ensure(conv.meets_rows() && stride[0] <= conv.extent(), || {
        format!("windows {window:?} beside {input:?}, padded by {pad:?}")
    })?;
    // Scratch is measured by these; no strip has more rows than windows reach, but for those that Winograd's tiles take together.
    let rows = last as usize + 16;
    ensure(rows <= MAX_ARENA / input.row, || format!("{rows} rows of {} elements", input.row))
}

#[cfg(test)]
mod tests {
    use super::super::accept;
    use super::super::tests::{run, sound};
    use super::*;
    use convoke_compiler::plan::{Epilogue, Form, Init, Kernel, List, Pack, Parameter};

    /// 3x3, then each channel by itself at stride 2.
    fn in_strips() -> Plan {
        let mut plan = sound();
        let Kernel::Conv(conv) = plan.steps[2].kernel.clone() else { unreachable!("a convolution") };
        let between = View::new(Place::Strip, 27, [6, 6, 3], [24, 3, 1]);
        let epilogue = Epilogue { pool: None, ..conv.epilogue };
        let first = Conv { output: between, epilogue, ..conv.clone() };
        let epilogue = Epilogue { residual: None, ..epilogue };
        let (algorithm, stride, groups, pack) = (Algorithm::Depthwise, [2, 2], 3, plan.packs.len());
        let last = Conv { algorithm, input: between, stride, groups, pack, epilogue, ..conv };
        plan.steps.to_mut()[2].kernel = Kernel::Strips(Strips { before: List::Owned(vec![first]), last });
        let form = Form::Conv { algorithm, filters: 3, channels: 1, window: [3, 3], groups };
        let weight = Some(plan.parameters.len());
        plan.packs.to_mut().push(Pack { form, weight, bias: None, more_bias: None, batch_norm: None });
        plan.parameters.to_mut().push(Parameter::learned("depthwise.weight", &[3, 1, 3, 3], Init::He { fan_in: 9 }));
        plan
    }

    fn strips(plan: &mut Plan) -> &mut Strips {
        match &mut plan.steps.to_mut()[2].kernel {
            Kernel::Strips(strips) => strips,
            other => unreachable!("{other:?}"),
        }
    }

    /// Changes the map between, on both sides.
    fn change(plan: &mut Plan, how: impl Fn(&mut View)) {
        let strips = strips(plan);
        how(&mut strips.before.to_mut()[0].output);
        how(&mut strips.last.input);
    }

    #[test]
    fn sound_strips_are_accepted_and_run() {
        accept(&in_strips()).unwrap();
        run(in_strips());
    }

    #[test]
    fn each_contradiction_is_refused_with_its_reason() {
        type Change = fn(&mut Plan);
        let cases: &[(&str, Change)] = &[
            ("1 convolutions in strips", |plan| strips(plan).before.to_mut().clear()),
            ("9 convolutions in strips", |plan| {
                let first = strips(plan).before[0].clone();
                strips(plan).before = List::Owned(vec![first; 8]);
            }),
            ("is written", |plan| strips(plan).last.input.height = 5),
            ("between two convolutions", |plan| change(plan, |view| view.place = Place::Arena)),
            ("between two convolutions", |plan| change(plan, |view| view.row = 15)),
            ("between two convolutions", |plan| change(plan, |view| view.row = 25)),
            ("between two convolutions", |plan| change(plan, |view| view.pixel = 4)),
            ("windows over", |plan| change(plan, |view| view.row = 18)),
            ("between convolutions that are not in strips", |plan| strips(plan).last.output.place = Place::Strip),
            ("windows", |plan| strips(plan).last.pad[0] = 3),
            ("windows", |plan| strips(plan).last.pad[1] = 3),
            ("windows", |plan| strips(plan).last.output.height = 30),
            ("windows", |plan| {
                strips(plan).last.stride[0] = 4;
                strips(plan).last.output.height = 2;
            }),
            ("Pixels in strips", |plan| strips(plan).last.algorithm = Algorithm::Pixels),
        ];
        for (index, (reason, change)) in cases.iter().enumerate() {
            let mut plan = in_strips();
            change(&mut plan);
            let refused = accept(&plan).expect_err(reason).to_string();
            assert!(refused.contains(reason), "case {index}: {refused}");
        }
    }

    #[test]
    fn what_is_accepted_after_a_random_change_runs() {
        let mut state = 1_u64;
        let mut random = |n: usize| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as usize % n
        };
        let interesting = [0, 1, 2, 3, 4, 5, 6, 7, 8, 16, 18, 24, 27, 30, 1 << 35, 1 << 62, usize::MAX];
        let mut n_run = 0;
        for _ in 0..20_000 {
            let mut plan = in_strips();
            for _ in 0..1 + random(2) {
                let (value, axis, last) = (interesting[random(interesting.len())], random(2), random(2) == 0);
                if random(3) == 0 {
                    let at = random(5);
                    change(&mut plan, |view| {
                        *[&mut view.offset, &mut view.height, &mut view.width, &mut view.row, &mut view.pixel][at] = value;
                    });
                    continue;
                }
                let strips = strips(&mut plan);
                let conv = if last { &mut strips.last } else { &mut strips.before.to_mut()[0] };
                let View { height, width, .. } = &mut conv.output;
                *[
                    &mut conv.window[axis],
                    &mut conv.stride[axis],
                    &mut conv.dilation[axis],
                    &mut conv.pad[axis],
                    if axis == 0 { height } else { width },
                ][random(5)] = value;
            }
            // Scratch may be as long as memory; kernels run whatever is accepted beside that: no assertion of theirs fails.
            let small = strips(&mut plan).convs().all(|conv| conv.input.row < 1000 && conv.input.height < 1000);
            if accept(&plan).is_ok() && small {
                n_run += 1;
                run(plan);
            }
        }
        assert!((100..19_900).contains(&n_run), "{n_run} of 20000 were run");
    }
}
