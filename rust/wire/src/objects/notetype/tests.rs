use super::Notetype;
use crate::objects::testing::{check, json, read_again};

/// A real notetype of 26.9.3 with keys that no released client knows.
const SAMPLE: &str = r#"{"id":1795177663315,"name":"Basic","type":0,"mod":3,"usn":4,"sortf":0,"did":null,
 "tmpls":[{"name":"Card 1","ord":0,"qfmt":"{{Front}}","afmt":"a","bqfmt":"","bafmt":"","did":null,
           "bfont":"","bsize":0,"id":-5999096115825970897,"newTmpl":[1.5,{"z":null}]},
          {"name":"Card 2","ord":1,"qfmt":"{{Back}}","afmt":"b","bqfmt":"q","bafmt":"w","did":7,
           "bfont":"Arial","bsize":12,"id":4846212934472595656}],
 "flds":[{"name":"Front","ord":0,"sticky":false,"rtl":false,"font":"Arial","size":20,
          "description":"","plainText":false,"collapsed":false,"excludeFromSearch":false,
          "id":3859355995471316717,"tag":null,"preventDeletion":false,"media":[]},
         {"name":"Back","ord":1,"sticky":true,"rtl":true,"font":"Arial","size":20,
          "description":"d","plainText":true,"collapsed":true,"excludeFromSearch":true,
          "id":null,"tag":1,"preventDeletion":true}],
 "css":".card {}","latexPre":"p","latexPost":"q","latexsvg":false,
 "req":[[0,"any",[0]],[1,"all",[1,2]],[2,"none",[]]],"originalStockKind":3,"originalId":-5,
 "vers":[],"tags":[],"big":9223372036854775807}"#;

#[test]
fn a_real_notetype_round_trips_with_unknown_keys() {
    let notetype: Notetype = serde_json::from_str(SAMPLE).unwrap();
    assert_eq!(notetype.fields[1].tag, Some(1));
    assert_eq!(notetype.templates[0].id, Some(-5999096115825970897));
    assert_eq!(json(&serde_json::to_string(&notetype).unwrap()), json(SAMPLE));
}

#[test]
fn keys_of_a_notetype_accept_what_the_page_says() {
    check::<Notetype>(
        SAMPLE,
        &[
            ("id", "\"12\"", "12"),
            ("id", "1.0", "refused"),
            ("id", "-", "refused"),
            ("name", "null", "refused"),
            ("type", "1", "1"),
            ("type", "2", "refused"),
            ("type", "true", "refused"),
            ("mod", "\"3\"", "refused"),
            ("usn", "3000000000", "refused"),
            ("sortf", "65536", "refused"),
            ("sortf", "-", "refused"),
            ("did", "5", "5"),
            ("did", "0", "null"),
            ("did", "\"x\"", "null"),
            ("did", "-", "refused"),
            ("tmpls", "{}", "refused"),
            ("flds", "[1]", "refused"),
            ("css", "5", "\"\""),
            ("css", "-", "refused"),
            ("latexPre", "-", "\"\""),
            ("latexPost", "null", "refused"),
            ("latexsvg", "1", "false"),
            ("latexsvg", "true", "true"),
            ("req", "-", "[]"),
            ("req", r#"[[0,"any",[0]],[1,"some",[]]]"#, "[]"),
            ("req", r#"[[0,"any",[0],9]]"#, "[]"),
            ("originalStockKind", "0", "-"),
            ("originalStockKind", "-", "-"),
            ("originalStockKind", "null", "refused"),
            ("originalId", "null", "-"),
            ("originalId", "-", "-"),
            ("originalId", "\"5\"", "refused"),
        ],
    );
}

#[test]
fn keys_of_a_field_accept_what_the_page_says() {
    check::<Notetype>(
        SAMPLE,
        &[
            ("flds/0/name", "-", "refused"),
            ("flds/1/ord", "7", "1"),
            ("flds/1/ord", "null", "1"),
            ("flds/1/ord", "-", "1"),
            ("flds/1/ord", "\"1\"", "refused"),
            ("flds/0/sticky", "\"True\"", "true"),
            ("flds/0/rtl", "1.0", "true"),
            ("flds/0/rtl", "2", "refused"),
            ("flds/0/rtl", "-", "refused"),
            ("flds/0/font", "null", "refused"),
            ("flds/0/size", "20.0", "refused"),
            ("flds/1/description", "null", "\"\""),
            ("flds/1/plainText", "1", "false"),
            ("flds/1/collapsed", "-", "false"),
            ("flds/1/excludeFromSearch", "null", "false"),
            ("flds/1/preventDeletion", "\"true\"", "false"),
            ("flds/0/id", "1.5", "null"),
            ("flds/0/id", "-", "null"),
            ("flds/1/tag", "-1", "null"),
        ],
    );
}

#[test]
fn keys_of_a_template_accept_what_the_page_says() {
    check::<Notetype>(
        SAMPLE,
        &[
            ("tmpls/0/name", "1", "refused"),
            ("tmpls/0/ord", "5", "0"),
            ("tmpls/0/qfmt", "-", "refused"),
            ("tmpls/0/afmt", "-", "\"\""),
            ("tmpls/0/afmt", "null", "refused"),
            ("tmpls/1/bqfmt", "-", "\"\""),
            ("tmpls/1/bafmt", "5", "refused"),
            ("tmpls/1/did", "-3", "null"),
            ("tmpls/1/did", "\"3\"", "null"),
            ("tmpls/1/bfont", "null", "\"\""),
            ("tmpls/1/bsize", "256", "0"),
            ("tmpls/1/id", "-", "null"),
        ],
    );
}

#[test]
fn of_a_repeated_key_the_last_one_counts() {
    let twice = format!("{},\"name\":\"Second\"}}", SAMPLE.trim_end_matches('}'));
    let notetype: Notetype = serde_json::from_str(&twice).unwrap();
    assert_eq!(notetype.name, "Second");
}

#[test]
fn an_unknown_key_survives_even_if_it_looks_like_one_of_another_object() {
    let written = read_again::<Notetype>(SAMPLE, "dyn", Some("false")).unwrap();
    assert_eq!(written["dyn"], false);
}
