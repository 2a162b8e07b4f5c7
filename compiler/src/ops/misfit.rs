//! How it is said that a window does not fit a map or a sequence: the arithmetic, the padding that would do, and the rounding.

use super::window::Spec;
use super::written;
use crate::diag::Problem;
use crate::dim::{Misfit, Round, Window};
use crate::graph::{Arg, Padding};
use crate::shape::Shape;

/// One axis of a map and the window along it.
struct Axis {
    /// Elements of the map.
    n: usize,
    window: Window,
    /// Of the dilated window.
    extent: usize,
    /// The largest padding that makes sense on a side.
    max_pad: usize,
    misfit: Option<Misfit>,
}

impl Axis {
    /// `7 + 2·1`
    fn padded(&self) -> String {
        match self.window.pad {
            [before, after] if before == after => format!("{} + 2·{before}", self.n),
            [before, after] => format!("{} + {before} + {after}", self.n),
        }
    }

    /// `(7 + 2·0 − 3)/3 + 1 = 2.33`
    fn formula(&self) -> String {
        let Window { stride, pad, .. } = self.window;
        let span = (self.n + pad[0] + pad[1]).saturating_sub(self.extent);
        format!("({} − {})/{stride} + 1 = {}", self.padded(), self.extent, quotient(span, stride, 1))
    }

    /// The same window with other padding, if that is not too much.
    fn with_pad(&self, pad: [usize; 2]) -> Option<Window> {
        (pad.iter().all(|&side| side <= self.max_pad)).then_some(Window { pad, ..self.window })
    }

    /// The least padding with which the window fits and tiles, added to that which is there: as much on both sides if that is
    /// possible, else more after.
    fn enough(&self, round: Round) -> Option<Window> {
        let Window { stride, pad: [before, after], .. } = self.window;
        let more = |first: usize, second: usize| self.with_pad([before.checked_add(first)?, after.checked_add(second)?]);
        match self.misfit {
            None => Some(self.window),
            Some(Misfit::Overflow) => None,
            Some(Misfit::TooLarge { extent, padded }) => {
                let lack = extent - padded;
                // As much on both sides, one element more than needed if that makes it so and still tiles.
                let balanced = |lack: usize| {
                    let total = before + after + lack;
                    let first = (total / 2).clamp(before, before + lack);
                    self.with_pad([first, total - first])
                };
                let even = |window: &Window| window.pad[0] == window.pad[1] && window.positions(self.n, round).is_ok();
                balanced(lack).filter(even).or_else(|| balanced(lack + 1).filter(even)).or_else(|| balanced(lack))
            }
            Some(Misfit::NotTiled { left_over }) => {
                let lack = stride - left_over;
                let even = match (lack % 2, stride % 2) {
                    (0, _) => Some(lack / 2),
                    // An odd stride more makes it even.
                    (_, 1) => Some(lack / 2 + stride / 2 + 1),
                    _ => None,
                };
                even.and_then(|each| more(each, each)).or_else(|| more(0, lack))
            }
        }
    }

    /// What [`Round::Floor`] leaves out.
    fn left_over(&self) -> usize {
        match self.misfit {
            Some(Misfit::NotTiled { left_over }) => left_over,
            _ => 0,
        }
    }

    /// Whether the two axes are alike, so that one formula says it for both.
    fn like(&self, other: &Axis) -> bool {
        self.n == other.n && self.window == other.window
    }
}

/// Why a window does not fit its input with padding of `sides` (top, left, bottom, right), and what would. One axis has a misfit.
pub(super) fn problem(spec: &Spec, input: &Shape, sides: [usize; 4], misfits: [Option<Misfit>; 2]) -> Problem {
    let ([_, height, width], words) = (input.chw(), Words::of(input));
    let size = [height, width];
    let axes = [0, 1].map(|axis| {
        let window = spec.axis(axis, sides);
        let extent = window.extent().unwrap_or(usize::MAX);
        let max_pad = if spec.pool { window.kernel / 2 } else { extent - 1 };
        Axis { n: size[axis], window, extent, max_pad, misfit: misfits[axis] }
    });
    let too_large = |axis: &Axis| matches!(axis.misfit, Some(Misfit::TooLarge { .. }));
    if axes.iter().any(|axis| axis.misfit == Some(Misfit::Overflow)) {
        overflow(spec, &axes, words)
    } else if axes.iter().any(too_large) {
        larger_than_input(spec, &axes, words, [too_large(&axes[0]), too_large(&axes[1])])
    } else {
        not_tiled(spec, &axes, words)
    }
}

