//! Where the elements of a map are.

/// Where a view's elements live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The arena of the image.
    Arena,
    /// The input of that index.
    Input(usize),
    /// The output of that index.
    Output(usize),
    /// Between two convolutions of one step, see [`Strips`](super::Strips): nowhere as a whole.
    Strip,
}

/// A map `height` × `width` × `channels` at a place in memory, by strides: a value, a slice of a concatenation, a subsampling.
///
/// A sequence is a map of one row, a vector a map of one pixel. Inside, maps are NHWC: `channel` is 1. Ports are NCHW: `pixel` is 1.
/// Rows and columns beyond the map may be zero borders that a window reads; the plan says so by what it clears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// What the offset counts from.
    pub place: Place,
    /// Of channel 0 at row 0, column 0.
    pub offset: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Channels.
    pub channels: usize,
    /// Distance between rows.
    pub row: usize,
    /// Distance between columns.
    pub pixel: usize,
    /// Distance between channels.
    pub channel: usize,
}

impl View {
    /// At a place, from its offset, height, width and channels, and the distances between its rows, pixels and channels.
    pub const fn new(place: Place, offset: usize, [height, width, channels]: [usize; 3], strides: [usize; 3]) -> View {
        let [row, pixel, channel] = strides;
        View { place, offset, height, width, channels, row, pixel, channel }
    }

    /// Whether its elements lie side by side in the order row, column, channel: a stretch of memory without gaps.
    pub fn is_dense(&self) -> bool {
        self.channel == 1
            && (self.height * self.width == 1 || self.pixel == self.channels)
            && (self.height == 1 || self.row == self.width * self.pixel)
    }

    /// Its channels exchanged with its rows (axis 1) or its columns (2); as it is for axis 0.
    pub fn exchanged(self, axis: usize) -> View {
        let View { height, width, channels, row, pixel, channel, .. } = self;
        match axis {
            0 => self,
            1 => View { height: channels, channels: height, row: channel, channel: row, ..self },
            _ => View { width: channels, channels: width, pixel: channel, channel: pixel, ..self },
        }
    }

    /// Some positions of its channels (axis 0), rows (1) or columns (2): `size` of them, `step` apart.
    pub fn taken(self, axis: usize, first: usize, step: usize, size: usize) -> View {
        let mut view = self;
        let (stride, n) = match axis {
            0 => (&mut view.channel, &mut view.channels),
            1 => (&mut view.row, &mut view.height),
            _ => (&mut view.pixel, &mut view.width),
        };
        view.offset += first * *stride;
        (*stride, *n) = (*stride * step, size);
        view
    }

    /// Its axes in another order: channel, row and column are these of its own.
    pub fn permuted(self, [channel, row, column]: [usize; 3]) -> View {
        let sizes = [self.channels, self.height, self.width];
        let strides = [self.channel, self.row, self.pixel];
        View {
            channels: sizes[channel],
            height: sizes[row],
            width: sizes[column],
            channel: strides[channel],
            row: strides[row],
            pixel: strides[column],
            ..self
        }
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Whether it has no elements; never so in an accepted plan.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
