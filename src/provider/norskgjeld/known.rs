//! The ids of events that a reading of the feed has handed out, as one text: what a page is told of the pages before it.
//!
//! Sorted, so that no choice of ids makes looking one up slow, and searched where it stands, so that a page costs no look at all.
//! Refuses nothing: what is in the text is known.

use alloc::collections::BTreeMap;
use alloc::string::String;
use core::cmp::Ordering;

use crate::ground::json::push_string;

/// Stands after each id; within one it is escaped, as the ids stand there as texts of JSON.
const MARK: u8 = b'\t';

/// Ids in their order.
#[derive(Debug, Default)]
pub(super) struct Known(String);

impl Known {
    /// Those of a text that [`as_str`](Self::as_str) gave.
    pub(super) fn read(text: &str) -> Self {
        Self(text.into())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// An id as it stands here.
    pub(super) fn entry(id: &str) -> String {
        let mut text = String::new();
        push_string(&mut text, id);
        text
    }

    /// Where an entry that is not here would stand.
    pub(super) fn place(&self, entry: &str) -> Option<usize> {
        let text = self.0.as_bytes();
        let (mut low, mut high) = (0, text.len());
        while low < high {
            let middle = low.midpoint(high);
            let before = text.get(low..middle).unwrap_or_default();
            let start = before.iter().rposition(|octet| *octet == MARK).map_or(low, |at| low.saturating_add(at).saturating_add(1));
            let rest = text.get(start..).unwrap_or_default();
            let length = rest.iter().position(|octet| *octet == MARK).unwrap_or(rest.len());
            match rest.get(..length).unwrap_or_default().cmp(entry.as_bytes()) {
                Ordering::Equal => return None,
                Ordering::Less => low = start.saturating_add(length).saturating_add(1),
                Ordering::Greater => high = start,
            }
        }
        Some(low.min(text.len()))
    }

    /// Takes in new entries, each with its [`place`](Self::place).
    pub(super) fn add(&mut self, entries: &BTreeMap<String, usize>) {
        let mut text = String::with_capacity(self.0.len().saturating_add(entries.keys().map(|entry| entry.len().saturating_add(1)).sum()));
        let mut taken = 0;
        for (entry, at) in entries {
            text.push_str(self.0.get(taken..*at).unwrap_or_default());
            text.push_str(entry);
            text.push(char::from(MARK));
            taken = *at;
        }
        text.push_str(self.0.get(taken..).unwrap_or_default());
        self.0 = text;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_added_is_known_and_nothing_else() {
        let mut known = Known::default();
        let mut state = 7_u32;
        let mut all = alloc::collections::BTreeSet::new();
        for _ in 0..40 {
            let mut page = BTreeMap::new();
            for _ in 0..25 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let entry = Known::entry(&alloc::format!("{}\t\"\u{f8}{}", state >> 24, state >> 9));
                if let Some(place) = known.place(&entry) {
                    page.insert(entry, place);
                }
            }
            known.add(&page);
            all.extend(page.into_keys());
        }
        known = Known::read(known.as_str());
        assert!(all.len() > 500 && all.iter().all(|entry| known.place(entry).is_none()));
        assert_eq!(known.as_str().split_terminator('\t').collect::<alloc::vec::Vec<_>>(), all.iter().collect::<alloc::vec::Vec<_>>());
        for other in ["", "\"", "\"0", "a", "\"zz\"", "\"1\""] {
            assert!(known.place(other).is_some(), "{other}");
        }
    }
}
