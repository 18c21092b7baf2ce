//! What an endpoint keeps about itself: a few texts by name.

use rusqlite::{OptionalExtension, params};

use super::{Registry, RegistryError};

impl Registry {
    /// What is kept under a name.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn setting(&self, name: &str) -> Result<Option<String>, RegistryError> {
        self.database.read(|connection| {
            connection
                .query_row("SELECT value FROM settings WHERE name = ?", [name], |row| row.get(0))
                .optional()
        })
    }

    /// What is kept under a name; where nothing is, `first` from now on. Of two who ask at once both
    /// get the same.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn setting_or(&self, name: &str, first: &str) -> Result<String, RegistryError> {
        if let Some(kept) = self.setting(name)? {
            return Ok(kept);
        }
        self.database.write(|connection| {
            connection.execute(
                "INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
                [name, first],
            )?;
            let kept = "SELECT value FROM settings WHERE name = ?";
            Ok(connection.query_row(kept, [name], |row| row.get(0))?)
        })
    }

    /// Keeps a text under a name, in place of what was there.
    ///
    /// # Errors
    /// A failure of the disk.
    pub fn set_setting(&self, name: &str, value: &str) -> Result<(), RegistryError> {
        self.database.write(|connection| {
            connection.execute(
                "INSERT INTO settings (name, value) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET value = ?2",
                params![name, value],
            )?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::TestRegistry;

    #[test]
    fn the_first_value_stays_until_another_is_set() {
        let test = TestRegistry::new();
        assert_eq!(test.registry.setting("a").unwrap(), None);
        assert_eq!(test.registry.setting_or("a", "1").unwrap(), "1");
        assert_eq!(test.another().setting_or("a", "2").unwrap(), "1");
        test.registry.set_setting("a", "3").unwrap();
        test.registry.set_setting("b", "4").unwrap();
        assert_eq!(test.another().setting("a").unwrap().as_deref(), Some("3"));
    }
}
