//! The zoo of convoke.

use convoke::{LoadOptions, SessionOptions};

fn main() -> peers::Result<()> {
    let job = peers::job()?;
    let member = zoo::member(&job.network).ok_or("no such network")?;
    let network = (member.load)(&job.file, &LoadOptions::new())?;
    let mut options = SessionOptions::new().batch(job.shape[0]);
    options.threads = Some(job.threads);
    let mut session = network.slice_session(options)?;
    let len = job.shape[0] * network.outputs()[0].shape.iter().product::<usize>();
    let mut output = vec![0.0; len];
    peers::serve(&job, |keep| {
        session.run_into(&[&job.input], &mut [&mut output])?;
        Ok(keep.then(|| output.clone()))
    })
}
