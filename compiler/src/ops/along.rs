//! How one number is read that stands for every axis of a window: by the axes of what flows into the layer.
//!
//! Inside, a sequence is a map of one row. On a sequence the window `5` is therefore 1x5, the padding `2` none above and below, and a
//! pair such as `3x5` a mistake. This is done here, before a layer sees its arguments, so that layers know one way of counting.

use super::{Kind, Layer, written};
use crate::diag::Problem;
use crate::graph::{Arg, Args, Padding};
use crate::shape::Shape;
use std::borrow::Cow;

/// The arguments of a layer as they are meant for `input`, or that one of them is for two axes where the input is a sequence.
///
/// On maps and vectors they are as they are written. What was read before stays as it is.
pub fn read<'a, L: Layer>(args: &'a Args, input: &Shape) -> Result<Cow<'a, Args>, Problem> {
    if input.as_sequence().is_none() {
        return Ok(Cow::Borrowed(args));
    }
    let mut args = args.clone();
    for ((name, arg), param) in args.0.iter_mut().zip(L::SIGNATURE) {
        let problem =
            |is: &str| Problem::argument(name, format!("`{name}` of `{}` {is}, but its input is the sequence {input}", L::NAME));
        let along = match (param.kind, &*arg) {
            (Kind::Pair | Kind::Factor, Arg::Int(value)) => Arg::Along(*value),
            (Kind::Pair | Kind::Factor, Arg::Pair([rows, columns])) => {
                let help = format!("a sequence has one axis to slide along: write one number, as in `{name} = {columns}`");
                return Err(problem(&format!("is {rows}x{columns}, rows by columns")).help(help));
            }
            (Kind::Pad { .. }, Arg::Pad(Padding::Each(side))) => Arg::Pad(Padding::Along([*side; 2])),
            (Kind::Pad { .. }, Arg::Pad(Padding::Two(sides))) => Arg::Pad(Padding::Along(*sides)),
            (Kind::Pad { .. }, Arg::Pad(pad @ Padding::Sides([_, left, _, right]))) => {
                let ends = written(&Arg::Pad(Padding::Along([*left, *right])));
                let help =
                    format!("a sequence has two ends: write one number for both, or `(left, right)`, as in `{name} = {ends}`");
                return Err(problem(&format!("is {}, for four sides", written(&Arg::Pad(*pad)))).help(help));
            }
            _ => continue,
        };
        *arg = along;
    }
    Ok(Cow::Owned(args))
}

/// The same for an input that the layer has accepted.
pub fn inferred<'a, L: Layer>(args: &'a Args, input: &Shape) -> Cow<'a, Args> {
    read::<L>(args, input).unwrap_or_else(|problem| unreachable!("inferred before, but {problem}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::conv::Conv;
    use crate::ops::testing::{args, infer, problem};

    const FILTERS: (&str, Arg) = ("filters", Arg::Int(8));

    #[test]
    fn one_number_is_along_the_sequence_and_stays_so() {
        let call = args::<Conv>(&[FILTERS, ("window", Arg::Int(5)), ("pad", Arg::Pad(Padding::Two([1, 2])))]);
        let (map, sequence) = (Shape::map(2, 9, 9), Shape::sequence(2, 9));
        let of_map = read::<Conv>(&call, &map).expect("accepted");
        assert_eq!((of_map.pair("window"), of_map.pad("pad").sides()), ([5, 5], Some([1, 2, 1, 2])));
        let read_once = read::<Conv>(&call, &sequence).expect("accepted");
        assert_eq!((read_once.int("filters"), read_once.pair("window"), read_once.pair("stride")), (8, [1, 5], [1, 1]));
        assert_eq!(read_once.pad("pad").sides(), Some([0, 1, 0, 2]));
        assert_eq!(read::<Conv>(&read_once, &sequence).expect("accepted"), read_once);
        assert_eq!(infer::<Conv>(&call.0, std::slice::from_ref(&sequence)), Ok(Shape::sequence(8, 8)));
    }

    #[test]
    fn what_is_for_two_axes_is_a_problem() {
        let on_sequence = |more: &[(&'static str, Arg)]| problem::<Conv>(&[&[FILTERS], more].concat(), &[Shape::sequence(2, 9)]);
        assert_eq!(
            on_sequence(&[("window", Arg::Pair([3, 5]))]),
            "`window` of `conv` is 3x5, rows by columns, but its input is the sequence [2, 9]\n\
             help: a sequence has one axis to slide along: write one number, as in `window = 5`"
        );
        assert_eq!(
            on_sequence(&[("window", Arg::Int(3)), ("pad", Arg::Pad(Padding::Sides([0, 1, 0, 2])))]),
            "`pad` of `conv` is (0, 1, 0, 2), for four sides, but its input is the sequence [2, 9]\n\
             help: a sequence has two ends: write one number for both, or `(left, right)`, as in `pad = (1, 2)`"
        );
    }
}
