//! `shuffle_channels(groups)`: channels of all groups in turn.
//!
//! - Formula: `out[j·groups + i] = in[i·(C/groups) + j]`, channel by channel.
//! - Shapes: kept; the groups divide the channels.
//! - Parameters: none.
//! - Example: `shuffle_channels(2)` takes the channels 0 1 2 3 4 5 to 0 3 1 4 2 5.
//! - Source: Zhang et al., *ShuffleNet* (2018); PyTorch's `nn.ChannelShuffle`.

use super::sizes::Inferred;
use super::{Default, Inputs, Kind, Layer, Lowering, Param};
use crate::diag::Problem;
use crate::graph::Args;
use crate::shape::{Shape, Sizes};
use crate::tensor::{Float, Tensor};

/// See the module.
pub struct ShuffleChannels;

impl Layer for ShuffleChannels {
    const NAME: &'static str = "shuffle_channels";
    const ABOUT: &'static str = "channels of all groups in turn";
    const SOURCE: &'static str = "`nn.ChannelShuffle`";
    const INPUTS: Inputs = Inputs::One;
    const SIGNATURE: &'static [Param] =
        &[Param { name: "groups", kind: Kind::Size, default: Default::Required, about: "which divide the channels" }];

    fn infer(args: &Args, inputs: &[&Shape]) -> Result<Shape, Problem> {
        let (channels, groups) = (inputs[0].chw()[0], args.int("groups"));
        if !channels.is_multiple_of(groups) {
            let message = format!("{groups} groups do not divide the {channels} channels of {}", inputs[0]);
            return Err(Problem::argument("groups", message));
        }
        Ok(inputs[0].clone())
    }

    fn infer_sizes(_args: &Args, inputs: &[&Sizes]) -> Option<Inferred> {
        inputs[0].chw()[0].known()?;
        Some(Inferred::same(inputs[0]))
    }

    fn evaluate<T: Float>(args: &Args, inputs: &[&Tensor<T>], _weights: &[Tensor<T>]) -> Tensor<T> {
        let groups = args.int("groups");
        let per_group = inputs[0].shape.chw()[0] / groups;
        Tensor::from_fn(inputs[0].shape.clone(), |c, y, x| inputs[0].at(c % groups * per_group + c / groups, y, x))
    }

    fn lower(args: &Args, inputs: &[&Shape], _output: &Shape) -> Lowering {
        match args.int("groups") {
            1 => Lowering::Identity,
            groups if groups == inputs[0].chw()[0] => Lowering::Identity,
            groups => Lowering::Shuffle { groups },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Arg;
    use crate::ops::testing::{counting, evaluate, problem};

    #[test]
    fn groups_take_turns() {
        let output = evaluate::<ShuffleChannels>(&[("groups", Arg::Int(2))], &[counting(&[6])], &[]);
        assert_eq!(output.data, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }

    #[test]
    fn groups_divide_the_channels() {
        assert_eq!(
            problem::<ShuffleChannels>(&[("groups", Arg::Int(4))], &[Shape::map(6, 2, 2)]),
            "4 groups do not divide the 6 channels of [6, 2, 2]"
        );
    }
}
