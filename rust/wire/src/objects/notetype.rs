//! Notetypes with their fields and card templates (`storage-json` 1).

use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use super::UnknownKeys;
use crate::lenient::{
    BadKey, Keys, boolean, integer, integer_or_text, list, loose_boolean, nullable, object, text,
};

/// What kind of cards a notetype makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NotetypeKind {
    /// A card for each template.
    #[default]
    Normal,
    /// A card for each cloze number.
    Cloze,
}

/// A notetype.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct Notetype {
    /// Creation time, Unix milliseconds.
    pub id: i64,
    /// Unique without regard to case.
    pub name: String,
    /// Kind of cards.
    #[serde(rename = "type")]
    pub kind: NotetypeKind,
    /// Last modification, Unix seconds.
    #[serde(rename = "mod")]
    pub modified: i64,
    /// Update sequence number.
    pub usn: i32,
    /// Position of the field that notes are sorted by.
    #[serde(rename = "sortf")]
    pub sort_field: u16,
    /// Deck for new cards in old clients.
    #[serde(rename = "did")]
    pub target_deck_id: Option<i64>,
    /// Card templates in order.
    #[serde(rename = "tmpls")]
    pub templates: Vec<NotetypeTemplate>,
    /// Fields in order.
    #[serde(rename = "flds")]
    pub fields: Vec<NotetypeField>,
    /// Style of all cards.
    pub css: String,
    /// LaTeX before the content.
    #[serde(rename = "latexPre")]
    pub latex_pre: String,
    /// LaTeX after the content.
    #[serde(rename = "latexPost")]
    pub latex_post: String,
    /// Render LaTeX to SVG instead of PNG.
    #[serde(rename = "latexsvg")]
    pub latex_svg: bool,
    /// Cache for clients without a template engine of their own.
    #[serde(rename = "req")]
    pub requirements: Vec<CardRequirement>,
    /// The built-in notetype this one was made from; 0 if unknown.
    #[serde(rename = "originalStockKind", skip_serializing_if = "is_zero")]
    pub original_stock_kind: i32,
    /// The id it had in the package it came from.
    #[serde(rename = "originalId", skip_serializing_if = "Option::is_none")]
    pub original_id: Option<i64>,
    /// Keys this version does not know.
    #[serde(flatten)]
    pub other: UnknownKeys,
}

/// A field of a notetype.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct NotetypeField {
    /// Unique within the notetype without regard to case.
    pub name: String,
    /// Position in the list.
    pub ord: u16,
    /// Keep the content for the next note.
    pub sticky: bool,
    /// Written from right to left.
    pub rtl: bool,
    /// Font of the editor.
    #[serde(rename = "font")]
    pub font_name: String,
    /// Font size of the editor.
    #[serde(rename = "size")]
    pub font_size: u16,
    /// Shown in the empty field.
    pub description: String,
    /// Edit as plain text.
    #[serde(rename = "plainText")]
    pub plain_text: bool,
    /// Folded in the editor.
    pub collapsed: bool,
    /// Not searched unless named.
    #[serde(rename = "excludeFromSearch")]
    pub exclude_from_search: bool,
    /// Random identity, any 64-bit number.
    pub id: Option<i64>,
    /// Role of a required field.
    pub tag: Option<u32>,
    /// Clients refuse to delete the field.
    #[serde(rename = "preventDeletion")]
    pub prevent_deletion: bool,
    /// Keys this version does not know.
    #[serde(flatten)]
    pub other: UnknownKeys,
}

/// A card template of a notetype.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize)]
pub struct NotetypeTemplate {
    /// Unique within the notetype without regard to case.
    pub name: String,
    /// Position in the list.
    pub ord: u16,
    /// Front side.
    #[serde(rename = "qfmt")]
    pub front: String,
    /// Back side.
    #[serde(rename = "afmt")]
    pub back: String,
    /// Front side in the browser; empty for the usual one.
    #[serde(rename = "bqfmt")]
    pub browser_front: String,
    /// Back side in the browser; empty for the usual one.
    #[serde(rename = "bafmt")]
    pub browser_back: String,
    /// Deck for its new cards.
    #[serde(rename = "did")]
    pub target_deck_id: Option<i64>,
    /// Font in the browser.
    #[serde(rename = "bfont")]
    pub browser_font_name: String,
    /// Font size in the browser.
    #[serde(rename = "bsize")]
    pub browser_font_size: u8,
    /// Random identity, any 64-bit number.
    pub id: Option<i64>,
    /// Keys this version does not know.
    #[serde(flatten)]
    pub other: UnknownKeys,
}

/// Which fields of a note a card needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RequirementKind {
    /// The card is never made.
    #[default]
    None,
    /// One of the fields is enough.
    Any,
    /// All of the fields are needed.
    All,
}

/// Which fields a card needs: `[card, "any", [fields]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardRequirement {
    /// Position of the template.
    pub card_ord: u16,
    /// How the fields count.
    pub kind: RequirementKind,
    /// Positions of the fields.
    pub field_ords: Vec<u16>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_zero(number: &i32) -> bool {
    *number == 0
}

impl Serialize for NotetypeKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(match self {
            NotetypeKind::Normal => 0,
            NotetypeKind::Cloze => 1,
        })
    }
}

