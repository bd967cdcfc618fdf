//! Every guarded route refuses who brings nothing, and the list of those without a guard is committed, so that a new
//! one shows in the diff.

use countersign_server::console::OPEN_ROUTES;
use countersign_server::routes::{Guard, Route, applications, issuer};
use http::StatusCode;

use crate::house::{House, ISSUER};

/// The committed list, at the root of the repository.
const LIST: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/output/unguarded-routes.txt");

fn public(surface: &str, routes: &[Route]) -> Vec<String> {
    let public = routes.iter().filter(|route| route.guard == Guard::Public);
    public.map(|route| format!("{surface} {} {}\n", route.method, route.path)).collect()
}

#[tokio::test]
async fn the_list_of_public_routes_is_the_committed_one() {
    let house = House::new().await;
    let mut lines = public("application", &applications());
    lines.extend(OPEN_ROUTES.iter().map(|route| format!("console {} {}\n", route.method, route.path)));
    lines.extend(public("issuer", &issuer(&house.app)));
    lines.sort();
    let list = lines.concat();
    let committed = std::fs::read_to_string(LIST).unwrap_or_default();
    assert_eq!(list, committed, "{LIST} must list:\n{list}");
}

#[tokio::test]
async fn every_guarded_route_refuses_who_brings_nothing() {
    let house = House::new().await;
    let guarded = issuer(&house.app).into_iter().filter(|route| route.guard != Guard::Public);
    let mut seen = 0;
    for route in guarded {
        let path = route.path.replace("{name}", "cart");
        let path = if route.guard == Guard::Credential { format!("{path}?app=shop") } else { path };
        let headers = [
            ("content-type", "application/x-www-form-urlencoded"),
            ("sec-fetch-site", "same-origin"),
            ("if-match", "*"),
            ("countersign-session", "AAAAAAAAAAAAAAAAAAAAAA"),
        ];
        let reply = house.plain(route.method.as_str(), ISSUER, &path, &headers, "").await;
        let sent_to_sign_in =
            reply.status == StatusCode::SEE_OTHER && reply.location().starts_with("/signin");
        let refused = matches!(reply.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        assert!(refused || sent_to_sign_in, "{} {path}: {}", route.method, reply.status);
        seen += 1;
    }
    assert!(seen >= 18, "{seen}");
}
