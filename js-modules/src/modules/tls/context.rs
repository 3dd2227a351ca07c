//! `createSecureContext`: certificates, key, trust and versions, read once.

use std::rc::Rc;
use std::sync::Arc;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsData, JsError, JsObject, JsResult, JsString, JsValue};
use boa_gc::{Finalize, Trace};
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{ClientConfig, ServerConfig, SupportedProtocolVersion};

use super::recorder::Recorder;
use super::trust::Trust;
use crate::host::bytes::bytes_of;
use crate::host::native::{ErrorClass, invalid_type, node_error};

/// Keys and trust that many connections share.
pub(crate) struct Secure {
    chain: Vec<CertificateDer<'static>>,
    key: Option<PrivateKeyDer<'static>>,
    own_trust: Option<Rc<Trust>>,
    versions: Vec<&'static SupportedProtocolVersion>,
}

#[derive(Trace, Finalize, JsData)]
struct Handle {
    #[unsafe_ignore_trace]
    secure: Rc<Secure>,
}

/// One text of certificates or keys; a bundle of a whole system is smaller.
const MAX_TEXT_BYTES: usize = 8 << 20;

/// Texts in a list.
const MAX_TEXTS: u64 = 4096;

impl Secure {
    pub fn of(value: &JsValue, ctx: &mut Context) -> JsResult<Rc<Secure>> {
        let object = value.as_object();
        let secure = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.secure.clone()));
        secure.ok_or_else(|| invalid_type("context", "a secure context", value, ctx))
    }

    /// Whom peers are checked against.
    pub fn trust(&self) -> Rc<Trust> {
        self.own_trust.clone().unwrap_or_else(Trust::system)
    }

    /// A client's configuration. Sessions are not resumed.
    pub fn client(&self, alpn: Vec<Vec<u8>>) -> Result<Arc<ClientConfig>, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Recorder(provider)));
        let mut config = match &self.key {
            Some(key) if !self.chain.is_empty() => {
                builder.with_client_auth_cert(self.chain.clone(), key.clone_key())?
            }
            _ => builder.with_no_client_auth(),
        };
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn;
        Ok(Arc::new(config))
    }

    /// A server's configuration. Sessions are not resumed.
    pub fn server(&self, alpn: Vec<Vec<u8>>, ask_client: bool) -> Result<Arc<ServerConfig>, rustls::Error> {
        let Some(key) = &self.key else {
            return Err(rustls::Error::General("the server has no certificate and key".into()));
        };
        let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
        let builder =
            ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&self.versions)?;
        let builder = match ask_client {
            true => builder.with_client_cert_verifier(Arc::new(Recorder(provider))),
            false => builder.with_no_client_auth(),
        };
        let mut config = builder.with_single_cert(self.chain.clone(), key.clone_key())?;
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.alpn_protocols = alpn;
        Ok(Arc::new(config))
    }
}

pub(super) fn create(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let Some(options) = args.get_or_undefined(0).as_object() else {
        return Err(invalid_type("options", "an object", args.get_or_undefined(0), ctx));
    };
    let mut chain = Vec::new();
    for text in texts(&options, "cert", ctx)? {
        certificates(&text, &mut chain, ctx)?;
    }
    let mut key = None;
    for text in texts(&options, "key", ctx)? {
        key = Some(private_key(&text, ctx)?);
    }
    let own_trust = match options.get(JsString::from("ca"), ctx)? {
        value if value.is_null_or_undefined() => None,
        _ => {
            let mut list = Vec::new();
            for text in texts(&options, "ca", ctx)? {
                certificates(&text, &mut list, ctx)?;
            }
            Some(Trust::new(list))
        }
    };
    let limit = |key: &str, default: f64, ctx: &mut Context| -> JsResult<f64> {
        let value = options.get(JsString::from(key), ctx)?;
        if value.is_undefined() { Ok(default) } else { value.to_number(ctx) }
    };
    let (min, max) = (limit("minVersion", 12.0, ctx)?, limit("maxVersion", 13.0, ctx)?);
    let mut versions = Vec::new();
    if max >= 13.0 && min <= 13.0 {
        versions.push(&rustls::version::TLS13);
    }
    if min <= 12.0 && max >= 12.0 {
        versions.push(&rustls::version::TLS12);
    }
    let secure = Secure { chain, key, own_trust, versions };
    if secure.key.is_some() && !secure.chain.is_empty() {
        // A key that is not the certificate's is told here, not at the first connection.
        secure.server(Vec::new(), false).map_err(|error| refused(&error, ctx))?;
    }
    let prototype = ctx.intrinsics().constructors().object().prototype();
    Ok(JsObject::from_proto_and_data(prototype, Handle { secure: Rc::new(secure) }).into())
}

/// The error of a configuration that cannot be used.
pub(super) fn refused(error: &rustls::Error, ctx: &mut Context) -> JsError {
    let (code, text) = match error {
        rustls::Error::InconsistentKeys(_) => {
            ("ERR_OSSL_X509_KEY_VALUES_MISMATCH", "key values mismatch".to_owned())
        }
        other => ("ERR_TLS_INVALID_CONTEXT", other.to_string()),
    };
    node_error(ErrorClass::Error, code, &text, ctx)
}

/// A text, a Buffer, or a list of these.
fn texts(options: &JsObject, name: &str, ctx: &mut Context) -> JsResult<Vec<Vec<u8>>> {
    let value = options.get(JsString::from(name), ctx)?;
    if value.is_null_or_undefined() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    let list = value.as_object().and_then(|o| JsArray::from_object(o).ok());
    let items = match list {
        None => vec![value],
        Some(list) => {
            let length = list.length(ctx)?.min(MAX_TEXTS);
            (0..length).map(|at| list.get(at, ctx)).collect::<JsResult<_>>()?
        }
    };
    for item in items {
        let bytes = bytes_of(&item, ctx)?;
        if bytes.len() > MAX_TEXT_BYTES {
            return Err(node_error(
                ErrorClass::Range,
                "ERR_OUT_OF_RANGE",
                &format!("{name} is too long"),
                ctx,
            ));
        }
        out.push(bytes);
    }
    Ok(out)
}

fn certificates(text: &[u8], out: &mut Vec<CertificateDer<'static>>, ctx: &mut Context) -> JsResult<()> {
    // DER begins with a SEQUENCE.
    if text.first() == Some(&0x30) {
        out.push(CertificateDer::from(text.to_vec()));
        return Ok(());
    }
    let before = out.len();
    out.extend(CertificateDer::pem_slice_iter(text).filter_map(Result::ok));
    if out.len() == before {
        return Err(node_error(ErrorClass::Error, "ERR_OSSL_PEM_NO_START_LINE", "no start line", ctx));
    }
    Ok(())
}

fn private_key(text: &[u8], ctx: &mut Context) -> JsResult<PrivateKeyDer<'static>> {
    let found = if text.first() == Some(&0x30) {
        PrivateKeyDer::try_from(text.to_vec()).ok()
    } else {
        PrivateKeyDer::from_pem_slice(text).ok()
    };
    if let Some(key) = found {
        return Ok(key);
    }
    let is_locked = text.windows(9).any(|w| w == b"ENCRYPTED");
    let (code, text) = if is_locked {
        (
            "ERR_NOT_SUPPORTED",
            "encrypted private keys cannot be read here; store the key without a passphrase",
        )
    } else {
        ("ERR_OSSL_PEM_NO_START_LINE", "no start line")
    };
    Err(node_error(ErrorClass::Error, code, text, ctx))
}
