//! Networks of the zoo that take images of any size.

use convoke::{AnySession, LoadOptions, SessionOptions, Tensor};

fn main() -> peers::Result<()> {
    let job = peers::job()?;
    let mut images = Vec::new();
    let mut rest = job.input.as_slice();
    for shape in &job.shapes {
        let (image, others) = rest.split_at(shape.iter().product());
        images.push(Tensor::new(&shape[1..], image.to_vec())?);
        rest = others;
    }
    peers::stream(&job, || {
        // The others keep what they know of every size, too.
        let options = LoadOptions::new().bound_sizes(images.len());
        let sessions = SessionOptions::new().threads(job.threads);
        let mut session: AnySession = match job.network.as_str() {
            "resnet50" => zoo::resnet::ResNet50AnySize::load_with(&job.file, &options)?.session_with(sessions),
            "unet" => zoo::unet::UNetAnySize::load_with(&job.file, &options)?.session_with(sessions),
            _ => return Err("this network takes images of one size".into()),
        };
        Ok(move |index: usize| Ok(session.run(&[&images[index]])?[0].as_slice().to_vec()))
    })
}
