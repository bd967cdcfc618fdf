//! Limits of sessions by the name of the standard that asks for them. Each number says where it stands.
//!
//! A standard that gives one of two numbers leaves the other to us; it is then a working day at most, which no standard
//! here exceeds for people with something to lose.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{LOGIN_ABSOLUTE, PERSON_SESSION, SessionLimits, VISIT_SESSION, hours, minutes};
use crate::near;

/// Whether a browser keeps its session when it closes: the person's choice, where the preset allows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stay {
    /// The cookie outlives the browser, until the session is over.
    #[default]
    Remembered,
    /// The cookie goes when the browser closes, and the limits are short: a browser that restores its tabs keeps it.
    Visit,
}

/// Limits by name.
///
/// ```
/// use countersign_core::policy::Preset;
/// assert_eq!("pci".parse::<Preset>().unwrap(), Preset::Pci);
/// let unknown = "nist-aal4".parse::<Preset>().unwrap_err();
/// assert_eq!(unknown.to_string(), "there is no preset `nist-aal4`, did you mean `nist-aal1`?");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Preset {
    /// Ours: a fortnight away, a month in all; or a working day and a day.
    #[default]
    Usual,
    /// NIST SP 800-63B-4 section 2.1.3: at most 30 days in all (a recommendation); no inactivity limit is asked for, so it
    /// is ours.
    NistAal1,
    /// NIST SP 800-63B-4 section 2.2.3: at most 24 hours in all and 1 hour of inactivity (recommendations).
    NistAal2,
    /// NIST SP 800-63B-4 section 2.3.3: at most 12 hours in all (a requirement) and 15 minutes of inactivity (a
    /// recommendation).
    NistAal3,
    /// PCI DSS 4.0.1 requirement 8.2.8: after more than 15 minutes of inactivity people sign in again. It limits no session
    /// as a whole; 12 hours are ours.
    Pci,
    /// Commission Delegated Regulation (EU) 2018/389, article 4(3)(d): at most 5 minutes of inactivity. It limits no session
    /// as a whole; 12 hours are ours.
    Psd2,
    /// OWASP ASVS 5.0 asks for limits from level 2 on; at level 1 its edition 4.0.3 (V3.3.2) had 30 days. The inactivity
    /// limit is ours.
    AsvsL1,
    /// OWASP ASVS 5.0 V7.3.1 and V7.3.2 ask for both limits and V7.1.1 for reasons; the numbers are those of edition 4.0.3
    /// (V3.3.2) at level 2, 12 hours and 30 minutes, which lie within NIST's for AAL2.
    AsvsL2,
    /// As level 2, with the numbers of edition 4.0.3 (V3.3.2) at level 3: 12 hours and 15 minutes, which are NIST's for AAL3.
    AsvsL3,
}

impl Preset {
    /// All presets.
    pub const ALL: [Self; 9] = [
        Self::Usual,
        Self::NistAal1,
        Self::NistAal2,
        Self::NistAal3,
        Self::Pci,
        Self::Psd2,
        Self::AsvsL1,
        Self::AsvsL2,
        Self::AsvsL3,
    ];

    /// Its name in settings.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::NistAal1 => "nist-aal1",
            Self::NistAal2 => "nist-aal2",
            Self::NistAal3 => "nist-aal3",
            Self::Pci => "pci",
            Self::Psd2 => "psd2",
            Self::AsvsL1 => "asvs-l1",
            Self::AsvsL2 => "asvs-l2",
            Self::AsvsL3 => "asvs-l3",
        }
    }

    /// What holds when somebody asked to `stay`. A strict preset remembers nobody.
    #[must_use]
    pub const fn allowed(self, stay: Stay) -> Stay {
        match (self, stay) {
            (Self::Usual | Self::NistAal1 | Self::AsvsL1, Stay::Remembered) => Stay::Remembered,
            _ => Stay::Visit,
        }
    }

    /// How long sessions live under it.
    #[must_use]
    pub const fn limits(self, stay: Stay) -> SessionLimits {
        match self {
            Self::Usual | Self::NistAal1 | Self::AsvsL1 => match stay {
                Stay::Remembered => PERSON_SESSION,
                Stay::Visit => VISIT_SESSION,
            },
            Self::NistAal2 => SessionLimits { idle: hours(1), absolute: hours(24) },
            Self::AsvsL2 => SessionLimits { idle: minutes(30), absolute: hours(12) },
            Self::NistAal3 | Self::Pci | Self::AsvsL3 => {
                SessionLimits { idle: minutes(15), absolute: hours(12) }
            }
            Self::Psd2 => SessionLimits { idle: minutes(5), absolute: hours(12) },
        }
    }

    /// The longest that anything hangs on one sign-in under it: sessions, and what refresh tokens carry on.
    #[must_use]
    pub const fn longest(self) -> Duration {
        let limits = self.limits(self.allowed(Stay::Remembered));
        if limits.absolute.as_millis() < LOGIN_ABSOLUTE.as_millis() {
            limits.absolute
        } else {
            LOGIN_ABSOLUTE
        }
    }
}

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(text: &str) -> Result<Self, UnknownPreset> {
        Self::ALL.into_iter().find(|preset| preset.name() == text).ok_or_else(|| UnknownPreset {
            text: text.chars().take(64).collect(),
            near: near::word(text, Self::ALL.map(Self::name)),
        })
    }
}

