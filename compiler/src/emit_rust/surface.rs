//! The type that users see: its documentation, constants and methods. The same for a definition that failed.

use super::rust;
use super::words::thousands;
use super::{Outcome, Surface, Weights, plan};
use crate::plan::Plan;
use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::quote_spanned;

/// The type with its constants and methods.
pub fn surface(surface: &Surface, outcome: &Outcome) -> TokenStream {
    let Surface { attrs, vis, name, krate, .. } = surface;
    let about = documentation(surface, outcome);
    let (constants, methods) = (constants(surface, outcome), methods(surface));
    rust! {
        #attrs
        #[doc = #about]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct #name { net: #krate::rt::Net }
        impl #name { #constants #methods }
    }
}

/// The section that is added to the user's own documentation.
fn documentation(surface: &Surface, outcome: &Outcome) -> String {
    let Outcome::Ready(plan) = outcome else { return "\nThis definition has errors.".to_string() };
    let mut text = format!("\n{}\n\n# Layers\n\n", sentence(surface, plan));
    text.push_str("| Layer | | Output | Parameters |\n|---|---|---|---:|\n");
    for layer in plan.layers.iter() {
        let parameters = if layer.n_parameters == 0 { String::new() } else { thousands(layer.n_parameters as u64) };
        let shape = shape_text(&layer.shape);
        text.push_str(&format!("| {} | `{}` | {shape} | {parameters} |\n", layer.path, layer.call));
    }
    text
}

/// `1x32x32 to 10: 61,706 parameters and 416,520 multiply-adds an image.`
fn sentence(surface: &Surface, plan: &Plan) -> String {
    let (parameters, macs) = (thousands(plan.n_parameters() as u64), thousands(plan.macs()));
    let (inputs, outputs) = (shapes_text(&surface.inputs), shapes_text(&surface.outputs));
    format!("{inputs} to {outputs}: {parameters} parameters and {macs} multiply-adds an image.")
}

