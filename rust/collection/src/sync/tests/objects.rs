//! Notetypes, decks, presets and settings that both sides changed.

use super::*;

/// Changes as sent by a client that edited the stored object: `edit` shifts its time.
fn edited(fixture: &Fixture, shift_secs: i64, config: bool) -> Changes {
    let mut changes = Changes::default();
    let mut deck = decks::changed_since(fixture.conn(), 0).unwrap().remove(0);
    deck.collapsed = false;
    deck.modified += shift_secs;
    let mut preset = presets::changed_since(fixture.conn(), 0).unwrap().remove(0);
    preset.name = "from the client".to_owned();
    preset.modified += shift_secs;
    let mut notetype = notetypes::get(fixture.conn(), fixture.notetype).unwrap().unwrap();
    notetype.css = "from the client".to_owned();
    notetype.modified += shift_secs;
    changes.decks = DecksAndPresets(vec![deck], vec![preset]);
    changes.notetypes = vec![notetype];
    changes.tags = vec!["new".to_owned()];
    if config {
        let raw = |json: &str| serde_json::value::RawValue::from_string(json.to_owned()).unwrap();
        changes.config = Some([("addon".to_owned(), raw("{ \"x\": 1.50 }"))].into());
        changes.creation = Some(1234);
    }
    changes
}

fn edit_everything_here(fixture: &Fixture) {
    for table in ["decks", "deck_config", "notetypes"] {
        let sql = format!("UPDATE {table} SET usn = {SERVER_USN}, mtime_secs = {NOW_SECS}");
        fixture.conn().execute(&sql, []).unwrap();
    }
}

#[test]
fn in_a_tie_the_clients_small_objects_win_and_ours_do_not_travel_back() {
    let fixture = Fixture::new();
    edit_everything_here(&fixture);
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    let answer = sync.apply_changes(fixture.conn(), edited(&fixture, 0, false).into()).unwrap();
    assert!(answer.decks.0.is_empty() && answer.decks.1.is_empty());
    assert!(!answer.notetypes.iter().any(|notetype| notetype.id == fixture.notetype));
    sync.finish(fixture.conn(), NOW).unwrap();
    let stored = notetypes::get(fixture.conn(), fixture.notetype).unwrap().unwrap();
    assert_eq!(stored.css, "from the client");
    assert_eq!(fixture.text("SELECT name FROM deck_config"), "from the client");
}

#[test]
fn an_older_object_of_the_client_is_ignored_and_ours_travels() {
    let fixture = Fixture::new();
    edit_everything_here(&fixture);
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    let answer = sync.apply_changes(fixture.conn(), edited(&fixture, -1, false).into()).unwrap();
    assert_eq!((answer.decks.0.len(), answer.decks.1.len()), (1, 1));
    assert!(answer.notetypes.iter().any(|notetype| notetype.id == fixture.notetype));
    sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(fixture.text("SELECT name FROM deck_config"), "Default");
}

#[test]
fn a_device_whose_clock_is_behind_gets_ours_of_what_it_edited_too_early() {
    let fixture = Fixture::new();
    // It has seen them already, and edited them after that, but by its clock before.
    edit_everything_here(&fixture);
    let (mut sync, _) = fixture.start(SERVER_USN + 1, true);
    let answer = sync.apply_changes(fixture.conn(), edited(&fixture, -1, false).into()).unwrap();
    assert_eq!((answer.decks.0.len(), answer.decks.1.len()), (1, 1));
    assert_eq!(answer.notetypes.len(), 1);
    sync.abort(fixture.conn()).unwrap();
}

#[test]
fn a_notetype_of_another_shape_is_a_conflict() {
    let fixture = Fixture::new();
    let mut changes = edited(&fixture, 10, false);
    changes.notetypes[0].fields.pop();
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    let result = sync.apply_changes(fixture.conn(), changes.into());
    assert!(matches!(result, Err(Error::Notetype(_))));
    sync.abort(fixture.conn()).unwrap();
}

#[test]
fn the_config_of_the_newer_side_replaces_the_others_word_for_word() {
    let fixture = Fixture::new();
    let (mut sync, _) = fixture.start(SERVER_USN, true);
    let answer = sync.apply_changes(fixture.conn(), edited(&fixture, 1, true).into()).unwrap();
    assert!(answer.config.is_none() && answer.creation.is_none());
    sync.finish(fixture.conn(), NOW).unwrap();
    assert_eq!(fixture.text("SELECT CAST(val AS TEXT) FROM config"), "{ \"x\": 1.50 }");
    assert_eq!(fixture.int("SELECT crt FROM col"), 1234);

    let (mut sync, _) = fixture.start(SERVER_USN, false);
    let answer = sync.apply_changes(fixture.conn(), Changes::default().into()).unwrap();
    assert_eq!(answer.creation, Some(1234));
    assert!(answer.config.unwrap().contains_key("addon"));
    sync.abort(fixture.conn()).unwrap();
}

/// A deck of this id and name as a client sends it.
fn deck_named(id: i64, name: &str, modified: i64) -> deckport_wire::Deck {
    let fixture = Fixture::new();
    let mut deck = decks::get(fixture.conn(), 1).unwrap().unwrap();
    (deck.id, deck.name, deck.modified) = (id, name.to_owned(), modified);
    deck
}

/// One sync of a client with this usn that sends decks; returns ids and names that it gets.
fn send_decks(fixture: &Fixture, client_usn: Usn, sent: &[(i64, &str, i64)]) -> Vec<(i64, String)> {
    let sent = sent.iter().map(|(id, name, modified)| deck_named(*id, name, *modified)).collect();
    let changes = Changes { decks: DecksAndPresets(sent, vec![]), ..Changes::default() };
    let (mut sync, _) = fixture.start(client_usn, true);
    let answer = sync.apply_changes(fixture.conn(), changes.into()).unwrap();
    sync.finish(fixture.conn(), NOW).unwrap();
    answer.decks.0.into_iter().map(|deck| (deck.id, deck.name)).collect()
}

