//! Where buffers lie in the arena: lifetimes, then offsets, the largest first, each as low as those alive beside it allow.
//!
//! Two buffers share memory when no step needs both. A buffer with a border then has it cleared in every run, unless its zeros are
//! still there from a buffer whose zeros were in the same places, as those of the maps of one resolution of a ResNet are.

use super::layout::{Buffer, MAX_LEN};
use super::steps::Draft;
use crate::plan::{ClearBorder, Kernel, Place, Step, Text, View};

/// Buffers start at multiples of as many elements: one cache line of f32.
const ALIGN: usize = 16;

/// A buffer in the arena.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot {
    /// Index into the layout's buffers.
    pub buffer: usize,
    /// First and last step that touches it.
    pub steps: [usize; 2],
    /// Of its first element.
    pub offset: usize,
    /// Elements, rounded up.
    pub len: usize,
    /// Whether its zeros are written in every run.
    pub cleared: bool,
}

impl Slot {
    /// Whether two buffers have elements in common.
    pub fn overlaps(&self, other: &Slot) -> bool {
        self.offset < other.offset + other.len && other.offset < self.offset + self.len
    }
}

/// Places every buffer that steps use. The error says that the arena would be larger than memory can be.
pub fn place(buffers: &[Buffer], drafts: &[Draft]) -> Result<(Vec<Slot>, usize), String> {
    let mut slots = lifetimes(buffers, drafts);
    let mut order: Vec<usize> = (0..slots.len()).collect();
    order.sort_by_key(|&slot| (std::cmp::Reverse(slots[slot].len), slots[slot].steps, slots[slot].buffer));
    let mut placed_at: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    let mut arena_len: usize = 0;
    for slot in order {
        let Slot { steps: [first, last], len, .. } = slots[slot];
        let mut beside: Vec<usize> = placed_at[first..=last].iter().flatten().copied().collect();
        beside.sort_by_key(|&other| (slots[other].offset, other));
        let mut offset = 0;
        for other in beside.into_iter().map(|other| &slots[other]) {
            if offset + len <= other.offset {
                break;
            }
            offset = offset.max(other.offset + other.len);
        }
        slots[slot].offset = offset;
        placed_at[first..=last].iter_mut().for_each(|placed| placed.push(slot));
        arena_len = arena_len.max(offset + len);
        if arena_len > MAX_LEN {
            return Err("its values need more memory than a machine has".to_string());
        }
    }
    for slot in 0..slots.len() {
        slots[slot].cleared = must_clear(buffers, &slots, &slots[slot]);
    }
    Ok((slots, arena_len))
}

/// Whether something was written where a slot needs zeros since they were last there: at the start of a session, where nothing
/// else ever writes there, or when a slot of the same zeros began, where nothing has written there since.
fn must_clear(buffers: &[Buffer], slots: &[Slot], slot: &Slot) -> bool {
    let writers: Vec<&Slot> = slots.iter().filter(|other| slot.overlaps(other) && !same_zeros(buffers, slot, other)).collect();
    let kept_since = |earlier: &Slot| {
        let [since, until] = [earlier.steps[0], slot.steps[0]];
        since < until && same_zeros(buffers, slot, earlier) && writers.iter().all(|w| w.steps[1] < since || until < w.steps[0])
    };
    has_zeros(&buffers[slot.buffer]) && !writers.is_empty() && !slots.iter().any(kept_since)
}

/// Whether what one step needs lies apart. The error is a mistake of [`place`].
pub fn check(slots: &[Slot]) -> Result<(), String> {
    let mut order: Vec<&Slot> = slots.iter().collect();
    order.sort_by_key(|slot| slot.steps);
    let mut alive: Vec<&Slot> = Vec::new();
    for slot in order {
        alive.retain(|other| other.steps[1] >= slot.steps[0]);
        if let Some(other) = alive.iter().find(|other| other.overlaps(slot)) {
            return Err(format!(
                "buffers {} and {} overlap while both are alive: {other:?}, {slot:?}",
                other.buffer, slot.buffer
            ));
        }
        alive.push(slot);
    }
    Ok(())
}

/// The steps that clear a slot's zeros, counted from its buffer's start.
pub fn clearing(buffer: &Buffer, name: &str) -> Vec<Step> {
    let mut regions = Vec::new();
    if buffer.border != [0; 4] {
        regions.push((buffer.view(), buffer.border));
    }
    for &(view, before, after) in &buffer.zero_channels {
        regions.push((channels_as_columns(&view), [0, before, 0, after]));
    }
    let step = |(view, border)| Step {
        name: Text::Owned(format!("zeros around {name}")),
        kernel: Kernel::ClearBorder(ClearBorder { view, border }),
    };
    regions.into_iter().map(step).collect()
}

/// A slice of channels as a map with a pixel per row and a channel per column, so that channels beside it are its border.
///
/// Pixels of a buffer lie at one distance from each other over the ends of rows, too; the border's pixels are rows like others.
fn channels_as_columns(view: &View) -> View {
    let pixels = (view.height - 1) * (view.row / view.pixel) + view.width;
    View { height: pixels, width: view.channels, channels: 1, row: view.pixel, pixel: 1, ..*view }
}

/// The first and last step of each buffer in the arena, in the order of the buffers.
fn lifetimes(buffers: &[Buffer], drafts: &[Draft]) -> Vec<Slot> {
    let mut steps: Vec<Option<[usize; 2]>> = vec![None; buffers.len()];
    for (step, draft) in drafts.iter().enumerate() {
        for &buffer in &draft.buffers {
            steps[buffer].get_or_insert([step, step])[1] = step;
        }
    }
    let slot = |(index, (buffer, steps)): (usize, (&Buffer, Option<[usize; 2]>))| {
        let len = buffer.len().next_multiple_of(ALIGN);
        let slot = Slot { buffer: index, steps: steps?, offset: 0, len, cleared: false };
        (buffer.place == Place::Arena).then_some(slot)
    };
    buffers.iter().zip(steps).enumerate().filter_map(slot).collect()
}

/// Whether some of a buffer has to be zero.
fn has_zeros(buffer: &Buffer) -> bool {
    buffer.border != [0; 4] || !buffer.zero_channels.is_empty()
}

/// Whether two slots are alike, so that neither writes where the other needs zeros.
fn same_zeros(buffers: &[Buffer], a: &Slot, b: &Slot) -> bool {
    let (first, second) = (&buffers[a.buffer], &buffers[b.buffer]);
    a.offset == b.offset
        && (first.size, first.border, &first.zero_channels) == (second.size, second.border, &second.zero_channels)
}
