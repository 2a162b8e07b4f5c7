//! A sound plan is accepted; each of its numbers changed to one that leads outside is not; and what is accepted is inside by
//! an enumeration of every address.

use super::*;
use crate::isa::Isa;
use crate::rt::{Engine, Linked, Net};
use crate::weights::{LoadOptions, Weights};

/// `[2, 6, 6] → conv(3, 3x3, pad = 1) + add + relu + max_pool(2x2) → linear(4) → [4]`, with the border of the convolution kept.
pub(super) fn sound() -> Plan {
    // NHWC 8 x 8 x 2 with a border of 1, then the residual 6 x 6 x 3, then the pooled 3 x 3 x 3.
    let padded = View::new(Place::Arena, 18, [6, 6, 2], [16, 2, 1]);
    let residual = View::new(Place::Arena, 128, [6, 6, 3], [18, 3, 1]);
    let pooled = View::new(Place::Arena, 236, [3, 3, 3], [9, 3, 1]);
    let windows = Windows::Sliding { window: [2, 2], stride: [2, 2], dilation: [1, 1], pad: [0; 4] };
    let step = |name: &'static str, kernel| Step { name: name.into(), kernel };
    let plain = Epilogue { residual: None, activation: Activation::Identity, pool: None };
    Plan {
        name: "Sound".into(),
        parameters: vec![
            Parameter::learned("conv.weight", &[3, 2, 3, 3], Init::He { fan_in: 18 }),
            Parameter::learned("conv.bias", &[3], Init::Constant(0.0)),
            Parameter::statistic("bn.running_mean", &[3], Init::Constant(0.0)),
            Parameter::statistic("bn.running_var", &[3], Init::Constant(1.0)),
            Parameter::learned("fc.weight", &[4, 27], Init::He { fan_in: 27 }),
        ]
        .into(),
        inputs: vec![Port::new("image", &[2, 6, 6])].into(),
        outputs: vec![Port::new("output", &[4])].into(),
        arena_len: 263,
        packs: vec![
            Pack {
                form: Form::Conv { algorithm: Algorithm::Direct, filters: 3, channels: 2, window: [3, 3], groups: 1 },
                weight: Some(0),
                bias: Some(1),
                more_bias: None,
                batch_norm: Some(BatchNorm { weight: None, bias: None, mean: 2, variance: 3, eps: 1e-5 }),
            },
            Pack {
                form: Form::Linear { outputs: 4, map: [3, 3, 3] },
                weight: Some(4),
                bias: None,
                more_bias: None,
                batch_norm: None,
            },
        ]
        .into(),
        steps: vec![
            step(
                "to channels last",
                Kernel::Copy(Copy { input: View::new(Place::Input(0), 0, [6, 6, 2], [6, 1, 36]), output: padded }),
            ),
            step("border", Kernel::ClearBorder(ClearBorder { view: padded, border: [1; 4] })),
            step(
                "conv",
                Kernel::Conv(Conv {
                    algorithm: Algorithm::Direct,
                    input: padded,
                    output: pooled,
                    window: [3, 3],
                    stride: [1, 1],
                    dilation: [1, 1],
                    pad: [1, 1],
                    groups: 1,
                    pack: 0,
                    epilogue: Epilogue {
                        residual: Some(residual),
                        activation: Activation::Relu,
                        pool: Some(FusedPool { reduce: Reduce::Max, windows, size: [6, 6] }),
                    },
                }),
            ),
            step(
                "fc",
                Kernel::Linear(Linear {
                    input: pooled,
                    output: View::new(Place::Output(0), 0, [1, 1, 4], [4, 4, 1]),
                    pack: 1,
                    epilogue: plain,
                }),
            ),
        ]
        .into(),
        layers: vec![Layer::new("conv", "conv(3, 3x3, pad = 1)", &[3, 6, 6], 57, 1944, Some(2), &[Source::Input(0)])].into(),
        results: vec![Source::Layer(0)].into(),
    }
}

#[test]
fn a_sound_plan_is_accepted() {
    accept(&sound()).unwrap();
}

fn conv(plan: &mut Plan) -> &mut Conv {
    match &mut plan.steps.to_mut()[2].kernel {
        Kernel::Conv(conv) => conv,
        other => unreachable!("{other:?}"),
    }
}

