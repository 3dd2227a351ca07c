//! TLS on a connection: begun by script, carried on by the connection's link.

use std::io::{self, Read};
use std::rc::Rc;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue, js_string};
use microstack::tls::{Stream, TlsError, server_name};
use rustls::pki_types::CertificateDer;
use rustls::server::{Accepted, Acceptor};
use rustls::{AlertDescription, ClientConnection, Connection};

use super::context::{Secure, refused};
use super::trust::Side;
use crate::host::HostShared;
use crate::host::bytes::{self, ByteView};
use crate::host::native::{ErrorClass, Exports, node_error};
use crate::modules::net::failure::Failure;
use crate::modules::net::state::{self, State};

/// How far TLS has come on a connection.
#[derive(Default)]
pub(crate) enum Tls {
    /// There is none, or it is up.
    #[default]
    Rest,
    /// A server waits for the first words of its client.
    Listening(Box<Acceptor>),
    /// They are with script, which says who answers. What came behind them is kept.
    Asked(Box<Accepted>, Vec<u8>),
    /// Messages go to and fro.
    Talking,
}

/// Protocol names in one list (each is shorter than 256 bytes by the standard).
const MAX_PROTOCOLS: u64 = 64;

pub(super) fn start(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = state::of(args, ctx)?;
    let secure = Secure::of(&args.get_or_undefined(1).clone(), ctx)?;
    let options = args.get_or_undefined(2).as_object();
    let alpn = protocols(options.as_ref(), ctx)?;
    let (name, early) = match &options {
        None => (None, Vec::new()),
        Some(options) => {
            let name = options.get(js_string!("servername"), ctx)?;
            let early = options.get(js_string!("early"), ctx)?;
            (name.as_string().map(|text| text.to_std_string_lossy()), early_bytes(&early, ctx)?)
        }
    };
    let config = secure.client(alpn).map_err(|error| refused(&error, ctx))?;
    // An address sends no name; so does a name that cannot be one.
    let name = name.filter(|name| !name.is_empty()).and_then(|name| server_name(&name).ok());
    let name = match name {
        Some(name) => name,
        None => server_name("0.0.0.0")
            .map_err(|e| node_error(ErrorClass::Error, "ERR_INTERNAL", &e.to_string(), ctx))?,
    };
    let connection = ClientConnection::new(config, name).map_err(|error| refused(&error, ctx))?;
    *state.trust.borrow_mut() = Some((secure.trust(), Side::Server));
    begin(&state, connection.into(), &early, ctx)
}

