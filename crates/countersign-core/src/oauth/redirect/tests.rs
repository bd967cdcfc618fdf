//! What may be registered, what is found, and hundreds of look-alikes that are not.

use super::*;

const WEB: Registrant = Registrant { public: false, dev: false };
const NATIVE: Registrant = Registrant { public: true, dev: false };
const DEV: Registrant = Registrant { public: false, dev: true };

#[test]
fn https_is_registered_and_http_only_to_this_machine() {
    for uri in [
        "https://shop.example/cb",
        "https://shop.example:8443/cb?x=1",
        "https://shop.example",
        "https://[2001:db8::1]/cb",
    ] {
        assert_eq!(registrable(uri, WEB), Ok(()), "{uri}");
    }
    for uri in [
        "http://localhost:3000/cb",
        "http://127.0.0.1/cb",
        "http://[::1]:9/cb",
        "http://jwt.localhost:8321/cb",
    ] {
        assert_eq!(registrable(uri, NATIVE), Ok(()), "{uri}");
        assert_eq!(registrable(uri, DEV), Ok(()), "{uri}");
        assert!(registrable(uri, WEB).is_err(), "{uri}");
    }
}

#[test]
fn what_is_not_an_address_of_ours_is_not_registered() {
    for uri in [
        "",
        "/cb",
        "//shop.example/cb",
        "shop.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https:/shop.example",
        "https://",
        "https:///cb",
        "https://shop.example/cb#x",
        "https://shop.example/#",
        "https://a@shop.example/cb",
        "https://a:b@shop.example/cb",
        "https://shop.example\\@evil.example/",
        "https://shop.example/a b",
        "https://shop.example/\n",
        "https://shop.example:0/cb",
        "https://shop.example:99999/cb",
        "https://shop.example:/cb",
        "https://shop.example:x/cb",
        "https://*.example/cb",
        "https://SHOP.example/cb",
        "HTTPS://shop.example/cb",
        "https://shop..example/cb",
        "https://.example/cb",
        "https://shop.example./cb",
        "https://-shop.example/cb",
        "https://shop.example/a/../cb",
        "https://shop.example/%2e%2E/cb",
        "http://shop.example/cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.1/cb",
        "http://10.0.0.1/cb",
        "http://notlocalhost/cb",
        "http://[::2]/cb",
        "https://[::1/cb",
        "https://[x]/cb",
        "https://shöp.example/cb",
        "ftp://shop.example/cb",
        "https://shop.example/{x}",
        "custom.app:/cb",
        "http://169.254.169.254/cb",
    ] {
        assert!(registrable(uri, NATIVE).is_err(), "{uri}");
        assert!(registrable(uri, DEV).is_err(), "{uri}");
    }
    assert!(registrable(&format!("https://shop.example/{}", "x".repeat(1024)), WEB).is_err());
}

#[test]
fn no_look_alike_of_a_registered_address_is_found() {
    let uri = "https://shop.example/cb?a=1";
    let registered = vec![uri.to_owned()];
    let mut tried = 0;
    let mut never = |other: String| {
        if other != uri {
            assert_eq!(find(&registered, &other, true), None, "{other}");
            tried += 1;
        }
    };
    // Every character left out, doubled, changed in case, percent-encoded, and followed by something.
    for at in 0..=uri.len() {
        let (head, tail) = uri.split_at(at);
        for extra in ["/", ".", "@", "%00", " ", "\t", "evil.example", "..", "\\", "#", "*", ":443"] {
            never(format!("{head}{extra}{tail}"));
        }
        if let Some(c) = tail.chars().next() {
            never(format!("{head}{}", tail.split_at(c.len_utf8()).1));
            never(format!("{head}{c}{tail}"));
            never(format!("{head}{}{}", c.to_ascii_uppercase(), tail.split_at(c.len_utf8()).1));
            never(format!("{head}%{:02x}{}", u32::from(c), tail.split_at(c.len_utf8()).1));
        }
    }
    for other in [
        "",
        "https://shop.example/cb",
        "https://shop.example/cb?a=1&b=2",
        "https://evil.example/?u=https://shop.example/cb?a=1",
    ] {
        never(other.to_owned());
    }
    assert!(tried >= 200, "{tried}");
    assert_eq!(find(&registered, uri, false), Some(uri));
}

#[test]
fn only_the_port_of_a_native_loopback_address_is_free() {
    let registered = vec![
        "http://127.0.0.1/cb".to_owned(),
        "http://[::1]:1/cb".to_owned(),
        "http://localhost:5/cb".to_owned(),
    ];
    for good in [
        "http://127.0.0.1/cb",
        "http://127.0.0.1:50000/cb",
        "http://[::1]:7/cb",
        "http://[::1]/cb",
        "http://localhost:5/cb",
    ] {
        assert!(find(&registered, good, true).is_some(), "{good}");
    }
    for bad in [
        "http://127.0.0.1:50000/other",
        "http://127.0.0.1:0/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:99999/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:8.evil.example/cb",
        "https://127.0.0.1:50000/cb",
        "http://localhost:6/cb",
        "http://127.0.0.1:50000/cb#x",
        "http://127.0.0.1:50000/cb?x",
        "http://127.0.0.2:5/cb",
        "http://[::1]evil/cb",
    ] {
        assert_eq!(find(&registered, bad, true), None, "{bad}");
    }
    assert_eq!(find(&registered, "http://127.0.0.1:50000/cb", false), None);
}
