//! Strangers do not learn who has an account: known and unknown addresses get the same answer, byte for byte.

use crate::house::{ADA, House, ISSUER, Reply};

const NOBODY: &str = "eve@marsh.example";

fn told(reply: &Reply, typed: &str) -> (u16, Vec<(String, String)>, String) {
    let headers = reply.headers.iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    (reply.status.as_u16(), headers, reply.body.replace(typed, "typed"))
}

#[tokio::test]
async fn known_and_unknown_addresses_get_the_same_answer() {
    let house = House::new().await;
    for (path, fields) in [
        ("/signin", vec![("password", "surely not this one")]),
        ("/signup", vec![("password", "harbour slate rope 9")]),
        ("/recover", vec![]),
    ] {
        let mut answers = Vec::new();
        for email in [ADA, NOBODY] {
            let mut fields = fields.clone();
            fields.push(("email", email));
            answers.push(told(&house.browser().post(ISSUER, path, &fields).await, email));
        }
        assert_eq!(answers[0], answers[1], "{path}");
    }
}
