/// As it was written.
/**
1x32x32 to 10: 61,706 parameters and 416,520 multiply-adds an image.

# Layers

| Layer | | Output | Parameters |
|---|---|---|---:|
| c1 | `conv(6, 5x5)` | 6x28x28 | 156 |
| 1 | `tanh` | 6x28x28 |  |
| 2 | `avg_pool(2x2)` | 6x14x14 |  |
| c3 | `conv(16, 5x5)` | 16x10x10 | 2,416 |
| 4 | `tanh` | 16x10x10 |  |
| 5 | `avg_pool(2x2)` | 16x5x5 |  |
| c5 | `conv(120, 5x5)` | 120x1x1 | 48,120 |
| 7 | `tanh` | 120x1x1 |  |
| 8 | `flatten` | 120 |  |
| f6 | `linear(84)` | 84 | 10,164 |
| 10 | `tanh` | 84 |  |
| output | `linear(10)` | 10 | 850 |
*/
#[derive(::core::clone::Clone, ::core::fmt::Debug)]
pub struct LeNet5 {
    net: ::convoke::rt::Net,
}
impl LeNet5 {
    /// Learned parameters: 61,706.
    pub const PARAMETERS: usize = 61706;
    /// Multiply-adds of convolutions and linear layers, of one image: 416,520.
    pub const MACS: u64 = 416520;
    /// Bytes of memory that the values of one image live in: 6,336.
    pub const ARENA_BYTES: usize = 6336;
    /// Sizes of its input: 1x32x32.
    pub const INPUT: [usize; 3] = [1, 32, 32];
    /// Sizes of its output: 10.
    pub const OUTPUT: [usize; 1] = [10];
    /// With the weights of a safetensors file, under PyTorch's names.
    ///
    /// # Errors
    /// If the file cannot be read or is no safetensors file; if weights are missing, unexpected or of other sizes, all of them
    /// in one error.
    pub fn load(
        path: impl ::core::convert::AsRef<::std::path::Path>,
    ) -> ::core::result::Result<Self, ::convoke::Error> {
        Self::load_with(path, &::convoke::LoadOptions::new())
    }
    /// As `load`, with options: the instruction set, other names, a part of the weights.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_with(
        path: impl ::core::convert::AsRef<::std::path::Path>,
        options: &::convoke::LoadOptions,
    ) -> ::core::result::Result<Self, ::convoke::Error> {
        ::core::result::Result::Ok(LeNet5 {
            net: ::convoke::rt::Net::load(
                <Self as ::convoke::rt::Definition>::linked(),
                path.as_ref(),
                options,
            )?,
        })
    }
    /// With the weights of a safetensors file that is in memory.
    ///
    /// # Errors
    /// As `load`.
    pub fn from_bytes(
        bytes: impl ::core::convert::Into<::std::borrow::Cow<'static, [u8]>>,
    ) -> ::core::result::Result<Self, ::convoke::Error> {
        Self::from_bytes_with(bytes, &::convoke::LoadOptions::new())
    }
    /// As `from_bytes`, with options.
    ///
    /// # Errors
    /// As `load`.
    pub fn from_bytes_with(
        bytes: impl ::core::convert::Into<::std::borrow::Cow<'static, [u8]>>,
        options: &::convoke::LoadOptions,
    ) -> ::core::result::Result<Self, ::convoke::Error> {
        ::core::result::Result::Ok(LeNet5 {
            net: ::convoke::rt::Net::from_bytes(
                <Self as ::convoke::rt::Definition>::linked(),
                bytes.into(),
                options,
            )?,
        })
    }
    /// With random weights (He et al., 2015), the same for the same seed.
    #[must_use]
    pub fn random(seed: u64) -> Self {
        LeNet5 {
            net: ::convoke::rt::Net::random(
                <Self as ::convoke::rt::Definition>::linked(),
                seed,
            ),
        }
    }
    /// Writes the weights as safetensors, under PyTorch's names.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(
        &self,
        path: impl ::core::convert::AsRef<::std::path::Path>,
    ) -> ::core::result::Result<(), ::convoke::Error> {
        self.net.save(path.as_ref())
    }
    /// What runs the network, one image at a time: it owns the memory for that.
    #[must_use]
    pub fn session(&self) -> ::convoke::Session<Self> {
        ::convoke::Session::new(self)
    }
    /// As `session`, with options: the largest batch, the back end.
    ///
    /// # Errors
    /// If the options cannot be met.
    pub fn session_with(
        &self,
        options: ::convoke::SessionOptions,
    ) -> ::core::result::Result<::convoke::Session<Self>, ::convoke::Error> {
        ::convoke::Session::with_options(self, options)
    }
    /// A table of the layers: output, parameters, memory, multiply-adds and kernel of each.
    #[must_use]
    pub fn summary() -> ::convoke::Summary {
        ::convoke::Summary::of(<Self as ::convoke::rt::Definition>::plan())
    }
    /// The plan, step by step: what computes each, and where it reads and writes.
    #[must_use]
    pub fn explain() -> ::std::string::String {
        ::convoke::explain::plan(<Self as ::convoke::rt::Definition>::plan(), &[])
    }
    /// A figure of the layers and how values flow between them, groups as boxes: a complete SVG file.
    #[must_use]
    pub fn to_svg() -> ::std::string::String {
        ::convoke::Picture::of(<Self as ::convoke::rt::Definition>::plan()).to_svg()
    }
    /// The same figure in Graphviz's language, for other layouts.
    #[must_use]
    pub fn to_dot() -> ::std::string::String {
        ::convoke::Picture::of(<Self as ::convoke::rt::Definition>::plan()).to_dot()
    }
}
const _: () = {
    use ::convoke::rt;
    /// `c1` 5x5, 1 → 6 channels, then tanh, avg_pool 2x2/2, 32x32 → 14x14
    const C1_TANH_AVG_POOL: rt::Step = rt::Step::new(
        "c1 + tanh + avg_pool",
        rt::Kernel::Conv(rt::Conv {
            algorithm: rt::Algorithm::Pixels,
            input: rt::View::new(rt::Place::Input(0), 0, [32, 32, 1], [32, 1, 1]),
            output: rt::View::new(rt::Place::Arena, 0, [14, 14, 6], [84, 6, 1]),
            window: [5, 5],
            stride: [1, 1],
            dilation: [1, 1],
            pad: [0, 0],
            groups: 1,
            pack: 0,
            epilogue: rt::Epilogue {
                residual: rt::None,
                activation: rt::Activation::Tanh,
                pool: rt::Some(rt::FusedPool {
                    reduce: rt::Reduce::Average {
                        count_pad: true,
                    },
                    windows: rt::Windows::Sliding {
                        window: [2, 2],
                        stride: [2, 2],
                        dilation: [1, 1],
                        pad: [0, 0, 0, 0],
                    },
                    size: [28, 28],
                }),
            },
        }),
    );
    #[inline]
    fn c1_tanh_avg_pool(frame: &mut rt::Frame<'_>) {
        frame.step(0)
    }
    /// `c3` 5x5, 6 → 16 channels, then tanh, avg_pool 2x2/2, 14x14 → 5x5
    const C3_TANH_AVG_POOL: rt::Step = rt::Step::new(
        "c3 + tanh + avg_pool",
        rt::Kernel::Conv(rt::Conv {
            algorithm: rt::Algorithm::Direct,
            input: rt::View::new(rt::Place::Arena, 0, [14, 14, 6], [84, 6, 1]),
            output: rt::View::new(rt::Place::Arena, 1184, [5, 5, 16], [80, 16, 1]),
            window: [5, 5],
            stride: [1, 1],
            dilation: [1, 1],
            pad: [0, 0],
            groups: 1,
            pack: 1,
            epilogue: rt::Epilogue {
                residual: rt::None,
                activation: rt::Activation::Tanh,
                pool: rt::Some(rt::FusedPool {
                    reduce: rt::Reduce::Average {
                        count_pad: true,
                    },
                    windows: rt::Windows::Sliding {
                        window: [2, 2],
                        stride: [2, 2],
                        dilation: [1, 1],
                        pad: [0, 0, 0, 0],
                    },
                    size: [10, 10],
                }),
            },
        }),
    );
    #[inline]
    fn c3_tanh_avg_pool(frame: &mut rt::Frame<'_>) {
        frame.step(1)
    }
    /// `c5` 5x5, 16 → 120 channels, then tanh, 5x5 → 1x1
    const C5_TANH: rt::Step = rt::Step::new(
        "c5 + tanh",
        rt::Kernel::Conv(rt::Conv {
            algorithm: rt::Algorithm::Direct,
            input: rt::View::new(rt::Place::Arena, 1184, [5, 5, 16], [80, 16, 1]),
            output: rt::View::new(rt::Place::Arena, 0, [1, 1, 120], [120, 120, 1]),
            window: [5, 5],
            stride: [1, 1],
            dilation: [1, 1],
            pad: [0, 0],
            groups: 1,
            pack: 2,
            epilogue: rt::Epilogue {
                residual: rt::None,
                activation: rt::Activation::Tanh,
                pool: rt::None,
            },
        }),
    );
    #[inline]
    fn c5_tanh(frame: &mut rt::Frame<'_>) {
        frame.step(2)
    }
    /// `f6`: 120 → 84, then tanh
    const F6_TANH: rt::Step = rt::Step::new(
        "f6 + tanh",
        rt::Kernel::Linear(rt::Linear {
            input: rt::View::new(rt::Place::Arena, 0, [1, 1, 120], [120, 120, 1]),
            output: rt::View::new(rt::Place::Arena, 128, [1, 1, 84], [84, 84, 1]),
            pack: 3,
            epilogue: rt::Epilogue {
                residual: rt::None,
                activation: rt::Activation::Tanh,
                pool: rt::None,
            },
        }),
    );
    #[inline]
    fn f6_tanh(frame: &mut rt::Frame<'_>) {
        frame.step(3)
    }
    /// `output`: 84 → 10
    const OUTPUT: rt::Step = rt::Step::new(
        "output",
        rt::Kernel::Linear(rt::Linear {
            input: rt::View::new(rt::Place::Arena, 128, [1, 1, 84], [84, 84, 1]),
            output: rt::View::new(rt::Place::Output(0), 0, [1, 1, 10], [10, 10, 1]),
            pack: 4,
            epilogue: rt::Epilogue {
                residual: rt::None,
                activation: rt::Activation::Identity,
                pool: rt::None,
            },
        }),
    );
    #[inline]
    fn output(frame: &mut rt::Frame<'_>) {
        frame.step(4)
    }
    static PARAMETERS: [rt::Parameter; 10] = [
        rt::Parameter::learned("c1.weight", &[6, 1, 5, 5], rt::Init::He { fan_in: 25 }),
        rt::Parameter::learned("c1.bias", &[6], rt::Init::Constant(0.0)),
        rt::Parameter::learned(
            "c3.weight",
            &[16, 6, 5, 5],
            rt::Init::He { fan_in: 150 },
        ),
        rt::Parameter::learned("c3.bias", &[16], rt::Init::Constant(0.0)),
        rt::Parameter::learned(
            "c5.weight",
            &[120, 16, 5, 5],
            rt::Init::He { fan_in: 400 },
        ),
        rt::Parameter::learned("c5.bias", &[120], rt::Init::Constant(0.0)),
        rt::Parameter::learned("f6.weight", &[84, 120], rt::Init::He { fan_in: 120 }),
        rt::Parameter::learned("f6.bias", &[84], rt::Init::Constant(0.0)),
        rt::Parameter::learned("output.weight", &[10, 84], rt::Init::He { fan_in: 84 }),
        rt::Parameter::learned("output.bias", &[10], rt::Init::Constant(0.0)),
    ];
    static PACKS: [rt::Pack; 5] = [
        rt::Pack {
            form: rt::Form::Conv {
                algorithm: rt::Algorithm::Pixels,
                filters: 6,
                channels: 1,
                window: [5, 5],
                groups: 1,
            },
            weight: rt::Some(0),
            bias: rt::Some(1),
            more_bias: rt::None,
            batch_norm: rt::None,
        },
        rt::Pack {
            form: rt::Form::Conv {
                algorithm: rt::Algorithm::Direct,
                filters: 16,
                channels: 6,
                window: [5, 5],
                groups: 1,
            },
            weight: rt::Some(2),
            bias: rt::Some(3),
            more_bias: rt::None,
            batch_norm: rt::None,
        },
        rt::Pack {
            form: rt::Form::Conv {
                algorithm: rt::Algorithm::Direct,
                filters: 120,
                channels: 16,
                window: [5, 5],
                groups: 1,
            },
            weight: rt::Some(4),
            bias: rt::Some(5),
            more_bias: rt::None,
            batch_norm: rt::None,
        },
        rt::Pack {
            form: rt::Form::Linear {
                outputs: 84,
                map: [120, 1, 1],
            },
            weight: rt::Some(6),
            bias: rt::Some(7),
            more_bias: rt::None,
            batch_norm: rt::None,
        },
        rt::Pack {
            form: rt::Form::Linear {
                outputs: 10,
                map: [84, 1, 1],
            },
            weight: rt::Some(8),
            bias: rt::Some(9),
            more_bias: rt::None,
            batch_norm: rt::None,
        },
    ];
    static LAYERS: [rt::Layer; 12] = [
        rt::Layer::new(
            "c1",
            "conv(6, 5x5)",
            &[6, 28, 28],
            156,
            117600,
            rt::Some(0),
            &[rt::Source::Input(0)],
        ),
        rt::Layer::new(
            "1",
            "tanh",
            &[6, 28, 28],
            0,
            0,
            rt::Some(0),
            &[rt::Source::Layer(0)],
        ),
        rt::Layer::new(
            "2",
            "avg_pool(2x2)",
            &[6, 14, 14],
            0,
            0,
            rt::Some(0),
            &[rt::Source::Layer(1)],
        ),
        rt::Layer::new(
            "c3",
            "conv(16, 5x5)",
            &[16, 10, 10],
            2416,
            240000,
            rt::Some(1),
            &[rt::Source::Layer(2)],
        ),
        rt::Layer::new(
            "4",
            "tanh",
            &[16, 10, 10],
            0,
            0,
            rt::Some(1),
            &[rt::Source::Layer(3)],
        ),
        rt::Layer::new(
            "5",
            "avg_pool(2x2)",
            &[16, 5, 5],
            0,
            0,
            rt::Some(1),
            &[rt::Source::Layer(4)],
        ),
        rt::Layer::new(
            "c5",
            "conv(120, 5x5)",
            &[120, 1, 1],
            48120,
            48000,
            rt::Some(2),
            &[rt::Source::Layer(5)],
        ),
        rt::Layer::new(
            "7",
            "tanh",
            &[120, 1, 1],
            0,
            0,
            rt::Some(2),
            &[rt::Source::Layer(6)],
        ),
        rt::Layer::new("8", "flatten", &[120], 0, 0, rt::None, &[rt::Source::Layer(7)]),
        rt::Layer::new(
            "f6",
            "linear(84)",
            &[84],
            10164,
            10080,
            rt::Some(3),
            &[rt::Source::Layer(8)],
        ),
        rt::Layer::new("10", "tanh", &[84], 0, 0, rt::Some(3), &[rt::Source::Layer(9)]),
        rt::Layer::new(
            "output",
            "linear(10)",
            &[10],
            850,
            840,
            rt::Some(4),
            &[rt::Source::Layer(10)],
        ),
    ];
    static STEPS: [rt::Step; 5] = [
        C1_TANH_AVG_POOL,
        C3_TANH_AVG_POOL,
        C5_TANH,
        F6_TANH,
        OUTPUT,
    ];
    static INPUTS: [rt::Port; 1] = [rt::Port::new("image", &[1, 32, 32])];
    static OUTPUTS: [rt::Port; 1] = [rt::Port::new("output", &[10])];
    static PLAN: rt::Plan = rt::Plan {
        name: rt::Text::Borrowed("LeNet5"),
        parameters: rt::List::Borrowed(&PARAMETERS),
        inputs: rt::List::Borrowed(&INPUTS),
        outputs: rt::List::Borrowed(&OUTPUTS),
        arena_len: 1584,
        packs: rt::List::Borrowed(&PACKS),
        steps: rt::List::Borrowed(&STEPS),
        layers: rt::List::Borrowed(&LAYERS),
        results: rt::List::Borrowed(&[rt::Source::Layer(11)]),
    };
    static KERNELS: rt::Kernels = rt::Kernels::of(&STEPS, &PACKS);
    impl rt::Definition for LeNet5 {
        type Inputs = ::convoke::Map<1, 32, 32>;
        type Outputs = ::convoke::Vector<10>;
        fn linked() -> rt::Linked {
            rt::Linked {
                plan: &PLAN,
                kernels: &KERNELS,
            }
        }
        fn net(&self) -> &rt::Net {
            &self.net
        }
        fn run(frame: &mut rt::Frame<'_>) {
            c1_tanh_avg_pool(frame);
            c3_tanh_avg_pool(frame);
            c5_tanh(frame);
            f6_tanh(frame);
            output(frame);
        }
    }
};
