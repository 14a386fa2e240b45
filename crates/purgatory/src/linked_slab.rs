//! Many linked lists in one vector: stable keys, removal from the middle in O(1), freed places used again.

/// Where a value lies; a key never finds the value that took the place later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SlabKey {
    index: u32,
    generation: u64,
}

/// The ends of one list of a [`LinkedSlab`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct List {
    /// First and last place; `None` while the list is empty.
    ends: Option<(u32, u32)>,
}

#[derive(Debug)]
struct Place<T> {
    generation: u64,
    before: Option<u32>,
    after: Option<u32>,
    value: Option<T>,
}

/// Values, each in exactly one list. Which list is for the caller to know.
#[derive(Debug)]
pub(crate) struct LinkedSlab<T> {
    places: Vec<Place<T>>,
    free: Vec<u32>,
    /// Of the next value; one counter for all places, so that the places of an empty slab can be given back.
    next_generation: u64,
}

impl List {
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_none()
    }
}

impl<T> LinkedSlab<T> {
    pub(crate) const fn new() -> Self {
        Self { places: Vec::new(), free: Vec::new(), next_generation: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// Places held, used or not.
    #[cfg(test)]
    pub(crate) fn places(&self) -> usize {
        self.places.len()
    }

    pub(crate) fn push_back(&mut self, list: &mut List, value: T) -> SlabKey {
        let generation = self.next_generation;
        self.next_generation += 1;
        let place = Place { generation, before: None, after: None, value: Some(value) };
        let index = match self.free.pop() {
            Some(index) => {
                self.places[index as usize] = place;
                index
            }
            None => {
                self.places.push(place);
                u32::try_from(self.places.len() - 1).expect("fewer than 2^32 operations fit into memory")
            }
        };
        self.link_back(list, index);
        SlabKey { index, generation }
    }

    /// The value under a key; `None` once it was removed.
    pub(crate) fn get(&self, key: SlabKey) -> Option<&T> {
        let place = self.places.get(key.index as usize)?;
        place.value.as_ref().filter(|_| place.generation == key.generation)
    }

    pub(crate) fn get_mut(&mut self, key: SlabKey) -> Option<&mut T> {
        let place = self.places.get_mut(key.index as usize)?;
        place.value.as_mut().filter(|_| place.generation == key.generation)
    }

    /// Takes a value out; `list` is the one it was put into. `None` where it is gone already.
    pub(crate) fn remove(&mut self, list: &mut List, key: SlabKey) -> Option<T> {
        self.get(key)?;
        self.unlink(list, key.index);
        let value = self.places[key.index as usize].value.take();
        self.free.push(key.index);
        if self.free.len() == self.places.len() {
            // After a burst the memory goes back.
            self.places = Vec::new();
            self.free = Vec::new();
        }
        value
    }

    /// Takes the first value of a list out.
    pub(crate) fn pop_front(&mut self, list: &mut List) -> Option<(SlabKey, T)> {
        let key = self.front(list)?;
        self.remove(list, key).map(|value| (key, value))
    }

    /// Moves the first value of one list to the end of another, the key staying valid.
    pub(crate) fn move_front(&mut self, from: &mut List, to: &mut List) {
        if let Some((first, _)) = from.ends {
            self.unlink(from, first);
            self.link_back(to, first);
        }
    }

    pub(crate) fn front(&self, list: &List) -> Option<SlabKey> {
        let (index, _) = list.ends?;
        Some(SlabKey { index, generation: self.places[index as usize].generation })
    }

    /// The values of a list, first to last.
    pub(crate) fn iter(&self, list: &List) -> impl Iterator<Item = &T> {
        let mut next = list.ends.map(|(first, _)| first);
        std::iter::from_fn(move || {
            let place = &self.places[next? as usize];
            next = place.after;
            place.value.as_ref()
        })
    }

    fn link_back(&mut self, list: &mut List, index: u32) {
        let last = list.ends.map(|(_, last)| last);
        if let Some(last) = last {
            self.places[last as usize].after = Some(index);
        }
        let place = &mut self.places[index as usize];
        (place.before, place.after) = (last, None);
        list.ends = Some((list.ends.map_or(index, |(first, _)| first), index));
    }

    fn unlink(&mut self, list: &mut List, index: u32) {
        let Place { before, after, .. } = self.places[index as usize];
        match before {
            Some(before) => self.places[before as usize].after = after,
            None => list.ends = list.ends.zip(after).map(|((_, last), after)| (after, last)),
        }
        match after {
            Some(after) => self.places[after as usize].before = before,
            None => list.ends = list.ends.zip(before).map(|((first, _), before)| (first, before)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_used_again_and_given_back_when_the_last_value_goes() {
        let mut slab = LinkedSlab::new();
        let mut list = List::default();
        for _ in 0..1000 {
            let keys: Vec<SlabKey> = (0..10).map(|number| slab.push_back(&mut list, number)).collect();
            assert!(slab.places() <= 11, "{} places for 11 values", slab.places());
            for key in &keys[1..] {
                slab.remove(&mut list, *key);
            }
            slab.push_back(&mut list, 99);
            slab.remove(&mut list, keys[0]);
            assert_eq!(slab.get(keys[0]), None);
            let last = slab.front(&list).expect("99 is still there");
            assert_eq!(slab.remove(&mut list, last), Some(99));
        }
        assert_eq!((slab.places(), slab.len()), (0, 0));
    }
}
