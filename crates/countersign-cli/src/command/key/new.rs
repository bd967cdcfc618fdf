//! `countersign key new`: a key pair or a secret for one algorithm, or a master key for the server.

use clap::{Args, ValueEnum};
use countersign_jose::jwe::{Curve, DecryptingKey, KeyKind, SymmetricKey};
use countersign_jose::{Algorithm, Family, KeyId, PrivateJwk, SigningKey, base64, primitive};
use serde_json::json;
use zeroize::Zeroizing;

use super::{Purpose, purpose};
use crate::keyfile::{self, Out};
use crate::problem::{Problem, Result, code};
use crate::ui::{Mark, Sheet, Ui, show_json};

/// Make a private key, a shared secret, or a master key
///
/// Key pairs that sign:    ES256 ES384 ES512 ES256K Ed25519 EdDSA RS256 RS384
///                         RS512 PS256 PS384 PS512 ML-DSA-44 ML-DSA-65 ML-DSA-87
/// Key pairs that decrypt: ECDH-ES, alone or with +A128KW, +A192KW, +A256KW;
///                         RSA-OAEP, alone or with -256, -384, -512
/// Secrets that sign:      HS256 HS384 HS512
/// Secrets that encrypt:   A128KW A192KW A256KW A128GCMKW A192GCMKW A256GCMKW
///                         A128GCM A192GCM A256GCM A128CBC-HS256 A192CBC-HS384
///                         A256CBC-HS512
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "Examples:\n  countersign key new --out key.pem\n  countersign key new --algorithm Ed25519 --format jwk --out key.jwk\n  countersign key new --algorithm ECDH-ES+A256KW --curve X25519 --out mail.jwk\n  countersign key new --algorithm HS256 --out secret.jwk"
)]
pub(crate) struct New {
    /// What it is for, one name of the list above
    #[arg(long, visible_alias = "alg", value_name = "NAME", default_value = "ES256", value_parser = purpose)]
    algorithm: Purpose,
    /// The curve of an ECDH-ES key: P-256, P-384, P-521, X25519 [default: P-256]
    #[arg(long, value_name = "NAME", value_parser = curve)]
    curve: Option<Curve>,
    /// Its form [default: pem for key pairs that sign, jwk for the others]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Its name, in a JWK [default: the thumbprint of a key pair]
    #[arg(long, value_name = "NAME", value_parser = keyfile::key_id)]
    kid: Option<KeyId>,
    /// Make a master key instead: 32 random bytes that seal what is on disk
    #[arg(long, conflicts_with_all = ["algorithm", "curve", "format", "kid"])]
    master: bool,
    #[command(flatten)]
    out: Out,
}

/// The forms of a new key
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// PKCS#8 in PEM, which every tool reads; holds neither name nor algorithm
    Pem,
    /// A JSON Web Key with its name and its one algorithm
    Jwk,
}

fn curve(name: &str) -> core::result::Result<Curve, String> {
    let found = Curve::ALL.into_iter().find(|curve| curve.name().eq_ignore_ascii_case(name));
    found.ok_or_else(|| "known are P-256, P-384, P-521, X25519".to_owned())
}

impl New {
    pub(super) fn run(&self, ui: Ui) -> Result {
        self.out.admits()?;
        let (text, kid) = if self.master {
            let mut bytes = Zeroizing::new([0; 32]);
            primitive::fill_random(bytes.as_mut_slice())?;
            (Zeroizing::new(base64::encode(bytes.as_slice()) + "\n"), None)
        } else {
            self.drawn()?
        };
        if ui.json {
            match self.out.file() {
                Some(path) => {
                    self.out.secret(text.as_bytes())?;
                    show_json(&json!({ "file": path, "kid": kid }));
                }
                None => show_json(&json!({ "key": *text, "kid": kid })),
            }
            return Ok(());
        }
        let Some(path) = self.out.secret(text.as_bytes())? else { return Ok(()) };
        let path = path.display().to_string();
        let mut sheet = Sheet::new(ui);
        sheet.marked(Mark::Done, &format!("{} is written; only you can read it", ui.bold(&path)));
        sheet.gap();
        if self.master {
            sheet.marked(
                Mark::Look,
                "keep a copy elsewhere: without it the data folder cannot be opened again",
            );
            let path = ui.copy(&format!("COUNTERSIGN_MASTER_KEY_FILE={path}"));
            sheet.line(format!("{} {path}", ui.mark(Mark::Next)));
            sheet.show();
            return Ok(());
        }
        let mut rows = vec![("for", self.algorithm.name().to_owned(), self.what().to_owned())];
        if let Some(kid) = kid {
            rows.push(("kid", ui.copy(&kid), String::new()));
        }
        sheet.facts(&rows);
        if self.pair() {
            sheet.gap();
            let named =
                if self.unsaid() { format!(" --alg {}", self.algorithm.name()) } else { String::new() };
            let next = ui.copy(&format!("countersign key public {path}{named}"));
            sheet.line(format!("{} {next}   the half to give away", ui.mark(Mark::Next)));
        }
        sheet.show();
        Ok(())
    }

