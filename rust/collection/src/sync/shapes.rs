//! What notes need to know of their notetype, kept for the length of a sync.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::error::Result;
use crate::objects::notetypes::{self, NotetypeShape};

/// Shapes seen so far. Must be emptied when notetypes change.
#[derive(Debug, Default)]
pub(super) struct NotetypeShapes(HashMap<i64, NotetypeShape>);

impl NotetypeShapes {
    /// The notetype's shape, or `None` when it does not exist.
    pub(super) fn get(&mut self, conn: &Connection, id: i64) -> Result<Option<NotetypeShape>> {
        if let Some(shape) = self.0.get(&id) {
            return Ok(Some(*shape));
        }
        let shape = notetypes::shape(conn, id)?;
        if let Some(shape) = shape {
            self.0.insert(id, shape);
        }
        Ok(shape)
    }
}
