//! tract, from ONNX.

use tract_onnx::prelude::*;

fn main() -> peers::Result<()> {
    let job = peers::job()?;
    if job.threads > 1 {
        use tract_linalg::multithread::{Executor, set_default_executor};
        set_default_executor(Executor::multithread(job.threads));
    }
    let fact = InferenceFact::dt_shape(f32::datum_type(), job.shape.clone());
    let model = tract_onnx::onnx().model_for_path(&job.file)?.with_input_fact(0, fact)?.into_optimized()?.into_runnable()?;
    let input: TValue = Tensor::from_shape(&job.shape, &job.input)?.into();
    peers::serve(&job, |keep| {
        let outputs = model.run(tvec!(input.clone()))?;
        Ok(if keep { Some(outputs[0].to_plain_array_view::<f32>()?.iter().copied().collect()) } else { None })
    })
}
