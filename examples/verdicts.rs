//! Prints the library's verdict on every case of a folder of vectors, one JSON line each.
//!
//! `cargo run --example verdicts -- tests/vectors/oauth`. The rules of the lines stand in `tests/core/verdict.rs`.
//! Cases that are not decided are named on standard error.

// Empty on wasm, where `--all-targets` builds it too.
#![cfg_attr(target_arch = "wasm32", no_main)]
#![cfg(not(target_arch = "wasm32"))]

#[allow(dead_code)]
#[path = "../tests/core/verdict.rs"]
mod verdict;

use std::error::Error;
use std::io::Write;
use std::path::Path;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: verdicts FOLDER")?;
    let (mut lines, mut notes) = (std::io::stdout().lock(), std::io::stderr().lock());
    for kind in verdict::KINDS {
        let path = Path::new(&folder).join(format!("{kind}.json"));
        if !path.exists() {
            writeln!(notes, "{kind}: no such file")?;
            continue;
        }
        let file: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&path)?)?;
        for case in file.get("cases").and_then(serde_json::Value::as_array).ok_or("no cases")? {
            let id = case.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
            match verdict::decide(kind, &file, case) {
                Ok(found) => writeln!(lines, "{}", found.line(id))?,
                Err(inputs) => writeln!(notes, "{id} not decided: {inputs}")?,
            }
        }
    }
    Ok(())
}
