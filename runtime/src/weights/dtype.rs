//! Element types of weight files, as the format names them. Floor 3.

use std::fmt;

/// Defines [`Dtype`]: each type, what a file calls it, its bits.
macro_rules! dtypes {
    ($($dtype:ident $name:literal $bits:literal)*) => {
        /// An element type.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Dtype {
            $($dtype),*
        }

        impl Dtype {
            /// All of them.
            pub(super) const ALL: &[Dtype] = &[$(Dtype::$dtype),*];

            /// As a file calls it.
            pub(super) fn name(self) -> &'static str {
                match self {
                    $(Dtype::$dtype => $name),*
                }
            }

            /// Bits of an element.
            pub(super) fn bits(self) -> usize {
                match self {
                    $(Dtype::$dtype => $bits),*
                }
            }
        }
    };
}

dtypes! {
    Bool "BOOL" 8 U8 "U8" 8 I8 "I8" 8 I16 "I16" 16 U16 "U16" 16 I32 "I32" 32 U32 "U32" 32 I64 "I64" 64 U64 "U64" 64
    F4 "F4" 4 F6E2M3 "F6_E2M3" 6 F6E3M2 "F6_E3M2" 6 F8E5M2 "F8_E5M2" 8 F8E4M3 "F8_E4M3" 8 F8E8M0 "F8_E8M0" 8
    F8E4M3Fnuz "F8_E4M3FNUZ" 8 F8E5M2Fnuz "F8_E5M2FNUZ" 8 F16 "F16" 16 Bf16 "BF16" 16 F32 "F32" 32 F64 "F64" 64 C64 "C64" 64
}

impl Dtype {
    /// The one that a file calls so.
    pub(super) fn named(name: &str) -> Option<Dtype> {
        Dtype::ALL.iter().copied().find(|dtype| dtype.name() == name)
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sizes_are_those_of_the_formats_own_library() {
        for dtype in Dtype::ALL {
            let theirs: safetensors::Dtype = serde_json::from_str(&format!("\"{dtype}\"")).unwrap();
            assert_eq!((theirs.to_string(), theirs.bitsize()), (dtype.to_string(), dtype.bits()));
            assert_eq!(Dtype::named(dtype.name()), Some(*dtype));
        }
        assert_eq!(Dtype::named("Q4"), None);
    }
}
