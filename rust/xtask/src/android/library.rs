//! What a library must be like before it is packed into an app.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use goblin::elf::header::{EM_AARCH64, EM_ARM, EM_X86_64};
use goblin::elf::program_header::PT_LOAD;
use goblin::elf::{Elf, Sym, sym};

use super::{ARM64, Abi};
use crate::TaskResult;

/// Memory pages of newer phones, in bytes: what is mapped into memory must begin at such a
/// boundary.
const PAGE: u64 = 16 * 1024;

/// The most bytes that the library for 64-bit phones may have.
const MOST_BYTES: u64 = 6_150_000;

/// What Java and the generated code look for first.
const NEEDED: [&str; 3] = [
    "JNI_OnLoad",
    "ffi_deckport_uniffi_contract_version",
    "uniffi_deckport_checksum_constructor_endpoint_open",
];

/// What a library may leave to the system.
const SYSTEM: &str = include_str!("../../android/symbols.txt");

/// What there is to know about a library.
#[derive(Debug, Default)]
struct Facts {
    bytes: u64,
    machine: u16,
    /// The boundaries to which its parts are aligned in memory.
    boundaries: Vec<u64>,
    /// Names that others find in it.
    defined: BTreeSet<String>,
    /// Names that it must find in others.
    undefined: BTreeSet<String>,
}

/// Whether a library can be packed for an ABI.
pub(super) fn check(path: &Path, abi: &Abi) -> TaskResult {
    let facts = read(path)?;
    println!("{}: {} bytes", abi.name, facts.bytes);
    faults(&facts, abi).map_or(Ok(()), |fault| Err(format!("{}: {fault}", path.display())))
}

/// Whether all that a library wants from the system is there in every version of Android. (The NDK's linker
/// makes sure of that by itself.)
pub(super) fn check_symbols(path: &Path) -> TaskResult {
    let strange = strange(&read(path)?);
    if strange.is_empty() {
        return Ok(());
    }
    let names = strange.into_iter().collect::<Vec<_>>().join(", ");
    Err(format!(
        "{} wants what it did not want before: {names}. Look up since which API level Android has it, then add it to \
         rust/xtask/android/symbols.txt",
        path.display()
    ))
}

fn read(path: &Path) -> Result<Facts, String> {
    let content = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    facts(&content).map_err(|error| format!("{}: {error}", path.display()))
}

fn facts(content: &[u8]) -> Result<Facts, goblin::error::Error> {
    let elf = Elf::parse(content)?;
    let names = |wanted: fn(&Sym) -> bool| {
        let symbols = elf.dynsyms.iter().filter(wanted);
        symbols
            .filter_map(|symbol| elf.dynstrtab.get_at(symbol.st_name).map(str::to_owned))
            .collect()
    };
    let loaded = elf.program_headers.iter().filter(|part| part.p_type == PT_LOAD);
    Ok(Facts {
        bytes: content.len() as u64,
        machine: elf.header.e_machine,
        boundaries: loaded.map(|part| part.p_align).collect(),
        defined: names(|symbol| !symbol.is_import() && symbol.st_bind() != sym::STB_LOCAL),
        undefined: names(|symbol| symbol.is_import() && symbol.st_bind() != sym::STB_WEAK),
    })
}

/// The first reason against packing it.
fn faults(facts: &Facts, abi: &Abi) -> Option<String> {
    let machine = match abi.name {
        "arm64-v8a" => EM_AARCH64,
        "armeabi-v7a" => EM_ARM,
        _ => EM_X86_64,
    };
    if facts.machine != machine {
        return Some(format!("it is made for another processor than {}", abi.name));
    }
    if facts.boundaries.is_empty() || facts.boundaries.iter().any(|boundary| boundary % PAGE != 0) {
        let boundaries = &facts.boundaries;
        return Some(format!(
            "parts of it begin at boundaries of {boundaries:?} bytes, {PAGE} are needed"
        ));
    }
    if let Some(name) = NEEDED.iter().find(|name| !facts.defined.contains(**name)) {
        return Some(format!("it lacks {name}"));
    }
    if *abi == ARM64 && facts.bytes > MOST_BYTES {
        return Some(format!("it has {} bytes, at most {MOST_BYTES} are allowed", facts.bytes));
    }
    None
}