fn constants(surface: &Surface, outcome: &Outcome) -> TokenStream {
    let (parameters, macs, arena) = match outcome {
        Outcome::Ready(plan) => {
            let (parameters, bytes) = (plan::int(plan.n_parameters()), plan::int(plan.arena_len.saturating_mul(4)));
            let macs = Literal::u64_unsuffixed(plan.macs());
            (rust!(#parameters), rust!(#macs), rust!(#bytes))
        }
        Outcome::Failed(errors) => (rust!({ #errors 0 }), rust!(Self::PARAMETERS as u64), rust!(Self::PARAMETERS)),
    };
    let values = match outcome {
        Outcome::Ready(plan) => {
            let (parameters, macs) = (thousands(plan.n_parameters() as u64), thousands(plan.macs()));
            [format!(": {parameters}"), format!(": {macs}"), format!(": {}", thousands(plan.arena_len as u64 * 4))]
        }
        Outcome::Failed(_) => [const { String::new() }; 3],
    };
    let about_parameters = format!(" Learned parameters{}.", values[0]);
    let about_macs = format!(" Multiply-adds of convolutions and linear layers, of one image{}.", values[1]);
    let about_arena = format!(" Bytes of memory that the values of one image live in{}.", values[2]);
    let input = shape_constant("INPUT", "input", &surface.inputs);
    let output = shape_constant("OUTPUT", "output", &surface.outputs);
    rust! {
        #[doc = #about_parameters]
        pub const PARAMETERS: usize = #parameters;
        #[doc = #about_macs]
        pub const MACS: u64 = #macs;
        #[doc = #about_arena]
        pub const ARENA_BYTES: usize = #arena;
        #input
        #output
    }
}

/// `INPUT` or `OUTPUT`: an array, or a tuple of arrays. A shape that is not known is as long as the errors say.
fn shape_constant(name: &str, what: &str, shapes: &[Option<Vec<usize>>]) -> TokenStream {
    let name = Ident::new(name, Span::mixed_site());
    let one = |shape: &Option<Vec<usize>>| match shape {
        Some(sizes) => {
            let (rank, sizes) = (plan::int(sizes.len()), sizes.iter().map(|&size| plan::int(size)));
            (rust!([usize; #rank]), rust!([#(#sizes),*]))
        }
        None => (rust!([usize; Self::PARAMETERS]), rust!([0; Self::PARAMETERS])),
    };
    let (types, values): (Vec<_>, Vec<_>) = shapes.iter().map(one).unzip();
    let plural = if shapes.len() == 1 { "" } else { "s" };
    let about = format!(" Sizes of its {what}{plural}: {}.", shapes_text(shapes));
    match (types.as_slice(), values.as_slice()) {
        ([one], [value]) => rust! { #[doc = #about] pub const #name: #one = #value; },
        _ => rust! { #[doc = #about] pub const #name: (#(#types,)*) = (#(#values,)*); },
    }
}

/// `1x32x32, 10`; brackets would be links in documentation.
fn shapes_text(shapes: &[Option<Vec<usize>>]) -> String {
    let text = |shape: &Option<Vec<usize>>| shape.as_deref().map_or("unknown".to_string(), shape_text);
    shapes.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// `1x32x32`
fn shape_text(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join("x")
}

fn methods(surface: &Surface) -> TokenStream {
    let krate = &surface.krate;
    let loading = loading(surface, &rust!(#krate::rt::Net), &rust!(<Self as #krate::rt::Definition>::linked()));
    rust! {
        #loading

        /// What runs the network, one image at a time: it owns the memory for that.
        #[must_use]
        pub fn session(&self) -> #krate::Session<Self> {
            #krate::Session::new(self)
        }

        /// As `session`, with options: the largest batch, the back end.
        ///
        /// # Errors
        /// If the options cannot be met.
        pub fn session_with(
            &self,
            options: #krate::SessionOptions,
        ) -> ::core::result::Result<#krate::Session<Self>, #krate::Error> {
            #krate::Session::with_options(self, options)
        }

        /// A table of the layers: output, parameters, memory, multiply-adds and kernel of each.
        #[must_use]
        pub fn summary() -> #krate::Summary {
            #krate::Summary::of(<Self as #krate::rt::Definition>::plan())
        }

        /// The plan, step by step: what computes each, and where it reads and writes.
        #[must_use]
        pub fn explain() -> ::std::string::String {
            #krate::explain::plan(<Self as #krate::rt::Definition>::plan(), &[])
        }

        /// A figure of the layers and how values flow between them, groups as boxes: a complete SVG file.
        #[must_use]
        pub fn to_svg() -> ::std::string::String {
            #krate::Picture::of(<Self as #krate::rt::Definition>::plan()).to_svg()
        }

        /// The same figure in Graphviz's language, for other layouts.
        #[must_use]
        pub fn to_dot() -> ::std::string::String {
            #krate::Picture::of(<Self as #krate::rt::Definition>::plan()).to_dot()
        }
    }
}

/// How the weights come and go: of a plan, or of a network that is bound to sizes later.
pub fn loading(surface: &Surface, net: &TokenStream, source: &TokenStream) -> TokenStream {
    let Surface { krate, weights, name, .. } = surface;
    let new = weights.as_ref().map(|Weights { file, bytes }| {
        let about =
            format!(" With the weights of `{file}`, which are part of the program and were checked when it was compiled.");
        rust! {
            #[doc = #about]
            #[must_use]
            pub fn new() -> Self {
                #name { net: #net::embedded(#source, #file, #bytes) }
            }
        }
    });
    rust! {
        #new

        /// With the weights of a safetensors file, under PyTorch's names.
        ///
        /// # Errors
        /// If the file cannot be read or is no safetensors file; if weights are missing, unexpected or of other sizes, all of them
        /// in one error.
        pub fn load(path: impl ::core::convert::AsRef<::std::path::Path>) -> ::core::result::Result<Self, #krate::Error> {
            Self::load_with(path, &#krate::LoadOptions::new())
        }

        /// As `load`, with options: the instruction set, other names, a part of the weights.
        ///
        /// # Errors
        /// As `load`.
        pub fn load_with(
            path: impl ::core::convert::AsRef<::std::path::Path>,
            options: &#krate::LoadOptions,
        ) -> ::core::result::Result<Self, #krate::Error> {
            ::core::result::Result::Ok(#name { net: #net::load(#source, path.as_ref(), options)? })
        }

        /// With the weights of a safetensors file that is in memory.
        ///
        /// # Errors
        /// As `load`.
        pub fn from_bytes(
            bytes: impl ::core::convert::Into<::std::borrow::Cow<'static, [u8]>>,
        ) -> ::core::result::Result<Self, #krate::Error> {
            Self::from_bytes_with(bytes, &#krate::LoadOptions::new())
        }

        /// As `from_bytes`, with options.
        ///
        /// # Errors
        /// As `load`.
        pub fn from_bytes_with(
            bytes: impl ::core::convert::Into<::std::borrow::Cow<'static, [u8]>>,
            options: &#krate::LoadOptions,
        ) -> ::core::result::Result<Self, #krate::Error> {
            ::core::result::Result::Ok(#name { net: #net::from_bytes(#source, bytes.into(), options)? })
        }

        /// With random weights (He et al., 2015), the same for the same seed.
        #[must_use]
        pub fn random(seed: u64) -> Self {
            #name { net: #net::random(#source, seed) }
        }

        /// Writes the weights as safetensors, under PyTorch's names.
        ///
        /// # Errors
        /// If the file cannot be written.
        pub fn save(&self, path: impl ::core::convert::AsRef<::std::path::Path>) -> ::core::result::Result<(), #krate::Error> {
            self.net.save(path.as_ref())
        }
    }
}

/// The types of ports: `Map<1, 32, 32>`, or a tuple of several.
///
/// A shape that is not known becomes a vector of a length that is an error itself: it agrees with any other length.
pub fn ports(surface: &Surface, shapes: &[Option<Vec<usize>>]) -> TokenStream {
    let Surface { krate, name, .. } = surface;
    let one = |shape: &Option<Vec<usize>>| match shape.as_deref() {
        Some(&[channels, height, width]) => {
            let [channels, height, width] = [channels, height, width].map(plan::int);
            rust!(#krate::Map<#channels, #height, #width>)
        }
        Some(&[channels, length]) => {
            let [channels, length] = [channels, length].map(plan::int);
            rust!(#krate::Sequence<#channels, #length>)
        }
        Some(sizes) => {
            let len = plan::int(sizes.iter().product());
            rust!(#krate::Vector<#len>)
        }
        None => rust!(#krate::Vector<{ #name::PARAMETERS }>),
    };
    let types: Vec<TokenStream> = shapes.iter().map(one).collect();
    match types.as_slice() {
        [one] => one.clone(),
        _ => rust!((#(#types,)*)),
    }
}

/// The trait of a definition that failed: its types are right, the rest is never run.
pub fn failed_definition(surface: &Surface) -> TokenStream {
    let Surface { name, krate, .. } = surface;
    let (inputs, outputs) = (ports(surface, &surface.inputs), ports(surface, &surface.outputs));
    rust! {
        impl #krate::rt::Definition for #name {
            type Inputs = #inputs;
            type Outputs = #outputs;
            fn linked() -> #krate::rt::Linked { ::core::unreachable!() }
            fn net(&self) -> &#krate::rt::Net { &self.net }
            fn run(_frame: &mut #krate::rt::Frame<'_>) {}
        }
    }
}
