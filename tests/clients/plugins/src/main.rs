//! protoc-gen-prost and protoc-gen-tonic in one program: it is the one by whose name it is called.

use std::io::{self, Read, Write};

use prost::Message;
use protoc_gen_prost::GeneratorResultExt;

fn main() -> io::Result<()> {
    let mut request = Vec::new();
    io::stdin().read_to_end(&mut request)?;
    let name = std::env::args().next().unwrap_or_default();
    let made = if name.ends_with("protoc-gen-tonic") {
        protoc_gen_tonic::execute(&request)
    } else {
        protoc_gen_prost::execute(&request)
    };
    io::stdout().write_all(&made.unwrap_codegen_response().encode_to_vec())
}
