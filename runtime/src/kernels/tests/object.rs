//! The objects that `build.rs` makes: what they need, and what they offer.

use object::read::archive::ArchiveFile;
use object::{Object, ObjectSection, ObjectSymbol};

use crate::kernels::native::for_each_kernel;

macro_rules! names {
    (; $($(#[$about:meta])* $name:ident($($a:ident: $t:ty),*) $(-> $out:ty)?;)*) => { [$(stringify!($name)),*] };
}

#[test]
fn objects_need_nothing_and_offer_each_kernel_by_itself() {
    let path = concat!(env!("OUT_DIR"), "/libconvoke_kernels.a");
    let data = std::fs::read(path).expect("the archive that build.rs wrote");
    let archive = ArchiveFile::parse(&*data).expect("an archive");
    let mut n_members = 0;
    for member in archive.members() {
        let member = member.expect("a member");
        let isa = String::from_utf8_lossy(member.name()).trim_end_matches(".o").to_owned();
        let file = object::File::parse(member.data(&*data).expect("its data")).expect("an object");
        for kernel in for_each_kernel!(names) {
            let name = format!("convoke_{isa}_{kernel}_{}", env!("CARGO_PKG_VERSION"));
            let symbol = file.symbols().find(|symbol| symbol.name() == Ok(&name) && symbol.is_global());
            let symbol = symbol.unwrap_or_else(|| panic!("{name} is a symbol"));
            // So that a linker can leave it out.
            let section = file.section_by_index(symbol.section_index().expect("it is defined")).expect("its section");
            assert_eq!(section.size(), symbol.size(), "{name} has a section of its own");
        }
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
