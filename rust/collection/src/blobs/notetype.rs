//! Blobs of notetypes, fields and templates (`storage-blobs` 1-3).

use deckport_wire::objects::{
    CardRequirement, Notetype, NotetypeField, NotetypeKind, NotetypeTemplate, RequirementKind,
    UnknownKeys,
};
use prost::Message;

use super::{Core, other, raw};
use crate::error::Result;

#[derive(Clone, PartialEq, Message)]
struct NotetypeConfig {
    #[prost(int32, tag = "1")]
    kind: i32,
    #[prost(uint32, tag = "2")]
    sort_field: u32,
    #[prost(string, tag = "3")]
    css: String,
    #[prost(int64, tag = "4")]
    target_deck_id: i64,
    #[prost(string, tag = "5")]
    latex_pre: String,
    #[prost(string, tag = "6")]
    latex_post: String,
    #[prost(bool, tag = "7")]
    latex_svg: bool,
    #[prost(message, repeated, tag = "8")]
    requirements: Vec<Requirement>,
    #[prost(int32, tag = "9")]
    original_stock_kind: i32,
    #[prost(int64, optional, tag = "10")]
    original_id: Option<i64>,
    #[prost(bytes = "vec", tag = "255")]
    other: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct Requirement {
    #[prost(uint32, tag = "1")]
    card_ord: u32,
    #[prost(int32, tag = "2")]
    kind: i32,
    #[prost(uint32, repeated, tag = "3")]
    field_ords: Vec<u32>,
}

#[derive(Clone, PartialEq, Message)]
struct FieldConfig {
    #[prost(bool, tag = "1")]
    sticky: bool,
    #[prost(bool, tag = "2")]
    rtl: bool,
    #[prost(string, tag = "3")]
    font_name: String,
    #[prost(uint32, tag = "4")]
    font_size: u32,
    #[prost(string, tag = "5")]
    description: String,
    #[prost(bool, tag = "6")]
    plain_text: bool,
    #[prost(bool, tag = "7")]
    collapsed: bool,
    #[prost(bool, tag = "8")]
    exclude_from_search: bool,
    #[prost(int64, optional, tag = "9")]
    id: Option<i64>,
    #[prost(uint32, optional, tag = "10")]
    tag: Option<u32>,
    #[prost(bool, tag = "11")]
    prevent_deletion: bool,
    #[prost(bytes = "vec", tag = "255")]
    other: Vec<u8>,
}

#[derive(Clone, PartialEq, Message)]
struct TemplateConfig {
    #[prost(string, tag = "1")]
    front: String,
    #[prost(string, tag = "2")]
    back: String,
    #[prost(string, tag = "3")]
    browser_front: String,
    #[prost(string, tag = "4")]
    browser_back: String,
    #[prost(int64, tag = "5")]
    target_deck_id: i64,
    #[prost(string, tag = "6")]
    browser_font_name: String,
    #[prost(uint32, tag = "7")]
    browser_font_size: u32,
    #[prost(int64, optional, tag = "8")]
    id: Option<i64>,
    #[prost(bytes = "vec", tag = "255")]
    other: Vec<u8>,
}

/// Every number of [`NotetypeConfig`].
fn is_known(number: u64) -> bool {
    matches!(number, 1..=10 | 255)
}

/// Every number of [`FieldConfig`].
fn is_known_in_field(number: u64) -> bool {
    matches!(number, 1..=11 | 255)
}

/// Every number of [`TemplateConfig`].
fn is_known_in_template(number: u64) -> bool {
    matches!(number, 1..=8 | 255)
}

/// Reads a notetype, still without fields and templates.
pub(crate) fn decode(core: Core, config: &[u8]) -> Result<Notetype> {
    let mut config = NotetypeConfig::decode(config)?;
    let bytes = std::mem::take(&mut config.other);
    let zero = core.clone();
    Ok(other::absorb(
        notetype(core, config),
        || notetype(zero, NotetypeConfig::default()),
        &bytes,
        &["id", "name", "mod", "usn", "flds", "tmpls"],
        &[],
    ))
}

/// The blob with its known but stuck keys where they belong; `None` when there are none.
pub(crate) fn promoted(blob: &[u8]) -> Result<Option<Vec<u8>>> {
    let after = decode(Core::default(), blob)?;
    let before = notetype(Core::default(), NotetypeConfig::decode(blob)?);
    let promoted = Notetype { other: UnknownKeys::new(), ..after.clone() } != before;
    if promoted { encode(&after, Some(blob)).map(Some) } else { Ok(None) }
}

/// The blob of a notetype. Anything in the replaced blob that we do not know is kept.
pub(crate) fn encode(notetype: &Notetype, replaced: Option<&[u8]>) -> Result<Vec<u8>> {
    let config = NotetypeConfig {
        kind: match notetype.kind {
            NotetypeKind::Normal => 0,
            NotetypeKind::Cloze => 1,
        },
        sort_field: u32::from(notetype.sort_field),
        css: notetype.css.clone(),
        target_deck_id: notetype.target_deck_id.unwrap_or(0),
        latex_pre: notetype.latex_pre.clone(),
        latex_post: notetype.latex_post.clone(),
        latex_svg: notetype.latex_svg,
        requirements: notetype.requirements.iter().map(requirement_blob).collect(),
        original_stock_kind: notetype.original_stock_kind,
        original_id: notetype.original_id,
        other: other::encode(&notetype.other)?,
    };
    let mut blob = config.encode_to_vec();
    blob.extend(raw::unknown_fields(replaced.unwrap_or_default(), is_known));
    Ok(blob)
}

/// Reads a field.
pub(crate) fn decode_field(name: String, ord: u16, config: &[u8]) -> Result<NotetypeField> {
    let mut config = FieldConfig::decode(config)?;
    let bytes = std::mem::take(&mut config.other);
    Ok(other::absorb(
        field(name, ord, config),
        || field(String::new(), 0, FieldConfig::default()),
        &bytes,
        &["name", "ord"],
        &[],
    ))
}

/// The blob of a field, `unknown` being what [`unknown_in_field`] found in the replaced one.
pub(crate) fn encode_field(field: &NotetypeField, unknown: &[u8]) -> Result<Vec<u8>> {
    let config = FieldConfig {
        sticky: field.sticky,
        rtl: field.rtl,
        font_name: field.font_name.clone(),
        font_size: u32::from(field.font_size),
        description: field.description.clone(),
        plain_text: field.plain_text,
        collapsed: field.collapsed,
        exclude_from_search: field.exclude_from_search,
        id: field.id,
        tag: field.tag,
        prevent_deletion: field.prevent_deletion,
        other: other::encode(&field.other)?,
    };
    let mut blob = config.encode_to_vec();
    blob.extend(unknown);
    Ok(blob)
}

/// As [`promoted`], for a field's blob.
pub(crate) fn promoted_field(blob: &[u8]) -> Result<Option<Vec<u8>>> {
    let after = decode_field(String::new(), 0, blob)?;
    let before = field(String::new(), 0, FieldConfig::decode(blob)?);
    let promoted = NotetypeField { other: UnknownKeys::new(), ..after.clone() } != before;
    let unknown = raw::unknown_fields(blob, is_known_in_field);
    if promoted { encode_field(&after, &unknown).map(Some) } else { Ok(None) }
}

/// The identity of a stored field, and the protobuf fields in it that we do not know.
pub(crate) fn unknown_in_field(config: &[u8]) -> (Option<i64>, Vec<u8>) {
    let id = FieldConfig::decode(config).ok().and_then(|config| config.id);
    (id, raw::unknown_fields(config, is_known_in_field))
}

/// Reads a template.
pub(crate) fn decode_template(name: String, ord: u16, config: &[u8]) -> Result<NotetypeTemplate> {
    let mut config = TemplateConfig::decode(config)?;
    let bytes = std::mem::take(&mut config.other);
    Ok(other::absorb(
        template(name, ord, config),
        || template(String::new(), 0, TemplateConfig::default()),
        &bytes,
        &["name", "ord"],
        &[],
    ))
}

/// The blob of a template, `unknown` being what [`unknown_in_template`] found in the replaced one.
pub(crate) fn encode_template(template: &NotetypeTemplate, unknown: &[u8]) -> Result<Vec<u8>> {
    let config = TemplateConfig {
        front: template.front.clone(),
        back: template.back.clone(),
        browser_front: template.browser_front.clone(),
        browser_back: template.browser_back.clone(),
        target_deck_id: template.target_deck_id.unwrap_or(0),
        browser_font_name: template.browser_font_name.clone(),
        browser_font_size: u32::from(template.browser_font_size),
        id: template.id,
        other: other::encode(&template.other)?,
    };
    let mut blob = config.encode_to_vec();
    blob.extend(unknown);
    Ok(blob)
}

/// As [`promoted`], for a template's blob.
pub(crate) fn promoted_template(blob: &[u8]) -> Result<Option<Vec<u8>>> {
    let after = decode_template(String::new(), 0, blob)?;
    let before = template(String::new(), 0, TemplateConfig::decode(blob)?);
    let promoted = NotetypeTemplate { other: UnknownKeys::new(), ..after.clone() } != before;
    let unknown = raw::unknown_fields(blob, is_known_in_template);
    if promoted { encode_template(&after, &unknown).map(Some) } else { Ok(None) }
}

/// The identity of a stored template, and the protobuf fields in it that we do not know.
pub(crate) fn unknown_in_template(config: &[u8]) -> (Option<i64>, Vec<u8>) {
    let id = TemplateConfig::decode(config).ok().and_then(|config| config.id);
    (id, raw::unknown_fields(config, is_known_in_template))
}

/// The field that notes of this notetype are sorted by.
pub(crate) fn sort_field(config: &[u8]) -> Result<usize> {
    Ok(usize::from(to_u16(NotetypeConfig::decode(config)?.sort_field)))
}

fn notetype(core: Core, config: NotetypeConfig) -> Notetype {
    Notetype {
        id: core.id,
        name: core.name,
        kind: if config.kind == 1 { NotetypeKind::Cloze } else { NotetypeKind::Normal },
        modified: core.modified,
        usn: core.usn,
        sort_field: to_u16(config.sort_field),
        target_deck_id: Some(config.target_deck_id).filter(|id| *id != 0),
        templates: Vec::new(),
        fields: Vec::new(),
        css: config.css,
        latex_pre: config.latex_pre,
        latex_post: config.latex_post,
        latex_svg: config.latex_svg,
        requirements: config.requirements.into_iter().map(requirement).collect(),
        original_stock_kind: config.original_stock_kind,
        original_id: config.original_id,
        other: UnknownKeys::new(),
    }
}

fn field(name: String, ord: u16, config: FieldConfig) -> NotetypeField {
    NotetypeField {
        name,
        ord,
        sticky: config.sticky,
        rtl: config.rtl,
        font_name: config.font_name,
        font_size: to_u16(config.font_size),
        description: config.description,
        plain_text: config.plain_text,
        collapsed: config.collapsed,
        exclude_from_search: config.exclude_from_search,
        id: config.id,
        tag: config.tag,
        prevent_deletion: config.prevent_deletion,
        other: UnknownKeys::new(),
    }
}

fn template(name: String, ord: u16, config: TemplateConfig) -> NotetypeTemplate {
    NotetypeTemplate {
        name,
        ord,
        front: config.front,
        back: config.back,
        browser_front: config.browser_front,
        browser_back: config.browser_back,
        target_deck_id: Some(config.target_deck_id).filter(|id| *id > 0),
        browser_font_name: config.browser_font_name,
        browser_font_size: u8::try_from(config.browser_font_size).unwrap_or(u8::MAX),
        id: config.id,
        other: UnknownKeys::new(),
    }
}

fn requirement(blob: Requirement) -> CardRequirement {
    CardRequirement {
        card_ord: to_u16(blob.card_ord),
        kind: match blob.kind {
            1 => RequirementKind::Any,
            2 => RequirementKind::All,
            _ => RequirementKind::None,
        },
        field_ords: blob.field_ords.into_iter().map(to_u16).collect(),
    }
}

fn requirement_blob(requirement: &CardRequirement) -> Requirement {
    Requirement {
        card_ord: u32::from(requirement.card_ord),
        kind: match requirement.kind {
            RequirementKind::None => 0,
            RequirementKind::Any => 1,
            RequirementKind::All => 2,
        },
        field_ords: requirement.field_ords.iter().copied().map(u32::from).collect(),
    }
}

/// The wire has 16 bits where the blob has 32.
fn to_u16(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
