//! Makes the stubs out of what `make protos` or `tidings protos` wrote, with the protoc of the PATH.

use std::{env, io, path::PathBuf};

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=PROTOS");
    let protos = PathBuf::from(env::var("PROTOS").unwrap_or("../../build/protos".into()));
    let service = protos.join("tidings/v1/event_service.proto");
    tonic_prost_build::configure().build_server(false).compile_protos(&[service], &[protos])
}
