//! Letters by SMTP (RFC 5321), over TLS (RFC 8314): `smtps://` from the first byte, `smtp://` by STARTTLS, and without TLS
//! to this machine only.
//!
//! A letter is sent while its request waits, ten seconds at most. What goes wrong is told without the address or the text.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use countersign_core::Fault;
use countersign_core::port::{Letter, Pending, Post};
use http::Uri;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};

/// How long a mail server may take over one letter: somebody waits for the page.
const PATIENCE: Duration = Duration::from_secs(10);

/// The port of message submission with STARTTLS (RFC 6409).
const SUBMISSION: u16 = 587;

/// A mail server that takes our letters.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    patience: Duration,
}

impl Smtp {
    /// The mail server at `url`, such as `smtps://user:password@mail.example` or `smtp://localhost:2525`, with letters
    /// from `from`, such as `Corner Shop <id@shop.example>`. Nothing is connected yet.
    ///
    /// # Errors
    /// [`Fault::Unfit`], without the URL's password: the URL or the address cannot be read, or the URL asks for a
    /// connection without TLS to another machine.
    pub fn new(url: &str, from: &str) -> Result<Self, Fault> {
        let unfit = |why: &str| Fault::Unfit(format!("the mail server's address {why}"));
        let uri: Uri = url.parse().map_err(|_| unfit("is not a URL"))?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| unfit("names no host"))?;
        if uri.query().is_some_and(|query| query != "tls=required") {
            return Err(unfit("carries a query other than `tls=required`"));
        }
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let mut builder = builder.map_err(|_| unfit("is not of the form smtps://user:password@host"))?;
        if uri.scheme_str() != Some("smtps") && !loopback(host) {
            let tls = TlsParameters::new(host.to_owned()).map_err(|_| unfit("names no host for TLS"))?;
            builder = builder.tls(Tls::Required(tls)).port(uri.port_u16().unwrap_or(SUBMISSION));
        }
        let from = from
            .parse()
            .map_err(|_| Fault::Unfit(format!("the sender `{from}` is not of the form Name <name@host>")))?;
        Ok(Self { transport: builder.timeout(Some(PATIENCE)).build(), from, patience: PATIENCE })
    }

    async fn deliver(&self, letter: Letter) -> Result<(), Fault> {
        let could_not = |why: &str| Fault::Post(why.to_owned());
        let to =
            letter.to.as_str().parse().map_err(|_| could_not("the address is none that mail can go to"))?;
        let message = Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(letter.subject)
            .message_id(None)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text)
            .map_err(|_| could_not("it could not be put into an envelope"))?;
        match tokio::time::timeout(self.patience, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(could_not(told(&error))),
            Err(_) => Err(could_not("the mail server took longer than 10 s")),
        }
    }
}

impl Post for Smtp {
    fn send(&self, letter: Letter) -> Pending<'_, ()> {
        Box::pin(self.deliver(letter))
    }
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Smtp(..)")
    }
}

/// What went wrong, without what the mail server said: it likes to repeat addresses.
fn told(error: &lettre::transport::smtp::Error) -> &'static str {
    if error.is_timeout() {
        "the mail server took longer than 10 s"
    } else if error.is_tls() {
        "TLS with the mail server failed"
    } else if error.is_permanent() {
        "the mail server refused it"
    } else if error.is_transient() {
        "the mail server put it off"
    } else {
        "the mail server could not be reached"
    }
}

