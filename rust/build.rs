//! Finds libipmpsc_c.so by pkg-config (package `ipmpsc-c`), or in the folder IPMPSC_LIB_DIR.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-env-changed=IPMPSC_LIB_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    let folder = env::var("IPMPSC_LIB_DIR").ok().or_else(from_pkg_config).unwrap_or_else(|| {
        panic!(
            "libipmpsc_c.so is not found. Install it (./bazelw run //:install -- --prefix DIR) \
                 and set PKG_CONFIG_PATH=DIR/lib/pkgconfig, or IPMPSC_LIB_DIR=DIR/lib"
        )
    });
    println!("cargo:rustc-link-search=native={folder}");
    println!("cargo:rustc-link-lib=dylib=ipmpsc_c");
    // The programs and tests of this crate find it at run time.
    println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
}

fn from_pkg_config() -> Option<String> {
    let output = Command::new(env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into()))
        .args(["--variable=libdir", "ipmpsc-c"])
        .output()
        .ok()?;
    let folder = String::from_utf8(output.stdout).ok()?.trim().to_string();
    (output.status.success() && !folder.is_empty()).then_some(folder)
}