fn overflow(spec: &Spec, axes: &[Axis; 2], words: Words) -> Problem {
    if axes.iter().any(|axis| axis.window.extent().is_none()) {
        let (window, dilation) = (words.window(spec.window), words.pair(spec.dilation));
        return Problem::argument("dilation", format!("{window} with dilation {dilation} spans more than can be counted"));
    }
    Problem::argument("pad", "with its padding, the input has more elements than memory can address")
}

/// A `conv(6, 5x5)` on `[3, 3, 3]`.
fn larger_than_input(spec: &Spec, axes: &[Axis; 2], words: Words, wrong: [bool; 2]) -> Problem {
    let [rows, columns] = axes;
    let arithmetic = |axis: &Axis| match axis.window.dilation {
        1 => format!("{} > {}", axis.extent, axis.padded()),
        dilation => format!("{dilation}·({} − 1) + 1 = {} > {}", axis.window.kernel, axis.extent, axis.padded()),
    };
    let (how, arithmetic) = match wrong {
        [true, true] if rows.like(columns) => ("larger", arithmetic(rows)),
        [true, true] => ("larger", format!("height {}, width {}", arithmetic(rows), arithmetic(columns))),
        [true, false] => ("taller", arithmetic(rows)),
        _ if words.sequence => ("longer", arithmetic(columns)),
        _ => ("wider", arithmetic(columns)),
    };
    let input = words.input(axes);
    let largest = [0, 1].map(|i| (axes[i].n + axes[i].window.pad[0] + axes[i].window.pad[1] - 1) / spec.dilation[i] + 1);
    let smaller = [0, 1].map(|i| spec.window[i].min(largest[i]));
    let smaller = format!("a window of at most {}", words.sides(smaller));
    let help = match enough(spec, axes, words) {
        Some(offer) => format!("{offer}; or write {smaller}"),
        None => format!("write {smaller}"),
    };
    Problem::argument("window", format!("{} is {how} than {input}: {arithmetic}", described(spec, axes, words, false))).help(help)
}

/// A `conv(6, 3x3, stride = 3)` on `[3, 7, 7]`.
fn not_tiled(spec: &Spec, axes: &[Axis; 2], words: Words) -> Problem {
    let [rows, columns] = axes;
    let input = words.input(axes);
    let (what, formula) = match (rows.misfit.is_some(), columns.misfit.is_some()) {
        (true, true) if rows.like(columns) => (input, rows.formula()),
        (true, true) => (input, format!("height {}, width {}", rows.formula(), columns.formula())),
        (true, false) => (format!("the height of {input}"), rows.formula()),
        _ if words.sequence => (input, columns.formula()),
        _ => (format!("the width of {input}"), columns.formula()),
    };
    let rounded = |round: Round| {
        let positions = [0, 1].map(|i| axes[i].window.positions(axes[i].n, round));
        match positions {
            [Ok(rows), Ok(columns)] => Some(words.size([rows, columns])),
            _ => None,
        }
    };
    let (floor, ceil) = (rounded(Round::Floor), rounded(Round::Ceil));
    // What is left out if it is rounded down, and whether that is padding only.
    let left_out = match [rows.left_over(), columns.left_over()] {
        [1, 1] => "the last row and column".into(),
        [a, b] if a == b => format!("the last {a} rows and columns"),
        [a, 0] => format!("the last {}", counted(a, "row")),
        [0, b] => format!("the last {}", counted(b, words.axis(1))),
        [a, b] => format!("the last {} and the last {}", counted(a, "row"), counted(b, "column")),
    };
    let only_padding = axes.iter().all(|axis| axis.left_over() <= axis.window.pad[1]);
    let left_out = if only_padding { format!("{left_out} of the padding") } else { left_out };
    let even = axes
        .iter()
        .all(|axis| axis.enough(Round::Exact).is_some_and(|enough| enough.pad[0] != axis.window.pad[0] || axis.misfit.is_none()));
    let offer = enough(spec, axes, words).filter(|_| even || !only_padding);
    // PyTorch's convolutions know no rounding up.
    let up = spec.pool && ceil != floor;
    let help = match (offer, floor, ceil) {
        (Some(offer), ..) if up => format!(
            "{offer}; or write `round = floor` to leave out {left_out}, `round = ceil` for a last window that hangs over the edge"
        ),
        (Some(offer), ..) => format!("{offer}; or write `round = floor` to leave out {left_out}"),
        (None, Some(floor), Some(ceil)) if up => format!(
            "`round = floor` gives {floor} and leaves out {left_out}; `round = ceil` gives {ceil} with a last window that hangs over the edge"
        ),
        (None, Some(floor), _) => format!("`round = floor` gives {floor} and leaves out {left_out}"),
        _ => String::new(),
    };
    Problem::argument("stride", format!("{} does not tile {what}: {formula}", described(spec, axes, words, true))).help(help)
}

