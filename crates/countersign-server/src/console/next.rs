//! Where an operator goes on after the sign-in: a page of the console, whatever the address said.
//!
//! OWASP ASVS 5.0 V3.7.2 (open redirects).

/// The most bytes of a way on: a filter with two fields of text fits.
const BYTES: usize = 1024;

/// Pages that lead nowhere after a sign-in.
const DOORS: [&str; 4] = ["/admin/signin", "/admin/signout", "/admin/setup", "/admin/api"];

/// The page that `next` names, if it is one of the console's pages; else the first page.
pub(super) fn read(next: &str) -> &str {
    let path = next.split('?').next().unwrap_or_default();
    let inside = path == "/admin" || path.starts_with("/admin/");
    let plain = next.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#' | b'<' | b'>' | b'"'));
    let straight = !path.contains("//") && !path.split('/').any(|part| matches!(part, "." | ".."));
    let encoded = path.contains('%');
    let door = DOORS.iter().any(|door| path.starts_with(door));
    if inside && plain && straight && !encoded && !door && next.len() <= BYTES { next } else { "/admin" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_on_stays_in_the_console() {
        for good in ["/admin", "/admin/sessions?q=a%20b&app=shop", "/admin/apps/shop", "/admin?done=ended"] {
            assert_eq!(read(good), good);
        }
        for bad in [
            "",
            "//evil.example",
            "/admin//evil.example",
            "/\\evil.example",
            "https://evil.example/admin",
            "/account",
            "/administrator",
            "/admin/../x",
            "/admin/%2e%2e/x",
            "/admin/signin?next=/admin",
            "/admin/signout",
            "/admin/api/v1/users",
            "/admin\r\nSet-Cookie: a=b",
            "/admin#x",
            "javascript:alert(1)",
            " /admin",
        ] {
            assert_eq!(read(bad), "/admin", "{bad}");
        }
        assert_eq!(read(&format!("/admin?q={}", "a".repeat(BYTES))), "/admin");
    }
}
