//! Links the program at a fixed address, so that supervisor and worker share its constant data.
//!
//! In a position-independent program the loader writes relocations into about a megabyte of constant data, once per
//! process and before `main`: the supervisor alone would need more than it may have. The price is that the program's
//! own code does not move from start to start; heap, stacks and libraries still do. The code is Rust, and `unsafe`
//! only in a few places that touch no network bytes.

fn main() {
    let of = |name: &str| std::env::var(name).unwrap_or_default();
    // Static musl programs are relocated by their own start code; their packaging chooses the model.
    if of("CARGO_CFG_TARGET_OS") == "linux" && of("CARGO_CFG_TARGET_ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
    // For reproducible builds the caller says when; see https://reproducible-builds.org/specs/source-date-epoch/.
    let now =
        || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let built = of("SOURCE_DATE_EPOCH").parse().unwrap_or_else(|_| now());
    println!("cargo:rustc-env=MESHLITE_BUILT_UNIX_S={built}");
    println!("cargo:rerun-if-changed=build.rs");
    for name in ["SOURCE_DATE_EPOCH", "MESHLITE_COMMIT_DATE", "MESHLITE_COMMIT_HASH"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
}
