//! A file that several threads read at once, each where it wants. Floor 3.

use std::fs::File;
use std::io;

/// A file without a position that readers would share.
pub(super) struct PositionedFile(#[cfg(unix)] File, #[cfg(not(unix))] std::sync::Mutex<File>);

#[cfg(unix)]
impl PositionedFile {
    pub(super) fn new(file: File) -> PositionedFile {
        PositionedFile(file)
    }

    /// Fills `bytes` with those from `start` on.
    ///
    /// # Errors
    /// If there are fewer, or they cannot be read.
    pub(super) fn read_at(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, bytes, start)
    }
}

#[cfg(not(unix))]
impl PositionedFile {
    pub(super) fn new(file: File) -> PositionedFile {
        PositionedFile(std::sync::Mutex::new(file))
    }

    /// Fills `bytes` with those from `start` on.
    ///
    /// # Errors
    /// If there are fewer, or they cannot be read.
    pub(super) fn read_at(&self, start: u64, bytes: &mut [u8]) -> io::Result<()> {
        use std::io::{Read, Seek, SeekFrom};
        // A thread that panicked while it held the file left nothing behind: the position is set anew.
        let mut file = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(bytes)
    }
}
