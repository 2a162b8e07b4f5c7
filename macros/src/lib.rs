//! The `network!` macro: a shim around `convoke_compiler`. Users have it from the `convoke` crate.
#![forbid(unsafe_code)]

mod header;

use proc_macro::TokenStream;
use std::path::Path;

/// Defines convolutional networks, checks them while they compile, and makes a type of each.
///
/// ```text
/// network! {
///     /// LeNet-5 (LeCun et al., 1998).
///     pub LeNet5(image: [1, 32, 32]) -> [10] {
///         image
///             -> c1: conv(6, 5x5) -> tanh -> avg_pool(2x2)
///             -> c3: conv(16, 5x5) -> tanh -> avg_pool(2x2)
///             -> c5: conv(120, 5x5) -> tanh
///             -> flatten
///             -> f6: linear(84) -> tanh
///             -> output: linear(10)
///     }
/// }
/// ```
///
/// makes a struct `LeNet5` with `load`, `random`, `session`, `summary`, `explain`, `to_svg` and the constants `PARAMETERS`, `MACS`,
/// `ARENA_BYTES`, `INPUT` and `OUTPUT`; its inputs and outputs are types: `Map<1, 32, 32>` and `Vector<10>`.
///
/// # Networks
///
/// A network has a name, inputs with their sizes for one image (`[channels, height, width]` of a map, `[channels, length]` of a
/// sequence, `[len]` of a vector), if you like
/// the sizes of its outputs, which are then checked, and a body. A body is any number of `let name = value;` and then the value
/// that it gives. A layer or block may give several values, which have as many names: `let (a, b) = x -> split(2);`; `_` stands for one that
/// is not used. Several outputs are written `(mask: …, class: …)` and declared `-> (mask: [1, 32, 32], class: [10])`.
///
/// Data flows along arrows. What follows an arrow is one of:
///
/// | | |
/// |---|---|
/// | `relu`, `conv(64, 3x3, pad = 1)` | a layer; arguments are given by position, then by name |
/// | `basic(64)` | a block |
/// | `{ conv(64, 3x3) -> relu }` | a group: a chain that starts with what flows in |
/// | `3 * basic(64)` | a block three times |
/// | `if stride != 1 { … } else { … }` | a chain that depends on a condition; without `else`, it may be nothing at all |
/// | `for i in 1..=6 { … }` | a chain again and again: each round starts with what the last one gave |
///
/// Layers that take more than one value have the others as arguments, `x -> add(y)`, or are called: `add(x, y)`, `concat(a, b, c)`.
///
/// # Blocks
///
/// ```text
/// block basic(x, width, stride = 1) {
///     let shortcut = if stride != 1 || x.channels != width {
///         x -> downsample: { conv(width, 1x1, stride = stride, bias = false) -> batch_norm }
///     } else {
///         x
///     };
///     x -> conv1: conv(width, 3x3, stride = stride, pad = 1, bias = false) -> bn1: batch_norm -> relu
///       -> conv2: conv(width, 3x3, pad = 1, bias = false) -> bn2: batch_norm
///       -> add(shortcut) -> relu
/// }
/// ```
///
/// A block is a function of the value that flows in and of sizes, windows, options and other values; parameters may have defaults.
/// Several values are given as `(a, b)`, and named where the block is used: `let (a, b) = x -> halves;`.
///
/// All blocks, constants and networks of one invocation know one another, in any order of blocks and networks. Blocks cannot use themselves.
///
/// # Layers
///
#[doc = include_str!("layers.md")]
///
/// ## Sequences
///
/// A sequence `[channels, length]` is what PyTorch's 1-D layers read: all layers but those that make a map of something take it. Where a map has a
/// window, stride, dilation, scale or size of two numbers, a sequence has one, and `pad` is one number or `(left, right)`; weights are those of
/// `nn.Conv1d`, an axis less than those of a map. Samples of three sensors in five classes:
///
/// ```text
/// pub Gestures(samples: [3, 128]) -> [5] {
///     samples
///         -> conv1: conv(32, 7, stride = 2, pad = (6, 0), round = floor) -> bn1: batch_norm -> relu
///         -> conv2: conv(64, 3, pad = (4, 0), dilation = 2) -> bn2: batch_norm -> relu
///         -> max_pool(2) -> global_avg_pool -> flatten
///         -> fc: linear(5)
/// }
/// ```
///
/// Its input is a `Sequence<3, 128>`, `conv1.weight` is `[32, 3, 7]`.
///
/// ## Expressions of your own
///
/// `map(|x| …)` computes an expression of each element; of several values of one shape, `a -> map(b, |a, b| a * sigmoid(b))`. In the
/// closure are numbers, its parameters, `let`, `+ - * /`, unary `-`, `if a < b { … } else { … }` (`< <= > >= == != && || !`), and
/// `min(a, b)`, `max(a, b)`, `abs(x)`, `sqrt(x)`, `clamp(x, low, high)`, `exp(x)`, `ln(x)`, `tanh(x)`, `sigmoid(x)`. Constants and a block's
/// numbers are numbers there, too, as are `x.channels` and the like. A closure is a value like others: a constant, or an argument of a block.
///
/// ```text
/// const MISH = |x| x * tanh(ln(1.0 + exp(x)));
/// block unit(x, width, f = MISH) { x -> conv(width, 3x3, pad = 1) -> map(f) }
/// ```
///
/// All numbers are of single precision, every operation is rounded once, as IEEE 754 has it, and none is contracted with another: the result
/// has the same bits on every instruction set and however the network is run, and, but for `exp`, `ln` (within 2 ULP), `tanh` and `sigmoid` (within 4), those
/// of the same expression in Rust. `min` and `max` of a number and a NaN are the number, as `f32::min`'s (PyTorch's are NaN); comparisons with a NaN
/// fail, but for `!=`. What does not depend on an element is computed while compiling, and what occurs twice is computed once.
///
/// ## Volumes
///
/// There are no volumes `[C, D, H, W]` and no 3-D layers. To planner and kernels a value is channels at rows and columns, a sequence a map of one
/// row; a third axis to slide along would add a stride to every view, a pair of borders to every buffer and a loop to every kernel that has
/// windows, tiles or scratch rows, which is much for layers that none of the architectures here has.
///
/// # Values
///
/// Integers with `+ - * / %`, comparisons, `&& || !`, all evaluated while compiling and checked; windows `3x3` (rows by columns), or
/// `(k, 1)` where a side has a name or is 0; numbers such as `1e-3`; `true` and `false`; the words of options, `floor`, `same`; lists `[8, _]` and ranges `2..-2` where a layer takes them; `if … { a } else { b }`;
/// of a value of the flow its `channels`, `height`, `width` (of a sequence its `length`) and `len`, the number of its elements. A macro cannot evaluate constants from outside: write `const CLASSES = 10;`
/// inside of the invocation. What is named by `let`, an input or a parameter must be used, or begin with `_`; a constant need not be, and of
/// several results one is enough.
///
/// # Sizes known only at run time
///
/// With the feature `dynamic` of `convoke`, a size of an input may be a symbol: a capital letter, or a name that stands in a condition.
///
/// ```text
/// pub Segment(image: [3, H, W]) -> [2, H, W] where H >= 32, W >= 32, H % 4 == 0, W % 4 == 0 { … }
/// ```
///
/// Sizes then flow as expressions, `⌊(H + 1)/2⌋`. What holds for all sizes that meet the conditions is proved while compiling, such as that
/// what is added is of one shape; what holds for none is a mistake; what depends on the sizes is checked when the network is bound to
/// them, and the error names the layer, its place in the source, the arithmetic and the nearest sizes that would do. A condition
/// compares sizes by `==`, `>=`, `<=`, `>` or `<`; conditions that bound a symbol or its remainder (`H >= 32`, `H % 4 == 0`) are what is proved from.
/// Weights never depend on such a size: `linear` after `flatten` needs `adaptive_avg_pool` before it. A recurrent layer reads `[L, 64]` in any number of
/// steps, and its last states are of one size.
///
/// Such a network has `bind(&[h, w])`, which takes sizes in the order in which the symbols first appear and gives a `BoundSession`, and `session()`,
/// which binds itself to whatever it is given; inputs and outputs are `Tensor`s. `PARAMETERS` and `SYMBOLS` are constants; `macs`, `summary`,
/// `explain`, `to_svg` and `to_dot` take sizes. A batch is never a reason to bind anew: images go through one after another.
///
/// # Names
///
/// The weights of a network are named as `nn.Module` and `nn.Sequential` of PyTorch would name them, so that its files load as they are:
///
/// - A name before a layer, block or group is a component of the path: `layer1: { conv1: conv(8, 3x3) }` has `layer1.conv1.weight`.
///   A name may be a text, in which `{i}` stands for an integer: `"denselayer{i}": dense(32)`.
/// - What has no name takes its index in its chain. Layers without parameters count, named ones too; `3 * basic(64)` counts three, a loop
///   and an `if` what they give: `{ conv(8, 3x3) -> relu -> conv(8, 3x3) }` has `0.weight` and `2.weight`.
/// - With a name, a repetition, loop or `if` is a group: `layer1: 3 * basic(64)` is `layer1: { 3 * basic(64) }`.
/// - What is called rather than flowed into, `unit(x, 64)`, stands in its place: its names begin as those around it. So do those of a chain
///   among arguments: `join: add(x -> downsample: conv(8, 1x1))` has `downsample.weight`.
///
/// # Settings
///
/// At the top of the invocation: `round = floor;` makes `floor` the default of every `round` argument, as is PyTorch's habit (without it, a stride
/// that does not fit is a mistake), and `crate = ::path;` says what the `convoke` crate is called where it is renamed.
///
/// At the top of a network's body: `round = …;` for this network, and `weights = "file.safetensors";`, relative to the crate's manifest. The
/// weights become part of the program; their names, sizes and types are checked while it compiles, which it does again when the file changes. `Net::new()` has them.
///
/// # Grammar
///
/// A part of Rust's tokens, so that editors highlight it; `*` is any number of, `?` at most one, `,*` any number with commas between them.
///
/// ```text
/// invocation  (setting | constant | block | network)*
/// setting     round = (exact | floor | ceil) ;   crate = path ;   weights = "file" ;
/// constant    const NAME = value ;
/// block       block name ( name (= value)? ,* ) { body }
/// network     visibility? Name ( name : sizes ,* ) (-> outputs)? (where value ,*)? { setting* body }
/// sizes       [ value ,* ]
/// outputs     sizes   ( name : sizes ,* )
/// body        (let name = value ;   let ( name ,* ) = value ;)* result
/// result      value   ( (name :)? value ,* )
/// value       number   window   word   name   name.property   name ( argument ,* )   value (-> stage)*
///             value operator value   if value { body } else { body }   ( value ,* )
/// stage       label? (name   name ( argument ,* )   { group }   value * name ( argument ,* )
///             if value { group } (else { group })?   for name in value .. value { group })
/// group       stage (-> stage)*
/// label       name :   "text with {name}" :
/// argument    (name =)? value   (name =)? value? .. value?   (name =)? [ value ,* ]
/// ```
///
/// # Mistakes
///
/// All mistakes of an invocation are reported at once, each where it was made. The types are made even then, so that the rest of the crate shows no
/// further errors.
#[proc_macro]
pub fn network(tokens: TokenStream) -> TokenStream {
    let read_header = |file: &str| {
        // The directory of the crate that is compiled; the emitted `include_bytes!` starts from it, too.
        let root = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("`weights` needs cargo, which says where the crate is")?;
        if Path::new(file).is_absolute() {
            return Err(format!(
                "{file:?} starts from the root\nhelp: write the path as it is seen from the directory of Cargo.toml"
            ));
        }
        header::read(Path::new(&root), file)
    };
    convoke_compiler::network(tokens.into(), &read_header, cfg!(feature = "dynamic")).into()
}

#[cfg(test)]
mod tests {
    /// `RECORD=1 cargo test -p convoke-macros` writes it anew.
    #[test]
    fn the_layers_in_the_documentation_are_those_of_the_language() {
        let table = convoke_compiler::registry::table();
        if std::env::var_os("RECORD").is_some() {
            std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/src/layers.md"), &table).expect("a writable file");
        } else {
            assert_eq!(include_str!("layers.md"), table);
        }
    }
}
