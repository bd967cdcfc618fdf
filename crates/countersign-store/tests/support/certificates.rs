//! Certificates for servers of the tests' own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Makes an authority in `folder`, and a certificate of it for `localhost`; answers the authority's certificate.
pub(crate) fn certificates(folder: &Path) -> PathBuf {
    let openssl = |line: &str| {
        let mut command = Command::new("openssl");
        command.args(line.split(' ')).current_dir(folder).stdin(Stdio::null());
        let output = command.output().unwrap();
        assert!(output.status.success(), "{line}: {output:?}");
    };
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    openssl(&format!("req -x509 {key} -subj /CN=authority -keyout authority.key -out authority.crt"));
    openssl(&format!(
        "req -x509 {key} -subj /CN=localhost -addext subjectAltName=DNS:localhost -addext basicConstraints=critical,CA:FALSE \
         -CA authority.crt -CAkey authority.key -keyout server.key -out server.crt"
    ));
    folder.join("authority.crt")
}