    /// The form that was asked for, or the usual one.
    fn form(&self) -> Format {
        let usual = matches!(self.algorithm, Purpose::Sign(_)) && self.pair() && self.kid.is_none();
        self.format.unwrap_or(if usual { Format::Pem } else { Format::Jwk })
    }

    /// Whether the file does not say what the key is for: in PEM a curve is taken for the one algorithm that signs with it.
    fn unsaid(&self) -> bool {
        let by_curve = match self.algorithm {
            Purpose::Sign(Algorithm::Ed25519) => false,
            Purpose::Sign(algorithm) => !matches!(algorithm.family(), Family::Rsa),
            _ => false,
        };
        self.form() == Format::Pem && !by_curve
    }

    const fn pair(&self) -> bool {
        match self.algorithm {
            Purpose::Sign(algorithm) => !matches!(algorithm.family(), Family::Secret),
            Purpose::Encrypt(algorithm) => !matches!(algorithm.kind(), KeyKind::Symmetric),
            Purpose::Direct(_) => false,
        }
    }

    const fn what(&self) -> &'static str {
        match (self.pair(), self.algorithm) {
            (true, Purpose::Sign(_)) => "it signs, its public half checks",
            (true, _) => "its public half encrypts, it decrypts",
            (false, Purpose::Sign(_)) => "a secret: whoever checks with it can also sign",
            (false, _) => "a secret: both sides have it, and nobody else",
        }
    }

    fn drawn(&self) -> Result<(Zeroizing<String>, Option<String>)> {
        let agrees = matches!(self.algorithm, Purpose::Encrypt(one) if one.kind() == KeyKind::Agreement);
        if self.curve.is_some() && !agrees {
            return Err(Problem::usage(code::BAD_VALUE, "`--curve` belongs to the ECDH-ES algorithms")
                .hint("the others have one curve each, or none"));
        }
        let mut jwk = match self.algorithm {
            Purpose::Sign(algorithm) if algorithm.family() == Family::Secret => {
                PrivateJwk::generate_secret(algorithm)?
            }
            Purpose::Sign(algorithm) => SigningKey::generate(algorithm)?.to_jwk()?,
            Purpose::Encrypt(algorithm) if algorithm.kind() == KeyKind::Password => {
                return Err(Problem::usage(code::BAD_VALUE, "a password is no key file")
                    .hint("write one to a file and use it: countersign jwe encrypt --password @FILE"));
            }
            Purpose::Encrypt(algorithm) => match self.curve {
                Some(curve) => DecryptingKey::generate_jwk_on(curve, algorithm)?,
                None if algorithm.kind() == KeyKind::Symmetric => SymmetricKey::generate_jwk(algorithm)?,
                None => DecryptingKey::generate_jwk(algorithm)?,
            },
            Purpose::Direct(content) => PrivateJwk::generate_direct(content)?,
        };
        if let Some(kid) = &self.kid {
            jwk = jwk.with_id(kid.clone());
        }
        let kid = jwk.key_id().map(|kid| kid.as_str().to_owned());
        let text = match self.form() {
            Format::Jwk => line(jwk.to_json()),
            Format::Pem if self.kid.is_some() => {
                return Err(Problem::usage(code::BAD_VALUE, "PEM holds no `--kid`").hint("use --format jwk"));
            }
            Format::Pem if !self.pair() => {
                return Err(Problem::usage(code::BAD_VALUE, "there is no PEM of a shared secret")
                    .hint("use --format jwk"));
            }
            Format::Pem => jwk.to_pkcs8_pem()?,
        };
        Ok((text, kid))
    }
}

/// One document, one line.
pub(super) fn line(mut json: Zeroizing<String>) -> Zeroizing<String> {
    json.push('\n');
    json
}
