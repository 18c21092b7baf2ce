//! What people read on their other devices, from an endpoint inside an app.

use deckport_endpoint::{KeptCopy, Texts, WhyKept};

use crate::options::EndpointOptions;

/// English texts that name the hosting app and its time.
#[derive(Debug)]
pub(crate) struct AppTexts {
    app_name: String,
    utc_offset_minutes: i32,
}

impl AppTexts {
    /// As the options say.
    pub(crate) fn of(options: &EndpointOptions) -> AppTexts {
        let EndpointOptions { app_name, utc_offset_minutes, .. } = options.clone();
        AppTexts { app_name, utc_offset_minutes }
    }
}

impl Texts for AppTexts {
    fn copy_kept(&self, copy: &KeptCopy) -> String {
        let what = match &copy.why {
            WhyKept::MuchSmaller { before, after } => format!(
                "it had {} cards and {} reviews, now there are {} and {}",
                before.cards, before.reviews, after.cards, after.reviews
            ),
            _ => "it had changes of another device that this one had not seen".to_owned(),
        };
        let made = deckport_endpoint::readable_time(copy.made_ms, self.utc_offset_minutes);
        format!(
            "Your last upload from this device replaced another collection: {what}.\n\nNothing is \
             lost: a copy of the replaced collection was kept on {made}. If you want it back, open \
             {} on the device that hosts and restore the backup {}. If you meant to replace it, \
             there is nothing to do.",
            self.app_name, copy.backup
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_the_app_the_backup_and_the_local_time() {
        let mut options = EndpointOptions::new("data");
        options.app_name = "My Cards".to_owned();
        options.utc_offset_minutes = -90;
        let copy = KeptCopy {
            backup: "2026-11-20-123127-upload".to_owned(),
            made_ms: 1_795_177_887_205,
            why: WhyKept::NotSeen,
        };
        let text = AppTexts::of(&options).copy_kept(&copy);
        for part in ["My Cards", "restore the backup 2026-11-20-123127", "2026-11-20 11:01"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains(['<', '>', '&']));
    }
}
