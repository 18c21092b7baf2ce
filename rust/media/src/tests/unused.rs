//! References in fields, and removing what nobody refers to.

use proptest::prelude::*;

use crate::references::LOOKED_AT;
use crate::testing::{Account, NOW_MS};
use crate::{References, Trash, references};

#[test]
fn everything_that_clients_count_is_counted() {
    // Fields and the files that a released client (26.9.3) counts as used.
    for (field, name) in [
        (r#"<img src="a.jpg">"#, "a.jpg"),
        ("<img src='a.jpg'>", "a.jpg"),
        ("<img src=a.jpg>", "a.jpg"),
        ("<img src=a.jpg/>", "a.jpg"),
        (r#"<IMG SRC="a.jpg">"#, "a.jpg"),
        (r#"<img class="x" alt=">" src="a.jpg" width=3>"#, "a.jpg"),
        (r#"<img src="a&amp;b.jpg">"#, "a&b.jpg"),
        (r#"<img src="a b.jpg">"#, "a b.jpg"),
        (r#"<img src="a&nbsp;b.jpg">"#, "a b.jpg"),
        (r#"<img src="a%b.jpg">"#, "a%b.jpg"),
        (r#"<img src="&quot;a&#39;.jpg">"#, "\"a'.jpg"),
        (r#"<audio src="a.mp3"></audio>"#, "a.mp3"),
        (r#"<video src="a.mp4"></video>"#, "a.mp4"),
        (r#"<audio><source src="a.ogg"></audio>"#, "a.ogg"),
        (r#"<object type="x" data=a.swf></object>"#, "a.swf"),
        (r#"<img data-src="a.jpg">"#, "a.jpg"),
        ("<img\nsrc=\"a.jpg\"\n>", "a.jpg"),
        (r#"<!-- <img src="a.jpg"> -->"#, "a.jpg"),
        (r#"{{c1::<img src="a.jpg">}}"#, "a.jpg"),
        ("[sound:a.mp3]", "a.mp3"),
        ("x[sound:b.mp3] [sound:a b.mp3]", "a b.mp3"),
        ("[sound:a&amp;b.mp3]", "a&b.mp3"),
        ("[sound:cafe\u{301}.mp3]", "caf\u{e9}.mp3"),
        // What a browser understands, though clients do not count it.
        (r#"<img src="a%20b.jpg">"#, "a b.jpg"),
        (r#"<img src="./a.jpg#part">"#, "a.jpg"),
        (r#"<img src = "a.jpg">"#, "a.jpg"),
        (r#"<a href="a.pdf">x</a>"#, "a.pdf"),
        (r#"<div style="background: url('a.jpg')">"#, "a.jpg"),
        (r#"<iframe src="a.html"></iframe>"#, "a.html"),
    ] {
        assert!(references(field).contains(name), "{field} {:?}", references(field));
    }
}

#[test]
fn text_is_not_a_reference() {
    for field in ["a.jpg", "src a.jpg", "[sound:a.jpg", r#"<img alt="a.jpg">"#, "source: a.jpg"] {
        let mut used = References::new();
        used.add(field);
        assert!(!used.contains("a.jpg"), "{field}");
    }
}

#[test]
fn templates_and_pictures_of_latex_are_kept() {
    let mut used = References::new();
    assert!(used.contains("_logo.png"));
    assert!(!used.contains("latex-0a.png"));
    used.add("[$]x^2[/$]");
    assert!(used.contains("latex-0a.png") && used.contains("latex-0a.svg"));
    assert!(!used.contains("latex.png"));
}

#[test]
fn a_broken_field_costs_no_more_than_its_length() {
    let effort = |field: &str| {
        LOOKED_AT.set(0);
        let _ = references(field);
        LOOKED_AT.get()
    };
    // An attribute is looked at twice: how it begins, and where it ends.
    let most_for_each_place = 2 * 1024;
    for part in ["[sound:", "url(", "src=", "src='", "src=\"x", "src=&", "src='%"] {
        for times in [1, 100, 2000] {
            let looked_at = effort(&part.repeat(times));
            assert!(looked_at > 0 || times == 1, "{part}");
            assert!(looked_at <= times * most_for_each_place, "{part}: {looked_at}");
        }
    }
}

proptest! {
    #[test]
    fn any_field_is_read(field in "\\PC*") {
        let _ = references(&field);
    }

    #[test]
    fn any_name_in_quotes_is_found(name in "[^\"&%?#\\p{C}]{1,30}") {
        let name = name.trim();
        prop_assume!(!name.is_empty() && !name.starts_with("./"));
        let mut used = References::new();
        used.add(&format!("<img src=\"{name}\">"));
        prop_assert!(used.contains(name));
    }
}

#[test]
fn unused_files_go_to_the_trash_and_are_deleted_everywhere() {
    let mut account = Account::new();
    account.upload(&[
        ("used.jpg", Some(b"1")),
        ("_style.css", Some(b"2")),
        ("unused.jpg", Some(b"333")),
        ("con.txt", Some(b"4")),
    ]);
    let mut used = References::new();
    used.add("<img src=used.jpg>");
    let unused = account.store().unused(&used).unwrap();
    let mut names: Vec<String> = unused.iter().map(|file| file.name.clone()).collect();
    names.sort();
    assert_eq!(names, ["con.txt", "unused.jpg"]);
    assert_eq!(unused.iter().map(|file| file.bytes).sum::<u64>(), 4);

    names.push("never".to_owned());
    assert_eq!(account.store().move_to_trash(&names, NOW_MS).unwrap(), 2);
    assert_eq!(account.live(), ["_style.css", "used.jpg"]);
    assert_eq!(account.listed()["unused.jpg"], (6, false));
    let trash = account.trash();
    assert_eq!(trash.len(), 2);
    assert!(trash.contains(&"unused.jpg".to_owned()));

    // A second one of the same name does not replace the first.
    account.add("unused.jpg", b"other");
    assert_eq!(account.store().move_to_trash(&["unused.jpg".to_owned()], NOW_MS).unwrap(), 1);
    assert_eq!(account.trash().len(), 3);
    account.drop_store();
    account.store();
    assert_eq!((account.trash().len(), account.on_disk().len()), (3, 2));
}

#[test]
fn what_is_in_the_trash_can_be_put_back_or_deleted_for_good() {
    let mut account = Account::new();
    assert_eq!(account.store().trash().unwrap(), Trash::default());
    account.upload(&[("a.jpg", Some(b"old")), ("con.txt", Some(b"4")), ("b.jpg", Some(b"b"))]);
    let all: Vec<String> = ["a.jpg", "con.txt", "b.jpg"].map(str::to_owned).into();
    assert_eq!(account.store().move_to_trash(&all, NOW_MS).unwrap(), 3);
    account.add("a.jpg", b"newer");
    assert_eq!(account.store().move_to_trash(&all, NOW_MS + 1).unwrap(), 1);
    assert_eq!(account.store().trash().unwrap(), Trash { files: 4, bytes: 10 });

    // A device has sent this one again meanwhile.
    account.add("b.jpg", b"from a device");
    let never = vec!["never".to_owned()];
    assert_eq!(account.store().take_from_trash(&[all.clone(), never].concat(), NOW_MS).unwrap(), 2);
    assert_eq!(account.live(), ["a.jpg", "b.jpg", "con.txt"]);
    account.drop_store();
    assert_eq!(account.content("a.jpg").unwrap(), b"newer");
    assert_eq!(account.content("b.jpg").unwrap(), b"from a device");
    assert_eq!(account.content("con.txt").unwrap(), b"4");
    let trash = account.trash();
    assert_eq!(trash, ["a.jpg", "b.jpg"]);

    assert_eq!(account.store().empty_trash().unwrap(), Trash { files: 2, bytes: 4 });
    assert_eq!(account.store().trash().unwrap(), Trash::default());
    assert_eq!(account.live(), ["a.jpg", "b.jpg", "con.txt"]);
}
