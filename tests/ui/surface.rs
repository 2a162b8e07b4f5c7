//! A definition that failed keeps its type, so that nothing else in the crate is reported: there are three errors.
use convoke::{Map, Network, Session, SessionOptions, Vector, network};

network! {
    /// Its output is declared.
    pub Declared(image: [1, 32, 32]) -> [10] {
        image -> conv(8, 3x3, strid = 2) -> flatten -> linear(10)
    }

    /// Its output is what the last layer says.
    pub(crate) Inferred(image: [1, 32, 32], other: [3]) {
        (map: image, class: image -> covn(3) -> flatten -> linear(7), unknown: image -> reul, same: other)
    }

    /// Nothing is wrong with it.
    Fine(image: [1, 32, 32]) { image -> conv(4, 3x3) }
}

const _: () = assert!(Declared::PARAMETERS == 1234);
const _: () = assert!(Declared::MACS > 0 && Declared::ARENA_BYTES < 1 << 20);
const _: () = assert!(Declared::INPUT[0] == 1 && Declared::OUTPUT[0] == 10);
const _: () = assert!(Inferred::PARAMETERS == 5 && Fine::PARAMETERS == 5);
const SIZES: [usize; 3] = Fine::OUTPUT;
static TABLE: [u8; Declared::PARAMETERS] = [0; Declared::PARAMETERS];

struct Holder {
    session: Session<Declared>,
}

fn takes_ten(_: &Vector<10>) {}
fn takes_a_map(_: &Map<9, 9, 9>) {}

fn any(network: &dyn Network) {
    let _ = network;
}

fn main() -> Result<(), convoke::Error> {
    let image = Map::<1, 32, 32>::zeros();
    let net = Declared::load("file")?;
    let _ = Declared::from_bytes(vec![1, 2, 3])?;
    let _ = Declared::random(3).clone();
    net.save("file")?;
    any(&net);
    let mut holder = Holder { session: net.session() };
    takes_ten(holder.session.run(&image)?);
    let batch: &[Vector<10>] = holder.session.run_batch(&[image.clone()])?;
    println!("{batch:?} {net:?} {} {:?} {:?} {}", Declared::summary(), SIZES, TABLE, Declared::MACS);

    let mut session = Inferred::random(1).session_with(SessionOptions::new())?;
    let (map, class, unknown, same) = session.run((&image, &Vector::zeros()))?;
    let (_, _): (&Map<1, 32, 32>, &Vector<3>) = (map, same);
    let _: &Vector<7> = class;
    takes_a_map(unknown);

    let out: &Map<4, 30, 30> = Fine::random(1).session().run(&image)?;
    println!("{out:?}");
    Ok(())
}
