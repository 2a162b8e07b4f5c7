//! Writing a network's parameters as a safetensors file. Floor 3.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::{StateDict, Weights};
use crate::error::{Error, ErrorKind, Result};

impl Weights {
    /// Writes every parameter as f32, in the plan's order, one at a time. The file appears under its name when it is complete.
    ///
    /// # Errors
    /// If the file cannot be written or the source can no longer be read.
    pub(crate) fn save(&self, path: &Path) -> Result<()> {
        let cannot = |error| Error::caused_by(ErrorKind::Io, format!("cannot write `{}`", path.display()), error);
        let (file, beside) = create_beside(path).map_err(cannot)?;
        let written = self.write(file, &cannot).and_then(|()| fs::rename(&beside, path).map_err(cannot));
        if written.is_err() {
            // The first error is the one to report; a file that cannot be removed either is the lesser harm.
            let _ = fs::remove_file(&beside);
        }
        written
    }

    fn write(&self, file: File, cannot: &dyn Fn(io::Error) -> Error) -> Result<()> {
        let mut writer = BufWriter::with_capacity(super::CHUNK_BYTES, file);
        let header = header(self.state());
        writer.write_all(&(header.len() as u64).to_le_bytes()).map_err(cannot)?;
        writer.write_all(header.as_bytes()).map_err(cannot)?;
        for index in 0..self.state().parameters.len() {
            for value in self.read(index)? {
                writer.write_all(&value.to_le_bytes()).map_err(cannot)?;
            }
        }
        let file = writer.into_inner().map_err(|error| cannot(error.into_error()))?;
        // Before it takes the place of an older file: after a crash there is the one or the other.
        file.sync_all().map_err(cannot)
    }
}

/// A new file in the same folder, so that renaming it does not copy it.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    static COUNTER: AtomicU32 = AtomicU32::new(0);
    let Some(name) = path.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"));
    };
    let mut beside = std::ffi::OsString::from(".");
    beside.push(name);
    beside.push(format!(".{}-{}.tmp", process::id(), COUNTER.fetch_add(1, Ordering::Relaxed)));
    let beside = path.with_file_name(beside);
    let file = OpenOptions::new().write(true).create_new(true).open(&beside)?;
    Ok((file, beside))
}

/// A name as a string of JSON.
fn quoted(name: &str) -> String {
    let mut text = String::from("\"");
    for c in name.chars() {
        match c {
            '"' | '\\' => text.extend(['\\', c]),
            '\0'..' ' => {
                let _ = write!(text, "\\u{:04x}", u32::from(c));
            }
            _ => text.push(c),
        }
    }
    text.push('"');
    text
}

/// The header in JSON, padded with spaces to a multiple of eight bytes, so that the tensors are aligned.
fn header(state: StateDict) -> String {
    let mut json = String::from(r#"{"__metadata__":{"format":"pt"}"#);
    let mut offset = 0;
    for parameter in state.parameters {
        let end = offset + parameter.shape.iter().product::<usize>() * size_of::<f32>();
        let name = quoted(&parameter.name);
        let shape = &parameter.shape;
        let _ = write!(json, r#",{name}:{{"dtype":"F32","shape":{shape:?},"data_offsets":[{offset},{end}]}}"#);
        offset = end;
    }
    json.push('}');
    while !json.len().is_multiple_of(8) {
        json.push(' ');
    }
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back_as_they_are() {
        for name in ["layer1.0.conv1.weight", "", "a\"b\\c", "\u{0}\n\u{1f}\u{7f}é\u{10ffff}"] {
            assert_eq!(serde_json::from_str::<String>(&quoted(name)).unwrap(), name, "{}", quoted(name));
        }
    }
}
