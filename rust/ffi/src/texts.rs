//! What people read on their other devices, from an endpoint inside an app.

use std::fmt;
use std::sync::Arc;

use deckport_endpoint::{EnglishTexts, KeptCopy, Texts, Trouble, WhyNotMerged};
use deckport_ground::calendar::readable_time;

use crate::options::EndpointOptions;
use crate::translate::{self, DeviceText, Translator, translated};

/// English texts that name the hosting app and its time, unless the app says them in another
/// language.
pub(crate) struct AppTexts {
    app_name: String,
    utc_offset_minutes: i32,
    translator: Option<Arc<dyn Translator>>,
}

impl AppTexts {
    /// As the options say.
    pub(crate) fn of(
        options: &EndpointOptions,
        translator: Option<Arc<dyn Translator>>,
    ) -> AppTexts {
        let EndpointOptions { app_name, utc_offset_minutes, .. } = options.clone();
        AppTexts { app_name, utc_offset_minutes, translator }
    }

    fn translated(&self, text: DeviceText, english: String) -> String {
        translated(self.translator.as_deref(), text, english)
    }

    fn english_of(&self, copy: &KeptCopy) -> String {
        let made = readable_time(copy.made_ms, self.utc_offset_minutes);
        let (app, backup) = (&self.app_name, &copy.backup);
        copy.in_english(
            &made,
            &format!("open {app} on the device that hosts and restore the backup {backup}"),
        )
    }
}

impl fmt::Debug for AppTexts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppTexts").field("app_name", &self.app_name).finish_non_exhaustive()
    }
}

impl Texts for AppTexts {
    fn copy_kept(&self, _account: &str, copy: &KeptCopy) -> String {
        self.translated(translate::of_copy(copy), self.english_of(copy))
    }

    fn cannot_merge(&self, why: WhyNotMerged) -> String {
        self.translated(translate::of_conflict(why), EnglishTexts.cannot_merge(why))
    }

    fn trouble(&self, trouble: &Trouble) -> String {
        let english = EnglishTexts.trouble(trouble);
        match translate::of_trouble(trouble) {
            Some(text) => self.translated(text, english),
            None => english,
        }
    }
}

#[cfg(test)]
mod tests {
    use deckport_endpoint::WhyKept;

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
        let text = AppTexts::of(&options, None).copy_kept("anna", &copy);
        for part in ["My Cards", "restore the backup 2026-11-20-123127", "2026-11-20 11:01"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!text.contains(['<', '>', '&', '\n']));
    }

    /// Knows one text, throws at another, and leaves the rest.
    struct InGerman;

    impl Translator for InGerman {
        fn translate(
            &self,
            text: DeviceText,
            english: String,
        ) -> Result<Option<String>, crate::ListenerError> {
            assert!(!english.is_empty());
            match text {
                DeviceText::MediaOverQuota { max_bytes } => {
                    Ok(Some(format!("Mehr als {max_bytes} Bytes sind es nicht.")))
                }
                DeviceText::DiskFull => {
                    Err(crate::ListenerError::Failed { reason: "a bug".to_owned() })
                }
                DeviceText::NotetypesDiffer => panic!("a worse bug"),
                DeviceText::CountsDiffer => Ok(Some(" ".to_owned())),
                _ => Ok(None),
            }
        }
    }

    #[test]
    fn what_the_app_does_not_say_stays_english() {
        use deckport_endpoint::MediaTrouble;
        let texts = AppTexts::of(&EndpointOptions::new("data"), Some(Arc::new(InGerman)));
        let over = Trouble::Media(MediaTrouble::OverQuota(5));
        assert_eq!(texts.trouble(&over), "Mehr als 5 Bytes sind es nicht.");
        for trouble in [Trouble::DiskFull, Trouble::UploadArrivedDamaged] {
            assert_eq!(texts.trouble(&trouble), trouble.to_string());
        }
        for why in [WhyNotMerged::Notetype, WhyNotMerged::Mismatch, WhyNotMerged::Contents] {
            assert_eq!(texts.cannot_merge(why), EnglishTexts.cannot_merge(why));
        }
    }
}