impl TryFrom<String> for Preset {
    type Error = UnknownPreset;

    fn try_from(text: String) -> Result<Self, UnknownPreset> {
        text.parse()
    }
}

impl From<Preset> for &'static str {
    fn from(preset: Preset) -> Self {
        preset.name()
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// No preset has that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPreset {
    text: String,
    near: Option<&'static str>,
}

impl fmt::Display for UnknownPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there is no preset `{}`, ", self.text)?;
        match self.near {
            Some(near) => write!(f, "did you mean `{near}`?"),
            None => write!(f, "there are `{}`", Preset::ALL.map(Preset::name).join("`, `")),
        }
    }
}

impl std::error::Error for UnknownPreset {}

/// What becomes of a sign-in beyond the most sessions that one person may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Beyond {
    /// It goes on, and the person's oldest session ends. Whoever loses a device gets back in.
    #[default]
    EndOldest,
    /// It is refused until one of the others has ended. Whoever has the password cannot push the person out.
    Deny,
}

/// How many sessions one person may have with one application at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Most {
    /// How many: 1 to [`super::MOST_SESSIONS`].
    pub count: u32,
    /// What becomes of one more.
    pub beyond: Beyond,
}

/// What is said about the sessions of an application, or of the issuer's own pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRules {
    /// How long they live; for an application that says nothing, as the issuer's. Where one becomes stricter, the issuer's own
    /// sessions, and those of an application without a server, are held to it at once; those of an application at a server keep
    /// what they began with, until they end or somebody ends them (`countersign session revoke --app`).
    #[serde(default)]
    pub preset: Option<Preset>,
    /// How many one person may have at once; none when there is no such limit.
    #[serde(default)]
    pub most: Option<Most>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_preset_is_read_by_its_name() {
        for preset in Preset::ALL {
            assert_eq!(preset.name().parse(), Ok(preset));
            let json = serde_json::to_string(&preset).unwrap();
            assert_eq!(json, format!("\"{preset}\""));
            assert_eq!(serde_json::from_str::<Preset>(&json).unwrap(), preset);
        }
    }

    #[test]
    fn the_numbers_are_those_of_the_standards() {
        let of = |name: &str| {
            let preset: Preset = name.parse().unwrap();
            let limits = preset.limits(preset.allowed(Stay::Remembered));
            (limits.idle.as_secs() / 60, limits.absolute.as_secs() / 3600)
        };
        assert_eq!(of("nist-aal1").1, 30 * 24);
        assert_eq!(of("nist-aal2"), (60, 24));
        assert_eq!(of("nist-aal3"), (15, 12));
        assert_eq!(of("pci").0, 15);
        assert_eq!(of("psd2").0, 5);
        assert_eq!(of("asvs-l1").1, 30 * 24);
        assert_eq!(of("asvs-l2"), (30, 12));
        assert_eq!(of("asvs-l3"), (15, 12));
    }

    #[test]
    fn a_strict_preset_remembers_nobody() {
        for preset in Preset::ALL {
            let lax = matches!(preset, Preset::Usual | Preset::NistAal1 | Preset::AsvsL1);
            assert_eq!(preset.allowed(Stay::Remembered) == Stay::Remembered, lax, "{preset}");
            assert_eq!(preset.allowed(Stay::Visit), Stay::Visit, "{preset}");
        }
    }

    #[test]
    fn a_visit_is_never_longer_and_idle_never_outlasts_the_whole() {
        for preset in Preset::ALL {
            let (long, short) = (preset.limits(Stay::Remembered), preset.limits(Stay::Visit));
            assert!(short.idle <= long.idle && short.absolute <= long.absolute, "{preset}");
            assert!(long.idle <= long.absolute && short.idle <= short.absolute, "{preset}");
            assert!(long.absolute <= LOGIN_ABSOLUTE, "{preset}");
        }
    }

    #[test]
    fn an_unknown_name_is_told_the_nearest_or_all() {
        let told = |text: &str| text.parse::<Preset>().unwrap_err().to_string();
        assert_eq!(told("asvs-l4"), "there is no preset `asvs-l4`, did you mean `asvs-l1`?");
        assert_eq!(told("psd3"), "there is no preset `psd3`, did you mean `psd2`?");
        assert!(told("fedramp-high").ends_with("there are `usual`, `nist-aal1`, `nist-aal2`, `nist-aal3`, `pci`, `psd2`, `asvs-l1`, `asvs-l2`, `asvs-l3`"));
    }

    proptest! {
        #[test]
        fn no_text_is_read_as_another(text in "\\PC{0,80}") {
            if let Ok(preset) = text.parse::<Preset>() {
                prop_assert_eq!(preset.name(), text);
            }
        }
    }
}
