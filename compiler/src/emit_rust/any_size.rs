//! A network whose sizes are known only when it is bound: the same type, around a template instead of a plan.

use super::surface::loading;
use super::words::thousands;
use super::{AnySize, Surface, plan, rust};
use crate::shape::Sizes;
use proc_macro2::{Literal, TokenStream};
use quote::quote_spanned;

/// The items of such a network. After mistakes its constants are the errors, as those of any network.
pub fn emit(surface: &Surface, any_size: &AnySize) -> TokenStream {
    let Surface { attrs, vis, name, krate, .. } = surface;
    let source = rust!(&<Self as #krate::any_size::AnySize>::SOURCE);
    let loading = loading(surface, &rust!(#krate::any_size::AnyNet), &source);
    let about = about(any_size);
    let symbols = any_size.symbols();
    let n_symbols = plan::int(symbols.len());
    let about_symbols =
        format!(" What is known only when the network is bound, in the order in which `bind` takes it: {}.", symbols.join(", "));
    let n_parameters = any_size.n_parameters();
    let about_parameters = format!(" Learned parameters: {}.", thousands(n_parameters as u64));
    let parameters = match any_size {
        AnySize::Ready { .. } => {
            let n_parameters = plan::int(n_parameters);
            rust!(#n_parameters)
        }
        AnySize::Failed { errors, .. } => rust!({ #errors 0 }),
    };
    let (sizes, session) = (rust!(sizes: &[usize; #n_symbols]), rust!(#krate::BoundSession));
    let result = |of: TokenStream| rust!(::core::result::Result<#of, #krate::Error>);
    let (of_session, of_macs, of_text) = (result(session), result(rust!(u64)), result(rust!(::std::string::String)));
    let of_summary = result(rust!(#krate::Summary));
    let implementation = implementation(surface, any_size);
    rust! {
        #attrs
        #[doc = #about]
        #[derive(::core::clone::Clone, ::core::fmt::Debug)]
        #vis struct #name { net: #krate::any_size::AnyNet }
        impl #name {
            #[doc = #about_parameters]
            pub const PARAMETERS: usize = #parameters;
            #[doc = #about_symbols]
            pub const SYMBOLS: [&'static str; #n_symbols] = [#(#symbols),*];
            #loading

            /// What runs the network at these sizes, one for each of `SYMBOLS`. It is planned for them the first time, and the plan is
            /// kept: see `LoadOptions::bound_sizes`.
            ///
            /// # Errors
            /// If the sizes do not meet what the network asks for: which layer does not fit, where it is written, the arithmetic, and
            /// the nearest sizes that would do. If its values would take more memory than `LoadOptions::memory_limit`.
            pub fn bind(&self, #sizes) -> #of_session {
                self.net.bind(sizes, #krate::SessionOptions::new())
            }

            /// As `bind`, with options.
            ///
            /// # Errors
            /// As `bind`, and if the options cannot be met.
            pub fn bind_with(&self, #sizes, options: #krate::SessionOptions) -> #of_session {
                self.net.bind(sizes, options)
            }

            /// What runs the network at the sizes of whatever it is given: it binds by itself.
            #[must_use]
            pub fn session(&self) -> #krate::AnySession {
                #krate::AnySession::new(&self.net, #krate::SessionOptions::new())
            }

            /// As `session`, with options.
            #[must_use]
            pub fn session_with(&self, options: #krate::SessionOptions) -> #krate::AnySession {
                #krate::AnySession::new(&self.net, options)
            }

            /// Multiply-adds of convolutions and linear layers, of one image of these sizes.
            ///
            /// # Errors
            /// As `bind`.
            pub fn macs(#sizes) -> #of_macs {
                ::core::result::Result::Ok(#krate::any_size::plan_at(#source, sizes)?.macs())
            }

            /// A table of the layers at these sizes: output, parameters, memory, multiply-adds and kernel of each.
            ///
            /// # Errors
            /// As `bind`.
            pub fn summary(#sizes) -> #of_summary {
                ::core::result::Result::Ok(#krate::Summary::of(&#krate::any_size::plan_at(#source, sizes)?))
            }

            /// The plan for these sizes, step by step: what computes each, and where it reads and writes.
            ///
            /// # Errors
            /// As `bind`.
            pub fn explain(&self, #sizes) -> #of_text {
                self.net.explain(sizes, &#krate::ExplainOptions::new())
            }

            /// As `explain`, with the code that is made of the plan: feature `jit`.
            ///
            /// # Errors
            /// As `bind`.
            pub fn explain_with(&self, #sizes, options: &#krate::ExplainOptions) -> #of_text {
                self.net.explain(sizes, options)
            }

            /// A figure of the layers at these sizes and how values flow between them, groups as boxes: a complete SVG file.
            ///
            /// # Errors
            /// As `bind`.
            pub fn to_svg(#sizes) -> #of_text {
                ::core::result::Result::Ok(#krate::Picture::of(&#krate::any_size::plan_at(#source, sizes)?).to_svg())
            }

            /// The same figure in Graphviz's language, for other layouts.
            ///
            /// # Errors
            /// As `bind`.
            pub fn to_dot(#sizes) -> #of_text {
                ::core::result::Result::Ok(#krate::Picture::of(&#krate::any_size::plan_at(#source, sizes)?).to_dot())
            }
        }
        #implementation
    }
}

/// The section that is added to the user's own documentation.
fn about(any_size: &AnySize) -> String {
    let AnySize::Ready { template, .. } = any_size else { return "\nThis definition has errors.".into() };
    let symbols = &template.symbols;
    let written = |of: &[Sizes]| {
        let of: Vec<String> = of.iter().map(|sizes| format!("`{}`", sizes.display(symbols))).collect();
        of.join(", ")
    };
    let conditions: Vec<String> = template.conditions.iter().map(|(written, _)| format!("`{written}`")).collect();
    let conditions = if conditions.is_empty() { String::new() } else { format!(" where {}", conditions.join(", ")) };
    let (inputs, outputs, n) =
        (written(&template.inputs), written(template.outputs()), thousands(any_size.n_parameters() as u64));
    format!("\n{inputs} to {outputs}{conditions}: {n} parameters.")
}

fn implementation(surface: &Surface, any_size: &AnySize) -> TokenStream {
    let Surface { name, krate, .. } = surface;
    let (text, parameters, places) = match any_size {
        AnySize::Ready { template, parameters, places } => (template.print(), parameters.as_slice(), places.as_slice()),
        AnySize::Failed { .. } => (String::new(), &[][..], &[][..]),
    };
    let (n_parameters, parameters) = (plan::int(parameters.len()), parameters.iter().map(plan::parameter));
    let number = |value: usize| Literal::u32_unsuffixed(u32::try_from(value).unwrap_or(u32::MAX));
    let places = places.iter().map(|&(line, column)| {
        let (line, column) = (number(line), number(column));
        rust!((#line, #column))
    });
    let title = name.to_string();
    rust! {
        const _: () = {
            use #krate::{any_size, rt};
            static PARAMETERS: [rt::Parameter; #n_parameters] = [#(#parameters),*];
            impl any_size::AnySize for #name {
                const SOURCE: any_size::TemplateSource = any_size::TemplateSource {
                    name: #title,
                    text: #text,
                    parameters: &PARAMETERS,
                    file: ::core::file!(),
                    places: &[#(#places),*],
                };
                fn net(&self) -> &any_size::AnyNet { &self.net }
            }
        };
    }
}
