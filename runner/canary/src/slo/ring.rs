//! Counts by stretches of time, as far back as a window reaches and no further.

use std::time::Duration;

use super::millis;

/// `N` counts for each stretch of time. Nothing is allocated for a window that nobody asks about.
///
/// A count that is full stays full: with `u16` that is beyond 72 slots a second in a quarter of an hour, where no canary
/// comes near.
#[derive(Debug)]
pub(super) struct Ring<T, const N: usize> {
    step_ms: i64,
    /// The number of the newest stretch since 1970.
    newest: i64,
    cells: Box<[[T; N]]>,
}

impl<T: Copy + Default + Into<u64> + TryFrom<u64>, const N: usize> Ring<T, N> {
    /// Room for `window`, which may begin and end within a stretch.
    pub(super) fn new(step_ms: i64, window: Duration) -> Self {
        let steps = if window.is_zero() { 0 } else { (millis(window) + step_ms - 1) / step_ms + 1 };
        let cells = vec![[T::default(); N]; usize::try_from(steps).unwrap_or(0)].into_boxed_slice();
        Self { step_ms, newest: i64::MIN, cells }
    }

    /// Whether `window` is held in full.
    pub(super) fn reaches(&self, window: Duration) -> bool {
        millis(window) <= (self.len() - 1) * self.step_ms
    }

    /// Adds to the stretch that `at_ms` is in; nothing where that is over for good.
    pub(super) fn add(&mut self, at_ms: i64, counts: [u32; N]) {
        let index = at_ms.div_euclid(self.step_ms);
        if self.cells.is_empty() || index <= self.newest.saturating_sub(self.len()) {
            return;
        }
        self.clear_until(index);
        let cell = &mut self.cells[Self::place(index, self.len())];
        for (own, more) in cell.iter_mut().zip(counts) {
            let sum: u64 = (*own).into() + u64::from(more);
            *own = T::try_from(sum).unwrap_or_else(|_| Self::full());
        }
    }

    /// The counts in the window that ends at `now_ms`; the stretch in which it begins is in it whole.
    pub(super) fn sum(&self, window: Duration, now_ms: i64) -> [u64; N] {
        let mut sums = [0; N];
        let oldest = self.newest.saturating_sub(self.len() - 1);
        let from = (now_ms - millis(window)).div_euclid(self.step_ms).max(oldest);
        let until = now_ms.div_euclid(self.step_ms).min(self.newest);
        for index in from..=until {
            for (sum, own) in sums.iter_mut().zip(self.cells[Self::place(index, self.len())]) {
                *sum += own.into();
            }
        }
        sums
    }

    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.cells)
    }

    fn clear_until(&mut self, index: i64) {
        let first = self.newest.max(index.saturating_sub(self.len())).saturating_add(1);
        for gone in first..=index {
            self.cells[Self::place(gone, self.len())] = [T::default(); N];
        }
        self.newest = self.newest.max(index);
    }

    fn len(&self) -> i64 {
        i64::try_from(self.cells.len()).unwrap_or(i64::MAX)
    }

    fn place(index: i64, len: i64) -> usize {
        usize::try_from(index.rem_euclid(len)).unwrap_or(0)
    }

    /// The greatest count.
    fn full() -> T {
        let most = u64::MAX >> (64 - 8 * size_of::<T>());
        T::try_from(most).unwrap_or_default()
    }
}
