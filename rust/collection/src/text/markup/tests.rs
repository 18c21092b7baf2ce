use proptest::prelude::*;

use super::*;

fn plain(text: &str) -> String {
    without_tags(&media_tags_to_names(text)).into_owned()
}

fn assert_plain(table: &[(&str, &str)]) {
    for (text, expected) in table {
        assert_eq!(plain(text), *expected, "{text:?}");
    }
}

// All expected values were read from the sort field that Anki 26.9.3 computed.

#[test]
fn media_attributes_are_found_where_clients_find_them() {
    assert_plain(&[
        ("<img src=>", ""),
        ("<img src= a.png>", "  a.png "),
        ("<img src=\" \">", "   "),
        ("<img src=''>", " '' "),
        ("<img src=a b=c>", " a "),
        ("<img src=a/>", " a/ "),
        ("<img\tsrc=a\nb>", " a\nb "),
        ("<img/src=a>", " a "),
        ("<img src =\"a\">", ""),
        ("<imgsrc=a>", ""),
        ("<img srcset=\"x\" src=\"y\">", " y "),
        ("<img datasrc=a src=b>", " b "),
        ("<img src='a' data=\"b\">", " a "),
        ("<object data=x>", " x "),
        ("<Object DATA=x>", " x "),
        ("<embed src=\"x\">", ""),
        ("<a <img src=x>>", ""),
        ("<img <img src=x>", " x "),
    ]);
}

#[test]
fn quotes_hide_a_closing_bracket_only_when_it_is_in_the_way() {
    assert_plain(&[
        ("<img  a=\"b>c\" src=x>", " x "),
        ("<img a=\"b src=x>", " x "),
        ("<img \"src=x\" src=y>", " x\" "),
        ("<img alt=\">\" SRC=\"q\" src=z>", " q "),
        ("<img \"'>\" src=a ' src=b>", " b "),
        ("<img src=\"a>b\"c>d", " a>b d"),
        ("<img src=\"a\"b>c>", " a c>"),
        ("<img src=\"a\" >>", " a >"),
        ("<img src=\"a\"", "<img src=\"a\""),
        ("<img src=\"abc> foo \"bar", " \"abc  foo \"bar"),
        ("<img src=\"abc> foo \"bar>x", " abc> foo  x"),
    ]);
}

#[test]
fn words_are_unicode_words_and_the_long_s_is_an_s() {
    assert_plain(&[
        ("<img ſrc=a>", " a "),
        ("<ſource src=a>", " a "),
        ("<ſtyle>p{}</style>z", "z"),
        ("<style>p{}</ſtyle>z", "z"),
        ("<img\u{301} src=a>", ""),
        ("<img ésrc=a>", ""),
        ("<img \u{200d}src=a>", ""),
        ("<img ‿src=a>", ""),
        ("<img ½src=a>", " a "),
        ("<img² src=a>", " a "),
    ]);
}

#[test]
fn comments_styles_and_scripts_go_with_their_content() {
    assert_plain(&[
        ("<!---->b", "b"),
        ("<!-->a-->b", "b"),
        ("<!-- a > b", " b"),
        ("<!-- a", "<!-- a"),
        ("<style >x</style >y", "xy"),
        ("<style/>x</style>y", "y"),
        ("<styled>x</styled>z</STYLE>w", "w"),
        ("<style>a</style", "a</style"),
        ("<scripty>a</script>b", "b"),
        ("<style>\n<img src=x>\n</style>", ""),
        ("<>a", "a"),
        ("<style", "<style"),
    ]);
}

/// Each would take minutes in a debug build if any search were repeated for each tag.
#[test]
fn hostile_text_takes_no_longer_than_other_text() {
    for piece in
        ["<", "<img ", "<img \"", "<img '\" ", "<img src=\"", "<!--", "<style>", "<img \"'>"]
    {
        for end in ["", ">", "\">", "'>"] {
            let text = piece.repeat((1 << 16) / piece.len()) + end;
            assert!(plain(&text).len() <= 3 * text.len());
        }
    }
}

proptest! {
    #[test]
    fn any_text_is_taken(text: String) {
        plain(&text);
    }

    #[test]
    fn any_markup_is_taken(
        pieces in proptest::collection::vec(
            prop_oneof![
                Just("<img "), Just("<"), Just(">"), Just("\""), Just("'"), Just(" src="),
                Just("data="), Just("<!--"), Just("-->"), Just("<style>"), Just("</style>"),
                Just("é"), Just("ſ"), Just(" "), Just("</script>"), Just("<script"), Just("x"),
            ],
            0..40,
        ),
    ) {
        let text = pieces.concat();
        let stripped = without_tags(&text);
        // A tag is left only where its end is missing.
        let left = stripped.split_once('<').is_some_and(|(_, rest)| rest.contains('>'));
        prop_assert!(!left, "{text:?} gives {stripped:?}");
        plain(&text);
    }
}