pub(super) fn await_hello(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = state::of(args, ctx)?;
    let early = early_bytes(&args.get_or_undefined(1).clone(), ctx)?;
    let mut acceptor = Acceptor::default();
    let mut rest = &early[..];
    while !rest.is_empty() {
        match acceptor.read_tls(&mut rest) {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
    }
    state.open.set(false);
    *state.tls.borrow_mut() = Tls::Listening(Box::new(acceptor));
    state.poke(&HostShared::of(ctx));
    Ok(JsValue::undefined())
}

pub(super) fn answer(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = state::of(args, ctx)?;
    let secure = Secure::of(&args.get_or_undefined(1).clone(), ctx)?;
    let options = args.get_or_undefined(2).as_object();
    let alpn = protocols(options.as_ref(), ctx)?;
    let ask_client = match &options {
        Some(options) => options.get(js_string!("requestCert"), ctx)?.to_boolean(),
        None => false,
    };
    let config = secure.server(alpn, ask_client).map_err(|error| refused(&error, ctx))?;
    let Tls::Asked(accepted, early) = state.tls.take() else {
        return Err(node_error(ErrorClass::Error, "ERR_INTERNAL", "nobody waits for an answer", ctx));
    };
    *state.trust.borrow_mut() = Some((secure.trust(), Side::Client));
    match accepted.into_connection(config) {
        Ok(connection) => begin(&state, connection.into(), &early, ctx),
        Err((error, mut alert)) => {
            let mut slot = state.stream.borrow_mut();
            if let Some(stream) = slot.as_mut() {
                // The error says more than a failure to send the alert.
                let _ = alert.write_all(stream);
            }
            drop(slot);
            state.fail(&HostShared::of(ctx), failure(&TlsError::Protocol(error)));
            Ok(JsValue::undefined())
        }
    }
}

fn begin(state: &Rc<State>, connection: Connection, early: &[u8], ctx: &mut Context) -> JsResult<JsValue> {
    let mut slot = state.stream.borrow_mut();
    let Some(stream) = slot.as_mut() else {
        drop(slot);
        return Err(node_error(ErrorClass::Error, "ERR_SOCKET_CLOSED", "Socket is closed", ctx));
    };
    stream.begin_tls(connection, early);
    drop(slot);
    state.open.set(false);
    *state.tls.borrow_mut() = Tls::Talking;
    state.poke(&HostShared::of(ctx));
    Ok(JsValue::undefined())
}

/// One turn of the link for a connection whose TLS is not up. An error ends the connection.
#[expect(clippy::result_large_err, reason = "made once, when the connection ends")]
pub(crate) fn advance(state: &Rc<State>, shared: &HostShared, stream: &mut Stream) -> Result<(), Failure> {
    let mut tls = state.tls.borrow_mut();
    match &mut *tls {
        Tls::Rest | Tls::Asked(..) => Ok(()),
        Tls::Talking => {
            if stream.handshake().map_err(|error| failure(&error))? {
                *tls = Tls::Rest;
                state.open.set(true);
                state.tell(shared, "secure", |_| Ok(JsValue::undefined()));
            }
            Ok(())
        }
        Tls::Listening(acceptor) => {
            let mut room = [0; 4096];
            let mut rest: Vec<u8> = Vec::new();
            loop {
                match acceptor.accept() {
                    Ok(None) => {}
                    Ok(Some(accepted)) => {
                        let hello = accepted.client_hello();
                        let name = hello.server_name().map(str::to_owned);
                        let alpn: Vec<Vec<u8>> =
                            hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
                        *tls = Tls::Asked(Box::new(accepted), rest);
                        state.tell(shared, "hello", move |ctx| Ok(greeting(name, &alpn, ctx).into()));
                        return Ok(());
                    }
                    Err((error, mut alert)) => {
                        // The error says more than a failure to send the alert.
                        let _ = alert.write_all(stream);
                        return Err(failure(&TlsError::Protocol(error)));
                    }
                }
                match stream.read(&mut room) {
                    Ok(0) => return Err(failure(&TlsError::Eof)),
                    Ok(n) => {
                        let mut data = &room[..n];
                        while !data.is_empty() {
                            let taken =
                                acceptor.read_tls(&mut data).map_err(|e| Failure::system(&e, "read"))?;
                            if taken == 0 {
                                rest = data.to_vec();
                                break;
                            }
                        }
                    }
                    Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                    Err(e) => return Err(Failure::system(&e, "read")),
                }
            }
        }
    }
}

fn greeting(name: Option<String>, alpn: &[Vec<u8>], ctx: &mut Context) -> JsObject {
    let list: Vec<JsValue> = alpn.iter().map(|name| bytes::lossy_text(name).into()).collect();
    let alpn = JsArray::from_iter(list, ctx);
    let name = name.map_or(JsValue::undefined(), |name| JsString::from(name).into());
    Exports::new(ctx).value("servername", name).value("alpn", alpn).finish()
}

fn failure(error: &TlsError) -> Failure {
    let (code, text) = match error {
        TlsError::Eof => (
            "ECONNRESET",
            "Client network socket disconnected before secure TLS connection was established".into(),
        ),
        TlsError::Io(error) => return Failure::system(error, "read"),
        TlsError::NotTls { .. } => ("ERR_SSL_WRONG_VERSION_NUMBER", error.to_string()),
        TlsError::Protocol(rustls::Error::AlertReceived(alert)) => (alert_code(*alert), error.to_string()),
        TlsError::Protocol(rustls::Error::PeerIncompatible(why)) => {
            let code = match why {
                rustls::PeerIncompatible::NoCipherSuitesInCommon => "ERR_SSL_NO_SHARED_CIPHER",
                _ => "ERR_SSL_UNSUPPORTED_PROTOCOL",
            };
            (code, error.to_string())
        }
        TlsError::Protocol(rustls::Error::NoApplicationProtocol) => {
            ("ERR_SSL_NO_APPLICATION_PROTOCOL", error.to_string())
        }
        _ => ("EPROTO", error.to_string()),
    };
    Failure { code: code.to_owned(), errno: -libc::EPROTO, syscall: "tls", text, ..Failure::default() }
}

fn alert_code(alert: AlertDescription) -> &'static str {
    use AlertDescription as A;
    match alert {
        A::HandshakeFailure => "ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE",
        A::BadCertificate => "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE",
        A::CertificateExpired => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED",
        A::CertificateUnknown => "ERR_SSL_SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        A::UnknownCA => "ERR_SSL_TLSV1_ALERT_UNKNOWN_CA",
        A::ProtocolVersion => "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION",
        A::NoApplicationProtocol => "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL",
        A::CertificateRequired => "ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED",
        A::UnrecognisedName => "ERR_SSL_TLSV1_UNRECOGNIZED_NAME",
        A::DecryptError => "ERR_SSL_TLSV1_ALERT_DECRYPT_ERROR",
        A::InternalError => "ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR",
        _ => "EPROTO",
    }
}

