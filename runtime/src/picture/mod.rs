//! A network's layers as a figure: [`Picture`]. Floor 5.
//!
//! `blocks` makes nodes and nested groups of the layers by their paths, `layout` places them, `svg` and `dot` write them down.

mod blocks;
mod dot;
mod layout;
mod svg;

use convoke_compiler::plan::Plan;

use self::blocks::Blocks;
use crate::numbers::thousands;

/// The layers of a network and how values flow between them, to be drawn: what `to_svg()` and `to_dot()` draw.
///
/// It flows from top to bottom. Layers whose paths share a beginning stand in a box with its name, nested as the paths are. A
/// normalisation or activation stands in the node of the layer that it follows. Each node has the sizes of its output and its
/// number of learned parameters; in an SVG file, pointing at it shows the whole calls.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    blocks: Blocks,
    /// Under the name: what the network amounts to.
    caption: String,
}

impl Picture {
    /// The layers of a plan.
    pub fn of(plan: &Plan) -> Picture {
        let (parameters, macs) = (thousands(plan.n_parameters() as u64), thousands(plan.macs()));
        Picture { blocks: Blocks::of(plan), caption: format!("{parameters} parameters, {macs} multiply-adds an image") }
    }

    /// A complete SVG file, which needs nothing else: no style sheet, no font, no script.
    #[must_use]
    pub fn to_svg(&self) -> String {
        svg::write(&self.blocks, &self.caption)
    }

    /// A graph in Graphviz's language, groups as clusters.
    #[must_use]
    pub fn to_dot(&self) -> String {
        dot::write(&self.blocks, &self.caption)
    }
}

#[cfg(test)]
mod tests;
