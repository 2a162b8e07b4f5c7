//! A plan as constants: the values of its steps, the lists, the plan.

use super::rust;
use crate::plan::{
    Activation, Algorithm, BatchNorm, Cell, Combination, Conv, Epilogue, Form, FusedPool, Init, Kernel, Layer, MoreBias, Operand,
    Operation, Pack, Parameter, Place, Plan, Port, Recurrent, Reduce, Region, Sampling, ScaleOf, Source, Step, View, Windows,
};
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;

/// The lists of a plan, `static PLAN` itself, and the kernels that it calls. `steps` are the constants of its steps.
pub fn lists(plan: &Plan, steps: &[Ident]) -> TokenStream {
    let lists = [
        list("PARAMETERS", rust!(rt::Parameter), plan.parameters.iter().map(parameter)),
        list("PACKS", rust!(rt::Pack), plan.packs.iter().map(pack)),
        list("LAYERS", rust!(rt::Layer), plan.layers.iter().map(layer)),
        list("STEPS", rust!(rt::Step), steps.iter().map(|name| rust!(#name))),
        list("INPUTS", rust!(rt::Port), plan.inputs.iter().map(port)),
        list("OUTPUTS", rust!(rt::Port), plan.outputs.iter().map(port)),
    ];
    let (name, arena_len, results) = (&*plan.name, int(plan.arena_len), sources(&plan.results));
    rust! {
        #(#lists)*
        static PLAN: rt::Plan = rt::Plan {
            name: rt::Text::Borrowed(#name),
            parameters: rt::List::Borrowed(&PARAMETERS),
            inputs: rt::List::Borrowed(&INPUTS),
            outputs: rt::List::Borrowed(&OUTPUTS),
            arena_len: #arena_len,
            packs: rt::List::Borrowed(&PACKS),
            steps: rt::List::Borrowed(&STEPS),
            layers: rt::List::Borrowed(&LAYERS),
            results: rt::List::Borrowed(&#results),
        };
        static KERNELS: rt::Kernels = rt::Kernels::of(&STEPS, &PACKS);
    }
}

/// The names of the items beside those of steps.
pub const ITEMS: &[&str] = &["parameters", "packs", "layers", "steps", "inputs", "outputs", "plan", "kernels"];

/// The constant of the step whose function has that name: `CONV1_RELU` from `conv1_relu`.
pub fn constant(name: &Ident) -> Ident {
    Ident::new(&name.to_string().to_uppercase(), Span::mixed_site())
}

fn list(name: &str, of: TokenStream, items: impl ExactSizeIterator<Item = TokenStream>) -> TokenStream {
    let (name, len) = (Ident::new(name, Span::mixed_site()), int(items.len()));
    rust! { static #name: [#of; #len] = [#(#items),*]; }
}

/// A number without a suffix.
pub fn int(value: usize) -> Literal {
    Literal::usize_unsuffixed(value)
}

fn ints(values: &[usize]) -> TokenStream {
    let values = values.iter().map(|&value| int(value));
    rust!([#(#values),*])
}

fn option(value: Option<TokenStream>) -> TokenStream {
    match value {
        Some(value) => rust!(rt::Some(#value)),
        None => rust!(rt::None),
    }
}

/// A finite f32 with all the digits that it takes to read it back.
fn float(value: f32) -> Literal {
    Literal::f32_unsuffixed(value)
}

pub fn parameter(parameter: &Parameter) -> TokenStream {
    let (name, shape) = (&*parameter.name, ints(&parameter.shape));
    let init = match parameter.init {
        Init::He { fan_in } => {
            let fan_in = int(fan_in);
            rust!(rt::Init::He { fan_in: #fan_in })
        }
        Init::Constant(value) => {
            let value = float(value);
            rust!(rt::Init::Constant(#value))
        }
    };
    match parameter.learned {
        true => rust!(rt::Parameter::learned(#name, &#shape, #init)),
        false => rust!(rt::Parameter::statistic(#name, &#shape, #init)),
    }
}

fn port(port: &Port) -> TokenStream {
    let (name, shape) = (&*port.name, ints(&port.shape));
    rust!(rt::Port::new(#name, &#shape))
}

fn layer(layer: &Layer) -> TokenStream {
    let (path, call, shape) = (&*layer.path, &*layer.call, ints(&layer.shape));
    let (n_parameters, macs) = (int(layer.n_parameters), Literal::u64_unsuffixed(layer.macs));
    let step = option(layer.step.map(|step| {
        let step = int(step);
        rust!(#step)
    }));
    let reads = sources(&layer.reads);
    rust!(rt::Layer::new(#path, #call, &#shape, #n_parameters, #macs, #step, &#reads))
}

fn sources(sources: &[Source]) -> TokenStream {
    let sources = sources.iter().map(|source| match *source {
        Source::Input(index) => {
            let index = int(index);
            rust!(rt::Source::Input(#index))
        }
        Source::Layer(index) => {
            let index = int(index);
            rust!(rt::Source::Layer(#index))
        }
    });
    rust!([#(#sources),*])
}

fn pack(pack: &Pack) -> TokenStream {
    let index = |index: Option<usize>| {
        option(index.map(|index| {
            let index = int(index);
            rust!(#index)
        }))
    };
    let (form, weight, bias) = (form(&pack.form), index(pack.weight), index(pack.bias));
    let batch_norm = option(pack.batch_norm.map(|BatchNorm { weight, bias, mean, variance, eps }| {
        let (weight, bias, mean, variance) = (index(weight), index(bias), int(mean), int(variance));
        let eps = Literal::f64_unsuffixed(eps);
        rust!(rt::BatchNorm { weight: #weight, bias: #bias, mean: #mean, variance: #variance, eps: #eps })
    }));
    let more_bias = option(pack.more_bias.map(|MoreBias { index, len }| {
        let (index, len) = (int(index), int(len));
        rust!(rt::MoreBias { index: #index, len: #len })
    }));
    rust!(rt::Pack { form: #form, weight: #weight, bias: #bias, more_bias: #more_bias, batch_norm: #batch_norm })
}

fn form(form: &Form) -> TokenStream {
    match *form {
        Form::Conv { algorithm, filters, channels, window, groups } => {
            let algorithm = self::algorithm(algorithm);
            let (filters, channels, window, groups) = (int(filters), int(channels), ints(&window), int(groups));
            rust! {
                rt::Form::Conv { algorithm: #algorithm, filters: #filters, channels: #channels, window: #window, groups: #groups }
            }
        }
        Form::ConvPart { algorithm, filters, channels, window, groups, kernel, first, step } => {
            let algorithm = self::algorithm(algorithm);
            let (filters, channels, window, groups) = (int(filters), int(channels), ints(&window), int(groups));
            let (kernel, first, step) = (ints(&kernel), ints(&first), ints(&step));
            rust! {
                rt::Form::ConvPart {
                    algorithm: #algorithm, filters: #filters, channels: #channels, window: #window, groups: #groups,
                    kernel: #kernel, first: #first, step: #step
                }
            }
        }
        Form::Linear { outputs, map } => {
            let (outputs, map) = (int(outputs), ints(&map));
            rust!(rt::Form::Linear { outputs: #outputs, map: #map })
        }
        Form::LinearBf16 { outputs, map } => {
            let (outputs, map) = (int(outputs), ints(&map));
            rust!(rt::Form::LinearBf16 { outputs: #outputs, map: #map })
        }
        Form::Rows { outputs, inputs } => {
            let (outputs, inputs) = (int(outputs), int(inputs));
            rust!(rt::Form::Rows { outputs: #outputs, inputs: #inputs })
        }
        Form::Recurrent { cell, hidden, width } => {
            let (cell, hidden, width) = (self::cell(cell), int(hidden), int(width));
            rust!(rt::Form::Recurrent { cell: #cell, hidden: #hidden, width: #width })
        }
        Form::Slopes { weights, channels } => {
            let (weights, channels) = (int(weights), int(channels));
            rust!(rt::Form::Slopes { weights: #weights, channels: #channels })
        }
        Form::Elements { map } => {
            let map = ints(&map);
            rust!(rt::Form::Elements { map: #map })
        }
        Form::Affine { channels } => {
            let channels = int(channels);
            rust!(rt::Form::Affine { channels: #channels })
        }
    }
}

fn cell(cell: Cell) -> TokenStream {
    match cell {
        Cell::Tanh => rust!(rt::Cell::Tanh),
        Cell::Relu => rust!(rt::Cell::Relu),
        Cell::Lstm => rust!(rt::Cell::Lstm),
        Cell::Gru => rust!(rt::Cell::Gru),
    }
}

fn algorithm(algorithm: Algorithm) -> TokenStream {
    match algorithm {
        Algorithm::Direct => rust!(rt::Algorithm::Direct),
        Algorithm::Depthwise => rust!(rt::Algorithm::Depthwise),
        Algorithm::Grouped => rust!(rt::Algorithm::Grouped),
        Algorithm::Pixels => rust!(rt::Algorithm::Pixels),
        Algorithm::WinogradF2 => rust!(rt::Algorithm::WinogradF2),
        Algorithm::WinogradF4 => rust!(rt::Algorithm::WinogradF4),
        Algorithm::WinogradF4Plain => rust!(rt::Algorithm::WinogradF4Plain),
    }
}

fn view(view: &View) -> TokenStream {
    let place = match view.place {
        Place::Arena => rust!(rt::Place::Arena),
        Place::Strip => rust!(rt::Place::Strip),
        Place::Input(port) => {
            let port = int(port);
            rust!(rt::Place::Input(#port))
        }
        Place::Output(port) => {
            let port = int(port);
            rust!(rt::Place::Output(#port))
        }
    };
    let (offset, size) = (int(view.offset), ints(&[view.height, view.width, view.channels]));
    let strides = ints(&[view.row, view.pixel, view.channel]);
    rust!(rt::View::new(#place, #offset, #size, #strides))
}

fn activation(activation: Activation) -> TokenStream {
    match activation {
        Activation::Identity => rust!(rt::Activation::Identity),
        Activation::Relu => rust!(rt::Activation::Relu),
        Activation::LeakyRelu { slope } => {
            let slope = float(slope);
            rust!(rt::Activation::LeakyRelu { slope: #slope })
        }
        Activation::Relu6 => rust!(rt::Activation::Relu6),
        Activation::Sigmoid => rust!(rt::Activation::Sigmoid),
        Activation::Tanh => rust!(rt::Activation::Tanh),
        Activation::Silu => rust!(rt::Activation::Silu),
        Activation::Gelu => rust!(rt::Activation::Gelu),
        Activation::GeluTanh => rust!(rt::Activation::GeluTanh),
        Activation::HardSigmoid => rust!(rt::Activation::HardSigmoid),
        Activation::HardSwish => rust!(rt::Activation::HardSwish),
        Activation::Elu { alpha } => {
            let alpha = float(alpha);
            rust!(rt::Activation::Elu { alpha: #alpha })
        }
        Activation::Softplus { beta, threshold } => {
            let (beta, threshold) = (float(beta), float(threshold));
            rust!(rt::Activation::Softplus { beta: #beta, threshold: #threshold })
        }
    }
}

fn reduce(reduce: Reduce) -> TokenStream {
    match reduce {
        Reduce::Max => rust!(rt::Reduce::Max),
        Reduce::Average { count_pad } => rust!(rt::Reduce::Average { count_pad: #count_pad }),
    }
}

fn windows(windows: &Windows) -> TokenStream {
    match windows {
        Windows::Sliding { window, stride, dilation, pad } => {
            let (window, stride, dilation, pad) = (ints(window), ints(stride), ints(dilation), ints(pad));
            rust!(rt::Windows::Sliding { window: #window, stride: #stride, dilation: #dilation, pad: #pad })
        }
        Windows::Adaptive => rust!(rt::Windows::Adaptive),
    }
}

fn epilogue(epilogue: &Epilogue) -> TokenStream {
    let residual = option(epilogue.residual.as_ref().map(view));
    let activation = activation(epilogue.activation);
    let pool = option(epilogue.pool.map(|FusedPool { reduce, windows, size }| {
        let (reduce, windows, size) = (self::reduce(reduce), self::windows(&windows), ints(&size));
        rust!(rt::FusedPool { reduce: #reduce, windows: #windows, size: #size })
    }));
    rust!(rt::Epilogue { residual: #residual, activation: #activation, pool: #pool })
}

pub fn step(step: &Step) -> TokenStream {
    let (name, kernel) = (&*step.name, kernel(&step.kernel));
    rust!(rt::Step::new(#name, #kernel))
}

fn kernel(kernel: &Kernel) -> TokenStream {
    match kernel {
        Kernel::Conv(conv) => {
            let conv = self::conv(conv);
            rust!(rt::Kernel::Conv(#conv))
        }
        Kernel::Strips(strips) => {
            let (before, last) = (strips.before.iter().map(conv), conv(&strips.last));
            rust!(rt::Kernel::Strips(rt::Strips { before: rt::List::Borrowed(&[#(#before),*]), last: #last }))
        }
        Kernel::Linear(linear) => {
            let (input, output, pack) = (view(&linear.input), view(&linear.output), int(linear.pack));
            let epilogue = epilogue(&linear.epilogue);
            rust!(rt::Kernel::Linear(rt::Linear { input: #input, output: #output, pack: #pack, epilogue: #epilogue }))
        }
        Kernel::Pool(pool) => {
            let (input, output, reduce) = (view(&pool.input), view(&pool.output), reduce(pool.reduce));
            let (windows, activation) = (windows(&pool.windows), activation(pool.activation));
            rust! {
                rt::Kernel::Pool(rt::Pool {
                    input: #input, output: #output, reduce: #reduce, windows: #windows, activation: #activation
                })
            }
        }
        Kernel::Affine(affine) => {
            let (input, output, pack) = (view(&affine.input), view(&affine.output), int(affine.pack));
            let activation = activation(affine.activation);
            rust!(rt::Kernel::Affine(rt::Affine { input: #input, output: #output, pack: #pack, activation: #activation }))
        }
        Kernel::Activate(activate) => {
            let (input, output) = (view(&activate.input), view(&activate.output));
            let activation = activation(activate.activation);
            rust!(rt::Kernel::Activate(rt::Activate { input: #input, output: #output, activation: #activation }))
        }
        Kernel::Prelu(prelu) => {
            let (input, output, pack) = (view(&prelu.input), view(&prelu.output), int(prelu.pack));
            rust!(rt::Kernel::Prelu(rt::Prelu { input: #input, output: #output, pack: #pack }))
        }
        Kernel::Map(map) => {
            let (inputs, output) = (map.inputs.iter().map(view), view(&map.output));
            let operations = map.operations.iter().map(operation);
            rust! {
                rt::Kernel::Map(rt::Map {
                    inputs: rt::List::Borrowed(&[#(#inputs),*]), output: #output,
                    operations: rt::List::Borrowed(&[#(#operations),*])
                })
            }
        }
        Kernel::Combine(combine) => {
            let combination = match combine.combination {
                Combination::Add => rust!(rt::Combination::Add),
                Combination::Mul => rust!(rt::Combination::Mul),
            };
            let (a, b, output) = (view(&combine.a), view(&combine.b), view(&combine.output));
            let activation = activation(combine.activation);
            rust! {
                rt::Kernel::Combine(rt::Combine {
                    combination: #combination, a: #a, b: #b, output: #output, activation: #activation
                })
            }
        }
        Kernel::Scale(scale) => {
            let (input, by, output) = (view(&scale.input), view(&scale.by), view(&scale.output));
            let activation = activation(scale.activation);
            rust!(rt::Kernel::Scale(rt::Scale { input: #input, by: #by, output: #output, activation: #activation }))
        }
        Kernel::Norm(norm) => {
            let (input, output, groups) = (view(&norm.input), view(&norm.output), int(norm.groups));
            let (eps, pack, activation) = (float(norm.eps), int(norm.pack), activation(norm.activation));
            let region = match norm.region {
                Region::Map => rust!(rt::Region::Map),
                Region::Row => rust!(rt::Region::Row),
                Region::Pixel => rust!(rt::Region::Pixel),
            };
            let scale_of = match norm.scale_of {
                ScaleOf::Channel => rust!(rt::ScaleOf::Channel),
                ScaleOf::Element => rust!(rt::ScaleOf::Element),
                ScaleOf::Place => rust!(rt::ScaleOf::Place),
            };
            rust! {
                rt::Kernel::Norm(rt::Norm {
                    input: #input, output: #output, groups: #groups, eps: #eps, region: #region, scale_of: #scale_of,
                    pack: #pack, activation: #activation
                })
            }
        }
        Kernel::LocalNorm(norm) => {
            let (input, output, size) = (view(&norm.input), view(&norm.output), int(norm.size));
            let (alpha, beta, k) = (float(norm.alpha), float(norm.beta), float(norm.k));
            rust! {
                rt::Kernel::LocalNorm(rt::LocalNorm {
                    input: #input, output: #output, size: #size, alpha: #alpha, beta: #beta, k: #k
                })
            }
        }
        Kernel::Resize(resize) => {
            let (input, output) = (view(&resize.input), view(&resize.output));
            let sampling = match resize.sampling {
                Sampling::Nearest => rust!(rt::Sampling::Nearest),
                Sampling::Bilinear { align_corners } => rust!(rt::Sampling::Bilinear { align_corners: #align_corners }),
            };
            rust!(rt::Kernel::Resize(rt::Resize { input: #input, output: #output, sampling: #sampling }))
        }
        Kernel::MeanChannels(mean) => {
            let (input, output) = (view(&mean.input), view(&mean.output));
            rust!(rt::Kernel::MeanChannels(rt::MeanChannels { input: #input, output: #output }))
        }
        Kernel::Softmax(softmax) => {
            let (input, output) = (view(&softmax.input), view(&softmax.output));
            let log = softmax.log;
            rust!(rt::Kernel::Softmax(rt::Softmax { input: #input, output: #output, log: #log }))
        }
        Kernel::Recurrent(layer) => recurrent(layer),
        Kernel::Copy(copy) => {
            let (input, output) = (view(&copy.input), view(&copy.output));
            rust!(rt::Kernel::Copy(rt::Copy { input: #input, output: #output }))
        }
        Kernel::ClearBorder(clear) => {
            let (view, border) = (view(&clear.view), ints(&clear.border));
            rust!(rt::Kernel::ClearBorder(rt::ClearBorder { view: #view, border: #border }))
        }
    }
}

fn operation(operation: &Operation) -> TokenStream {
    let function = Ident::new(&format!("{:?}", operation.function), Span::mixed_site());
    let operands = operation.operands.iter().map(|operand| match *operand {
        Operand::Value(value) => {
            let value = int(usize::from(value));
            rust!(rt::Operand::Value(#value))
        }
        Operand::Number(number) => {
            let number = float(number);
            rust!(rt::Operand::Number(#number))
        }
    });
    rust!(rt::Operation::new(rt::Function::#function, [#(#operands),*]))
}

fn conv(conv: &Conv) -> TokenStream {
    let algorithm = algorithm(conv.algorithm);
    let (input, output) = (view(&conv.input), view(&conv.output));
    let (window, stride, dilation, pad) = (ints(&conv.window), ints(&conv.stride), ints(&conv.dilation), ints(&conv.pad));
    let (groups, pack, epilogue) = (int(conv.groups), int(conv.pack), epilogue(&conv.epilogue));
    rust! {
        rt::Conv {
            algorithm: #algorithm, input: #input, output: #output, window: #window, stride: #stride, dilation: #dilation,
            pad: #pad, groups: #groups, pack: #pack, epilogue: #epilogue
        }
    }
}

fn recurrent(layer: &Recurrent) -> TokenStream {
    let (cell, hidden, input, output) = (cell(layer.cell), int(layer.hidden), view(&layer.input), view(&layer.output));
    let views = [&layer.first_hidden, &layer.first_cell, &layer.last_cell];
    let [first_hidden, first_cell, last_cell] = views.map(|state| option(state.as_ref().map(view)));
    let (packs, projections) = (ints(&layer.packs), ints(&layer.projections));
    rust! {
        rt::Kernel::Recurrent(rt::Recurrent {
            cell: #cell, hidden: #hidden, input: #input, output: #output, first_hidden: #first_hidden, first_cell: #first_cell,
            last_cell: #last_cell, packs: rt::List::Borrowed(&#packs), projections: rt::List::Borrowed(&#projections)
        })
    }
}