/// Names that are wanted from the system but not in the list.
fn strange(facts: &Facts) -> BTreeSet<String> {
    let known: BTreeSet<&str> = SYSTEM.lines().filter(|line| !line.starts_with('#')).collect();
    facts.undefined.iter().filter(|name| !known.contains(name.as_str())).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::super::ABIS;
    use super::*;

    /// A file with a header for 64 bits and one part that is loaded to such a boundary.
    fn crafted(machine: u16, boundary: u64) -> Vec<u8> {
        let mut file = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let half = |file: &mut Vec<u8>, value: u16| file.extend(value.to_le_bytes());
        let word = |file: &mut Vec<u8>, value: u32| file.extend(value.to_le_bytes());
        let long = |file: &mut Vec<u8>, value: u64| file.extend(value.to_le_bytes());
        half(&mut file, 3);
        half(&mut file, machine);
        word(&mut file, 1);
        for offset in [0, 64, 0] {
            long(&mut file, offset);
        }
        word(&mut file, 0);
        // Sizes of the header and of one part, of which there is one; no sections.
        for value in [64, 56, 1, 64, 0, 0] {
            half(&mut file, value);
        }
        word(&mut file, PT_LOAD);
        word(&mut file, 5);
        for value in [0, 0, 0, 120, 120, boundary] {
            long(&mut file, value);
        }
        file
    }

    fn good() -> Facts {
        let mut facts = facts(&crafted(EM_AARCH64, PAGE)).unwrap();
        facts.defined = NEEDED.map(str::to_owned).into();
        facts
    }

    #[test]
    fn a_library_for_the_abi_with_large_pages_and_all_names_can_be_packed() {
        assert_eq!(faults(&good(), &ARM64), None);
    }

    #[test]
    fn small_pages_another_processor_and_no_parts_at_all_are_faults() {
        let small = facts(&crafted(EM_AARCH64, 4096)).unwrap();
        let expected = "parts of it begin at boundaries of [4096] bytes, 16384 are needed";
        assert_eq!(faults(&small, &ARM64).as_deref(), Some(expected));
        let other = facts(&crafted(EM_X86_64, PAGE)).unwrap();
        let expected = "it is made for another processor than arm64-v8a";
        assert_eq!(faults(&other, &ARM64).as_deref(), Some(expected));
        assert!(faults(&Facts { boundaries: Vec::new(), ..good() }, &ARM64).is_some());
        assert!(facts(b"no library").is_err());
    }

    #[test]
    fn names_that_are_missing_and_too_many_bytes_are_faults() {
        let lacking = facts(&crafted(EM_AARCH64, PAGE)).unwrap();
        assert_eq!(faults(&lacking, &ARM64).as_deref(), Some("it lacks JNI_OnLoad"));
        let large = Facts { bytes: MOST_BYTES + 1, ..good() };
        assert!(faults(&large, &ARM64).is_some_and(|fault| fault.contains("6150001 bytes")));
        let machine = EM_X86_64;
        assert_eq!(faults(&Facts { machine, ..large }, &ABIS[2]), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn names_are_read_from_a_real_file() {
        let own = read(&std::env::current_exe().unwrap()).unwrap();
        assert!(own.undefined.contains("malloc") && !own.defined.contains("malloc"), "{own:?}");
        assert!(!own.boundaries.is_empty());
    }

    #[test]
    fn what_the_system_may_lack_is_named() {
        let undefined = ["malloc", "getifaddrs"].map(str::to_owned).into();
        let strange = strange(&Facts { undefined, ..Facts::default() });
        assert_eq!(strange.into_iter().collect::<Vec<_>>(), ["getifaddrs"]);
    }
}
