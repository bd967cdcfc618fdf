//! Ends everything of one person, on every device, in one step: whoever answers after it refuses.

use countersign::testing::Rig;
use countersign::{Attempt, SignedIn};
use countersign_core::extent::{Actor, Extent, Reason};
use countersign_core::record::Audience;

const ADA: &str = "ada@marsh.example";
const PASSWORD: &str = "lantern rope harbour";

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rig = Rig::new().await?; // an engine in a folder that goes away; see 02_engine for a real one
    let ada = rig.person(ADA, PASSWORD).await?;
    let (phone, laptop) = (rig.sign_in(ADA, PASSWORD).await?, rig.sign_in(ADA, PASSWORD).await?);
    println!("phone: {}, laptop: {}", here(&rig, &phone).await?, here(&rig, &laptop).await?);

    // Other extents: a session, a grant, a login, an application, everything.
    let all = Extent::Subject { subject: ada.subject, except: None };
    rig.engine.end(all, Reason::EndedByOperator, Actor::CommandLine).await?;
    println!("phone: {}, laptop: {}", here(&rig, &phone).await?, here(&rig, &laptop).await?);

    let again = rig.sign_in(ADA, PASSWORD).await?;
    println!("after a new sign-in: {}", here(&rig, &again).await?);
    Ok(())
}

async fn here(rig: &Rig, signed: &SignedIn) -> Result<bool, countersign::Error> {
    let cookie = format!("cs_dev_id={}", signed.cookie.reveal());
    Ok(matches!(rig.engine.check(Some(&cookie), &Audience::Issuer).await?, Attempt::Accepted(_)))
}
