//! `tls`: contexts, handshakes on the connections of `internal/net`, and what certificates say.

mod certificate;
mod context;
mod explain;
mod handshake;
mod recorder;
mod trust;

use boa_engine::{Context, JsObject, JsResult};

use crate::host::native::Exports;

pub(super) use handshake::{Tls, advance};
pub(super) use trust::{Side, Trust};

/// Makes the natives of `internal/tls`:
///
/// * `createContext({ cert, key, ca, minVersion, maxVersion }) -> context`; PEM or DER texts and Buffers, versions 12 or 13
/// * `start(handle, context, { servername, alpn, early })` begins TLS as a client. The handle's callback gets `secure`
/// * `await(handle, early)` begins it as a server: `hello` with `{ servername, alpn }` follows, and script answers with
///   `answer(handle, context, { alpn, requestCert })`; then `secure`
/// * `info(handle) -> { protocol, cipher, alpn, servername, chain, fault }`; `fault` is the code of a chain not trusted
/// * `certificate(der) -> object` with what the certificate says, `roots() -> [pem]`
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx)
        .function("createContext", 1, context::create)
        .function("start", 3, handshake::start)
        .function("await", 2, handshake::await_hello)
        .function("answer", 3, handshake::answer)
        .function("info", 1, handshake::info)
        .function("certificate", 1, certificate::read)
        .function("roots", 0, trust::roots)
        .finish())
}
