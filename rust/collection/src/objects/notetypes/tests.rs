use deckport_wire::objects::NotetypeKind;

use super::*;
use crate::objects::testing::database;

fn notetype(id: i64, name: &str) -> Notetype {
    Notetype {
        id,
        name: name.to_owned(),
        kind: NotetypeKind::Normal,
        modified: 50,
        usn: -1,
        sort_field: 1,
        fields: ["Front", "Back"].map(field).to_vec(),
        templates: vec![NotetypeTemplate { name: "Card 1".to_owned(), ..Default::default() }],
        ..Notetype::default()
    }
}

fn field(name: &str) -> NotetypeField {
    NotetypeField { name: name.to_owned(), ..NotetypeField::default() }
}

fn stored(conn: &Connection, id: i64) -> Notetype {
    get(conn, id).unwrap().unwrap()
}

#[test]
fn a_stored_notetype_has_the_usn_of_the_sync_and_is_found_by_it() {
    let conn = database();
    store(&conn, &notetype(7, "Basic"), 4, 1000).unwrap();
    let found = stored(&conn, 7);
    assert_eq!((found.usn, found.modified), (4, 50));
    assert_eq!(changed_since(&conn, 4).unwrap(), [found]);
    assert!(changed_since(&conn, 5).unwrap().is_empty());
    assert_eq!(shape(&conn, 7).unwrap(), Some(NotetypeShape { fields: 2, sort_field: 1 }));
    assert_eq!((get(&conn, 8).unwrap(), shape(&conn, 8).unwrap()), (None, None));
}

#[test]
fn positions_follow_the_list_and_leave_no_rows_behind() {
    let conn = database();
    store(&conn, &notetype(7, "Basic"), 1, 1).unwrap();
    let mut changed = notetype(7, "Basic");
    changed.fields = ["Back", "Extra", "Front"].map(field).to_vec();
    changed.fields[0].ord = 9;
    store(&conn, &changed, 2, 1).unwrap();
    let names: Vec<_> = stored(&conn, 7).fields.into_iter().map(|f| (f.ord, f.name)).collect();
    let expected = ["Back", "Extra", "Front"].map(str::to_owned);
    assert_eq!(names, [0, 1, 2].into_iter().zip(expected).collect::<Vec<_>>());
    let templates: (i64, i64, i64) = conn
        .query_row("SELECT count(*), max(mtime_secs), max(usn) FROM templates", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .unwrap();
    assert_eq!(templates, (1, 0, 0));
}

#[test]
fn a_name_that_is_taken_gets_plus_signs_and_a_new_time() {
    let conn = database();
    store(&conn, &notetype(1, "Basic"), 1, 1000).unwrap();
    store(&conn, &notetype(2, "BASIC"), 1, 1000).unwrap();
    store(&conn, &notetype(3, "basic"), 1, 1000).unwrap();
    let names: Vec<_> =
        changed_since(&conn, 0).unwrap().into_iter().map(|n| (n.name, n.modified)).collect();
    let expected = [("Basic", 50), ("BASIC+", 1000), ("basic++", 1000)];
    assert_eq!(names, expected.map(|(name, modified)| (name.to_owned(), modified)));
    // Its own name is no obstacle.
    store(&conn, &notetype(1, "bASIC"), 2, 2000).unwrap();
    assert_eq!(stored(&conn, 1).name, "bASIC");
}

#[test]
fn what_clients_refuse_is_a_conflict_and_changes_nothing() {
    let conn = database();
    let mut broken = vec![notetype(0, "id 0")];
    broken.push(Notetype { fields: Vec::new(), ..notetype(7, "no fields") });
    broken.push(Notetype { templates: Vec::new(), ..notetype(7, "no templates") });
    broken.push(Notetype {
        fields: ["Straße", "x", "STRASSE"].map(field).to_vec(),
        ..notetype(7, "x")
    });
    let mut twice = notetype(7, "two templates");
    twice.templates.push(NotetypeTemplate { name: "CARD 1".to_owned(), ..Default::default() });
    broken.push(twice);
    for notetype in broken {
        let result = store(&conn, &notetype, 1, 1);
        assert!(matches!(result, Err(Error::Conflict(_))), "{}", notetype.name);
    }
    assert!(changed_since(&conn, -1).unwrap().is_empty());
}

/// Bytes of a field 100 that no released client knows.
fn unknown(value: u8) -> Vec<u8> {
    vec![0xa0, 0x06, value]
}

#[test]
fn protobuf_fields_of_newer_clients_move_with_their_field_or_template() {
    let conn = database();
    let mut first = notetype(7, "Basic");
    first.fields[0].id = Some(11);
    first.fields[1].id = Some(22);
    store(&conn, &first, 1, 1).unwrap();
    conn.execute("UPDATE notetypes SET config = CAST(config || x'a00601' AS BLOB)", []).unwrap();
    conn.execute("UPDATE fields SET config = CAST(config || x'a00602' AS BLOB) WHERE ord = 1", [])
        .unwrap();
    conn.execute("UPDATE templates SET config = CAST(config || x'a00603' AS BLOB)", []).unwrap();

    let mut swapped = first.clone();
    swapped.fields.reverse();
    store(&conn, &swapped, 2, 1).unwrap();
    let ends_with = |sql: &str, end: &[u8]| {
        let config: Vec<u8> = conn.query_row(sql, [], |row| row.get(0)).unwrap();
        config.ends_with(end)
    };
    assert!(ends_with("SELECT config FROM notetypes", &unknown(1)));
    assert!(ends_with("SELECT config FROM fields WHERE ord = 0", &unknown(2)));
    assert!(!ends_with("SELECT config FROM fields WHERE ord = 1", &unknown(2)));
    assert!(ends_with("SELECT config FROM templates", &unknown(3)), "found by position");
}
