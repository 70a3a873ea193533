//! What connections are for.

/// What a connection that is opened is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Payload {
    /// Bytes in clear, of any protocol: inside TLS, where that is how the backend is connected to (BackendTLSPolicy).
    Clear,
    /// TLS of the client's own, which goes on as it comes: no other is put around it.
    Tls,
}