/// `` `pad = 1` gives 3x3 ``: the least padding that makes it fit.
fn enough(spec: &Spec, axes: &[Axis; 2], words: Words) -> Option<String> {
    let [rows, columns] = [axes[0].enough(spec.round)?, axes[1].enough(spec.round)?];
    let pad = words.pad([rows.pad[0], columns.pad[0], rows.pad[1], columns.pad[1]]);
    let height = rows.positions(axes[0].n, spec.round).ok()?;
    let width = columns.positions(axes[1].n, spec.round).ok()?;
    Some(format!("`pad = {pad}` gives {}", words.size([height, width])))
}

/// `a 3x3 window with stride 3 and dilation 2, which spans 5x5,`
fn described(spec: &Spec, axes: &[Axis; 2], words: Words, stride: bool) -> String {
    let mut text = words.window(spec.window);
    if stride {
        text += &format!(" with stride {}", words.pair(spec.stride));
    }
    if axes.iter().any(|axis| axis.extent != axis.window.kernel) {
        let joint = if stride { "and" } else { "with" };
        let (dilation, extent) = (words.pair(spec.dilation), words.sides([axes[0].extent, axes[1].extent]));
        text += &format!(" {joint} dilation {dilation}, which spans {extent},");
    }
    text
}

/// That the first of the windows along an axis of `n` elements reads nothing but padding; `what` is one of its elements.
pub(super) fn outside(window: &Window, n: usize, what: &str) -> Problem {
    let Window { dilation, pad: [pad, _], .. } = *window;
    let (before, after) = (pad % dilation, dilation - pad % dilation);
    let those = if n == 1 { "0, the only one".to_owned() } else { format!("0 to {}", n - 1) };
    let message = format!(
        "the first window reads padding alone: its {what}s −{before} and −{before} + {dilation} = {after} lie before and after the input's: {those}"
    );
    Problem::argument("dilation", message).help(format!("a dilation of at most {n} reaches into it"))
}

/// The words for what windows slide over: the rows and columns of a map, the positions of a sequence.
#[derive(Clone, Copy)]
pub(super) struct Words {
    sequence: bool,
}

impl Words {
    /// Those for an input.
    pub(super) fn of(input: &Shape) -> Words {
        Words { sequence: input.as_sequence().is_some() }
    }

