//! German.

use super::{Address, Answered, App, Apps, Certificate, Check, Form, Login, Trouble, Words};

pub(super) static WORDS: Words = Words {
    code: "de",
    sync_with: ("Anki mit ", " synchronisieren"),
    sync_here: "Anki hier synchronisieren",
    lead: "Das ist ein Sync-Server für Anki, und er läuft: Du liest gerade seine Seite. Deine Anki-Apps \
           synchronisieren mit ihm statt mit AnkiWeb.",
    address: Address {
        title: "Die Adresse",
        works_here: "Unter dieser Adresse ist dein Browser hierhergekommen, also findet sie auch Anki auf diesem \
                     Gerät.",
        this_device_only: "Diese Adresse gilt nur auf diesem Gerät. Auf anderen Geräten nimm die, die Deckport in \
                           seiner App oder im Terminal zeigt.",
        copy: "Kopieren",
        copied: "Kopiert",
        copy_yourself: "Markiert: drücke Strg+C oder halte sie gedrückt",
    },
    login: Login {
        title: "So verbindest du Anki",
        steps: [
            (
                "Melde dich zuerst bei AnkiWeb ab,",
                "wenn du es auf diesem Gerät benutzt hast. Sonst schickt Anki die alte Anmeldung und sagt, das \
                 Passwort sei falsch.",
            ),
            ("Gib die Adresse ein,", "wo deine App sie haben will: siehe unten."),
            (
                "Synchronisiere und melde dich an,",
                "mit Konto und Passwort, die Deckport zeigt. Die Apps nennen das Konto „AnkiWeb-ID“ oder „E-Mail“; \
                 gemeint ist das Konto dieses Servers.",
            ),
            (
                "Wähle beim ersten Mal die Richtung:",
                "„Hochladen“ auf dem Gerät mit deinen Stapeln, „Herunterladen“ auf allen anderen. Wo Anki von AnkiWeb \
                 spricht, meint es diesen Server.",
            ),
        ],
    },
    apps: Apps {
        title: "Wohin mit der Adresse",
        today: [
            App {
                name: "Anki auf dem Computer",
                versions: "ab 2.1.57",
                how: "Extras → Einstellungen → Synchronisierung. Starte Anki danach neu. Auf dem Mac sind die \
                      Einstellungen im Menü „Anki“.",
                fields: &[("Selbstgehosteter Synchronisierungs\u{ad}server", Form::Whole)],
            },
            App {
                name: "AnkiDroid",
                versions: "ab 2.17",
                how: "Einstellungen → Synchronisierung → Eigener Sync-Server. Geh zum Anmelden zurück zu \
                      Synchronisierung → AnkiWeb-Konto.",
                fields: &[("Sync-URL", Form::Whole)],
            },
            App {
                name: "AnkiMobile",
                versions: "iPhone und iPad",
                how: "Einstellungen → Synchronisierung. Wenn iOS fragt, erlaube AnkiMobile den Zugriff auf das lokale \
                      Netzwerk.",
                fields: &[("Eigener Sync-Server", Form::Whole)],
            },
        ],
        older_title: "Ältere Versionen",
        older: [
            App {
                name: "Anki",
                versions: "2.1.28 bis 2.1.56",
                how: "Zwei Umgebungsvariablen, gesetzt vor dem Start von Anki; beide mit Schrägstrich am Ende.",
                fields: &[("SYNC_ENDPOINT", Form::Sync), ("SYNC_ENDPOINT_MEDIA", Form::Media)],
            },
            App {
                name: "Anki",
                versions: "bis 2.1.26",
                how: "Ein Add-on, das die Sync-Adresse ändert.",
                fields: &[("Adresse", Form::Whole)],
            },
            App {
                name: "AnkiDroid",
                versions: "2.16",
                how: "Einstellungen → Synchronisierung → Eigener Sync-Server.",
                fields: &[("Sync-URL", Form::Whole)],
            },
            App {
                name: "AnkiDroid",
                versions: "bis 2.15",
                how: "Einstellungen → Erweitert → Eigener Sync-Server, zwei Adressen; beide ohne Schrägstrich am Ende.",
                fields: &[("Sync-URL", Form::Bare), ("Medien-Sync-URL", Form::BareMedia)],
            },
        ],
    },
    certificate: Certificate {
        title: "Das Zertifikat",
        what: "An diesem Zertifikat erkennen deine Geräte den Server, und niemand im Netz liest mit. Installiere es \
               einmal, dann nimm die Adresse mit https.",
        for_apps: "Für AnkiDroid und Linux (PEM)",
        for_systems: "Für Windows, macOS, Android und iOS",
        fingerprint: "Vergleiche den Fingerabdruck mit dem, den Deckport zeigt:",
        steps: [
            (
                "Windows",
                "Datei öffnen → Zertifikat installieren → Vertrauenswürdige Stammzertifizierungsstellen.",
            ),
            (
                "macOS",
                "Datei in der Schlüsselbundverwaltung öffnen, dann „Immer vertrauen“ wählen.",
            ),
            (
                "Linux",
                "Nach /usr/local/share/ca-certificates kopieren und update-ca-certificates ausführen.",
            ),
            (
                "Android",
                "AnkiDroid: Einstellungen → Synchronisierung → Eigener Sync-Server, den Text der PEM-Datei einfügen.",
            ),
            (
                "iOS",
                "Das Profil erlauben, in den Einstellungen installieren, dann unter Allgemein → Info → \
                 Zertifikats\u{ad}vertrauens\u{ad}einstellungen einschalten.",
            ),
        ],
    },
    check: Check {
        title: "Kommt dieses Gerät durch?",
        without_scripts: "Dass du das liest, zeigt: ja, über die Adresse oben. Mit Skripten versucht diese Seite auch \
                          die anderen Wege.",
        again: "Noch einmal prüfen",
        waiting: "Wird versucht …",
        unwell: "Der Server antwortet und meldet, dass etwas nicht stimmt:",
        not_from_https: "Nicht versucht: Eine Seite, die über https kam, darf im Browser nicht über http fragen. \
                         Öffne diese Adresse in einem neuen Tab, dann siehst du es.",
        http: Answered {
            good: "Dieses Gerät kommt durch.",
            bad: "Keine Antwort mehr. Deckport ist vielleicht angehalten, oder dieses Gerät hat das Netz verlassen.",
        },
        https: Answered {
            good: "Dieses Gerät kommt durch und vertraut dem Zertifikat.",
            bad: "Keine Verbindung. Entweder vertraut dieses Gerät dem Zertifikat noch nicht, oder etwas dazwischen \
                  sperrt https.",
        },
        name: Answered {
            good: "Dieses Gerät findet den Server unter seinem Namen. Der bleibt, auch wenn das Netz wechselt.",
            bad: "Dieses Gerät findet den Server nicht unter seinem Namen. Nimm die Adresse mit Zahlen.",
        },
    },
    trouble: Trouble {
        title: "Diese Seite erscheint, und Anki verbindet sich nicht?",
        hints: [
            "Vergleiche die Adresse in Anki mit der hier, Zeichen für Zeichen. Sie beginnt mit http:// oder https://.",
            "Starte Anki neu, wenn du die Adresse geändert hast.",
            "Anki sagt, das Passwort sei falsch: Melde dich in Anki ab und neu an, mit dem Konto, das Deckport zeigt.",
            "Schalte ein VPN oder einen Proxy aus: Anki geht vielleicht einen anderen Weg als der Browser.",
        ],
    },
    nothing_private: "Wer diese Seite öffnen kann, darf sie lesen. Darum zeigt sie keine Konten, keine Geräte und \
                      keine Karten.",
};