impl Serialize for CardRequirement {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let kind = match self.kind {
            RequirementKind::None => "none",
            RequirementKind::Any => "any",
            RequirementKind::All => "all",
        };
        (self.card_ord, kind, &self.field_ords).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Notetype {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Notetype, D::Error> {
        read_notetype(Keys::read("notetype", deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for NotetypeField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NotetypeField, D::Error> {
        read_field(Keys::read(FIELD, deserializer)?).map_err(D::Error::custom)
    }
}

impl<'de> Deserialize<'de> for NotetypeTemplate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<NotetypeTemplate, D::Error> {
        read_template(Keys::read(TEMPLATE, deserializer)?).map_err(D::Error::custom)
    }
}

const FIELD: &str = "notetype's field";
const TEMPLATE: &str = "notetype's template";

fn read_notetype(mut keys: Keys) -> Result<Notetype, BadKey> {
    Ok(Notetype {
        id: keys.required("id", integer_or_text)?,
        name: keys.required("name", text)?,
        kind: keys.required("type", notetype_kind)?,
        modified: keys.required("mod", integer)?,
        usn: keys.required("usn", integer)?,
        sort_field: keys.required("sortf", integer)?,
        target_deck_id: keys.present("did", None, nullable(integer))?.filter(|id| *id != 0),
        templates: in_order(keys.required("tmpls", objects)?, |map, ord| {
            Ok(NotetypeTemplate { ord, ..read_template(Keys::of(TEMPLATE, map))? })
        })?,
        fields: in_order(keys.required("flds", objects)?, |map, ord| {
            Ok(NotetypeField { ord, ..read_field(Keys::of(FIELD, map))? })
        })?,
        css: keys.present("css", String::new(), text)?,
        latex_pre: keys.optional("latexPre", String::new(), text)?,
        latex_post: keys.optional("latexPost", String::new(), text)?,
        latex_svg: keys.forgiving("latexsvg", false, boolean),
        requirements: keys.forgiving("req", Vec::new(), |value| list(value, requirement)),
        original_stock_kind: keys.optional("originalStockKind", 0, integer)?,
        original_id: keys.optional("originalId", None, nullable(integer))?,
        other: keys.unknown(),
    })
}

fn read_field(mut keys: Keys) -> Result<NotetypeField, BadKey> {
    Ok(NotetypeField {
        name: keys.required("name", text)?,
        ord: keys.optional("ord", None, nullable(integer))?.unwrap_or(0),
        sticky: keys.required("sticky", loose_boolean)?,
        rtl: keys.required("rtl", loose_boolean)?,
        font_name: keys.required("font", text)?,
        font_size: keys.required("size", integer)?,
        description: keys.forgiving("description", String::new(), text),
        plain_text: keys.forgiving("plainText", false, boolean),
        collapsed: keys.forgiving("collapsed", false, boolean),
        exclude_from_search: keys.forgiving("excludeFromSearch", false, boolean),
        id: keys.forgiving("id", None, nullable(integer)),
        tag: keys.forgiving("tag", None, nullable(integer)),
        prevent_deletion: keys.forgiving("preventDeletion", false, boolean),
        other: keys.unknown(),
    })
}

fn read_template(mut keys: Keys) -> Result<NotetypeTemplate, BadKey> {
    Ok(NotetypeTemplate {
        name: keys.required("name", text)?,
        ord: keys.optional("ord", None, nullable(integer))?.unwrap_or(0),
        front: keys.required("qfmt", text)?,
        back: keys.optional("afmt", String::new(), text)?,
        browser_front: keys.optional("bqfmt", String::new(), text)?,
        browser_back: keys.optional("bafmt", String::new(), text)?,
        target_deck_id: keys.forgiving("did", None, nullable(integer)).filter(|id| *id > 0),
        browser_font_name: keys.forgiving("bfont", String::new(), text),
        browser_font_size: keys.forgiving("bsize", 0, integer),
        id: keys.forgiving("id", None, nullable(integer)),
        other: keys.unknown(),
    })
}

fn objects(value: Value) -> Option<Vec<UnknownKeys>> {
    list(value, object)
}

/// The position in the list counts, not the `ord` inside.
fn in_order<T>(
    items: Vec<UnknownKeys>,
    read: impl Fn(UnknownKeys, u16) -> Result<T, BadKey>,
) -> Result<Vec<T>, BadKey> {
    let position = |ord| u16::try_from(ord).unwrap_or(u16::MAX);
    items.into_iter().enumerate().map(|(ord, item)| read(item, position(ord))).collect()
}

fn notetype_kind(value: Value) -> Option<NotetypeKind> {
    match value.as_i64()? {
        0 => Some(NotetypeKind::Normal),
        1 => Some(NotetypeKind::Cloze),
        _ => None,
    }
}

fn requirement(value: Value) -> Option<CardRequirement> {
    let Value::Array(items) = value else { return None };
    let [card, kind, fields] = <[Value; 3]>::try_from(items).ok()?;
    let kind = match kind.as_str()? {
        "none" => RequirementKind::None,
        "any" => RequirementKind::Any,
        "all" => RequirementKind::All,
        _ => return None,
    };
    Some(CardRequirement { card_ord: integer(card)?, kind, field_ords: list(fields, integer)? })
}

#[cfg(test)]
mod tests;
