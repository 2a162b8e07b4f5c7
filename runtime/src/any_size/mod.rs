//! Networks whose sizes are known only at run time: a template is bound to sizes, which makes a plan of it. Feature `dynamic`. Floor 8.
//!
//! - `net`: the template with its weights, and the plans that were made of it ([`AnyNet`]);
//! - `cache`: what is made once and kept, whoever asks first;
//! - `session`: running it, at given sizes ([`BoundSession`]) or at those of whatever comes ([`AnySession`]);
//! - `tensor`: values of any shape ([`Tensor`]).
//!
//! A plan that is bound is as one that was made while compiling: the same passes, the same steps, the same kernels, the same bits.

mod cache;
mod net;
mod session;
mod tensor;

pub use self::net::{AnyNet, AnySize, TemplateSource, plan_at};
pub use self::session::{AnySession, BindTimes, BoundSession};
pub use self::tensor::Tensor;
