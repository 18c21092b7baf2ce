//! Valid files with random bytes changed.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever is accepted must be a collection; nothing may panic.
    #[test]
    fn random_damage_never_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20)
    ) {
        let mut bytes = valid_bytes().to_vec();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        let upload = Upload::of(&bytes);
        if upload.accept().is_ok() {
            prop_assert!(Collection::open(&upload.path).is_ok());
        }
    }

    /// The first pages hold the header and the schema, where damage does most.
    #[test]
    fn a_damaged_schema_never_panics(
        damage in prop::collection::vec((0usize..8192, any::<u8>()), 1..8)
    ) {
        let mut bytes = valid_bytes().to_vec();
        for (place, byte) in damage {
            bytes[place] = byte;
        }
        let upload = Upload::of(&bytes);
        if upload.accept().is_ok() {
            prop_assert!(Collection::open(&upload.path).is_ok());
        }
    }
}
