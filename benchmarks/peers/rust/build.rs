// Compiles Aeron's many-to-one ring buffer from the C sources that the locked rusteron-client brings,
// and tells the versions of what is measured.
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let output = Command::new(std::env::var("CARGO").unwrap())
        .args(["metadata", "--locked", "--all-features", "--format-version=1"])
        .output()
        .expect("cargo metadata");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let of_package = |name: &str, key: &str| -> String {
        metadata["packages"]
            .as_array()
            .unwrap()
            .iter()
            .find(|package| package["name"] == name)
            .and_then(|package| package[key].as_str())
            .unwrap_or_else(|| panic!("{name}: {key}"))
            .to_string()
    };
    println!("cargo:rustc-env=ICEORYX2_VERSION={}", of_package("iceoryx2", "version"));
    let manifest = PathBuf::from(of_package("rusteron-client", "manifest_path"));
    let aeron = manifest.parent().unwrap().join("aeron");
    let sources: &Path = &aeron.join("aeron-client/src/main/c");
    let version = std::fs::read_to_string(aeron.join("version.txt")).expect("version.txt");
    println!("cargo:rustc-env=AERON_VERSION={}", version.trim());
    cc::Build::new()
        .file(sources.join("concurrent/aeron_mpsc_rb.c"))
        .include(sources)
        .define("_GNU_SOURCE", None)
        .opt_level(2)
        .warnings(false)
        .compile("aeron_ring");
    println!("cargo:rerun-if-changed=Cargo.lock");
}