fn linear(plan: &mut Plan) -> &mut Linear {
    match &mut plan.steps.to_mut()[3].kernel {
        Kernel::Linear(linear) => linear,
        other => unreachable!("{other:?}"),
    }
}

fn clear(plan: &mut Plan) -> &mut ClearBorder {
    match &mut plan.steps.to_mut()[1].kernel {
        Kernel::ClearBorder(clear) => clear,
        other => unreachable!("{other:?}"),
    }
}

fn pool(plan: &mut Plan) -> &mut FusedPool {
    match &mut conv(plan).epilogue.pool {
        Some(pool) => pool,
        None => unreachable!("the plan pools"),
    }
}

#[test]
fn each_contradiction_is_refused_with_its_reason() {
    type Change = fn(&mut Plan);
    let cases: &[(&str, Change)] = &[
        ("elements 236 to 262 of Arena, which has 262", |p| p.arena_len -= 1),
        ("its arena has 18446744073709551615 elements", |p| p.arena_len = usize::MAX),
        ("of Arena, which has 263", |p| conv(p).input.offset = usize::MAX),
        // One column less in front of the map: the window's first row begins before the arena.
        ("elements -1 to", |p| conv(p).input.offset = 17),
        ("elements -16 to", |p| conv(p).pad = [2, 1]),
        ("are too far out", |p| conv(p).pad = [usize::MAX, 1]),
        ("elements, stride [18446744073709551615, 1]", |p| conv(p).stride = [usize::MAX, 1]),
        ("has a size or stride of nothing", |p| conv(p).input.row = 0),
        ("has a border at no distance", |p| {
            clear(p).view = View::new(Place::Arena, 100, [1, 6, 2], [0, 2, 1]);
            clear(p).border = [1 << 30, 0, 0, 0];
        }),
        ("elements, stride [18446744073709551615, 2]", |p| {
            conv(p).stride = [usize::MAX, 2];
            conv(p).output.height = 1;
            conv(p).epilogue = Epilogue { residual: None, activation: Activation::Identity, pool: None };
        }),
        ("has a size or stride of nothing", |p| conv(p).input.height = usize::MAX),
        ("stride [0, 1]", |p| conv(p).stride = [0, 1]),
        ("the channels of", |p| {
            p.arena_len = 999;
            conv(p).output.channel = 2;
        }),
        ("it writes to", |p| conv(p).output.place = Place::Input(0)),
        ("there is no Output(1)", |p| conv(p).output.place = Place::Output(1)),
        ("2 channels in 0 groups", |p| conv(p).groups = 0),
        ("2 channels in 3 groups", |p| conv(p).groups = 3),
        ("its pack is", |p| conv(p).window = [3, 4]),
        ("its pack is", |p| conv(p).pack = 1),
        ("pack 2 of 2", |p| conv(p).pack = 2),
        ("its pack is", |p| conv(p).algorithm = Algorithm::Grouped),
        ("its pack is", |p| conv(p).algorithm = Algorithm::WinogradF2),
        ("WinogradF4 of a [3, 3] window, stride [2, 1]", |p| {
            conv(p).algorithm = Algorithm::WinogradF4;
            conv(p).stride = [2, 1];
        }),
        ("WinogradF2 of a [3, 3] window, stride [1, 1], dilation [1, 2]", |p| {
            conv(p).algorithm = Algorithm::WinogradF2;
            conv(p).dilation = [1, 2];
        }),
        ("the residual is [3, 6, 6], the result [3, 7, 6]", |p| pool(p).size = [7, 6]),
        ("the first or last covers none", |p| {
            pool(p).windows = Windows::Sliding { window: [2, 2], stride: [3, 2], dilation: [1, 1], pad: [0; 4] }
        }),
        ("the first or last covers none", |p| {
            pool(p).windows = Windows::Sliding { window: [2, 2], stride: [2, 2], dilation: [1, 1], pad: [2, 0, 0, 0] }
        }),
        ("a dilation of 7", |p| {
            pool(p).windows = Windows::Sliding { window: [2, 2], stride: [2, 2], dilation: [7, 1], pad: [0; 4] }
        }),
        ("elements -2 to", |p| clear(p).border[1] = 2),
        ("a border of", |p| clear(p).border[0] = usize::MAX),
        ("do not lie side by side", |p| {
            p.arena_len = 999;
            linear(p).input.row = 10;
        }),
        ("do not lie side by side", |p| linear(p).input.pixel = 2),
        ("its weights' [3, 3, 3]", |p| linear(p).input.channels = 2),
        ("its output is [5, 1, 1]", |p| {
            p.outputs.to_mut()[0].shape = vec![5].into();
            linear(p).output.channels = 5;
        }),
        ("pack 0: its weight `conv.weight`", |p| p.parameters.to_mut()[0].shape = vec![3, 2, 3].into()),
        ("pack 0: its bias is parameter 9 of 5", |p| p.packs.to_mut()[0].bias = Some(9)),
        ("pack 0: no weight", |p| p.packs.to_mut()[0].weight = None),
        ("pack 1: its mean `conv.bias`", |p| {
            p.packs.to_mut()[1].batch_norm = Some(BatchNorm { weight: None, bias: None, mean: 1, variance: 1, eps: 0.0 })
        }),
        ("`image` has the sizes", |p| p.inputs.to_mut()[0].shape = vec![usize::MAX, 2, 2].into()),
        ("it has 0 outputs", |p| p.outputs.to_mut().clear()),
        ("two parameters are called `conv.bias`", |p| p.parameters.to_mut()[2].name = "conv.bias".into()),
        ("names a step that there is not", |p| p.layers.to_mut()[0].step = Some(4)),
        ("reads what is not before it", |p| p.layers.to_mut()[0].reads.to_mut()[0] = Source::Input(1)),
        ("reads what is not before it", |p| p.layers.to_mut()[0].reads.to_mut()[0] = Source::Layer(0)),
        ("results are not its outputs", |p| p.results.to_mut()[0] = Source::Layer(1)),
        ("results are not its outputs", |p| p.results.to_mut().clear()),
    ];
    for (expected, change) in cases {
        let mut plan = sound();
        change(&mut plan);
        let error = accept(&plan).expect_err(expected).to_string();
        assert!(error.contains(expected), "expected `{expected}`: {error}");
        assert!(error.starts_with("the plan of `Sound` is refused: "), "{error}");
    }
}

