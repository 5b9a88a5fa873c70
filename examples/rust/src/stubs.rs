//! What build.rs made: one module for each package, as they name each other.

pub mod google {
    pub mod api {
        tonic::include_proto!("google.api");
    }
    pub mod rpc {
        tonic::include_proto!("google.rpc");
    }
}
pub mod tidings {
    pub mod v1 {
        tonic::include_proto!("tidings.v1");
    }
}
