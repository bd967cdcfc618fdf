//! Only `Request::check` makes what says that a client has its key.

use countersign_jose::jwt::dpop::Proven;

fn main() {
    let _ = Proven { thumbprint: String::new(), jti: String::new(), iat: 0, token: None };
}
