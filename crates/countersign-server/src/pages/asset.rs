//! The style sheet, the mark and the one script, embedded. Decides their addresses and how long they may be
//! kept; the route only looks them up and honours `If-None-Match` (RFC 9110 13.1.2).

/// A file the pages need.
pub struct Asset {
    /// What it is, for `Content-Type`.
    pub content_type: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// A quoted fingerprint of the bytes, for `ETag`.
    pub etag: String,
    /// For `Cache-Control`: pages link to `…?v=fingerprint`, so a copy never goes stale.
    pub cache_control: &'static str,
}

/// Finds the file at a path such as `/assets/countersign.css`; the query plays no part.
#[must_use]
pub fn asset(path: &str) -> Option<Asset> {
    let name = path.strip_prefix("/assets/")?;
    let file = FILES.iter().find(|file| file.name == name)?;
    Some(Asset {
        content_type: file.content_type,
        bytes: file.bytes,
        etag: format!("\"{:016x}\"", fingerprint(file.bytes)),
        cache_control: "public, max-age=31536000, immutable",
    })
}

/// The address of a file with its fingerprint, for templates.
pub(super) fn url(name: &str) -> String {
    let bytes = FILES.iter().find(|file| file.name == name).map_or(&[][..], |file| file.bytes);
    format!("/assets/{name}?v={:016x}", fingerprint(bytes))
}

struct File {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const FILES: [File; 4] = [
    File {
        name: "countersign.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../assets/countersign.css"),
    },
    File { name: "mark.svg", content_type: "image/svg+xml", bytes: include_bytes!("../../assets/mark.svg") },
    File { name: "shop.svg", content_type: "image/svg+xml", bytes: include_bytes!("../../assets/shop.svg") },
    File {
        name: "copy.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../assets/copy.js"),
    },
];

/// FNV-1a: tells two versions of our own files apart, and is not meant to resist anyone.
const fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        hash = (hash ^ *first as u64).wrapping_mul(0x0000_0100_0000_01b3);
        rest = tail;
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linked_address_leads_to_its_file_and_changes_with_it() {
        let linked = url("countersign.css");
        let (path, version) = linked.split_once("?v=").unwrap();
        let sheet = asset(path).unwrap();
        assert_eq!(sheet.etag, format!("\"{version}\""));
        assert_eq!(sheet.content_type, "text/css; charset=utf-8");
        assert_ne!(fingerprint(b"a"), fingerprint(b"b"));
    }

    #[test]
    fn only_listed_files_are_served() {
        for path in ["/assets/", "/assets/../Cargo.toml", "/assets/none.css", "/countersign.css", ""] {
            assert!(asset(path).is_none(), "{path}");
        }
    }

    #[test]
    fn nothing_in_the_style_sheet_comes_from_elsewhere() {
        let sheet = std::str::from_utf8(asset("/assets/countersign.css").unwrap().bytes).unwrap();
        assert!(!sheet.contains("url(") && !sheet.contains("@import"));
    }
}
