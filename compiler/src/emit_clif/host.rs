//! The target that code is made for, and the way from Cranelift's representation to bytes.

use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{AbiParam, Function, Signature, Type, UserFuncName};
use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{Context, verify_function};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};

/// The machine that this runs on, as a target.
pub struct Host {
    isa: OwnedTargetIsa,
}

/// Machine code of one function that may lie anywhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// What is executed, from the first byte on, and the constants behind it.
    pub bytes: Vec<u8>,
    /// What the address of the first byte is a multiple of.
    pub align: usize,
    /// For people, where it was asked for.
    pub listing: Option<Listing>,
}

/// A function as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// In Cranelift's intermediate representation; `@` is the number of the step.
    pub ir: String,
    /// In machine instructions, as Cranelift writes them.
    pub assembly: String,
}

/// What is made beside the code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A [`Listing`].
    pub listing: bool,
    /// Whether Cranelift's verifier reads the representation first: for tests, as a mistake is one of this module.
    pub verified: bool,
}

impl Host {
    /// The machine that this runs on; `None` where Cranelift has no target for it.
    pub fn new() -> Option<Host> {
        let mut flags = settings::builder();
        for (name, value) in
            [("opt_level", "none"), ("enable_verifier", "false"), ("enable_probestack", "false"), ("unwind_info", "false")]
        {
            flags.set(name, value).ok()?;
        }
        let isa = cranelift_native::builder().ok()?.finish(settings::Flags::new(flags)).ok()?;
        Some(Host { isa })
    }

    /// The signature of a C function without a result.
    pub(super) fn signature(&self, parameters: &[Type]) -> Signature {
        let mut signature = Signature::new(self.isa.default_call_conv());
        signature.params.extend(parameters.iter().map(|&of| AbiParam::new(of)));
        signature
    }

    /// The code of a function of that signature, whose blocks `build` makes.
    ///
    /// # Errors
    /// If the verifier was asked and found a mistake, or Cranelift cannot make code of it.
    pub(super) fn compile(
        &self,
        signature: Signature,
        wanted: Wanted,
        build: impl FnOnce(&mut FunctionBuilder<'_>),
    ) -> Result<Code, String> {
        let mut function = Function::with_name_signature(UserFuncName::default(), signature);
        let mut context = FunctionBuilderContext::new();
        let mut builder = FunctionBuilder::new(&mut function, &mut context);
        build(&mut builder);
        builder.seal_all_blocks();
        builder.finalize(self.isa.frontend_config());
        if wanted.verified {
            verify_function(&function, &*self.isa).map_err(|errors| format!("{errors}\n{}", function.display()))?;
        }
        let ir = wanted.listing.then(|| function.display().to_string());
        let mut context = Context::for_function(function);
        context.set_disasm(wanted.listing);
        let code = context.compile(&*self.isa, &mut ControlPlane::default()).map_err(|error| error.inner.to_string())?;
        if !code.buffer.relocs().is_empty() {
            return Err("the code refers to other code".into());
        }
        let listing = ir.map(|ir| Listing { ir, assembly: code.vcode.clone().unwrap_or_default() });
        Ok(Code { bytes: code.code_buffer().to_vec(), align: code.buffer.alignment.max(16) as usize, listing })
    }
}
