//! Results of several values: what `let (a, b) = x -> split(2);` binds its names to. Floor 10.
//!
//! A node of the graph has one output. A layer with several results packs them into it and says which part each of them is
//! ([`ops::Results`]); a part becomes a slice, and a reshape where it has another shape, once something names it.

use super::report::Kind;
use super::resolve::Resolver;
use super::syntax::{Name, Place};
use super::value::Value;
use crate::diag::Problem;
use crate::graph::{Arg, Args, Call, Node, Origin, ValueId};
use crate::shape::{Shape, Sizes};
use crate::{infer, ops, registry};

/// Several results before they are named.
#[derive(Clone, Debug)]
pub struct Several {
    /// The layer or block that gives them; `None` where that is a branch.
    pub of: Option<String>,
    /// Where it is called.
    pub place: Place,
    /// Where its nodes belong.
    pub path: String,
    /// Each of them.
    pub parts: Vec<Part>,
    /// Whether the first one is meant where a single value is asked for.
    pub first_alone: bool,
    /// Where the layer's output is the first one alone: the arguments with which it holds all of them, and its shape then.
    pub packed: Option<(Args, Shape)>,
}

/// One of several results.
#[derive(Clone, Debug)]
pub enum Part {
    /// Of a block.
    Whole(Value),
    /// Of a layer: a part of its output.
    Of(ValueId, ops::Part),
}

impl PartialEq for Several {
    fn eq(&self, other: &Several) -> bool {
        self.place.id == other.place.id
    }
}

impl Several {
    /// `split` gives 2 values
    fn said(&self) -> String {
        let of = self.of.as_ref().map_or_else(|| "this".to_owned(), |of| format!("`{of}`"));
        let n = self.parts.len();
        format!("{of} gives {n} value{}", if n == 1 { "" } else { "s" })
    }

    /// A `let` that names as many.
    fn pattern(&self) -> String {
        let names = ["a", "b", "c", "d"];
        let n = self.parts.len();
        let shown: Vec<&str> = names.iter().copied().take(n).collect();
        let rest = if n > names.len() {
            ", …"
        } else if n == 1 {
            ","
        } else {
            ""
        };
        format!("let ({}{rest}) = …;", shown.join(", "))
    }
}

impl Resolver<'_, '_> {
    /// A single value: the first of several, if that is what a single value means there.
    pub(super) fn alone(&mut self, value: Value) -> Value {
        let Value::Several(several) = value else { return value };
        match several.parts.first() {
            Some(Part::Of(output, _)) if several.packed.is_some() => Value::Flow(*output),
            Some(first) if several.first_alone => self.part(&several, first),
            _ => {
                let message = format!(
                    "{}, and here is room for one\nhelp: name them: `{}`; `_` stands for one that is not used",
                    several.said(),
                    several.pattern()
                );
                self.unknown(several.place, message)
            }
        }
    }

    /// The values of the names in a `let`.
    pub(super) fn named(&mut self, results: Value, names: &[Name], place: Place) -> Vec<Value> {
        let unknown = vec![Value::Unknown; names.len()];
        match results {
            Value::Several(mut several) if several.parts.len() == names.len() => {
                self.pack(&mut several);
                let named = several.parts.iter().zip(names);
                named.map(|(part, name)| if name.text == "_" { Value::Unknown } else { self.part(&several, part) }).collect()
            }
            Value::Several(several) => {
                let help = format!("write `{}`; `_` stands for one that is not used", several.pattern());
                let n = names.len();
                let are = if n == 1 { "is 1 name".to_owned() } else { format!("are {n} names") };
                let at = names.get(several.parts.len()).map_or(place, |surplus| surplus.place);
                self.mistake(at, Kind::Value, format!("{}, but here {are}\nhelp: {help}", several.said()));
                unknown
            }
            Value::Unknown => unknown,
            // After a mistake.
            Value::Flow(_) if self.shape(&results).is_none() => unknown,
            other => {
                let first = names.first().map_or("x", |name| name.text.as_str());
                let message = format!(
                    "one value has one name, and here is {}\nhelp: write `let {first} = …;`; several names are for layers and blocks that give several values, such as `split`",
                    other.described()
                );
                self.mistake(place, Kind::Value, message);
                unknown
            }
        }
    }

    /// Has a layer's output hold all of its results.
    fn pack(&mut self, several: &mut Several) {
        if let (Some((args, shape)), Some(Part::Of(output, _))) = (several.packed.take(), several.parts.first())
            && let Some(node) = self.nodes.iter_mut().rfind(|node| node.output == *output)
        {
            node.call.args = args;
            let (call, inputs) = (node.call.clone(), node.inputs.clone());
            if self.symbols.sizes.contains_key(output) {
                let sizes: Option<Vec<Sizes>> = inputs.into_iter().map(|input| self.value_sizes(input)).collect();
                let inferred = sizes.and_then(|sizes| infer::call_sizes(&call, &sizes.iter().collect::<Vec<_>>()));
                self.symbols.sizes.extend(inferred.map(|inferred| (*output, inferred.sizes)));
            }
            self.set_shape(*output, shape);
        }
    }

    /// One of several results as a value of the flow.
    fn part(&mut self, several: &Several, part: &Part) -> Value {
        match part {
            Part::Whole(value) => value.clone(),
            Part::Of(packed, part) => match self.unpacked(several, *packed, part) {
                Ok(value) => Value::Flow(value),
                Err(problem) => {
                    let message = format!("the results of {}: {problem}", several.of.as_deref().unwrap_or("this"));
                    self.unknown(several.place, message)
                }
            },
        }
    }

    /// A part of a layer's output.
    fn unpacked(&mut self, several: &Several, packed: ValueId, part: &ops::Part) -> Result<ValueId, Problem> {
        let len = self.shape(&Value::Flow(packed)).and_then(|shape| shape.0.get(part.axis)).map(|&len| len as i64);
        let mut value = packed;
        if part.range[0] != Some(0) || part.range[1].is_some() && part.range[1] != len {
            let args = [("range", Arg::Range(part.range)), ("axis", Arg::Axis(part.axis as i64))];
            value = self.view(several, "slice", &args, value)?;
        }
        if let Some(sizes) = &part.sizes {
            value = self.view(several, "reshape", &[("sizes", Arg::List(sizes.clone()))], value)?;
        }
        Ok(value)
    }

    /// A node that nobody wrote.
    fn view(
        &mut self,
        several: &Several,
        layer: &'static str,
        given: &[(&str, Arg)],
        input: ValueId,
    ) -> Result<ValueId, Problem> {
        let signature = registry::layer(layer).map_or(&[][..], |layer| layer.signature());
        let args = ops::complete(signature, given).map_err(Problem::layer)?;
        let call = Call { layer, path: several.path.clone(), args, origin: Origin(several.place.id) };
        let shape = match self.shape(&Value::Flow(input)) {
            Some(shape) => infer::call(&call, &[shape])?,
            None => return Ok(self.add_value(None)),
        };
        let sizes = self.value_sizes(input).filter(|sizes| sizes.known().is_none());
        let output = self.add_value(Some(shape));
        if let Some(sizes) = sizes {
            // A part of a value whose sizes depend on symbols starts and ends where they do not.
            let inferred = infer::call_sizes(&call, &[&sizes]).ok_or_else(|| Problem::layer("a part depends on sizes"))?;
            self.symbols.sizes.insert(output, inferred.sizes);
        }
        self.places.push(several.place);
        self.nodes.push(Node { call, inputs: vec![input], epilogue: Vec::new(), output });
        Ok(output)
    }
}
