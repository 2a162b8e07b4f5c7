//! NumPy's array files: `numpy.save` writes what [`read()`] reads, `numpy.load` reads what [`write()`] writes.
//!
//! A header that is a Python dictionary, then the elements; <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
//! Only what networks take: f32, little-endian.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

/// What every such file begins with.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// Longer headers are refused; NumPy's own are far below 1 KiB.
const MAX_HEADER: usize = 1 << 16;

/// An array of f32, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Its sizes, outermost first.
    pub shape: Vec<usize>,
    /// Its elements.
    pub data: Vec<f32>,
}

/// Reads an array.
///
/// # Errors
/// A sentence: if the file cannot be read, is no such file, or holds other elements than f32.
pub fn read(path: &Path) -> Result<Array, String> {
    let file = File::open(path).map_err(|e| format!("cannot open `{}`: {e}", path.display()))?;
    parse(BufReader::new(file)).map_err(|e| format!("`{}` {e}", path.display()))
}

/// Writes an array.
///
/// # Errors
/// A sentence: if the file cannot be written.
pub fn write(path: &Path, array: &Array) -> Result<(), String> {
    let written = File::create(path).and_then(|file| print(BufWriter::new(file), array));
    written.map_err(|e| format!("cannot write `{}`: {e}", path.display()))
}

/// What is wrong follows the file's name.
fn parse(mut input: impl Read) -> Result<Array, String> {
    let truncated = |e: std::io::Error| match e.kind() {
        std::io::ErrorKind::UnexpectedEof => "ends within its header".to_owned(),
        _ => format!("cannot be read: {e}"),
    };
    let mut start = [0; 8];
    input.read_exact(&mut start).map_err(|_| "is no .npy file")?;
    if !start.starts_with(MAGIC) {
        return Err("is no .npy file".to_owned());
    }
    // Version 1 counts the header's bytes in two, later ones in four.
    let mut len = [0; 4];
    let counted = if start[6] == 1 { &mut len[..2] } else { &mut len[..] };
    input.read_exact(counted).map_err(truncated)?;
    let len = u32::from_le_bytes(len) as usize;
    if len > MAX_HEADER {
        return Err(format!("claims a header of {len} bytes"));
    }
    let mut header = vec![0; len];
    input.read_exact(&mut header).map_err(truncated)?;
    let (shape, is_column_major) = parse_header(&String::from_utf8_lossy(&header))?;

    let n_bytes = shape.iter().try_fold(4_usize, |product, &size| product.checked_mul(size));
    let n_bytes = n_bytes.ok_or_else(|| format!("claims an array of {shape:?}, which is more than memory can hold"))?;
    let mut bytes = Vec::new();
    // Grows with what is there, not with what is claimed.
    input.take(n_bytes as u64 + 1).read_to_end(&mut bytes).map_err(|e| format!("cannot be read: {e}"))?;
    if bytes.len() != n_bytes {
        let found = if bytes.len() < n_bytes { format!("only {}", bytes.len()) } else { "more".to_owned() };
        return Err(format!("should hold {n_bytes} bytes of elements for {shape:?}, and holds {found}"));
    }
    let data: Vec<f32> = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let data = if is_column_major { row_major(&data, &shape) } else { data };
    Ok(Array { shape, data })
}

/// The elements of an array whose first index runs fastest, ordered so that the last does.
fn row_major(data: &[f32], shape: &[usize]) -> Vec<f32> {
    let position = |mut i: usize| {
        let (mut position, mut stride) = (0, data.len());
        for &size in shape.iter().rev() {
            stride /= size;
            position += (i % size) * stride;
            i /= size;
        }
        position
    };
    (0..data.len()).map(|i| data[position(i)]).collect()
}

