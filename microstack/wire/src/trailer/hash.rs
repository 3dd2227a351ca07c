//! The agent hash: SHA-384 of a program, whatever was embedded in it or signed onto it (agent-channel spec 5.1).

use std::io::{self, Read, Seek, SeekFrom};

use ring::digest::{Context, SHA384};

use super::{Kind, find_in_file, pe};
use crate::AgentHash;

/// Computes the agent hash of a program without holding it in memory.
///
/// A Windows program is hashed up to its certificate table with checksum and directory entry taken as zero; any other
/// file up to its embedded msh or its end.
///
/// # Errors
/// Those of reading; [`io::ErrorKind::InvalidData`] if headers or certificate table lie behind the end of the file,
/// which means the file was cut.
pub fn agent_hash(program: &mut (impl Read + Seek)) -> io::Result<AgentHash> {
    let layout = pe::Layout::of(program)?;
    let file_end = program.seek(SeekFrom::End(0))?;
    let end = match &layout {
        Some(layout) if layout.certificate_table != 0 => u64::from(layout.certificate_table),
        _ => match find_in_file(program)? {
            Some(found) if found.kind == Kind::Msh => found.content.start,
            _ => file_end,
        },
    };
    let headers_end = layout.map_or(0, |layout| layout.headers_end());
    if !(headers_end..=file_end).contains(&end) {
        let text = "the program ends before its certificate table or within its headers; download it again";
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    let zeroed = layout.map_or([0..0, 0..0], |layout| {
        [layout.checksum..layout.checksum + 4, layout.certificate_entry..layout.certificate_entry + 8]
    });

    program.seek(SeekFrom::Start(0))?;
    let mut context = Context::new(&SHA384);
    let mut block = vec![0; 64 * 1024];
    let mut at = 0;
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(usize::MAX).min(block.len());
        let got = match program.read(&mut block[..wanted]) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(got) => got,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        // A read may end inside a field, so each is clipped to this block.
        for field in &zeroed {
            let from = field.start.clamp(at, at + got as u64) - at;
            let to = field.end.clamp(at, at + got as u64) - at;
            block[from as usize..to as usize].fill(0);
        }
        context.update(&block[..got]);
        at += got as u64;
    }
    let mut hash = [0; 48];
    hash.copy_from_slice(context.finish().as_ref());
    Ok(AgentHash(hash))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::sha384;
    use std::io::Cursor;

    /// Gives one byte at a time, as a slow disk may.
    struct Trickle(Cursor<Vec<u8>>);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let one = buffer.len().min(1);
            self.0.read(&mut buffer[..one])
        }
    }

    impl Seek for Trickle {
        fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
            self.0.seek(position)
        }
    }

    #[test]
    fn checksum_and_directory_entry_count_as_zero_however_the_reads_fall() {
        let signed = pe::tests::program(Some(40));
        let mut expected = signed[..616].to_vec();
        expected[216..220].fill(0);
        expected[296..304].fill(0);
        let expected = AgentHash(sha384(&expected));
        assert_eq!(agent_hash(&mut Cursor::new(&signed)).unwrap(), expected);
        assert_eq!(agent_hash(&mut Trickle(Cursor::new(signed))).unwrap(), expected);
        // The same program before it was signed.
        assert_eq!(agent_hash(&mut Cursor::new(pe::tests::program(None))).unwrap(), expected);
    }

    #[test]
    fn a_cut_signed_program_is_an_error_and_not_another_hash() {
        let signed = pe::tests::program(Some(40));
        for len in [600, 300, 153, 140] {
            let error = agent_hash(&mut Cursor::new(&signed[..len])).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "cut at {len}");
        }
    }

    #[test]
    fn a_script_trailer_belongs_to_the_program() {
        let program = [&b"program{}"[..], &2u32.to_be_bytes(), &super::super::SCRIPT_MARK].concat();
        assert_eq!(agent_hash(&mut Cursor::new(&program)).unwrap(), AgentHash(sha384(&program)));
    }
}