#[test]
fn of_equal_names_ours_is_changed_and_sent() {
    let fixture = Fixture::new();
    send_decks(&fixture, SERVER_USN, &[(50, "Same", NOW_SECS)]);
    let got = send_decks(&fixture, SERVER_USN + 1, &[(60, "sAME", NOW_SECS - 9)]);
    assert_eq!(got, [(50, "Same+".to_owned())]);
    let stored = decks::get(fixture.conn(), 50).unwrap().unwrap();
    assert_eq!((stored.usn, stored.modified), (SERVER_USN + 1, NOW_SECS + 2));
    assert_eq!(decks::get(fixture.conn(), 60).unwrap().unwrap().name, "sAME");
}

#[test]
fn where_names_moved_objects_are_sent_aside_first() {
    let fixture = Fixture::new();
    send_decks(&fixture, SERVER_USN, &[(50, "P", NOW_SECS), (60, "Q", NOW_SECS)]);
    let behind = SERVER_USN + 1;
    send_decks(&fixture, behind, &[(50, "Q", NOW_SECS + 5), (60, "P", NOW_SECS + 5)]);
    let got = send_decks(&fixture, behind, &[]);
    let names: Vec<&str> = got.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["renaming 50", "renaming 60", "Q", "P"]);
    assert!(send_decks(&fixture, behind + 2, &[]).is_empty());
}

/// One sync of a client that is newer and has this config; returns what it gets of one.
fn send_config(fixture: &Fixture, client_usn: Usn, json: &str) -> Option<String> {
    let config = Some(serde_json::from_str(json).unwrap());
    let changes = Changes { config, creation: Some(77), ..Changes::default() };
    let (mut sync, _) = fixture.start(client_usn, true);
    let answer = sync.apply_changes(fixture.conn(), changes.into()).unwrap();
    sync.finish(fixture.conn(), NOW).unwrap();
    answer.config.map(|mut config| {
        config.retain(|key, _| key.len() == 1);
        serde_json::to_string(&config).unwrap()
    })
}

/// A fixture whose config is this, known to every client of the returned usn.
fn with_config(json: &str) -> (Fixture, Usn) {
    let fixture = Fixture::new();
    fixture.conn().execute_batch("DELETE FROM config; UPDATE col SET crt = 77").unwrap();
    let today =
        "INSERT INTO config VALUES ('lastUnburied', 0, 0, '99999'), ('schedVer', 0, 0, '2'),
                 ('rollover', 0, 0, '4')";
    fixture.conn().execute_batch(today).unwrap();
    send_config(&fixture, SERVER_USN, json);
    (fixture, SERVER_USN + 1)
}

#[test]
fn settings_of_two_clients_are_merged_key_by_key() {
    let rest = r#""lastUnburied":99999,"schedVer":2,"rollover":4"#;
    let with = |own: &str| format!("{{{own},{rest}}}");
    let (fixture, usn) = with_config(&with(r#""a":1,"b":1,"c":1,"d":1"#));
    // One changes `a` and removes `d`; nothing here is unknown to it.
    send_config(&fixture, usn, &with(r#""a":2,"b":1,"c":1"#));
    // The other one, which has not heard of that, changes `b`, removes `c` and adds `e`.
    let got = send_config(&fixture, usn, &with(r#""a":1,"b":3,"d":1,"e":{"x":1.50}"#));
    assert_eq!(got.as_deref(), Some(r#"{"a":2,"b":3,"e":{"x":1.50}}"#));
    // The device that syncs later wins a key that both changed, and hears nothing that it has.
    let got = send_config(&fixture, usn, &with(r#""a":4,"b":3,"e":{ "x": 1.5 }"#));
    assert_eq!(got, None);
    let a: Option<i64> = config::get(fixture.conn(), "a").unwrap();
    assert_eq!(a, Some(4));
}

#[test]
fn a_setting_is_not_undone_by_a_device_that_missed_it_and_the_syncs_before() {
    // A day on which nothing has to be released.
    let rest = r#""lastUnburied":20466,"schedVer":2,"rollover":4"#;
    let with = |own: &str| format!("{{{own},{rest}}}");
    let (fixture, usn) = with_config(&with(r#""a":1"#));
    let path = fixture.collection.path().with_file_name("collection.anki2.settings");
    std::fs::remove_file(path).unwrap();
    // The first syncs since all devices have the same collection change no setting.
    for client in [usn, usn + 1] {
        let (sync, _) = fixture.start(client, false);
        sync.finish(fixture.conn(), NOW).unwrap();
    }
    send_config(&fixture, usn + 2, &with(r#""a":2"#));
    let got = send_config(&fixture, usn + 1, &with(r#""a":1,"b":1"#));
    assert_eq!(got.as_deref(), Some(r#"{"a":2,"b":1}"#));
}

#[test]
fn without_a_history_nothing_counts_as_removed() {
    let rest = r#""lastUnburied":99999,"schedVer":2,"rollover":4"#;
    let with = |own: &str| format!("{{{own},{rest}}}");
    let (fixture, usn) = with_config(&with(r#""a":1,"b":1"#));
    let path = fixture.collection.path().with_file_name("collection.anki2.settings");
    std::fs::write(&path, b"[nonsense").unwrap();
    let got = send_config(&fixture, usn - 1, &with(r#""a":5"#));
    assert_eq!(got.as_deref(), Some(r#"{"a":5,"b":1}"#));
}
