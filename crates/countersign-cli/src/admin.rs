//! The way to the admin API: through the owner's `admin.sock`, or with no owner running, in this process on the same router.
//!
//! One process owns the data folder. The socket (mode 0600) is the operator's credential.

use std::io::Write;
use std::path::PathBuf;

use axum::Router;
use axum::body::Body;
use http::{Method, Request, StatusCode, header};
use serde_json::Value;
use tower::ServiceExt;

use crate::cli::Common;
use crate::house::{self, House};
use crate::problem::{Exit, Problem, Result, code};
use crate::settings::{self, environment};
use crate::wire::{self, Answer};

const ROOT: &str = "/admin/api/v1/";

/// An open way to the admin API.
pub(crate) struct Admin {
    way: Way,
}

enum Way {
    Socket(PathBuf),
    Inside { house: House, router: Router },
}

impl Admin {
    /// Finds the owner of the data folder, or becomes it for the length of this command.
    pub(crate) async fn open(common: &Common) -> Result<Self> {
        let sources = common.sources()?;
        let data = match sources.store(&environment)? {
            // Its servers may be on other machines: there need not be a folder here.
            Some(_) => settings::data_folder(&sources).unwrap_or_else(|_| PathBuf::from(settings::DATA)),
            None => settings::data_folder(&sources)?,
        };
        let socket = data.join(house::SOCKET);
        if tokio::net::UnixStream::connect(&socket).await.is_ok() {
            return Ok(Self { way: Way::Socket(socket) });
        }
        let settings = sources.parse(&environment)?;
        let house = match House::open_for_command(&settings, &data).await {
            Err(problem) if problem.code == "CS-5003" => return Err(silent(&data)),
            other => other?,
        };
        let router = house.admin_router();
        Ok(Self { way: Way::Inside { house, router } })
    }

    /// Reads.
    pub(crate) async fn read(&self, path: &str) -> Result<Value> {
        self.ask(Method::GET, path, None).await
    }

    /// Changes.
    pub(crate) async fn write(&self, path: &str, body: Value) -> Result<Value> {
        self.ask(Method::POST, path, Some(body)).await
    }

    /// Erases.
    pub(crate) async fn erase(&self, path: &str) -> Result<Value> {
        self.ask(Method::DELETE, path, None).await
    }

    /// Gives the data folder back.
    pub(crate) async fn close(self) {
        if let Way::Inside { house, .. } = self.way {
            house.close().await;
        }
    }

    /// Writes what is answered to `out` as it comes, however much that is.
    pub(crate) async fn copy(&self, path: &str, out: &mut dyn Write) -> Result {
        let mut answer = self.send(Method::GET, path, None).await?;
        if !answer.status.is_success() {
            let status = answer.status;
            return told(status, &answer.whole().await.map_err(|error| odd(&error))?).map(drop);
        }
        let unwritten = |error| Problem::unreachable(code::UNWRITTEN, format!("it was not written: {error}"));
        while let Some(bytes) = answer.next().await.map_err(|error| odd(&error))? {
            out.write_all(&bytes).map_err(unwritten)?;
        }
        out.write_all(b"\n").and_then(|()| out.flush()).map_err(unwritten)
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value> {
        let answer = self.send(method, path, body).await?;
        let status = answer.status;
        told(status, &answer.whole().await.map_err(|error| odd(&error))?)
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Result<Answer> {
        let text = body.map(|body| body.to_string()).unwrap_or_default();
        let mut request =
            Request::builder().method(method).uri(format!("{ROOT}{path}")).header(header::HOST, "localhost");
        if !text.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Body::from(text)).map_err(|error| odd(&error))?;
        match &self.way {
            Way::Socket(socket) => wire::ask(socket, request).await.map_err(|error| {
                Problem::unreachable(code::SILENT, format!("the server did not answer: {error}"))
            }),
            Way::Inside { router, .. } => {
                let answer = router.clone().oneshot(request).await;
                Ok(Answer::here(answer.unwrap_or_else(|never| match never {})))
            }
        }
    }
}

fn odd(why: &dyn std::fmt::Display) -> Problem {
    Problem::unreachable(code::ODD_ANSWER, format!("the admin API did not answer: {why}"))
}

/// A query with its values percent-encoded; parts without a value are left out.
pub(crate) fn query(path: &str, parts: &[(&str, Option<&str>)]) -> String {
    let mut text = path.to_owned();
    let mut joint = '?';
    for (name, value) in parts.iter().filter_map(|(name, value)| value.map(|value| (name, value))) {
        text.push(joint);
        text.push_str(name);
        text.push('=');
        text.push_str(&encoded(value));
        joint = '&';
    }
    text
}

/// A value as one segment of a path or one value of a query (RFC 3986 section 2.3).
pub(crate) fn encoded(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

/// An answer of the API: its value, or its problem (RFC 9457) with the exit code that fits.
fn told(status: StatusCode, bytes: &[u8]) -> Result<Value> {
    let value: Option<Value> =
        if bytes.is_empty() { Some(Value::Null) } else { serde_json::from_slice(bytes).ok() };
    let odd = || {
        Problem::unreachable(code::ODD_ANSWER, format!("the admin API answered {status} without saying why"))
    };
    let value = value.ok_or_else(odd)?;
    if status.is_success() {
        return Ok(value);
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let (Some(code), Some(message)) = (text("code"), text("detail").or_else(|| text("title"))) else {
        return Err(odd());
    };
    let exit = if status.is_server_error() { Exit::Unreachable } else { Exit::Refused };
    Err(Problem { exit, code: code.to_owned(), message: message.to_owned(), hint: None })
}

fn silent(data: &std::path::Path) -> Problem {
    let message =
        format!("a server owns `{}`, but does not answer on its `{}`", data.display(), house::SOCKET);
    Problem::unreachable(code::SILENT, message)
        .hint("try again as the user who started it; it may be just starting or stopping")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_cannot_leave_their_place_in_a_path() {
        assert_eq!(encoded("../a?b=c&d#e"), "..%2Fa%3Fb%3Dc%26d%23e");
        assert_eq!(
            query("audit", &[("user", Some("ada@marsh.example")), ("app", None), ("limit", Some("5"))]),
            "audit?user=ada%40marsh.example&limit=5"
        );
    }

    #[test]
    fn a_problem_keeps_its_code_and_gets_its_exit_code() {
        let body = br#"{"title":"missing","detail":"there is no app of that name","code":"CS-4101"}"#;
        let problem = told(StatusCode::NOT_FOUND, body).unwrap_err();
        assert_eq!((problem.exit, problem.code.as_str()), (Exit::Refused, "CS-4101"));
        assert_eq!(told(StatusCode::SERVICE_UNAVAILABLE, body).unwrap_err().exit, Exit::Unreachable);
        assert_eq!(told(StatusCode::OK, b"<html>").unwrap_err().code, "CS-6014");
        assert_eq!(told(StatusCode::NO_CONTENT, b"").unwrap(), Value::Null);
    }
}
