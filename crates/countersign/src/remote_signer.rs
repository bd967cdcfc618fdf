//! Tokens whose key stays in an HSM or a KMS: everything but the signature is made here.
//!
//! RFC 7515 5.1, with [`countersign_jose::jwt::prepare`] on this side of the wire. The signature that comes back is checked
//! under the public key before a token leaves. How the service is reached, and whether it is asked twice, is not decided here.

use std::error::Error as StdError;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use countersign_jose::jwt::{self, Profile};
use countersign_jose::{Fault, VerifyingKey};

/// How long a signature may take: a service that is well needs a tenth of a second, and whoever waits for a token
/// longer than this has gone. A caller that drops the future waits less.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// What the key service said instead of a signature.
pub type ServiceError = Box<dyn StdError + Send + Sync>;

/// A signature on its way.
pub type Signing<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, ServiceError>> + Send + 'a>>;

/// A private key that signs elsewhere. [`sign_remotely`] makes tokens with it.
///
/// A signature that is wrong reaches nobody: it costs a token that is not made. What must hold is that only those who may
/// sign reach the service.
///
/// ```
/// use countersign::{RemoteSigner, Signing, sign_remotely};
/// use countersign_jose::jwt::IdClaims;
/// use countersign_jose::{Algorithm, Signer, SigningKey, VerifyingKey};
///
/// struct Hsm { public: VerifyingKey, wire: SigningKey } // `wire` stands for the connection
///
/// impl RemoteSigner for Hsm {
///     fn key(&self) -> &VerifyingKey { &self.public }
///
///     fn sign<'a>(&'a self, input: &'a [u8]) -> Signing<'a> {
///         Box::pin(async move { Ok(self.wire.sign(input)?) })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let wire = SigningKey::generate(Algorithm::Es256)?;
/// let hsm = Hsm { public: wire.verifying_key(), wire };
/// let token = sign_remotely(&hsm, &IdClaims { sub: "ada".into(), ..IdClaims::default() }).await?;
/// # assert!(countersign_jose::jwt::inspect(&token).is_ok());
/// # Ok(())
/// # }
/// ```
pub trait RemoteSigner: Send + Sync {
    /// The public half, with the `kid` that tokens name.
    fn key(&self) -> &VerifyingKey;

    /// The signature of the private half over `input`, by the algorithm of [`RemoteSigner::key`].
    ///
    /// `input` is the message, not its hash: a service that wants the hash gets it from the implementation.
    fn sign<'a>(&'a self, input: &'a [u8]) -> Signing<'a>;

    /// In which form the service answers.
    fn form(&self) -> SignatureForm {
        SignatureForm::Jose
    }
}

/// How a signature is written. It is told, never guessed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignatureForm {
    /// As in tokens: an ECDSA signature is `r` and `s` side by side (RFC 7518 3.4).
    #[default]
    Jose,
    /// An ECDSA signature in DER, as most key services answer (RFC 3279 2.2.3).
    Der,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotSigned {
    /// The service gave no signature; it says why in the source.
    #[error("the key service did not sign")]
    Failed(#[source] ServiceError),
    /// The service took longer than [`PATIENCE`].
    #[error("the key service did not answer within {} s", PATIENCE.as_secs())]
    TooSlow,
    /// What came back is no signature of this key over this token.
    #[error("the key service answered with something else than a signature of `{kid}`")]
    WrongSignature {
        /// The name of the key.
        kid: String,
    },
    /// The claims cannot be written.
    #[error(transparent)]
    Claims(#[from] Fault),
}

impl NotSigned {
    /// The stable code, explained by `countersign explain`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Failed(_) => "CS-1110",
            Self::TooSlow => "CS-1111",
            Self::WrongSignature { .. } => "CS-1112",
            Self::Claims(fault) => fault.code(),
        }
    }
}

/// Signs claims as a token of their profile with a key that is elsewhere. Needs a tokio runtime with its clock.
///
/// # Errors
/// [`NotSigned`]: the service failed, was slow or signed with something else, or the claims cannot be written.
pub async fn sign_remotely<C: Profile>(
    signer: &(impl RemoteSigner + ?Sized),
    claims: &C,
) -> Result<String, NotSigned> {
    let unsigned = jwt::prepare(signer.key(), claims)?;
    let signature = tokio::time::timeout(PATIENCE, signer.sign(unsigned.input()))
        .await
        .map_err(|_| NotSigned::TooSlow)?
        .map_err(NotSigned::Failed)?;
    let kid = unsigned.key().key_id().as_str().to_owned();
    let signed = match signer.form() {
        SignatureForm::Jose => unsigned.signed(&signature),
        SignatureForm::Der => unsigned.signed_der(&signature),
    };
    signed.map_err(|_| NotSigned::WrongSignature { kid })
}

#[cfg(test)]
mod tests {
    use countersign_jose::jwt::IdClaims;
    use countersign_jose::{Algorithm, Signer, SigningKey};

    use super::*;

    const NOW: u64 = 1_800_000_000;

    /// What a service does with what it is asked to sign.
    #[derive(Clone, Copy)]
    enum Service {
        Signs,
        SignsAfter(Duration),
        Fails,
        AnswersWith(fn(Vec<u8>) -> Vec<u8>),
    }

    struct Hsm {
        public: VerifyingKey,
        inside: SigningKey,
        service: Service,
        form: SignatureForm,
    }

    impl Hsm {
        fn new(algorithm: Algorithm, service: Service) -> Self {
            let inside = SigningKey::generate(algorithm).unwrap();
            Self { public: inside.verifying_key(), inside, service, form: SignatureForm::Jose }
        }
    }

    impl RemoteSigner for Hsm {
        fn key(&self) -> &VerifyingKey {
            &self.public
        }

