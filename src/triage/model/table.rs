//! The weights of the features that count, in a table that knows most of what it does not hold.
//!
//! In a plain hashed model a feature that training never saw gets the weight of some other one, and
//! most features of a new text are such. Here each weight stands beside one byte of the hash of its
//! feature, so a strange feature is taken for a known one about three times in a hundred. Floor 1.

/// A feature of a text, as the hash of its letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Feature(pub(super) u64);

/// How many groups there are; a feature is looked for in one of them.
const GROUPS: usize = 6144;
/// How many weights a group holds.
const WAYS: usize = 8;
/// How many weights there is room for.
pub const ROOM: usize = GROUPS * WAYS;
/// The bytes of a table: a mark and a weight for each.
pub const BYTES: usize = 2 * ROOM;

/// The mark of a place that holds nothing.
const FREE: u8 = 0;

/// Some weights, each with the mark of its feature.
#[derive(Clone, Copy, Debug, Default)]
struct Group {
    marks: [u8; WAYS],
    weights: [i8; WAYS],
}

/// The weights of a model.
#[derive(Clone, Debug)]
pub struct Table(Box<[Group]>);

impl Default for Table {
    fn default() -> Self {
        Self(vec![Group::default(); GROUPS].into_boxed_slice())
    }
}

impl Feature {
    /// The group that may hold it, and its mark there.
    #[inline]
    fn place(self) -> (usize, u8) {
        // The high bits are the best ones of a product; the mark takes others than the group.
        let mixed = self.0.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let [_, _, _, mark, a, b, c, d] = mixed.to_le_bytes();
        let high = u64::from(u32::from_le_bytes([a, b, c, d]));
        let group = (high * GROUPS as u64) >> 32;
        let group = group as usize;
        (group, if mark == FREE { 1 } else { mark })
    }
}

impl Table {
    /// The weight of a feature: 0 when it is not held.
    #[inline]
    #[must_use]
    pub fn weight(&self, feature: Feature) -> i8 {
        let (group, mark) = feature.place();
        let group = &self.0[group];
        let mut weight = 0;
        for (&held, &own) in group.marks.iter().zip(&group.weights) {
            // No branch: all eight are compared at once. A mark stands once in a group.
            weight |= if held == mark { own } else { 0 };
        }
        weight
    }

    /// Gives a feature a place, with the weight 0. `false` when its group is full, or holds another feature with its mark.
    pub fn admit(&mut self, feature: Feature) -> bool {
        let (group, mark) = feature.place();
        let marks = &mut self.0[group].marks;
        if marks.contains(&mark) {
            return false;
        }
        let free = marks.iter_mut().find(|held| **held == FREE);
        free.map(|held| *held = mark).is_some()
    }

    /// Changes the weight of a feature that was admitted.
    pub fn set(&mut self, feature: Feature, weight: i8) {
        let (group, mark) = feature.place();
        let group = &mut self.0[group];
        if let Some(at) = group.marks.iter().position(|&held| held == mark) {
            group.weights[at] = weight;
        }
    }

    /// The table as bytes: group by group, the marks and then the weights.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        let groups = self.0.iter();
        groups
            .flat_map(|group| {
                let weights = group.weights.map(i8::cast_unsigned);
                group.marks.into_iter().chain(weights)
            })
            .collect()
    }

    /// The table of so many bytes as [`BYTES`] says.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let (groups, rest) = bytes.as_chunks::<{ 2 * WAYS }>();
        if groups.len() != GROUPS || !rest.is_empty() {
            return None;
        }
        let groups = groups.iter().map(|group| {
            let (marks, weights) = group.split_at(WAYS);
            let mut read = Group::default();
            read.marks.copy_from_slice(marks);
            for (own, &byte) in read.weights.iter_mut().zip(weights) {
                *own = byte.cast_signed();
            }
            read
        });
        Some(Self(groups.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_admitted_is_found_again_and_little_else_is() {
        let mut table = Table::default();
        let feature = |n: u64| Feature(n.wrapping_mul(0x0123_4567_89ab_cdef) ^ (n << 40));
        let held: Vec<u64> = (0..30_000).filter(|&n| table.admit(feature(n))).collect();
        assert!(held.len() > 28_500, "{}", held.len());
        for &n in &held {
            table.set(feature(n), i8::try_from(n % 100).unwrap() + 1);
        }
        let table = Table::read(&table.write()).unwrap();
        for &n in &held {
            assert_eq!(
                i64::from(table.weight(feature(n))),
                i64::try_from(n % 100).unwrap() + 1
            );
        }
        let strange = (50_000..60_000).filter(|&n| table.weight(feature(n)) != 0);
        assert!(strange.count() < 500);
    }

    #[test]
    fn a_full_group_admits_no_more() {
        let mut table = Table::default();
        let admitted = (0..200_000_u64).filter(|&n| table.admit(Feature(n << 20)));
        assert!(admitted.count() <= ROOM);
    }

    #[test]
    fn other_sizes_are_no_table() {
        assert!(Table::read(&vec![0; BYTES - 1]).is_none());
        assert!(Table::read(&vec![0; BYTES + 16]).is_none());
    }
}