/// What the handshake agreed on, and what the peer's chain is worth.
pub(super) fn info(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let state = state::of(args, ctx)?;
    let mut chain: Vec<CertificateDer<'static>> = Vec::new();
    let (mut version, mut cipher, mut alpn, mut name) = (None, None, None, None);
    if let Some(tls) = state.stream.borrow().as_ref().and_then(Stream::tls) {
        chain.extend(tls.peer_certificates().into_iter().flatten().map(|der| der.clone().into_owned()));
        version = tls.protocol_version().and_then(|v| v.as_str());
        cipher = tls.negotiated_cipher_suite().and_then(|c| c.suite().as_str());
        alpn = tls.alpn_protocol().map(bytes::lossy_text);
        if let Connection::Server(server) = tls {
            name = server.server_name().map(JsString::from);
        }
    }
    let trust = state.trust.borrow().clone();
    let fault = trust.and_then(|(trust, side)| trust.judge(&chain, side));
    let chain: Vec<JsValue> =
        chain.iter().map(|der| bytes::buffer(der, ctx).map(Into::into)).collect::<JsResult<_>>()?;
    let chain = JsArray::from_iter(chain, ctx);
    let text = |text: Option<JsString>| text.map_or(JsValue::undefined(), Into::into);
    Ok(Exports::new(ctx)
        .value("protocol", text(version.map(JsString::from)))
        .value("cipher", text(cipher.map(JsString::from)))
        .value("alpn", text(alpn))
        .value("servername", text(name))
        .value("chain", chain)
        .value("fault", text(fault.map(JsString::from)))
        .finish()
        .into())
}

fn early_bytes(value: &JsValue, ctx: &mut Context) -> JsResult<Vec<u8>> {
    Ok(ByteView::of(value, ctx)?.map(|view| view.to_vec()).unwrap_or_default())
}

fn protocols(options: Option<&JsObject>, ctx: &mut Context) -> JsResult<Vec<Vec<u8>>> {
    let Some(options) = options else { return Ok(Vec::new()) };
    let value = options.get(js_string!("alpn"), ctx)?;
    let Some(list) = value.as_object().and_then(|o| JsArray::from_object(o).ok()) else {
        return Ok(Vec::new());
    };
    let length = list.length(ctx)?.min(MAX_PROTOCOLS);
    let mut out = Vec::new();
    for at in 0..length {
        let name = bytes::bytes_of(&list.get(at, ctx)?, ctx)?;
        if (1..256).contains(&name.len()) {
            out.push(name);
        }
    }
    Ok(out)
}