    /// What an axis consists of: `row`, `column`, `position`.
    pub(super) fn axis(self, axis: usize) -> &'static str {
        match (self.sequence, axis) {
            (true, _) => "position",
            (_, 0) => "row",
            _ => "column",
        }
    }

    /// `a 3x5 window`, `a window of 5`
    pub(super) fn window(self, window: [usize; 2]) -> String {
        if self.sequence { format!("a window of {}", window[1]) } else { article(format!("{} window", self.sides(window))) }
    }

    /// `a 7x7 input`, `a length of 7`
    fn input(self, axes: &[Axis; 2]) -> String {
        match self.sequence {
            true => format!("a length of {}", axes[1].n),
            false => article(format!("{}x{} input", axes[0].n, axes[1].n)),
        }
    }

    /// `3x5`, `5`
    fn sides(self, [down, across]: [usize; 2]) -> String {
        if self.sequence { across.to_string() } else { format!("{down}x{across}") }
    }

    /// `3x5`, `a length of 5`
    fn size(self, size: [usize; 2]) -> String {
        if self.sequence { format!("a length of {}", size[1]) } else { self.sides(size) }
    }

    /// A stride or dilation: `2`, `(1, 2)`.
    fn pair(self, [down, across]: [usize; 2]) -> String {
        if self.sequence { across.to_string() } else { written(&Arg::Pair([down, across])) }
    }

    /// Padding as it is written, from top, left, bottom and right: `1`, `(0, 1)`.
    pub(super) fn pad(self, sides: [usize; 4]) -> String {
        let [_, left, _, right] = sides;
        written(&Arg::Pad(if self.sequence { Padding::Along([left, right]) } else { Padding::Sides(sides) }))
    }
}

/// With its article, before a number as it is spoken: `a 7x7 input`, `an 8x8 input`, `an 11x11 window`.
fn article(text: String) -> String {
    let number: &str = text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
    let vowel = number.starts_with('8') || matches!(number, "11" | "18");
    format!("{} {text}", if vowel { "an" } else { "a" })
}

/// `row`, `2 rows`
fn counted(n: usize, what: &str) -> String {
    if n == 1 { what.into() } else { format!("{n} {what}s") }
}

