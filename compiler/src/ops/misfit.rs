//! How it is said that a window does not fit a map: the arithmetic, the padding that would do, and the rounding.

use super::window::Spec;
use super::written;
use crate::diag::Problem;
use crate::dim::{Misfit, Round, Window};
use crate::graph::{Arg, Padding};

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
        let fits = |window: &Window| window.positions(self.n, round).is_ok();
        match self.misfit {
            None => Some(self.window),
            Some(Misfit::Overflow) => None,
            Some(Misfit::TooLarge { extent, padded }) => {
                let lack = extent - padded;
                let even = more(lack.div_ceil(2), lack.div_ceil(2)).filter(fits);
                even.or_else(|| more(lack / 2, lack.div_ceil(2)).filter(fits))
            }
            Some(Misfit::NotTiled { left_over }) => {
                let lack = stride - left_over;
                let even = match (lack % 2, stride % 2) {
                    (0, _) => Some(lack / 2),
                    // An odd stride more makes it even.
                    (_, 1) => Some(lack / 2 + stride / 2 + 1),
                    _ => None,
                };
                even.and_then(|each| more(each, each)).or_else(|| more(0, lack)).filter(fits)
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

/// Why a window does not fit a map of `size` with padding of `sides` (top, left, bottom, right), and what would. One axis has a misfit.
pub(super) fn problem(spec: &Spec, size: [usize; 2], sides: [usize; 4], misfits: [Option<Misfit>; 2]) -> Problem {
    let axes = [0, 1].map(|axis| {
        let window = spec.axis(axis, sides);
        let extent = window.extent().unwrap_or(usize::MAX);
        let max_pad = if spec.pool { window.kernel / 2 } else { extent - 1 };
        Axis { n: size[axis], window, extent, max_pad, misfit: misfits[axis] }
    });
    let too_large = |axis: &Axis| matches!(axis.misfit, Some(Misfit::TooLarge { .. }));
    if axes.iter().any(|axis| axis.misfit == Some(Misfit::Overflow)) {
        overflow(spec, &axes)
    } else if axes.iter().any(too_large) {
        larger_than_input(spec, &axes, [too_large(&axes[0]), too_large(&axes[1])])
    } else {
        not_tiled(spec, &axes)
    }
}

fn overflow(spec: &Spec, axes: &[Axis; 2]) -> Problem {
    if axes.iter().any(|axis| axis.window.extent().is_none()) {
        let dilation = written(Arg::Pair(spec.dilation));
        return Problem::argument(
            "dilation",
            format!("{} with dilation {dilation} spans more than can be counted", window(spec.window)),
        );
    }
    Problem::argument("pad", "with its padding, the input has more elements than memory can address")
}

/// A `conv(6, 5x5)` on `[3, 3, 3]`.
fn larger_than_input(spec: &Spec, axes: &[Axis; 2], wrong: [bool; 2]) -> Problem {
    let [rows, columns] = axes;
    let arithmetic = |axis: &Axis| match axis.window.dilation {
        1 => format!("{} > {}", axis.extent, axis.padded()),
        dilation => format!("{dilation}·({} − 1) + 1 = {} > {}", axis.window.kernel, axis.extent, axis.padded()),
    };
    let (how, arithmetic) = match wrong {
        [true, true] if rows.like(columns) => ("larger", arithmetic(rows)),
        [true, true] => ("larger", format!("height {}, width {}", arithmetic(rows), arithmetic(columns))),
        [true, false] => ("taller", arithmetic(rows)),
        _ => ("wider", arithmetic(columns)),
    };
    let input = article(format!("{}x{} input", rows.n, columns.n));
    let largest = [0, 1].map(|i| (axes[i].n + axes[i].window.pad[0] + axes[i].window.pad[1] - 1) / spec.dilation[i] + 1);
    let smaller = [0, 1].map(|i| spec.window[i].min(largest[i]));
    let smaller = format!("a window of at most {}x{}", smaller[0], smaller[1]);
    let help = match enough(spec, axes) {
        Some(offer) => format!("{offer}; or write {smaller}"),
        None => format!("write {smaller}"),
    };
    Problem::argument("window", format!("{} is {how} than {input}: {arithmetic}", described(spec, axes, false))).help(help)
}

/// A `conv(6, 3x3, stride = 3)` on `[3, 7, 7]`.
fn not_tiled(spec: &Spec, axes: &[Axis; 2]) -> Problem {
    let [rows, columns] = axes;
    let input = article(format!("{}x{} input", rows.n, columns.n));
    let (what, formula) = match (rows.misfit.is_some(), columns.misfit.is_some()) {
        (true, true) if rows.like(columns) => (input, rows.formula()),
        (true, true) => (input, format!("height {}, width {}", rows.formula(), columns.formula())),
        (true, false) => (format!("the height of {input}"), rows.formula()),
        _ => (format!("the width of {input}"), columns.formula()),
    };
    let rounded = |round: Round| {
        let positions = [0, 1].map(|i| axes[i].window.positions(axes[i].n, round));
        match positions {
            [Ok(rows), Ok(columns)] => Some(format!("{rows}x{columns}")),
            _ => None,
        }
    };
    let (floor, ceil) = (rounded(Round::Floor), rounded(Round::Ceil));
    // What is left out if it is rounded down, and whether that is padding only.
    let left_out = match [rows.left_over(), columns.left_over()] {
        [1, 1] => "the last row and column".into(),
        [a, b] if a == b => format!("the last {a} rows and columns"),
        [a, 0] => format!("the last {}", counted(a, "row")),
        [0, b] => format!("the last {}", counted(b, "column")),
        [a, b] => format!("the last {} and {}", counted(a, "row"), counted(b, "column")),
    };
    let only_padding = axes.iter().all(|axis| axis.left_over() <= axis.window.pad[1]);
    let left_out = if only_padding { format!("{left_out} of the padding") } else { left_out };
    let even = axes
        .iter()
        .all(|axis| axis.enough(Round::Exact).is_some_and(|enough| enough.pad[0] != axis.window.pad[0] || axis.misfit.is_none()));
    let offer = enough(spec, axes).filter(|_| even || !only_padding);
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
    Problem::argument("stride", format!("{} does not tile {what}: {formula}", described(spec, axes, true))).help(help)
}

/// `` `pad = 1` gives 3x3 ``: the least padding that makes it fit.
fn enough(spec: &Spec, axes: &[Axis; 2]) -> Option<String> {
    let [rows, columns] = [axes[0].enough(spec.round)?, axes[1].enough(spec.round)?];
    let pad = written(Arg::Pad(Padding::Sides([rows.pad[0], columns.pad[0], rows.pad[1], columns.pad[1]])));
    let height = rows.positions(axes[0].n, spec.round).ok()?;
    let width = columns.positions(axes[1].n, spec.round).ok()?;
    Some(format!("`pad = {pad}` gives {height}x{width}"))
}

/// `a 3x3 window with stride 3 and dilation 2, which spans 5x5,`
fn described(spec: &Spec, axes: &[Axis; 2], stride: bool) -> String {
    let mut text = window(spec.window);
    if stride {
        text += &format!(" with stride {}", written(Arg::Pair(spec.stride)));
    }
    if axes.iter().any(|axis| axis.extent != axis.window.kernel) {
        let joint = if stride { "and" } else { "with" };
        let dilation = written(Arg::Pair(spec.dilation));
        text += &format!(" {joint} dilation {dilation}, which spans {}x{},", axes[0].extent, axes[1].extent);
    }
    text
}

/// `a 3x5 window`
pub(super) fn window([down, across]: [usize; 2]) -> String {
    article(format!("{down}x{across} window"))
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
}
