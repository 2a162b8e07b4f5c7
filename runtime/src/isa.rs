//! The instruction set that kernels run on: detected once, overridden by `CONVOKE_ISA`. Floor 0.

use std::fmt;
use std::sync::OnceLock;

/// An instruction set with kernels of its own. A value of it is made only where the machine has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Isa {
    /// 16 lanes: AVX-512 F, VL, BW and DQ, beside AVX2 and FMA.
    Avx512,
    /// 8 lanes: AVX2 and FMA.
    Avx2,
    /// 4 lanes that the compiler vectorises for whatever the target has.
    Portable,
}

/// Why there is no instruction set to run on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum IsaError {
    /// `CONVOKE_ISA` holds a word that names none.
    Unknown(String),
    /// This machine lacks the one that was asked for.
    Missing(Isa),
}

impl fmt::Display for IsaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IsaError::Unknown(word) => {
                write!(f, "CONVOKE_ISA is `{word}`; it can be `avx512`, `avx2` or `portable`")
            }
            IsaError::Missing(isa) => {
                write!(f, "the instruction set `{isa}` was asked for, but this machine lacks it (needed: {})", isa.features())
            }
        }
    }
}

impl std::error::Error for IsaError {}

impl fmt::Display for Isa {
    /// The word that `CONVOKE_ISA` takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Isa::Avx512 => "avx512",
            Isa::Avx2 => "avx2",
            Isa::Portable => "portable",
        })
    }
}

impl Isa {
    /// All of them, the widest first.
    pub const ALL: [Isa; 3] = [Isa::Avx512, Isa::Avx2, Isa::Portable];

    /// The widest that this machine has, or the one that the environment's `CONVOKE_ISA` asks for. Looked up once.
    pub fn detect() -> Result<Isa, IsaError> {
        static DETECTED: OnceLock<Result<Isa, IsaError>> = OnceLock::new();
        DETECTED
            .get_or_init(|| match std::env::var_os("CONVOKE_ISA") {
                Some(word) => Isa::named(&word.to_string_lossy()),
                None => Ok(Isa::ALL.into_iter().find(|isa| isa.is_available()).unwrap_or(Isa::Portable)),
            })
            .clone()
    }

    /// The one called `word`, if this machine has it. An empty word asks for the widest.
    pub fn named(word: &str) -> Result<Isa, IsaError> {
        let isa = match word.trim().to_ascii_lowercase().as_str() {
            "" => return Ok(Isa::ALL.into_iter().find(|isa| isa.is_available()).unwrap_or(Isa::Portable)),
            "avx512" => Isa::Avx512,
            "avx2" => Isa::Avx2,
            "portable" => Isa::Portable,
            _ => return Err(IsaError::Unknown(word.to_owned())),
        };
        if isa.is_available() { Ok(isa) } else { Err(IsaError::Missing(isa)) }
    }

    /// Whether this machine has it: exactly the features that its kernels are compiled with.
    pub fn is_available(self) -> bool {
        match self {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.is_available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(not(target_arch = "x86_64"))]
            Isa::Avx512 | Isa::Avx2 => false,
            Isa::Portable => true,
        }
    }

    /// Floats in one vector.
    pub const fn lanes(self) -> usize {
        match self {
            Isa::Avx512 => 16,
            Isa::Avx2 => 8,
            Isa::Portable => 4,
        }
    }

    /// The features it needs, for messages.
    fn features(self) -> &'static str {
        match self {
            Isa::Avx512 => "avx512f, avx512vl, avx512bw, avx512dq, avx2, fma",
            Isa::Avx2 => "avx2, fma",
            Isa::Portable => "none",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_an_instruction_set_or_the_message_lists_those_there_are() {
        assert_eq!(Isa::named("portable"), Ok(Isa::Portable));
        assert_eq!(Isa::named("Portable "), Ok(Isa::Portable));
        let error = Isa::named("sse9").unwrap_err();
        assert_eq!(error.to_string(), "CONVOKE_ISA is `sse9`; it can be `avx512`, `avx2` or `portable`");
    }

    #[test]
    fn what_is_missing_is_an_error_that_names_the_features() {
        for isa in Isa::ALL {
            match Isa::named(&isa.to_string()) {
                Ok(named) => assert!(named == isa && isa.is_available()),
                Err(error) => assert!(!isa.is_available() && error == IsaError::Missing(isa)),
            }
        }
        assert!(IsaError::Missing(Isa::Avx2).to_string().contains("avx2, fma"));
    }
}
