//! 64 parallel presentations, 1,000 rounds: what works once works once, and what is replayed ends.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use crate::common::{ADA, PASSWORD, Shop, parameter, redemption, refresh_of, word};
use countersign::testing::Rig;
use countersign::{Error, Password, Refusal, TokenAnswer};
use countersign_core::record::Style;
use tokio::sync::Barrier;

const ROUNDS: usize = 1000;
const AT_ONCE: usize = 64;

/// The answers to `AT_ONCE` presentations that begin together.
async fn together<T, F>(present: impl Fn() -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let barrier = Arc::new(Barrier::new(AT_ONCE));
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|_| {
            let (barrier, presentation) = (Arc::clone(&barrier), present());
            tokio::spawn(async move {
                barrier.wait().await;
                presentation.await
            })
        })
        .collect();
    let mut answers = Vec::with_capacity(AT_ONCE);
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

fn succeeded<T>(answers: &[Result<T, Error>]) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}

async fn present(shop: &Arc<Shop>, form: String) -> Vec<Result<TokenAnswer, Error>> {
    together(|| {
        let (shop, form) = (Arc::clone(shop), form.clone());
        async move { shop.token(&form).await }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_works_at_most_once_and_a_replay_ends_its_grant() {
    let shop = Arc::new(Shop::open().await);
    for round in 0..ROUNDS {
        let code = shop.code().await;
        let answers = present(&shop, redemption(&code)).await;
        assert!(succeeded(&answers) <= 1, "round {round}");
        assert!(
            answers.iter().filter_map(|answer| answer.as_ref().err()).all(|no| word(no) == "invalid_grant")
        );
        // Whatever came of the first use is dead: 63 others have used the code.
        for answer in answers.into_iter().flatten() {
            assert!(shop.engine().check_bearer(&answer.access_token, "shop").is_err(), "round {round}");
            assert!(shop.refresh(&refresh_of(&answer)).await.is_err(), "round {round}");
        }
    }
    assert!(
        shop.engine().grants_of(&shop.ada.session.subject).await.unwrap().iter().all(|grant| !grant.live)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_current_refresh_token_advances_once_and_every_repeat_gets_the_identical_successor() {
    let shop = Arc::new(Shop::open().await);
    let mut current = refresh_of(&shop.tokens().await);
    for round in 0..ROUNDS {
        shop.rig.clock.advance(Duration::from_secs(31));
        let answers = present(&shop, format!("grant_type=refresh_token&refresh_token={current}")).await;
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.unwrap()).collect();
        let successor = refresh_of(&answers[0]);
        assert_ne!(successor, current, "round {round}");
        assert!(answers.iter().all(|answer| refresh_of(answer) == successor), "round {round}");
        assert!(
            shop.engine().check_bearer(&answers[AT_ONCE - 1].access_token, "shop").is_ok(),
            "round {round}"
        );
        current = successor;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_two_generations_old_is_refused_by_all_and_its_family_ends() {
    let shop = Arc::new(Shop::open().await);
    for round in 0..ROUNDS {
        let first = shop.tokens().await;
        let old = refresh_of(&first);
        let mut newest = first;
        for _ in 0..2 {
            shop.rig.clock.advance(Duration::from_secs(31));
            newest = shop.refresh(&refresh_of(&newest)).await.unwrap();
        }
        let answers = present(&shop, format!("grant_type=refresh_token&refresh_token={old}")).await;
        assert_eq!(succeeded(&answers), 0, "round {round}");
        assert!(answers.iter().all(|answer| word(answer.as_ref().unwrap_err()) == "invalid_grant"));
        assert!(shop.engine().check_bearer(&newest.access_token, "shop").is_err(), "round {round}");
        assert_eq!(
            word(&shop.refresh(&refresh_of(&newest)).await.unwrap_err()),
            "invalid_grant",
            "round {round}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_set_up_link_works_once() {
    // Each round needs a store that never had an operator: a copy of a fresh one.
    let fresh = Rig::new().await.unwrap().close().await.unwrap();
    for round in 0..ROUNDS {
        let rig = Arc::new(Rig::copy_of(&fresh).await.unwrap());
        let code = rig.engine.set_up_link().await.unwrap().unwrap().reveal().to_owned();
        let answers = together(|| {
            let (rig, code) = (Arc::clone(&rig), code.clone());
            async move { rig.engine.set_up(&code, ADA, Password::typed(PASSWORD.to_owned())).await }
        })
        .await;
        assert_eq!(succeeded(&answers), 1, "round {round}");
        assert!(rig.engine.set_up_link().await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_link_works_once() {
    let rig = Arc::new(Rig::new().await.unwrap());
    for round in 0..ROUNDS {
        rig.clock.advance(Duration::from_secs(600));
        let email = format!("p{round}@marsh.example");
        rig.engine.sign_up(&email, Password::typed(PASSWORD.to_owned()), &Rig::visitor()).await.unwrap();
        let code = rig.mail.code().unwrap();
        let answers = together(|| {
            let (rig, code) = (Arc::clone(&rig), code.clone());
            async move { rig.engine.confirm(&code, Password::typed(PASSWORD.to_owned())).await }
        })
        .await;
        assert_eq!(succeeded(&answers), 1, "round {round}");
        assert!(
            answers.iter().flat_map(|answer| answer.as_ref().err()).all(|no| *no == Refusal::LinkOver.into())
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_link_works_once() {
    let rig = Arc::new(Rig::new().await.unwrap());
    rig.person(ADA, PASSWORD).await.unwrap();
    for round in 0..ROUNDS {
        rig.clock.advance(Duration::from_secs(3600));
        rig.engine.ask_reset(ADA, &Rig::visitor()).await.unwrap();
        let code = rig.mail.code().unwrap();
        let answers = together(|| {
            let (rig, code) = (Arc::clone(&rig), code.clone());
            let password = Password::typed(PASSWORD.to_owned());
            async move { rig.engine.reset(&code, password, &Rig::visitor()).await }
        })
        .await;
        assert_eq!(succeeded(&answers), 1, "round {round}");
        assert!(
            answers.iter().flat_map(|answer| answer.as_ref().err()).all(|no| *no == Refusal::LinkOver.into())
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_works_once() {
    let shop = Arc::new(Shop::of(Style::Session).await);
    for round in 0..ROUNDS {
        let nonce = shop.engine().start_nonce().unwrap();
        let start = shop.engine().start_address(&shop.client, &nonce, "/cart").unwrap();
        let hash = parameter(&start, "nonce").unwrap();
        let to = shop.engine().ticket(&shop.ada, "shop", hash, "/cart").await.unwrap();
        let (ticket, nonce) = (parameter(&to, "ticket").unwrap().to_owned(), nonce.reveal().to_owned());
        let answers =
            together(|| {
                let (shop, ticket, nonce) = (Arc::clone(&shop), ticket.clone(), nonce.clone());
                async move {
                    shop.engine().redeem_ticket(&shop.client, &ticket, &nonce, &Rig::visitor(), None).await
                }
            })
            .await;
        assert_eq!(succeeded(&answers), 1, "round {round}");
        assert!(
            answers.iter().flat_map(|answer| answer.as_ref().err()).all(|no| *no == Refusal::LinkOver.into())
        );
    }
}
