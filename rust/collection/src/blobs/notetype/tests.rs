use serde_json::{Value, json};

use super::*;
use crate::blobs::testing::{core, hex, to_hex};

#[test]
fn requirements_and_stock_kind_match_the_sample_byte_for_byte() {
    let sample = "42 05 10 01 1a 01 00 42 08 08 01 10 02 1a 02 01 02 48 03";
    let notetype = decode(core(7, "Basic (optional reversed card)", 0), &hex(sample)).unwrap();
    let expected = [
        CardRequirement { card_ord: 0, kind: RequirementKind::Any, field_ords: vec![0] },
        CardRequirement { card_ord: 1, kind: RequirementKind::All, field_ords: vec![1, 2] },
    ];
    assert_eq!(notetype.requirements, expected);
    assert_eq!(notetype.original_stock_kind, 3);
    assert_eq!(to_hex(&encode(&notetype, None).unwrap()), to_hex(&hex(sample)));
}

#[test]
fn fields_match_the_samples_byte_for_byte() {
    let front = "1a 05 417269616c 20 14 48 d6f1dd8bcffaa6c956";
    let field = decode_field("Front".to_owned(), 0, &hex(front)).unwrap();
    assert_eq!((field.font_name.as_str(), field.font_size), ("Arial", 20));
    assert_eq!(field.id, Some(6238219772748069078));
    assert_eq!(to_hex(&encode_field(&field, &[]).unwrap()), to_hex(&hex(front)));

    let cloze_text = "1a 05 417269616c 20 14 50 00 58 01";
    let field = decode_field("Text".to_owned(), 0, &hex(cloze_text)).unwrap();
    assert_eq!((field.tag, field.prevent_deletion), (Some(0), true));
    assert_eq!(to_hex(&encode_field(&field, &[]).unwrap()), to_hex(&hex(cloze_text)));
}

#[test]
fn unset_and_zero_are_told_apart_where_the_format_does() {
    let notetype = decode(core(1, "n", 0), &hex("50 00")).unwrap();
    assert_eq!(notetype.original_id, Some(0));
    assert_eq!(to_hex(&encode(&notetype, None).unwrap()), "5000");
    assert_eq!(notetype.target_deck_id, None);
    let template = decode_template("t".to_owned(), 0, &hex("40 00")).unwrap();
    assert_eq!(template.id, Some(0));
    assert_eq!(to_hex(&encode_template(&template, &[]).unwrap()), "4000");
}

#[test]
fn numbers_wider_than_the_wire_are_capped() {
    let notetype = decode(core(1, "n", 0), &hex("10 ffffffff0f")).unwrap();
    assert_eq!(notetype.sort_field, u16::MAX);
    let template =
        decode_template("t".to_owned(), 0, &hex("38 ac02 28 ffffffffffffffffff01")).unwrap();
    assert_eq!((template.browser_font_size, template.target_deck_id), (255, None));
}

#[test]
fn known_keys_stuck_in_other_are_used_where_the_blob_has_nothing() {
    let other = br#"{"originalStockKind":2,"originalId":5,"css":"lost","usn":9,"vers":[]}"#;
    let config = NotetypeConfig {
        css: "kept".to_owned(),
        other: other.to_vec(),
        ..NotetypeConfig::default()
    };
    let notetype = decode(core(1, "n", 0), &config.encode_to_vec()).unwrap();
    assert_eq!((notetype.original_stock_kind, notetype.original_id), (2, Some(5)));
    assert_eq!((notetype.css.as_str(), notetype.usn), ("kept", 0));
    assert_eq!(Value::Object(notetype.other), json!({"vers": []}));

    let other = br#"{"id":-7,"tag":1,"preventDeletion":true,"name":"lost","media":[]}"#;
    let config = FieldConfig { other: other.to_vec(), ..FieldConfig::default() };
    let field = decode_field("Front".to_owned(), 3, &config.encode_to_vec()).unwrap();
    assert_eq!((field.id, field.tag, field.prevent_deletion), (Some(-7), Some(1), true));
    assert_eq!((field.name.as_str(), field.ord), ("Front", 3));
    assert_eq!(Value::Object(field.other), json!({"media": []}));

    let config =
        TemplateConfig { other: br#"{"id":6,"x":0}"#.to_vec(), ..TemplateConfig::default() };
    let template = decode_template("Card".to_owned(), 1, &config.encode_to_vec()).unwrap();
    assert_eq!((template.id, template.ord), (Some(6), 1));
    assert_eq!(Value::Object(template.other), json!({"x": 0}));
}

#[test]
fn the_numbers_known_are_those_of_the_page() {
    assert!((1..=10).chain([255]).all(is_known) && !is_known(11) && !is_known(0));
    assert!((1..=11).chain([255]).all(is_known_in_field) && !is_known_in_field(12));
    assert!((1..=8).chain([255]).all(is_known_in_template) && !is_known_in_template(9));
}
