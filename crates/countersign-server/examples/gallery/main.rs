//! Draws every page with sample values into `target/gallery`, to be looked at in a browser. Decides nothing.

mod samples;

use std::path::Path;
use std::{fs, io};

use countersign_server::pages::{Pages, asset};

fn main() -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/gallery");
    fs::create_dir_all(folder.join("assets"))?;
    for name in ["countersign.css", "mark.svg", "shop.svg", "copy.js"] {
        if let Some(file) = asset(&format!("/assets/{name}")) {
            fs::write(folder.join("assets").join(name), file.bytes)?;
        }
    }
    let pages = Pages::new();
    let all = samples::all();
    for sample in &all {
        // As files, the pages find the style sheet beside them.
        let html =
            pages.render(sample).0.replace("\"&#x2f;assets", "\"assets").replace("\"/assets", "\"assets");
        fs::write(folder.join(sample.file).with_extension("html"), html)?;
    }
    println!("{} pages in {}", all.len(), folder.display());
    Ok(())
}
