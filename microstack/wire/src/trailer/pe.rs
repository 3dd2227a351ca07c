//! The few places of a Windows program (PE/COFF) that matter here: checksum and certificate table.

use std::io::{self, Read, Seek, SeekFrom};

/// Where the fields lie in the file, in bytes from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// The four bytes of the checksum.
    pub(super) checksum: u64,
    /// The eight bytes of the certificate table's directory entry: address and size.
    pub(super) certificate_entry: u64,
    /// Address of the certificate table in the file; 0 if there is none.
    pub(super) certificate_table: u32,
    /// Size of the certificate table.
    pub(super) certificate_table_size: u32,
}

impl Layout {
    /// Reads the headers; none if the file is no PE file.
    ///
    /// Headers that begin and do not end are an error: such a file was cut, and its hash would mean nothing.
    pub(super) fn of(program: &mut (impl Read + Seek)) -> io::Result<Option<Layout>> {
        let Some(dos) = bytes_at::<64>(program, 0)? else { return Ok(None) };
        if dos[..2] != *b"MZ" {
            return Ok(None);
        }
        let header = u64::from(little_endian(&dos[60..]));
        if bytes_at(program, header)? != Some(*b"PE\0\0") {
            return Ok(None);
        }
        let optional = header + 24;
        let certificate_entry = match bytes_at(program, optional)?.map(u16::from_le_bytes) {
            Some(0x10B) => optional + 128,
            Some(0x20B) => optional + 144,
            Some(_) => return Ok(None),
            None => return Err(cut()),
        };
        let entry = bytes_at::<8>(program, certificate_entry)?.ok_or_else(cut)?;
        let (address, size) = entry.split_at(4);
        Ok(Some(Layout {
            checksum: optional + 64,
            certificate_entry,
            certificate_table: little_endian(address),
            certificate_table_size: little_endian(size),
        }))
    }

    /// Where the fields this module reads end; nothing that is appended may lie before.
    pub(super) fn headers_end(&self) -> u64 {
        self.certificate_entry + 8
    }

    pub(super) fn of_bytes(program: &[u8]) -> Option<Layout> {
        // Reading from memory fails only for cut headers, and those give no layout.
        Layout::of(&mut io::Cursor::new(program)).ok().flatten()
    }
}

/// The certificate table of a signed program, where it is the last thing in the file.
#[derive(Debug)]
pub(super) struct CertificateTable {
    pub(super) size: u32,
    certificate_entry: usize,
    /// Where the last entry of the table begins, in bytes from the start of the file.
    last_entry: usize,
}

impl CertificateTable {
    /// None if there is no table, if it lies in the headers, if something follows it, or if its entries do not
    /// add up.
    pub(super) fn at_end_of(program: &[u8], layout: &Layout) -> Option<CertificateTable> {
        let (address, size) = (layout.certificate_table, layout.certificate_table_size);
        let end = u64::from(address) + u64::from(size);
        if u64::from(address) < layout.headers_end() || end != program.len() as u64 {
            return None;
        }
        // Each entry begins with its length; entries are aligned to eight bytes.
        let (mut entry, end) = (u64::from(address), end);
        loop {
            let at = usize::try_from(entry).ok()?;
            let length = u64::from(little_endian(program.get(at..at + 4)?));
            if length < 8 || entry + length > end {
                return None;
            }
            let next = entry + length.next_multiple_of(8);
            if next >= end {
                let certificate_entry = usize::try_from(layout.certificate_entry).ok()?;
                return Some(CertificateTable { size, certificate_entry, last_entry: at });
            }
            entry = next;
        }
    }

    /// Makes room for `added` bytes behind the table of `program`: pads with zeros and enlarges both length fields.
    pub(super) fn grow(&self, program: &mut Vec<u8>, added: usize) {
        let used = program.len() - self.last_entry;
        let padding = (used + added).next_multiple_of(8) - (used + added);
        program.resize(program.len() + padding, 0);
        // Sums of lengths in one file; a program over 4 GiB cannot be a PE file.
        let entry_length = (used + padding + added) as u32;
        let table_size = self.size + (padding + added) as u32;
        program[self.last_entry..self.last_entry + 4].copy_from_slice(&entry_length.to_le_bytes());
        let size_field = self.certificate_entry + 4;
        program[size_field..size_field + 4].copy_from_slice(&table_size.to_le_bytes());
    }
}

/// The bytes at `at`; none if the file ends before.
fn bytes_at<const N: usize>(program: &mut (impl Read + Seek), at: u64) -> io::Result<Option<[u8; N]>> {
    let mut bytes = [0; N];
    program.seek(SeekFrom::Start(at))?;
    match program.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the headers of the program are cut off; download it again")
}

fn little_endian(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).rev().fold(0, |number, byte| number << 8 | u32::from(*byte))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A minimal 64-bit PE file: headers, some code, and a certificate table with a signature of that many bytes.
    pub(crate) fn program(signature_len: Option<usize>) -> Vec<u8> {
        let mut file = vec![0u8; 512];
        file[..2].copy_from_slice(b"MZ");
        file[60..64].copy_from_slice(&128u32.to_le_bytes());
        file[128..132].copy_from_slice(b"PE\0\0");
        file[152..154].copy_from_slice(&0x20Bu16.to_le_bytes());
        file[216..220].copy_from_slice(&0xC0FFEEu32.to_le_bytes());
        file.extend_from_slice(&[0x90; 104]);
        if let Some(len) = signature_len {
            let (address, entry) = (file.len() as u32, 8 + len);
            file.extend_from_slice(&(entry as u32).to_le_bytes());
            file.extend_from_slice(&[0x00, 0x02, 0x02, 0x00]);
            file.extend(std::iter::repeat_n(0x30, len));
            file.resize((address as usize + entry).next_multiple_of(8), 0);
            let size = file.len() as u32 - address;
            file[296..300].copy_from_slice(&address.to_le_bytes());
            file[300..304].copy_from_slice(&size.to_le_bytes());
        }
        file
    }

    #[test]
    fn the_fields_of_a_64_bit_program() {
        let layout = Layout::of_bytes(&program(Some(13))).unwrap();
        let expected = Layout {
            checksum: 216,
            certificate_entry: 296,
            certificate_table: 616,
            certificate_table_size: 24,
        };
        assert_eq!(layout, expected);
        assert_eq!(Layout::of_bytes(b"\x7FELF"), None);
        assert_eq!(Layout::of_bytes(&program(None)[..200]), None);
    }

    #[test]
    fn a_table_that_does_not_end_the_file_is_left_alone() {
        let mut file = program(Some(16));
        let layout = Layout::of_bytes(&file).unwrap();
        assert!(CertificateTable::at_end_of(&file, &layout).is_some());
        file.push(0);
        assert!(CertificateTable::at_end_of(&file, &layout).is_none());
        file.truncate(file.len() - 1);
        file[616..620].copy_from_slice(&1000u32.to_le_bytes());
        assert!(CertificateTable::at_end_of(&file, &layout).is_none());
        file[616..620].copy_from_slice(&0u32.to_le_bytes());
        assert!(CertificateTable::at_end_of(&file, &layout).is_none());
    }
}
