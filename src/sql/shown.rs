//! What a query shows of itself while it is lowered, to those who compare with it: whether it depends on the queries
//! around it, and whether it calls window functions.

/// What a query showed while it was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// Depth of the outermost query around it whose columns it names.
    pub(super) outermost: Option<usize>,
    /// Depths of the queries that call window functions.
    pub(super) windows: Vec<usize>,
}

impl Shown {
    pub(super) fn names(&mut self, depth: usize) {
        self.outermost = Some(self.outermost.map_or(depth, |known| known.min(depth)));
    }

    pub(super) fn absorb(&mut self, other: Self) {
        if let Some(depth) = other.outermost {
            self.names(depth);
        }
        self.windows.extend(other.windows);
    }
}
