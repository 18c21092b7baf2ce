//! The notetypes of a new collection (`storage-migrate` 5).

use deckport_wire::Notetype;
use deckport_wire::objects::{
    CardRequirement, NotetypeField, NotetypeKind, NotetypeTemplate, RequirementKind,
};

use super::random_id;
use crate::error::Result;

const CSS: &str = "\
.card {
    font-family: arial;
    font-size: 20px;
    text-align: center;
}
";

const CLOZE_CSS: &str = "\
.cloze {
    font-weight: bold;
    color: blue;
}
.nightMode .cloze {
    color: lightblue;
}
";

const LATEX_PRE: &str = "\
\\documentclass[12pt]{article}
\\special{papersize=3in,5in}
\\usepackage[utf8]{inputenc}
\\usepackage{amssymb,amsmath}
\\pagestyle{empty}
\\setlength{\\parindent}{0in}
\\begin{document}
";

/// The front side again, and a line.
const FRONT_AND_RULE: &str = "{{FrontSide}}\n\n<hr id=answer>\n\n";

const FIRST: (&str, &str) = ("Card 1", "{{Front}}");

/// The five notetypes, with the ids `now_ms`, `now_ms` + 1 and so on.
pub(super) fn notetypes(now_ms: i64) -> Result<Vec<Notetype>> {
    let mut all = vec![basic()?, reversed()?, optional_reversed()?, typing()?, cloze()?];
    for (notetype, (id, stock_kind)) in all.iter_mut().zip((now_ms..).zip(1..)) {
        notetype.id = id;
        notetype.original_stock_kind = stock_kind;
    }
    Ok(all)
}

fn basic() -> Result<Notetype> {
    Ok(notetype(
        "Basic",
        vec![field("Front")?, field("Back")?],
        vec![template(FIRST, &answer("{{Back}}"))?],
        vec![needs(0, RequirementKind::Any, &[0])],
    ))
}

fn reversed() -> Result<Notetype> {
    Ok(notetype(
        "Basic (and reversed card)",
        vec![field("Front")?, field("Back")?],
        vec![
            template(FIRST, &answer("{{Back}}"))?,
            template(("Card 2", "{{Back}}"), &answer("{{Front}}"))?,
        ],
        vec![needs(0, RequirementKind::Any, &[0]), needs(1, RequirementKind::Any, &[1])],
    ))
}

fn optional_reversed() -> Result<Notetype> {
    let front = "{{#Add Reverse}}{{Back}}{{/Add Reverse}}";
    Ok(notetype(
        "Basic (optional reversed card)",
        vec![field("Front")?, field("Back")?, field("Add Reverse")?],
        vec![
            template(FIRST, &answer("{{Back}}"))?,
            template(("Card 2", front), &answer("{{Front}}"))?,
        ],
        vec![needs(0, RequirementKind::Any, &[0]), needs(1, RequirementKind::All, &[1, 2])],
    ))
}

fn typing() -> Result<Notetype> {
    let front = "{{Front}}\n\n{{type:Back}}";
    let back = "{{Front}}\n\n<hr id=answer>\n\n{{type:Back}}";
    Ok(notetype(
        "Basic (type in the answer)",
        vec![field("Front")?, field("Back")?],
        vec![template(("Card 1", front), back)?],
        vec![needs(0, RequirementKind::Any, &[0, 1])],
    ))
}

fn cloze() -> Result<Notetype> {
    // The tags are the roles by which clients find the fields again after they are renamed.
    let text = NotetypeField { tag: Some(0), prevent_deletion: true, ..field("Text")? };
    let extra = NotetypeField { tag: Some(1), ..field("Back Extra")? };
    let cloze = notetype(
        "Cloze",
        vec![text, extra],
        vec![template(("Cloze", "{{cloze:Text}}"), "{{cloze:Text}}<br>\n{{Back Extra}}")?],
        vec![needs(0, RequirementKind::Any, &[0])],
    );
    Ok(Notetype { kind: NotetypeKind::Cloze, css: format!("{CSS}{CLOZE_CSS}"), ..cloze })
}

fn notetype(
    name: &str,
    fields: Vec<NotetypeField>,
    templates: Vec<NotetypeTemplate>,
    requirements: Vec<CardRequirement>,
) -> Notetype {
    Notetype {
        name: name.to_owned(),
        fields,
        templates,
        requirements,
        css: CSS.to_owned(),
        latex_pre: LATEX_PRE.to_owned(),
        latex_post: "\\end{document}".to_owned(),
        ..Notetype::default()
    }
}

fn field(name: &str) -> Result<NotetypeField> {
    Ok(NotetypeField {
        name: name.to_owned(),
        font_name: "Arial".to_owned(),
        font_size: 20,
        id: Some(random_id()?),
        ..NotetypeField::default()
    })
}

fn template((name, front): (&str, &str), back: &str) -> Result<NotetypeTemplate> {
    Ok(NotetypeTemplate {
        name: name.to_owned(),
        front: front.to_owned(),
        back: back.to_owned(),
        id: Some(random_id()?),
        ..NotetypeTemplate::default()
    })
}

fn answer(text: &str) -> String {
    format!("{FRONT_AND_RULE}{text}")
}

fn needs(card_ord: u16, kind: RequirementKind, field_ords: &[u16]) -> CardRequirement {
    CardRequirement { card_ord, kind, field_ords: field_ords.to_vec() }
}