/// The shape in `{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 224, 224), }`, and whether the first index runs fastest.
fn parse_header(header: &str) -> Result<(Vec<usize>, bool), String> {
    let after = |key: &str| header.split_once(&format!("'{key}':")).map(|(_, rest)| rest.trim_start());
    let no_header = || format!("has a header that is not understood: {}", header.trim().escape_debug());
    let descr = after("descr").and_then(|rest| rest.strip_prefix('\'')?.split('\'').next()).ok_or_else(no_header)?;
    if descr != "<f4" {
        return Err(format!(
            "holds elements of type `{}`, and a network takes f32: save `x.astype(numpy.float32)`",
            descr.escape_debug()
        ));
    }
    let order = after("fortran_order").ok_or_else(no_header)?;
    let is_column_major = order.starts_with("True");
    if !is_column_major && !order.starts_with("False") {
        return Err(no_header());
    }
    let sizes = after("shape").and_then(|rest| rest.strip_prefix('(')?.split_once(')')).ok_or_else(no_header)?.0;
    let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
    let shape: Option<Vec<usize>> = sizes.map(|size| size.parse().ok()).collect();
    Ok((shape.ok_or_else(no_header)?, is_column_major))
}

fn print(mut output: impl Write, array: &Array) -> std::io::Result<()> {
    let sizes: String = array.shape.iter().map(|size| format!("{size}, ")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", sizes.trim_end());
    // The elements begin at a multiple of 64 bytes.
    let before = MAGIC.len() + 4;
    while !(before + header.len() + 1).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    output.write_all(MAGIC)?;
    output.write_all(&[1, 0])?;
    // The number of sizes is small: those of a batch and of a network's output.
    output.write_all(&u16::try_from(header.len()).map_err(std::io::Error::other)?.to_le_bytes())?;
    output.write_all(header.as_bytes())?;
    for value in &array.data {
        output.write_all(&value.to_le_bytes())?;
    }
    output.flush()
}

#[cfg(test)]
mod tests {
    use super::{Array, parse, print};

    fn file(header: &str, elements: &[u8]) -> Vec<u8> {
        let len = u16::try_from(header.len()).expect("short").to_le_bytes();
        [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), elements].concat()
    }

    #[test]
    fn what_is_written_is_read() {
        for shape in [vec![2, 3], vec![5], vec![], vec![0, 7]] {
            let n: usize = shape.iter().product();
            let array = Array { shape, data: (0..n).map(|i| i as f32 / 3.0).collect() };
            let mut bytes = Vec::new();
            print(&mut bytes, &array).expect("memory");
            assert_eq!((bytes.len() - 4 * n) % 64, 0);
            assert_eq!(parse(&bytes[..]), Ok(array));
        }
    }

    #[test]
    fn column_major_arrays_are_reordered() {
        let elements: Vec<u8> = [0.0_f32, 3.0, 1.0, 4.0, 2.0, 5.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let bytes = file("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }\n", &elements);
        assert_eq!(parse(&bytes[..]), Ok(Array { shape: vec![2, 3], data: vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0] }));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let good = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }\n";
        let cases = [
            (b"PNG".to_vec(), "is no .npy file"),
            (b"\x93NUMPY\x01\x00\x40\x00{".to_vec(), "ends within its header"),
            (b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec(), "claims a header of 4294967295 bytes"),
            (file(good, &[0; 7]), "should hold 8 bytes of elements for [1, 2], and holds only 7"),
            (file(good, &[0; 9]), "should hold 8 bytes of elements for [1, 2], and holds more"),
            (file(&good.replace("f4", "f8"), &[0; 16]), "holds elements of type `<f8`"),
            (file(&good.replace("False", "0"), &[0; 8]), "has a header that is not understood"),
            (file(&good.replace("(1, 2)", "(1, -2)"), &[0; 8]), "has a header that is not understood"),
            (file(&good.replace("(1, 2)", "(4294967296, 4294967296)"), &[]), "which is more than memory can hold"),
            (file(&good.replace("(1, 2)", "(1000000, 1000000)"), &[]), "and holds only 0"),
            (file("", &[]), "has a header that is not understood"),
        ];
        for (bytes, expected) in cases {
            let error = parse(&bytes[..]).expect_err(expected);
            assert!(error.contains(expected), "{error}\nshould say: {expected}");
        }
    }
}