#[test]
fn a_program_that_a_kernel_could_not_run_is_refused() {
    let root = Operation::new(Function::Sqrt, [Operand::Value(0); 4]);
    let over = View::new(Place::Arena, 236, [3, 3, 3], [9, 3, 1]);
    let with = |inputs: Vec<View>, output: View, operations: Vec<Operation>| {
        let mut plan = sound();
        let map = Map { inputs: inputs.into(), output, operations: operations.into() };
        plan.steps.to_mut().insert(3, Step { name: "map".into(), kernel: Kernel::Map(map) });
        plan
    };
    accept(&with(vec![over; 2], over, vec![root; 3])).unwrap();
    run(with(vec![over; 2], over, vec![root; 3]));
    let smaller = View { height: 2, ..over };
    let outside = View { offset: 237, ..over };
    for (expected, plan) in [
        ("it reads 0 values", with(vec![], over, vec![root])),
        ("it reads 9 values", with(vec![over; 9], over, vec![root])),
        ("it has 0 operations", with(vec![over], over, vec![])),
        ("operation 0 reads value 1", with(vec![over], over, vec![Operation::new(Function::Sqrt, [Operand::Value(1); 4])])),
        ("are unlike", with(vec![over, smaller], over, vec![root])),
        ("elements 237 to 263 of Arena", with(vec![over, outside], over, vec![root])),
        ("it writes to", with(vec![over], View { place: Place::Input(0), ..over }, vec![root])),
    ] {
        let error = accept(&plan).expect_err(expected).to_string();
        assert!(error.contains(expected), "expected `{expected}`: {error}");
    }
}