/// `a/b + plus` in decimals, as many as it takes to see that it is not whole, at least two if it has them: `2.33`, `2.5`, `4.001`.
pub(super) fn quotient(a: usize, b: usize, plus: usize) -> String {
    let (whole, rest) = (a / b + plus, (a % b) as u128);
    let mut digits = String::new();
    let (mut rest, b) = (rest, b as u128);
    while rest != 0 && (digits.len() < 2 || digits.bytes().all(|digit| digit == b'0')) {
        rest *= 10;
        digits.push(char::from(b'0' + (rest / b) as u8));
        rest %= b;
    }
    // Rounded to nearest, unless that would make it look whole.
    if 2 * rest >= b && !digits.bytes().all(|digit| digit == b'9') {
        let len = digits.len();
        digits = format!("{:0len$}", digits.parse::<u128>().unwrap_or(0) + 1);
    }
    let digits = digits.trim_end_matches('0');
    if digits.is_empty() { whole.to_string() } else { format!("{whole}.{digits}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotients_show_that_they_are_not_whole() {
        for (a, b, expected) in
            [(4, 3, "1.33"), (5, 3, "1.67"), (6, 3, "2"), (3, 2, "1.5"), (1, 1000, "0.001"), (999, 1000, "0.99"), (7, 4, "1.75")]
        {
            assert_eq!(quotient(a, b, 0), expected, "{a}/{b}");
        }
        assert_eq!(quotient(4, 3, 1), "2.33");
    }

    /// A `conv` unless it is a pool; `more` are stride, dilation and padding.
    fn check(pool: bool, window: [usize; 2], more: ([usize; 2], [usize; 2], [usize; 4]), size: [usize; 2], expected: [&str; 2]) {
        let (stride, dilation, pad) = more;
        let spec = Spec { window, stride, dilation, pad: Padding::Sides(pad), round: Round::Exact, pool };
        let problem = super::super::window::fit(&spec, &Shape::map(1, size[0], size[1])).unwrap_err();
        assert_eq!([problem.message.as_str(), problem.help.as_str()], expected);
    }

    #[test]
    fn on_a_sequence_it_is_the_length_that_does_not_fit() {
        let cases = [
            (
                false,
                (3, 3, 1, [0, 0], 7),
                "a window of 3 with stride 3 does not tile a length of 7: (7 + 2·0 − 3)/3 + 1 = 2.33",
                "`pad = 1` gives a length of 3; or write `round = floor` to leave out the last position",
            ),
            (
                false,
                (3, 3, 2, [0, 0], 9),
                "a window of 3 with stride 3 and dilation 2, which spans 5, does not tile a length of 9: (9 + 2·0 − 5)/3 + 1 = 2.33",
                "`pad = 1` gives a length of 3; or write `round = floor` to leave out the last position",
            ),
            (
                true,
                (4, 4, 1, [0, 0], 18),
                "a window of 4 with stride 4 does not tile a length of 18: (18 + 2·0 − 4)/4 + 1 = 4.5",
                "`pad = 1` gives a length of 5; or write `round = floor` to leave out the last 2 positions, \
                 `round = ceil` for a last window that hangs over the edge",
            ),
            (
                false,
                (4, 2, 1, [0, 1], 8),
                "a window of 4 with stride 2 does not tile a length of 8: (8 + 0 + 1 − 4)/2 + 1 = 3.5",
                "`round = floor` gives a length of 3 and leaves out the last position of the padding",
            ),
            (
                false,
                (5, 1, 1, [0, 1], 3),
                "a window of 5 is longer than a length of 3: 5 > 3 + 0 + 1",
                "`pad = 1` gives a length of 1; or write a window of at most 4",
            ),
        ];
        for (pool, (window, stride, dilation, pad, length), message, help) in cases {
            let (pad, round) = (Padding::Along(pad), Round::Exact);
            let spec = Spec { window: [1, window], stride: [1, stride], dilation: [1, dilation], pad, round, pool };
            let problem = super::super::window::fit(&spec, &Shape::sequence(2, length)).unwrap_err();
            assert_eq!([problem.message.as_str(), problem.help.as_str()], [message, help]);
        }
    }

    #[test]
    fn a_window_that_does_not_tile_is_shown_with_the_padding_that_would_do() {
        check(
            false,
            [3, 3],
            ([3, 3], [1, 1], [0; 4]),
            [7, 7],
            [
                "a 3x3 window with stride 3 does not tile a 7x7 input: (7 + 2·0 − 3)/3 + 1 = 2.33",
                "`pad = 1` gives 3x3; or write `round = floor` to leave out the last row and column",
            ],
        );
        check(
            false,
            [3, 3],
            ([3, 3], [2, 2], [0; 4]),
            [9, 9],
            [
                "a 3x3 window with stride 3 and dilation 2, which spans 5x5, does not tile a 9x9 input: (9 + 2·0 − 5)/3 + 1 = 2.33",
                "`pad = 1` gives 3x3; or write `round = floor` to leave out the last row and column",
            ],
        );
    }

    #[test]
    fn the_axis_that_is_wrong_is_named_and_only_its_padding_changes() {
        check(
            false,
            [3, 3],
            ([3, 3], [1, 1], [0; 4]),
            [7, 6],
            [
                "a 3x3 window with stride 3 does not tile the height of a 7x6 input: (7 + 2·0 − 3)/3 + 1 = 2.33",
                "`pad = (1, 0)` gives 3x2; or write `round = floor` to leave out the last row",
            ],
        );
        check(
            false,
            [1, 4],
            ([1, 4], [1, 1], [0; 4]),
            [5, 18],
            [
                "a 1x4 window with stride (1, 4) does not tile the width of a 5x18 input: (18 + 2·0 − 4)/4 + 1 = 4.5",
                "`pad = (0, 1)` gives 5x5; or write `round = floor` to leave out the last 2 columns",
            ],
        );
        check(
            false,
            [3, 3],
            ([3, 2], [1, 1], [0; 4]),
            [8, 6],
            [
                "a 3x3 window with stride (3, 2) does not tile an 8x6 input: height (8 + 2·0 − 3)/3 + 1 = 2.67, width (6 + 2·0 − 3)/2 + 1 = 2.5",
                "`pad = (2, 0, 2, 1)` gives 4x3; or write `round = floor` to leave out the last 2 rows and the last column",
            ],
        );
    }

    #[test]
    fn padding_that_differs_by_side_is_shown_as_a_sum() {
        check(
            false,
            [3, 3],
            ([3, 3], [1, 1], [0, 0, 1, 1]),
            [9, 9],
            [
                "a 3x3 window with stride 3 does not tile a 9x9 input: (9 + 0 + 1 − 3)/3 + 1 = 3.33",
                "`pad = (1, 1, 2, 2)` gives 4x4; or write `round = floor` to leave out the last row and column of the padding",
            ],
        );
    }

    #[test]
    fn where_only_padding_is_left_over_rounding_down_is_what_is_meant() {
        check(
            false,
            [7, 7],
            ([2, 2], [1, 1], [3; 4]),
            [224, 224],
            [
                "a 7x7 window with stride 2 does not tile a 224x224 input: (224 + 2·3 − 7)/2 + 1 = 112.5",
                "`round = floor` gives 112x112 and leaves out the last row and column of the padding",
            ],
        );
    }

    #[test]
    fn a_pool_may_also_hang_over_the_edge_but_is_never_padded_by_more_than_half_its_window() {
        check(
            true,
            [3, 3],
            ([2, 2], [1, 1], [1; 4]),
            [112, 112],
            [
                "a 3x3 window with stride 2 does not tile a 112x112 input: (112 + 2·1 − 3)/2 + 1 = 56.5",
                "`round = floor` gives 56x56 and leaves out the last row and column of the padding; \
                 `round = ceil` gives 57x57 with a last window that hangs over the edge",
            ],
        );
        check(
            true,
            [2, 2],
            ([5, 5], [1, 1], [0; 4]),
            [9, 9],
            [
                "a 2x2 window with stride 5 does not tile a 9x9 input: (9 + 2·0 − 2)/5 + 1 = 2.4",
                "`round = floor` gives 2x2 and leaves out the last 2 rows and columns",
            ],
        );
    }

    #[test]
    fn a_window_that_is_larger_than_its_input_is_shown_with_the_padding_that_would_do() {
        check(
            false,
            [5, 5],
            ([1, 1], [1, 1], [0; 4]),
            [3, 3],
            ["a 5x5 window is larger than a 3x3 input: 5 > 3 + 2·0", "`pad = 1` gives 1x1; or write a window of at most 3x3"],
        );
        check(
            false,
            [5, 5],
            ([1, 1], [1, 1], [0, 1, 1, 1]),
            [3, 8],
            ["a 5x5 window is taller than a 3x8 input: 5 > 3 + 0 + 1", "`pad = 1` gives 1x6; or write a window of at most 4x5"],
        );
        check(
            false,
            [3, 3],
            ([1, 1], [3, 3], [0; 4]),
            [5, 5],
            [
                "a 3x3 window with dilation 3, which spans 7x7, is larger than a 5x5 input: 3·(3 − 1) + 1 = 7 > 5 + 2·0",
                "`pad = 1` gives 1x1; or write a window of at most 2x2",
            ],
        );
        check(
            true,
            [7, 7],
            ([7, 7], [1, 1], [0; 4]),
            [1, 1],
            ["a 7x7 window is larger than a 1x1 input: 7 > 1 + 2·0", "`pad = 3` gives 1x1; or write a window of at most 1x1"],
        );
    }

    #[test]
    fn what_is_offered_always_does() {
        let mut n_offers = 0;
        for kernel in 1..6 {
            for stride in 1..6 {
                for (dilation, pad) in [(1, [0, 0]), (2, [0, 1]), (1, [2, 2]), (3, [1, 1])] {
                    for n in 1..14 {
                        let window = Window { kernel, stride, dilation, pad };
                        let Err(misfit) = window.positions(n, Round::Exact) else { continue };
                        let extent = dilation * (kernel - 1) + 1;
                        let axis = Axis { n, window, extent, max_pad: extent - 1, misfit: Some(misfit) };
                        if let Some(offer) = axis.enough(Round::Exact) {
                            assert!(offer.positions(n, Round::Exact).is_ok(), "{window:?} on {n}: {offer:?}");
                            assert!(
                                offer.pad[0] >= pad[0] && offer.pad[1] >= pad[1] && offer.pad.iter().all(|&side| side < extent)
                            );
                            n_offers += 1;
                        }
                    }
                }
            }
        }
        assert!(n_offers > 100, "{n_offers}");
    }
}
