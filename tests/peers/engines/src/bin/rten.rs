//! rten, from ONNX.

use std::sync::Arc;

use rten::{ModelOptions, RunOptions, ThreadPool, Value};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

fn main() -> peers::Result<()> {
    let job = peers::job()?;
    let model = ModelOptions::with_all_ops().prepack_weights(true).load_file(&job.file)?;
    let pool = Arc::new(ThreadPool::with_num_threads(job.threads));
    let input = Tensor::from_data(job.shape.as_slice(), job.input.clone());
    peers::serve(&job, |keep| {
        let mut options = RunOptions::default();
        options.thread_pool = Some(pool.clone());
        let output: Value = model.run_one(input.view().into(), Some(options))?;
        let output: Tensor<f32> = output.try_into()?;
        Ok(keep.then(|| output.to_vec()))
    })
}
