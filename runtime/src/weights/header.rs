//! The header of a safetensors file, of which nothing is trusted: [`Header`]. Floor 3.
//!
//! The format: <https://github.com/huggingface/safetensors>. Eight bytes with the header's length, the header in JSON, and the
//! tensors' bytes without holes. Every offset and size is checked here, so that reading a tensor can only fail where the file
//! has changed meanwhile.

use std::collections::BTreeMap;

use super::dtype::Dtype;
use super::json::Json;

/// Bytes before the header.
pub(super) const LENGTH_BYTES: usize = 8;
/// The longest header that the format allows, in bytes.
const MAX_HEADER: u64 = 100_000_000;

/// The tensors of a file by name.
#[derive(Debug)]
pub(super) struct Header {
    /// Sorted.
    pub tensors: BTreeMap<String, Entry>,
}

/// Where and what a tensor is.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    /// In bytes from the file's start.
    pub start: u64,
    /// In bytes from where the tensors begin.
    data_offsets: (usize, usize),
}

/// Length of the header in bytes, by the first eight bytes of a file of `file_bytes`.
///
/// # Errors
/// In words that continue "the file …", if it is no safetensors file or is cut off within its header.
pub(super) fn header_len(first: &[u8], file_bytes: u64) -> Result<usize, String> {
    if file_bytes == 0 {
        return Err("is empty".to_owned());
    }
    // A header's length may begin with the bytes that others begin with: 640 is how a pickle starts. Whole, it is small.
    let is_small = first.get(..LENGTH_BYTES).is_some_and(|length| length[4..] == [0; 4]);
    if let Some(foreign) = foreign(first).filter(|_| !is_small) {
        return Err(format!("is not a safetensors file but {foreign}"));
    }
    let Some(Ok(first)) = first.get(..LENGTH_BYTES).map(<[u8; LENGTH_BYTES]>::try_from) else {
        return Err(format!("is not a safetensors file: it has {file_bytes} bytes, fewer than the length of a header takes"));
    };
    let claimed = u64::from_le_bytes(first);
    let available = file_bytes - LENGTH_BYTES as u64;
    if claimed > MAX_HEADER {
        return Err(format!(
            "is not a safetensors file: it would have a header of {claimed} bytes, and {MAX_HEADER} is the most"
        ));
    }
    if claimed > available {
        return Err(format!("is truncated, or not a safetensors file: its header claims {claimed} bytes of {available}"));
    }
    usize::try_from(claimed).map_err(|_| format!("has a header of {claimed} bytes, beyond this machine's address space"))
}

/// What a file is instead, by its first bytes.
fn foreign(first: &[u8]) -> Option<&'static str> {
    let known: [(&[u8], &str); 5] = [
        (
            b"PK\x03\x04",
            "a zip archive, perhaps PyTorch's own format; convert it once: python -c \"import torch, safetensors.torch as s; \
             s.save_file(torch.load('in.pth', map_location='cpu', weights_only=True), 'out.safetensors')\"",
        ),
        (
            b"\x80\x02",
            "a Python pickle, perhaps PyTorch's old format; convert it once: python -c \"import torch, safetensors.torch as s; \
             s.save_file(torch.load('in.pth', map_location='cpu', weights_only=True), 'out.safetensors')\"",
        ),
        (b"\x89HDF", "HDF5"),
        (b"GGUF", "GGUF"),
        (b"\x93NUMPY", "a NumPy array"),
    ];
    known.iter().find(|(magic, _)| first.starts_with(magic)).map(|(_, what)| *what)
}

impl Header {
    /// Reads and checks a header of a file of `file_bytes`.
    ///
    /// # Errors
    /// In words that continue "the file …".
    pub(super) fn parse(json: &[u8], file_bytes: u64) -> Result<Header, String> {
        let data_start = (LENGTH_BYTES + json.len()) as u64;
        let data_bytes = file_bytes - data_start;
        let tensors = tensors(json, data_start).map_err(|what| format!("has a header that cannot be understood: {what}"))?;
        check(&tensors, data_bytes)?;
        Ok(Header { tensors })
    }
}