/// Whether a host is this machine, so that nobody can listen in.
fn loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    fn letter() -> Letter {
        Letter {
            to: "ada@marsh.example".parse().unwrap(),
            subject: "Confirm your e-mail address".to_owned(),
            text: "Open\nhttps://id.example/x?code=cs_ml_secret\n".to_owned(),
        }
    }

    /// Speaks the least of RFC 5321 and answers each recipient with `verdict`; returns what it was told.
    async fn server(listener: TcpListener, verdict: &'static str) -> String {
        let (stream, _) = listener.accept().await.unwrap();
        let mut lines = BufReader::new(stream);
        let mut heard = String::new();
        say(&mut lines, "220 here").await;
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).await.unwrap() == 0 {
                return heard;
            }
            heard.push_str(&line);
            let word = line.split([' ', '\r']).next().unwrap_or_default().to_ascii_uppercase();
            match word.as_str() {
                "RCPT" => say(&mut lines, verdict).await,
                "DATA" => {
                    say(&mut lines, "354 go on").await;
                    while !heard.ends_with("\r\n.\r\n") {
                        lines.read_line(&mut heard).await.unwrap();
                    }
                    say(&mut lines, "250 taken").await;
                }
                "QUIT" => {
                    say(&mut lines, "221 bye").await;
                    return heard;
                }
                _ => say(&mut lines, "250 ok").await,
            }
            if heard.ends_with("\r\n.\r\n") {
                return heard;
            }
        }
    }

    async fn say(stream: &mut BufReader<TcpStream>, line: &str) {
        stream.get_mut().write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
    }

    async fn posted(verdict: &'static str) -> (Result<(), Fault>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let heard = tokio::spawn(server(listener, verdict));
        let smtp = Smtp::new(&url, "Corner Shop <id@shop.example>").unwrap();
        let sent = smtp.send(letter()).await;
        drop(smtp);
        (sent, heard.await.unwrap())
    }

    #[tokio::test]
    async fn a_letter_reaches_the_mail_server_whole() {
        let (sent, heard) = posted("250 ok").await;
        sent.unwrap();
        for said in ["RCPT TO:<ada@marsh.example>", "Subject: Confirm your e-mail address", "Message-ID: <"] {
            assert!(heard.contains(said), "{said}: {heard}");
        }
        assert!(heard.contains("https://id.example/x?code"), "{heard}");
    }

    #[tokio::test]
    async fn a_refusal_is_told_without_the_address_or_the_text() {
        let (sent, _) = posted("550 no ada@marsh.example here").await;
        let fault = sent.unwrap_err();
        assert_eq!(fault, Fault::Post("the mail server refused it".to_owned()));
    }

    #[tokio::test]
    async fn a_mail_server_that_says_nothing_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://127.0.0.1:{}", listener.local_addr().unwrap().port());
        let mut smtp = Smtp::new(&url, "id@shop.example").unwrap();
        smtp.patience = Duration::from_millis(20);
        let fault = smtp.send(letter()).await.unwrap_err();
        assert_eq!(fault, Fault::Post("the mail server took longer than 10 s".to_owned()));
    }

    #[tokio::test]
    async fn an_address_that_would_speak_in_the_clear_or_cannot_be_read_is_refused() {
        for bad in
            ["smtp://mail.example?tls=opportunistic", "http://mail.example", "mail.example", "smtp://", ""]
        {
            assert!(matches!(Smtp::new(bad, "id@shop.example"), Err(Fault::Unfit(_))), "{bad}");
        }
        let told = Smtp::new("imap://user:hunter2@mail.example", "id@shop.example").unwrap_err().to_string();
        assert!(!told.contains("hunter2"), "{told}");
        assert!(Smtp::new("smtps://user:p%40ss@mail.example", "Shop <id@shop.example>").is_ok());
        assert!(Smtp::new("smtp://localhost", "no address").is_err());
        assert!(loopback("[::1]") && loopback("127.0.0.1") && !loopback("localhost.example"));
    }

    #[tokio::test]
    async fn a_server_elsewhere_without_starttls_gets_no_letter() {
        // 0.0.0.0 reaches this machine, but does not count as it: what counts is the name in the settings.
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://0.0.0.0:{}", listener.local_addr().unwrap().port());
        let heard = tokio::spawn(server(listener, "250 ok"));
        let smtp = Smtp::new(&url, "id@shop.example").unwrap();
        assert!(smtp.send(letter()).await.is_err());
        drop(smtp);
        let heard = heard.await.unwrap();
        assert!(!heard.contains("MAIL FROM") && !heard.contains("ada@"), "{heard}");
    }
}
