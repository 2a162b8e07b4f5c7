//! Weight files that are named in a definition.
use convoke::network;

network! {
    pub Absent(x: [1, 8, 8]) { weights = "absent.safetensors"; x -> body }
    pub Cut(x: [1, 8, 8]) { weights = "cut.safetensors"; x -> body }
    pub Foreign(x: [1, 8, 8]) { weights = "archive.pth"; x -> body }
    block body(x) { x -> a: conv(2, 3x3) -> bn: batch_norm }

    pub Unlike(x: [1, 8, 8]) {
        weights = "unlike.safetensors";
        x -> a: conv(2, 3x3) -> bn: batch_norm
    }
}

network! {
    pub Quotes(x: [1, 8, 8]) { weights = fits; x -> relu }
}

fn main() {
    let _ = Absent::new();
    let _ = Unlike::new().session();
}
