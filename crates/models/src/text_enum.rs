//! Enums whose values are texts in the schema and in JSON.

/// A text that is none of the values of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is no {kind}: expected one of {expected}")]
pub struct UnknownValue {
    /// What the text should have been, for example `task status`.
    pub kind: &'static str,
    /// The text that was found.
    pub value: String,
    /// The texts that would have been right, with commas between.
    pub expected: String,
}

/// Defines an enum from its values' texts: `ALL`, `as_str`, `Display`, `FromStr` and serde all use these texts.
macro_rules! text_enum {
    (
        $(#[$doc:meta])*
        $name:ident, $kind:literal { $( $(#[$variant_doc:meta])* $variant:ident = $text:literal, )+ }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $name {
            $( $(#[$variant_doc])* #[serde(rename = $text)] $variant, )+
        }

        impl $name {
            /// Every value, in the order of definition.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )+];

            /// The text of this value in the schema and in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::UnknownValue;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $( $text => Ok(Self::$variant), )+
                    _ => Err($crate::UnknownValue {
                        kind: $kind,
                        value: text.chars().take(100).collect(),
                        expected: [$( $text, )+].join(", "),
                    }),
                }
            }
        }
    };
}

pub(crate) use text_enum;