        fn sign<'a>(&'a self, input: &'a [u8]) -> Signing<'a> {
            Box::pin(async move {
                let signature = self.inside.sign(input)?;
                match self.service {
                    Service::Signs => Ok(signature),
                    Service::SignsAfter(time) => {
                        tokio::time::sleep(time).await;
                        Ok(signature)
                    }
                    Service::Fails => Err("slot 3 is locked".into()),
                    Service::AnswersWith(change) => Ok(change(signature)),
                }
            })
        }

        fn form(&self) -> SignatureForm {
            self.form
        }
    }

    fn claims() -> IdClaims {
        IdClaims {
            iss: "https://id.example".into(),
            sub: "ada".into(),
            aud: "shop".into(),
            iat: NOW,
            exp: NOW + 300,
            ..IdClaims::default()
        }
    }

    async fn refused(hsm: &dyn RemoteSigner) -> NotSigned {
        sign_remotely(hsm, &claims()).await.unwrap_err()
    }

    /// `r` and `s` as a DER sequence of two integers: the other direction than the one under test.
    fn as_der(signature: Vec<u8>) -> Vec<u8> {
        let mut numbers = Vec::new();
        for half in signature.chunks(signature.len() / 2) {
            let mut number: Vec<u8> = half.iter().copied().skip_while(|byte| *byte == 0).collect();
            if number.first().is_none_or(|byte| *byte >= 0x80) {
                number.insert(0, 0);
            }
            numbers.extend([0x02, u8::try_from(number.len()).unwrap()]);
            numbers.extend(number);
        }
        let mut der = vec![0x30, u8::try_from(numbers.len()).unwrap()];
        der.extend(numbers);
        der
    }

    #[tokio::test]
    async fn a_key_elsewhere_makes_tokens_that_its_public_half_verifies() {
        for algorithm in [Algorithm::Es256, Algorithm::Es384, Algorithm::EdDsa] {
            let hsm = Hsm::new(algorithm, Service::Signs);
            let token = sign_remotely(&hsm as &dyn RemoteSigner, &claims()).await.unwrap();
            let shop =
                jwt::verifier::<IdClaims>(hsm.public.clone()).issuer("https://id.example").audience("shop");
            assert_eq!(shop.verify(&token, NOW).unwrap().sub, "ada", "{algorithm}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_service_is_waited_for_and_one_that_hangs_is_not() {
        let slow = Hsm::new(Algorithm::Es256, Service::SignsAfter(PATIENCE - Duration::from_millis(1)));
        assert!(sign_remotely(&slow, &claims()).await.is_ok());
        let hangs = Hsm::new(Algorithm::Es256, Service::SignsAfter(PATIENCE + Duration::from_secs(1)));
        let error = refused(&hangs).await;
        assert_eq!(error.code(), "CS-1111");
        assert_eq!(error.to_string(), "the key service did not answer within 10 s");
    }

    #[tokio::test]
    async fn what_the_service_says_is_the_source_and_not_the_message() {
        let error = refused(&Hsm::new(Algorithm::Es256, Service::Fails)).await;
        assert_eq!((error.code(), error.to_string().as_str()), ("CS-1110", "the key service did not sign"));
        assert_eq!(error.source().unwrap().to_string(), "slot 3 is locked");
    }

    #[tokio::test]
    async fn a_signature_of_another_key_makes_no_token() {
        let mut hsm = Hsm::new(Algorithm::Es256, Service::Signs);
        hsm.inside = SigningKey::generate(Algorithm::Es256).unwrap();
        assert_eq!(refused(&hsm).await.code(), "CS-1112");
        hsm.inside = SigningKey::generate(Algorithm::EdDsa).unwrap();
        assert_eq!(refused(&hsm).await.code(), "CS-1112");
    }

    #[tokio::test]
    async fn an_answer_that_is_no_signature_makes_no_token() {
        let answers: [fn(Vec<u8>) -> Vec<u8>; 4] = [
            |_| Vec::new(),
            |signature| vec![0; signature.len()],
            |signature| [signature.as_slice(), &[0]].concat(),
            |mut signature| {
                signature.pop();
                signature
            },
        ];
        for answer in answers {
            for form in [SignatureForm::Jose, SignatureForm::Der] {
                let hsm = Hsm { form, ..Hsm::new(Algorithm::Es256, Service::AnswersWith(answer)) };
                assert_eq!(refused(&hsm).await.code(), "CS-1112");
            }
        }
    }

    #[tokio::test]
    async fn der_is_taken_where_it_is_announced_and_nowhere_else() {
        let mut hsm = Hsm::new(Algorithm::Es256, Service::AnswersWith(as_der));
        assert_eq!(refused(&hsm).await.code(), "CS-1112");
        hsm.form = SignatureForm::Der;
        let token = sign_remotely(&hsm, &claims()).await.unwrap();
        assert!(countersign_jose::jws::verify(&token, &hsm.public.clone().into()).is_ok());
        hsm.service = Service::Signs;
        assert_eq!(refused(&hsm).await.code(), "CS-1112");
        // Only ECDSA has a form in DER.
        let edwards = Hsm { form: SignatureForm::Der, ..Hsm::new(Algorithm::EdDsa, Service::Signs) };
        assert_eq!(refused(&edwards).await.code(), "CS-1112");
    }

    #[tokio::test]
    async fn claims_that_nobody_would_read_are_not_sent_to_be_signed() {
        #[derive(serde::Serialize, serde::Deserialize)]
        struct Root {
            sub: String,
        }
        let hsm = Hsm::new(Algorithm::Es256, Service::Fails);
        let claims = jwt::Extended::new(claims(), Root { sub: "root".into() });
        assert_eq!(sign_remotely(&hsm, &claims).await.unwrap_err().code(), "CS-1096");
    }
}
