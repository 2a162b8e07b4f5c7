//! Convolutions that are computed together, some rows of each at a time.

use super::{Conv, List, View};

/// Convolutions each of which reads what the one before it writes, a strip of rows at a time: what lies between them is never in memory
/// as a whole, and the rows that there are stay in cache. How many at a time is the kernel's; results do not depend on it.
#[derive(Clone, Debug, PartialEq)]
pub struct Strips {
    /// All but the last, in order. Each writes a map at [`Place::Strip`](super::Place::Strip) with the border that the next one reads.
    pub before: List<Conv>,
    /// The last one.
    pub last: Conv,
}

impl Strips {
    /// Most convolutions of a step.
    pub const MOST: usize = 8;

    /// All convolutions, in order.
    pub fn convs(&self) -> impl DoubleEndedIterator<Item = &Conv> {
        self.before.iter().chain([&self.last])
    }

    /// What the first one reads.
    pub fn input(&self) -> &View {
        self.before.first().map_or(&self.last.input, |first| &first.input)
    }

    /// The same, each convolution changed.
    pub fn map(&self, change: impl Fn(&Conv) -> Conv) -> Strips {
        Strips { before: self.before.iter().map(&change).collect(), last: change(&self.last) }
    }
}

impl Conv {
    /// Rows of the input that one row of results covers.
    pub fn extent(&self) -> usize {
        (self.window[0] - 1) * self.dilation[0] + 1
    }

    /// Rows and columns around its input that it reads: top, left, bottom, right.
    pub fn border(&self) -> [usize; 4] {
        let sizes = [self.input.height, self.input.width];
        let after = |axis: usize| {
            let end = (self.size()[axis] - 1) * self.stride[axis] + (self.window[axis] - 1) * self.dilation[axis] + 1;
            end.saturating_sub(self.pad[axis] + sizes[axis])
        };
        [self.pad[0], self.pad[1], after(0), after(1)]
    }

    /// Whether each row of windows covers a row of the map, not only of the border.
    pub fn meets_rows(&self) -> bool {
        self.pad[0] < self.extent() && (self.size()[0] - 1) * self.stride[0] < self.pad[0] + self.input.height
    }
}
