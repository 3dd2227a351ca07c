//! A `.msh` file inside a program: the trailer, and the hash of a program that leaves it out
//! (agent-channel spec 2.2 and 5.1).
//!
//! The trailer is `content | u32 length | 16-byte mark` at the end of the file. In a signed Windows program it lies
//! inside the certificate table, which the signature does not cover, so that the signature stays valid.

mod hash;
mod pe;

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

pub use hash::agent_hash;

/// What a trailer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A `.msh` file.
    Msh,
    /// A JavaScript program to run instead of the agent.
    Script,
    /// Random filler a server appended; to be ignored.
    Filler,
}

/// A trailer found in a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Embedded {
    /// What the content is.
    pub kind: Kind,
    /// Where the content lies in the file, in bytes.
    pub content: Range<u64>,
}

/// Finds the trailer of a program that is in memory.
pub fn find(program: &[u8]) -> Option<Embedded> {
    let end = program.len();
    let tail = &program[end.saturating_sub(TAIL_LEN)..];
    tail.try_into().ok().and_then(|tail| from_tail(tail, end as u64))
}

/// Finds the `.msh` file inside a program on disk and reads it.
///
/// # Errors
/// Those of reading; [`io::ErrorKind::InvalidData`] if the trailer claims more than [`crate::Msh::MAX_LEN`] bytes.
pub fn read_msh(program: &mut (impl Read + Seek)) -> io::Result<Option<Vec<u8>>> {
    let Some(found) = find_in_file(program)?.filter(|found| found.kind == Kind::Msh) else {
        return Ok(None);
    };
    let len = found.content.end - found.content.start;
    if len > crate::Msh::MAX_LEN as u64 {
        let text = format!("the program holds an msh of {len} bytes; it is damaged, download it again");
        return Err(io::Error::new(io::ErrorKind::InvalidData, text));
    }
    program.seek(SeekFrom::Start(found.content.start))?;
    let mut content = Vec::with_capacity(len as usize);
    program.take(len).read_to_end(&mut content)?;
    Ok(Some(content))
}

/// A copy of `program` with `msh` in its trailer.
///
/// An msh that is already there is replaced in an unsigned program; in a signed one it is left behind the new one,
/// where nobody looks for it.
pub fn append(program: &[u8], msh: &[u8]) -> Vec<u8> {
    let layout = pe::Layout::of_bytes(program);
    let signed = layout.filter(|layout| layout.certificate_table != 0);
    let headers_end = layout.map_or(0, |layout| layout.headers_end());
    let kept = match find(program) {
        Some(Embedded { kind: Kind::Msh, content }) if signed.is_none() && content.start >= headers_end => {
            &program[..content.start as usize]
        }
        _ => program,
    };
    let mut out = Vec::with_capacity(kept.len() + msh.len() + TAIL_LEN + 8);
    out.extend_from_slice(kept);
    if let Some(table) = signed.and_then(|layout| pe::CertificateTable::at_end_of(program, &layout)) {
        table.grow(&mut out, msh.len() + TAIL_LEN);
    }
    out.extend_from_slice(msh);
    out.extend_from_slice(&(msh.len() as u32).to_be_bytes());
    out.extend_from_slice(&MSH_MARK);
    out
}

/// As [`find`], reading no more than the last 20 bytes.
fn find_in_file(program: &mut (impl Read + Seek)) -> io::Result<Option<Embedded>> {
    let end = program.seek(SeekFrom::End(0))?;
    if end < TAIL_LEN as u64 {
        return Ok(None);
    }
    let mut tail = [0; TAIL_LEN];
    program.seek(SeekFrom::Start(end - TAIL_LEN as u64))?;
    program.read_exact(&mut tail)?;
    Ok(from_tail(&tail, end))
}

fn from_tail(tail: &[u8; TAIL_LEN], end: u64) -> Option<Embedded> {
    let (length, mark) = tail.split_at(4);
    let kind = match mark {
        mark if mark == MSH_MARK => Kind::Msh,
        mark if mark == SCRIPT_MARK => Kind::Script,
        mark if mark == FILLER_MARK => Kind::Filler,
        _ => return None,
    };
    let length = u64::from(u32::from_be_bytes(length.try_into().ok()?));
    let content_end = end.checked_sub(TAIL_LEN as u64)?;
    let start = content_end.checked_sub(length)?;
    Some(Embedded { kind, content: start..content_end })
}

