//! Checks that a binary runs in an image that holds nothing else: really static, and really for its platform.

use anyhow::{Context, Result, bail};
use object::elf::{self, DT_NEEDED, Machine, PT_INTERP};
use object::endian::Endianness;
use object::read::elf::{Dyn, ElfFile32, ElfFile64, FileHeader, ProgramHeader};
use object::read::{FileKind, ReadRef};

use crate::platform::Platform;

/// Fails unless `bytes` are a static executable for `platform`.
pub fn check(bytes: &[u8], platform: &Platform) -> Result<()> {
    let kind = FileKind::parse(bytes).ok();
    match kind {
        Some(FileKind::Elf64) => {
            let file = ElfFile64::<Endianness>::parse(bytes)
                .context("the binary is a damaged ELF file")?;
            check_header(file.elf_header(), bytes, platform)
        }
        Some(FileKind::Elf32) => {
            let file = ElfFile32::<Endianness>::parse(bytes)
                .context("the binary is a damaged ELF file")?;
            check_header(file.elf_header(), bytes, platform)
        }
        _ => bail!("the binary is not an ELF file, which is what Linux runs"),
    }
}

fn check_header<'a, H: FileHeader<Endian = Endianness>>(
    header: &H,
    data: impl ReadRef<'a>,
    platform: &Platform,
) -> Result<()> {
    let endian = header.endian()?;
    let machine = header.e_machine(endian);
    if let Some(expected) = machine_of(&platform.architecture)
        && machine != expected
    {
        bail!(
            "the binary is for machine {} (ELF), not for {platform} ({})",
            machine_name(machine),
            machine_name(expected)
        );
    }
    for segment in header.program_headers(endian, data)? {
        if segment.p_type(endian) == PT_INTERP {
            bail!(
                "the binary is not static: it asks for a dynamic loader, which the image does not hold"
            );
        }
        let needed = segment.dynamic(endian, data)?.into_iter().flatten();
        if needed.into_iter().any(|entry| entry.tag(endian) == DT_NEEDED) {
            bail!(
                "the binary is not static: it needs shared libraries, which the image does not hold"
            );
        }
    }
    Ok(())
}

/// ELF's number for Go's name of an architecture.
fn machine_of(architecture: &str) -> Option<Machine> {
    Some(match architecture {
        "amd64" => elf::EM_X86_64,
        "arm64" => elf::EM_AARCH64,
        "arm" => elf::EM_ARM,
        "386" => elf::EM_386,
        "riscv64" => elf::EM_RISCV,
        "ppc64le" => elf::EM_PPC64,
        "s390x" => elf::EM_S390,
        _ => return None,
    })
}

fn machine_name(machine: Machine) -> String {
    match machine {
        elf::EM_X86_64 => "x86-64".to_owned(),
        elf::EM_AARCH64 => "AArch64".to_owned(),
        elf::EM_ARM => "ARM".to_owned(),
        elf::EM_386 => "x86".to_owned(),
        other => format!("number {}", other.0),
    }
}
