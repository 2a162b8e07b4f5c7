//! The header of a weight file that a definition names: the names, element types and sizes of its tensors, never their numbers.

use convoke_compiler::parse::{Header, Tensor};
use serde_json::{Map, Value};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes before the header, which hold its length.
const LENGTH_BYTES: u64 = 8;
/// A header beyond this is none: the format's own limit, in bytes.
const MAX_HEADER_BYTES: u64 = 100_000_000;

/// Reads the header of a safetensors file, whose path starts from `root`, and checks it against the file's length; otherwise says
/// what is wrong.
pub fn read(root: &Path, path: &str) -> Result<Header, String> {
    let cannot =
        |error: std::io::Error| format!("cannot read {path:?}: {error}\nhelp: the path starts from the directory of Cargo.toml");
    let is_none = |why: String| format!("{path:?} is not a safetensors file: {why}");
    let mut file = File::open(root.join(path)).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() {
        return Err(format!("{path:?} is not a file"));
    }
    let file_bytes = metadata.len();
    if file_bytes < LENGTH_BYTES {
        return Err(is_none(format!("it has {file_bytes} bytes")));
    }
    let mut length = [0; LENGTH_BYTES as usize];
    file.read_exact(&mut length).map_err(cannot)?;
    let header_bytes = u64::from_le_bytes(length);
    if header_bytes > MAX_HEADER_BYTES {
        let why = match length.starts_with(b"PK\x03\x04") {
            true => {
                "it is a zip archive, as `torch.save` writes\nhelp: convert it once, in Python: `safetensors.torch.save_file(torch.load(\"in.pth\"), \"out.safetensors\")`"
            }
            false => "it does not begin with the length of a header",
        };
        return Err(is_none(why.to_owned()));
    }
    if header_bytes > file_bytes - LENGTH_BYTES {
        return Err(is_none(format!("it claims a header of {header_bytes} bytes, but has only {file_bytes}; is it cut off?")));
    }
    let mut header = Vec::new();
    file.take(header_bytes).read_to_end(&mut header).map_err(cannot)?;
    let (header, data_bytes) = parse(&header).map_err(is_none)?;
    let held = file_bytes - LENGTH_BYTES - header_bytes;
    if data_bytes != held {
        return Err(format!("{path:?} should hold {data_bytes} bytes of weights, but holds {held}; is it cut off?"));
    }
    Ok(header)
}

/// Reads a header; returns with it the bytes of weights that must follow.
fn parse(json: &[u8]) -> Result<(Header, u64), String> {
    let entries: Map<String, Value> = serde_json::from_slice(json).map_err(|error| format!("its header is no JSON: {error}"))?;
    let mut header = Header::default();
    let mut end = 0;
    for (name, entry) in entries {
        if name == "__metadata__" {
            continue;
        }
        let sizes = |key: &str| -> Option<Vec<u64>> { entry.get(key)?.as_array()?.iter().map(Value::as_u64).collect() };
        let (Some(dtype), Some(shape), Some(&[from, to])) =
            (entry.get("dtype").and_then(Value::as_str), sizes("shape"), sizes("data_offsets").as_deref())
        else {
            return Err(format!("its header says nothing sensible about {name:?}"));
        };
        if from > to {
            return Err(format!("{name:?} ends before it begins"));
        }
        end = end.max(to);
        let shape = shape.into_iter().map(usize::try_from).collect::<Result<_, _>>();
        let shape = shape.map_err(|_| format!("{name:?} is larger than memory"))?;
        header.tensors.push(Tensor { name, dtype: dtype.to_owned(), shape });
    }
    Ok((header, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> String {
        parse(json.as_bytes()).err().unwrap_or_default()
    }

    #[test]
    fn reads_names_types_and_sizes() {
        let json =
            r#"{"__metadata__": {"format": "pt"}, "a.weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}"#;
        let (header, bytes) = parse(json.as_bytes()).expect("a header");
        assert_eq!(bytes, 24);
        let tensor = &header.tensors[0];
        assert_eq!((tensor.name.as_str(), tensor.dtype.as_str(), tensor.shape.as_slice()), ("a.weight", "F32", &[2, 3][..]));
    }

    #[test]
    fn says_what_is_wrong_with_a_header() {
        assert!(message("[]").contains("no JSON"));
        assert!(message(r#"{"a": 3}"#).contains("nothing sensible about \"a\""));
        assert!(message(r#"{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}"#).contains("nothing sensible"));
        assert!(message(r#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}"#).contains("ends before"));
    }

    #[test]
    fn says_what_is_wrong_with_a_file() {
        let (directory, name) = (std::env::temp_dir(), format!("convoke-header-{}", std::process::id()));
        let path = directory.join(&name);
        let check = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("a temporary file");
            read(&directory, &name).err().unwrap_or_default()
        };
        let header = br#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#;
        let file = [&(header.len() as u64).to_le_bytes()[..], header, &[0; 4]].concat();
        assert_eq!(check(&file), "");
        assert!(check(&file[..file.len() - 1]).contains("should hold 4 bytes of weights, but holds 3"));
        assert!(check(&file[..20]).contains("claims a header"));
        assert!(check(b"").contains("it has 0 bytes"));
        assert!(check(b"PK\x03\x04 a zip archive").contains("it is a zip archive"));
        std::fs::remove_file(&path).expect("a temporary file");
        assert!(read(&directory, &name).err().unwrap_or_default().contains("cannot read"));
    }
}