/// Length field and mark.
const TAIL_LEN: usize = 20;

const MSH_MARK: [u8; 16] = mark(0x19);
const SCRIPT_MARK: [u8; 16] = mark(0x18);
const FILLER_MARK: [u8; 16] = mark(0x20);

const fn mark(last: u8) -> [u8; 16] {
    [0xB9, 0x96, 0x01, 0x58, 0x80, 0x54, 0x4A, 0x19, 0xB7, 0xF7, 0xE9, 0xBE, 0x44, 0x91, 0x4C, last]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::io::Cursor;

    const MSH: &[u8] = b"\r\nMeshName=lab\r\n";

    #[test]
    fn the_three_marks_are_told_apart() {
        for (mark, kind) in [(MSH_MARK, Kind::Msh), (SCRIPT_MARK, Kind::Script), (FILLER_MARK, Kind::Filler)]
        {
            let program = [&b"program"[..], b"abc", &3u32.to_be_bytes(), &mark].concat();
            assert_eq!(find(&program), Some(Embedded { kind, content: 7..10 }));
        }
    }

    #[test]
    fn a_length_beyond_the_start_of_the_file_is_no_trailer() {
        let program = [&b"abc"[..], &4u32.to_be_bytes(), &MSH_MARK].concat();
        assert_eq!(find(&program), None);
        assert_eq!(find(&MSH_MARK), None);
        assert_eq!(find(b""), None);
        assert_eq!(read_msh(&mut Cursor::new(program)).unwrap(), None);
    }

    #[test]
    fn an_msh_is_replaced_and_not_stacked() {
        let once = append(b"\x7FELF program", MSH);
        assert_eq!(append(&append(b"\x7FELF program", b"other=1"), MSH), once);
    }

    #[test]
    fn a_huge_claimed_msh_is_refused_before_it_is_read() {
        let mut program = vec![0; crate::Msh::MAX_LEN + 100];
        program.extend_from_slice(&(crate::Msh::MAX_LEN as u32 + 1).to_be_bytes());
        program.extend_from_slice(&MSH_MARK);
        let error = read_msh(&mut Cursor::new(program)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn a_signed_windows_program_keeps_its_signature_and_its_hash() {
        for signature_len in [8usize, 13, 16, 1000] {
            let program = pe::tests::program(Some(signature_len));
            let with_msh = append(&program, MSH);
            let found = find(&with_msh).unwrap();
            assert_eq!(&with_msh[found.content.start as usize..found.content.end as usize], MSH);
            let layout = pe::Layout::of_bytes(&with_msh).unwrap();
            let table =
                pe::CertificateTable::at_end_of(&with_msh, &layout).expect("the table still ends the file");
            assert_eq!(table.size % 8, 0);
            let start = layout.certificate_table as usize;
            let dw_length = u32::from_le_bytes(with_msh[start..start + 4].try_into().unwrap());
            assert_eq!(dw_length, table.size);
            let hash = |program: &[u8]| agent_hash(&mut Cursor::new(program)).unwrap();
            assert_eq!(hash(&with_msh), hash(&program));
            // Nothing the signature covers has changed: all but the directory entry and the table.
            let entry = layout.certificate_entry as usize;
            assert_eq!(with_msh[..entry], program[..entry]);
            assert_eq!(with_msh[entry + 8..start], program[entry + 8..start]);
        }
    }

    proptest! {
        #[test]
        fn find_is_the_inverse_of_append(
            program in proptest::collection::vec(any::<u8>(), 0..300),
            msh in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let with_msh = append(&program, &msh);
            prop_assert_eq!(read_msh(&mut Cursor::new(&with_msh)).unwrap(), Some(msh));
            let found = find(&with_msh).unwrap();
            prop_assert_eq!(&with_msh[..found.content.start as usize], &program[..]);
            let hash = |program: &[u8]| agent_hash(&mut Cursor::new(program)).unwrap();
            prop_assert_eq!(hash(&with_msh), hash(&program));
        }

        #[test]
        fn no_program_panics(mut program in proptest::collection::vec(any::<u8>(), 0..400), as_pe in any::<bool>()) {
            if as_pe {
                let head = pe::tests::program(Some(16));
                program = [&head[..head.len().min(program.len() * 2)], &program].concat();
            }
            let _ = (find(&program), append(&program, MSH), agent_hash(&mut Cursor::new(&program)));
        }
    }
}
