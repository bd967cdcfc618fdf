//! Private connections: the server proves who it is, or there is no connection.

use countersign_core::port::Store;
use countersign_store::Postgres;

use super::certificates::certificates;
use super::support::Server;

#[tokio::test]
async fn who_cannot_prove_to_be_the_database_is_not_spoken_to() {
    let folder = tempfile::tempdir().unwrap();
    let authority = certificates(folder.path());
    let server = Server::start().await;
    let url = server.fresh().await;
    let at = |host: &str, rest: &str| format!("{}?{rest}", url.replace("127.0.0.1", host));
    let known = format!("sslmode=verify-full&sslrootcert={}", authority.display());

    let why = Postgres::open(&at("localhost", &known)).await.unwrap_err().to_string();
    assert!(why.contains("does not support TLS"), "{why}");

    server.speaks_tls(folder.path()).await;
    let store = Postgres::open(&at("localhost", &known)).await.unwrap();
    store.lease_serials(1).await.unwrap();
    // Also the connection that wakes other nodes, which comes by itself.
    let rest =
        "SELECT FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'countersign'";
    while server.count(&url, rest).await < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.count(&url, &format!("{rest} AND NOT ssl")).await, 0);

    let why = Postgres::open(&at("127.0.0.1", &known)).await.unwrap_err().to_string();
    assert!(why.contains("certificate not valid for name"), "{why}");
    for rest in ["sslmode=verify-full", "sslmode=require"] {
        let why = Postgres::open(&at("localhost", rest)).await.unwrap_err().to_string();
        assert!(why.contains("UnknownIssuer"), "{why}");
    }
}