/// Whether the tensors are as long as their sizes say and lie one behind the other, from the first byte of `data_bytes` to the last.
fn check(tensors: &BTreeMap<String, Entry>, data_bytes: u64) -> Result<(), String> {
    let mut by_offset: Vec<(&String, &Entry)> = tensors.iter().collect();
    by_offset.sort_unstable_by_key(|(name, entry)| (entry.data_offsets, *name));
    let mut expected = 0;
    for (name, entry) in by_offset {
        let (start, end) = entry.data_offsets;
        let name = shown(name);
        if end < start || end as u64 > data_bytes {
            return Err(format!(
                "is truncated or damaged: `{name}` lies at bytes {start} to {end} of its data, which has {data_bytes} bytes"
            ));
        }
        if start != expected {
            let what =
                if start < expected { "overlaps the tensor before it" } else { "leaves a gap behind the tensor before it" };
            return Err(format!("is damaged: `{name}` starts at byte {start} of its data, not {expected}, and {what}"));
        }
        let bits = entry.shape.iter().try_fold(entry.dtype.bits(), |bits, &size| bits.checked_mul(size));
        if bits.is_none_or(|bits| bits % 8 != 0 || bits / 8 != end - start) {
            let (dtype, shape) = (entry.dtype, shown_shape(&entry.shape));
            return Err(format!("is damaged: `{name}` is {dtype} {shape} but has {} bytes", end - start));
        }
        expected = end;
    }
    if expected as u64 != data_bytes {
        return Err(format!("is damaged: its tensors end at byte {expected} of its data, which has {data_bytes} bytes"));
    }
    Ok(())
}

/// A name from a file as it may be printed: without control characters, and not endless.
pub(super) fn shown(name: &str) -> String {
    const LONGEST: usize = 200;
    let mut text: String = name.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if name.chars().nth(LONGEST).is_some() {
        text.push('…');
    }
    text
}

/// Sizes from a file as they may be printed: not endless.
pub(super) fn shown_shape(shape: &[usize]) -> String {
    const MOST: usize = 8;
    if shape.len() <= MOST { format!("{shape:?}") } else { format!("of {} axes", shape.len()) }
}

/// The header's entries, read one by one, so that nothing but them is kept; a name that comes twice is refused.
fn tensors(text: &[u8], data_start: u64) -> Result<BTreeMap<String, Entry>, String> {
    let mut tensors = BTreeMap::new();
    let mut json = Json::new(text);
    json.object("an object of tensors", &mut |json, name| {
        if name == "__metadata__" {
            return json.skip();
        }
        let entry = entry(json, data_start).map_err(|what| format!("`{}`: {what}", shown(&name)))?;
        match tensors.insert(name.clone(), entry) {
            Some(_) => Err(format!("`{}` is there twice", shown(&name))),
            None => Ok(()),
        }
    })?;
    json.end()?;
    Ok(tensors)
}

/// One entry.
fn entry(json: &mut Json<'_>, data_start: u64) -> Result<Entry, String> {
    let (mut dtype, mut shape, mut data_offsets) = (None, None, None);
    json.object("an object", &mut |json, field| {
        let is_first = match field.as_str() {
            "dtype" => {
                let name = json.string("a type in quotes")?;
                let known = Dtype::named(&name).ok_or_else(|| format!("`{}` is no type that there is", shown(&name)))?;
                dtype.replace(known).is_none()
            }
            "shape" => shape.replace(counts(json)?).is_none(),
            "data_offsets" => data_offsets.replace(counts(json)?).is_none(),
            _ => {
                json.skip()?;
                true
            }
        };
        if is_first { Ok(()) } else { Err(format!("`{field}` is there twice")) }
    })?;
    let missing = |field: &str| format!("`{field}` is missing");
    let dtype = dtype.ok_or_else(|| missing("dtype"))?;
    let shape = shape.ok_or_else(|| missing("shape"))?;
    match *data_offsets.ok_or_else(|| missing("data_offsets"))? {
        // What is no place in the file `check` refuses.
        [first, end] => Ok(Entry { dtype, shape, start: data_start.saturating_add(first as u64), data_offsets: (first, end) }),
        ref others => Err(format!("`data_offsets` holds {} numbers instead of 2", others.len())),
    }
}