/// Every address that a step's windows and views touch, counted out, for small plans.
fn touches_only_its_own(plan: &Plan, step: &Step) -> bool {
    let len = |place| place_len(plan, place).unwrap() as i128;
    let at = |view: &View, y: i128, x: i128, c: usize| {
        view.offset as i128 + y * view.row as i128 + x * view.pixel as i128 + (c * view.channel) as i128
    };
    let all = |view: &View, rows: (i128, i128), columns: (i128, i128)| {
        (rows.0..=rows.1).all(|y| {
            (columns.0..=columns.1).all(|x| (0..view.channels).all(|c| (0..len(view.place)).contains(&at(view, y, x, c))))
        })
    };
    let whole = |view: &View| all(view, (0, view.height as i128 - 1), (0, view.width as i128 - 1));
    let mut inside = step.kernel.views().all(whole);
    match &step.kernel {
        Kernel::Conv(conv) => {
            let reach = |axis: usize| {
                let start = -(conv.pad[axis] as i128);
                let last = (conv.size()[axis] as i128 - 1) * conv.stride[axis] as i128;
                (start, start + last + (conv.window[axis] as i128 - 1) * conv.dilation[axis] as i128)
            };
            inside &= all(&conv.input, reach(0), reach(1));
        }
        Kernel::ClearBorder(ClearBorder { view, border }) => {
            let [top, left, bottom, right] = border.map(|n| n as i128);
            inside &= all(view, (-top, view.height as i128 - 1 + bottom), (-left, view.width as i128 - 1 + right));
        }
        _ => {}
    }
    inside
}

/// Runs a plan on each instruction set, on zeros.
pub(super) fn run(plan: Plan) {
    let plan: &'static Plan = Box::leak(Box::new(plan));
    let input = vec![0.0; plan.inputs[0].shape.iter().product()];
    let mut output = vec![1.0; plan.outputs[0].shape.iter().product()];
    for isa in Isa::ALL.into_iter().filter(|isa| isa.is_available()) {
        let net = Net::new(Linked::all(plan), Ok(Weights::random(plan.into(), 0)), &LoadOptions::new().isa(isa));
        Engine::new(&net).unwrap().run_plan(&[&input], &mut [&mut output]).unwrap();
    }
}

#[test]
fn what_is_accepted_after_a_random_change_stays_inside() {
    let mut state = 1_u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    let interesting =
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 27, 36, 128, 227, 236, 262, 263, 1 << 35, 1 << 62, usize::MAX];
    let mut n_accepted = 0;
    for _ in 0..20_000 {
        let mut plan = sound();
        for _ in 0..1 + random(2) {
            let value = interesting[random(interesting.len())];
            let index = random(plan.steps.len());
            match random(4) {
                0 => {
                    let kernel = &mut plan.steps.to_mut()[index].kernel;
                    let n_views = kernel.views().count();
                    let view = kernel.views_mut().nth(random(n_views)).unwrap();
                    *[
                        &mut view.offset,
                        &mut view.height,
                        &mut view.width,
                        &mut view.channels,
                        &mut view.row,
                        &mut view.pixel,
                        &mut view.channel,
                    ][random(7)] = value;
                }
                1 => {
                    let axis = random(2);
                    let conv = conv(&mut plan);
                    *[
                        &mut conv.window[axis],
                        &mut conv.stride[axis],
                        &mut conv.dilation[axis],
                        &mut conv.pad[axis],
                        &mut conv.groups,
                        &mut conv.pack,
                    ][random(6)] = value;
                }
                2 => clear(&mut plan).border[random(4)] = value,
                _ => match random(3) {
                    0 => pool(&mut plan).size[random(2)] = value,
                    1 => plan.arena_len = value,
                    _ => plan.inputs.to_mut()[0].shape.to_mut()[random(3)] = value,
                },
            }
        }
        if accept(&plan).is_ok() {
            n_accepted += 1;
            // Kernels run whatever is accepted: no assertion of theirs fails.
            if n_accepted % 16 == 0 && plan.arena_len < 1000 && plan.inputs[0].shape.iter().product::<usize>() < 1000 {
                run(plan.clone());
            }
            // Larger arenas are sound and too large to count out.
            if plan.steps.iter().all(|step| step.kernel.views().all(|view| view.height < 100 && view.width < 100)) {
                assert!(plan.steps.iter().all(|step| touches_only_its_own(&plan, step)), "{plan:?}");
            }
        }
    }
    assert!((100..19_900).contains(&n_accepted), "{n_accepted} of 20000 were accepted");
}
