//! The objects that `build.rs` makes: what they need, and what they offer.

use object::read::archive::ArchiveFile;
use object::{Object, ObjectSymbol};

#[test]
fn objects_need_nothing_and_carry_the_version() {
    let path = concat!(env!("OUT_DIR"), "/libconvoke_kernels.a");
    let data = std::fs::read(path).expect("the archive that build.rs wrote");
    let archive = ArchiveFile::parse(&*data).expect("an archive");
    let mut n_members = 0;
    for member in archive.members() {
        let member = member.expect("a member");
        let isa = String::from_utf8_lossy(member.name()).trim_end_matches(".o").to_owned();
        let file = object::File::parse(member.data(&*data).expect("its data")).expect("an object");
        let table = format!("convoke_kernels_{isa}_{}", env!("CARGO_PKG_VERSION"));
        assert!(file.symbols().any(|symbol| symbol.name() == Ok(&table) && symbol.is_global()), "{table}");
        // What the compiler itself may call; all of it is in every program.
        let known = ["", "memcpy", "memmove", "memset", "_GLOBAL_OFFSET_TABLE_"];
        for symbol in file.symbols().filter(|symbol| symbol.is_undefined()) {
            let name = symbol.name().expect("its name");
            assert!(known.contains(&name), "{isa}: `{name}` is undefined, as a panic or a call of the library would be");
        }
        n_members += 1;
    }
    assert_eq!(n_members, 3);
}