/// An array of numbers that count something.
fn counts(json: &mut Json<'_>) -> Result<Vec<usize>, String> {
    let mut counts = Vec::new();
    json.array("an array of numbers", &mut |json| {
        counts.push(json.count()?);
        Ok(())
    })?;
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(json: &str, data_bytes: usize) -> String {
        Header::parse(json.as_bytes(), (LENGTH_BYTES + json.len() + data_bytes) as u64).unwrap_err()
    }

    fn entry(dtype: &str, shape: &str, start: u64, end: u64) -> String {
        format!(r#"{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}"#)
    }

    #[test]
    fn a_sound_header_gives_places_in_the_file() {
        let json = format!(
            r#"{{"__metadata__":{{"format":"pt"}},"b":{},"a":{}}}  "#,
            entry("F32", "[2,3]", 0, 24),
            entry("BF16", "[]", 24, 26)
        );
        let header = Header::parse(json.as_bytes(), (LENGTH_BYTES + json.len() + 26) as u64).unwrap();
        assert_eq!(header.tensors.keys().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(header.tensors["a"].start, (LENGTH_BYTES + json.len() + 24) as u64);
    }

    #[test]
    fn a_header_that_contradicts_itself_or_its_file_is_refused() {
        let max = u64::MAX;
        for (json, data_bytes, expected) in [
            (r#"{"a":"#.to_owned(), 0, "cannot be understood: `a`: expected an object, found its end at byte 5"),
            ("[]".to_owned(), 0, "an object of tensors"),
            (
                r#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#.to_owned(),
                4,
                "`a`: expected a whole number of at most 64 bits, not negative, found `-` at byte 29",
            ),
            (format!(r#"{{"a":{}}}"#, entry("Q4", "[2]", 0, 8)), 8, "`a`: `Q4` is no type that there is"),
            (format!(r#"{{"a":{}}}"#, entry("F32", "[2]", 0, 8)), 7, "is truncated or damaged: `a` lies at bytes 0 to 8"),
            (format!(r#"{{"a":{}}}"#, entry("F32", "[2]", 0, 8)), 9, "end at byte 8 of its data, which has 9"),
            (format!(r#"{{"a":{}}}"#, entry("F32", "[3]", 0, 8)), 8, "`a` is F32 [3] but has 8 bytes"),
            (format!(r#"{{"a":{}}}"#, entry("F32", "[2]", 8, 0)), 8, "is truncated or damaged"),
            (format!(r#"{{"a":{}}}"#, entry("F32", "[2]", 0, max)), 8, "is truncated or damaged"),
            (format!(r#"{{"a":{}}}"#, entry("F32", &format!("[{max},{max}]"), 0, 8)), 8, "but has 8 bytes"),
            (format!(r#"{{"a":{},"b":{}}}"#, entry("F32", "[2]", 0, 8), entry("F32", "[2]", 4, 12)), 12, "`b` starts at byte 4"),
            (format!(r#"{{"a":{},"b":{}}}"#, entry("F32", "[2]", 0, 8), entry("F32", "[1]", 12, 16)), 16, "leaves a gap"),
            (r#"{"a":{"dtype":"F32","shape":[1]}}"#.to_owned(), 4, "`a`: `data_offsets` is missing"),
            (r#"{"a":{"dtype":"F32","dtype":"F32"}}"#.to_owned(), 4, "`a`: `dtype` is there twice"),
            (r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#.to_owned(), 4, "holds 1 numbers instead of 2"),
            (r#"{} {}"#.to_owned(), 0, "expected its end, found `{` at byte 3"),
            (format!(r#"{{"a":{0},"a":{0}}}"#, entry("F32", "[2]", 0, 8)), 8, "`a` is there twice"),
        ] {
            let found = problem(&json, data_bytes);
            assert!(found.contains(expected), "{json}: {found}");
        }
    }

    #[test]
    fn a_length_that_looks_like_a_pickle_is_a_length() {
        assert_eq!(header_len(&0x280_u64.to_le_bytes(), 5000), Ok(0x280));
        assert!(header_len(b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46", 5000).is_err_and(|what| what.contains("pickle")));
    }

    #[test]
    fn a_foreign_file_is_recognised() {
        for (first, file_bytes, expected) in [
            (&b""[..], 0, "is empty"),
            (b"abc", 3, "it has 3 bytes"),
            (b"PK\x03\x04....", 900, "a zip archive, perhaps PyTorch's own format; convert it once: python"),
            (b"# README", 900, "would have a header of"),
            (b"\xff\0\0\0\0\0\0\0", 100, "its header claims 255 bytes of 92"),
        ] {
            let found = header_len(first, file_bytes).unwrap_err();
            assert!(found.contains(expected), "{found}");
        }
        assert_eq!(header_len(b"\x02\0\0\0\0\0\0\0", 10), Ok(2));
    }

    #[test]
    fn a_hostile_name_is_shown_harmlessly() {
        assert_eq!(shown("a\x1b[2J\n"), "a\\u{1b}[2J\\n");
        assert_eq!(shown(&"x".repeat(1000)).chars().count(), 201);
    }
}
