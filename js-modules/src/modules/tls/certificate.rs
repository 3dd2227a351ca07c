//! What a certificate says, as `getPeerCertificate` shows it.

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue};
use ring::digest;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OidRegistry;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::host::bytes::{ByteView, buffer};
use crate::host::native::{ErrorClass, Exports, node_error};

pub(super) fn read(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let der = ByteView::expect(args.get_or_undefined(0), "der", ctx)?.to_vec();
    let Ok((_, cert)) = X509Certificate::from_der(&der) else {
        return Err(node_error(ErrorClass::Error, "ERR_INVALID_CERTIFICATE", "not a certificate", ctx));
    };
    let names = alternative_names(&cert);
    let subject = name(cert.subject(), ctx);
    let issuer = name(cert.issuer(), ctx);
    let raw = buffer(&der, ctx)?;
    let key = cert.public_key();
    let public = buffer(key.raw, ctx)?;
    let serial: String = cert.raw_serial().iter().map(|b| format!("{b:02X}")).collect();
    let serial = serial.strip_prefix("00").filter(|rest| !rest.is_empty()).unwrap_or(&serial).to_owned();
    let print = |algorithm, data: &[u8]| JsString::from(colons(digest::digest(algorithm, data).as_ref()));
    let text = |t: String| JsString::from(t);
    let mut out = Exports::new(ctx)
        .value("subject", subject)
        .value("issuer", issuer)
        .value("ca", cert.is_ca())
        .value("valid_from", text(time(cert.validity().not_before)))
        .value("valid_to", text(time(cert.validity().not_after)))
        .value("fingerprint", print(&digest::SHA1_FOR_LEGACY_USE_ONLY, &der))
        .value("fingerprint256", print(&digest::SHA256, &der))
        .value("fingerprint512", print(&digest::SHA512, &der))
        .value("keyFingerprint384", print(&digest::SHA384, key.raw))
        .value("digest384", print(&digest::SHA384, &der))
        .value("serialNumber", text(serial))
        .value("raw", raw)
        .value("pubkey", public)
        .value("selfIssued", cert.subject().as_raw() == cert.issuer().as_raw());
    if let Some(names) = names {
        out = out.value("subjectaltname", text(names));
    }
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let modulus: String =
                rsa.modulus.iter().skip_while(|b| **b == 0).map(|b| format!("{b:02X}")).collect();
            let exponent = rsa.try_exponent().map_or_else(|_| String::new(), |e| format!("0x{e:x}"));
            let bits = modulus.len() as u32 * 4;
            out = out.value("modulus", text(modulus)).value("exponent", text(exponent)).value("bits", bits);
        }
        Ok(PublicKey::EC(point)) => {
            out = out.value("bits", point.key_size() as u32);
            let curve =
                key.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok()).map(|oid| oid.to_id_string());
            let names = match curve.as_deref() {
                Some("1.2.840.10045.3.1.7") => Some(("prime256v1", "P-256")),
                Some("1.3.132.0.34") => Some(("secp384r1", "P-384")),
                Some("1.3.132.0.35") => Some(("secp521r1", "P-521")),
                _ => None,
            };
            if let Some((asn1, nist)) = names {
                out = out.value("asn1Curve", JsString::from(asn1)).value("nistCurve", JsString::from(nist));
            }
        }
        _ => {}
    }
    let usage: Option<Vec<JsValue>> = cert.extended_key_usage().ok().flatten().map(|usage| {
        let usage = usage.value;
        [(usage.server_auth, "1.3.6.1.5.5.7.3.1"), (usage.client_auth, "1.3.6.1.5.5.7.3.2")]
            .into_iter()
            .filter(|(set, _)| *set)
            .map(|(_, oid)| JsString::from(oid).into())
            .collect()
    });
    let object = out.finish();
    if let Some(usage) = usage {
        let list = JsArray::from_iter(usage, ctx);
        return Ok(Exports::on(object, ctx).value("ext_key_usage", list).finish().into());
    }
    Ok(object.into())
}

/// `{ C, O, CN, … }`; a name that comes twice is a list.
fn name(name: &X509Name<'_>, ctx: &mut Context) -> JsObject {
    let registry = OidRegistry::default().with_x509();
    let mut pairs: Vec<(String, Vec<JsValue>)> = Vec::new();
    for attribute in name.iter_attributes() {
        let key = match attribute.attr_type().to_id_string().as_str() {
            "2.5.4.3" => "CN".to_owned(),
            "2.5.4.6" => "C".to_owned(),
            "2.5.4.7" => "L".to_owned(),
            "2.5.4.8" => "ST".to_owned(),
            "2.5.4.10" => "O".to_owned(),
            "2.5.4.11" => "OU".to_owned(),
            "1.2.840.113549.1.9.1" => "emailAddress".to_owned(),
            other => {
                registry.get(attribute.attr_type()).map_or(other.to_owned(), |entry| entry.sn().to_owned())
            }
        };
        let value = attribute
            .as_str()
            .map_or_else(|_| String::from_utf8_lossy(attribute.as_slice()).into_owned(), str::to_owned);
        let value: JsValue = JsString::from(value).into();
        match pairs.iter_mut().find(|(known, _)| *known == key) {
            Some((_, values)) => values.push(value),
            None => pairs.push((key, vec![value])),
        }
    }
    let mut object = Exports::new(ctx).finish();
    for (key, mut values) in pairs {
        let value: JsValue =
            if values.len() == 1 { values.remove(0) } else { JsArray::from_iter(values, ctx).into() };
        object = Exports::on(object, ctx).value(&key, value).finish();
    }
    object
}

/// `DNS:a, IP Address:1.2.3.4`; a name with a comma or a quote in it is quoted, so that none can pose as two.
fn alternative_names(cert: &X509Certificate<'_>) -> Option<String> {
    let names = &cert.subject_alternative_name().ok()??.value.general_names;
    let shown = names.iter().filter_map(|name| {
        let (kind, value) = match name {
            GeneralName::DNSName(name) => ("DNS", (*name).to_owned()),
            GeneralName::RFC822Name(name) => ("email", (*name).to_owned()),
            GeneralName::URI(name) => ("URI", (*name).to_owned()),
            GeneralName::IPAddress(bytes) => ("IP Address", address(bytes)?),
            _ => return None,
        };
        let plain = !value.contains([',', '"', '\\', '\'']) && value.chars().all(|c| c.is_ascii_graphic());
        let value = if plain { value } else { serde_json::to_string(&value).ok()? };
        Some(format!("{kind}:{value}"))
    });
    Some(shown.collect::<Vec<_>>().join(", "))
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(std::net::Ipv4Addr::from(four).to_string());
    }
    // OpenSSL's form: groups in full, without leading zeros.
    let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
    let groups = std::net::Ipv6Addr::from(sixteen).segments();
    Some(groups.map(|group| format!("{group:X}")).join(":"))
}

/// `Nov 28 05:14:50 2026 GMT`.
fn time(time: ASN1Time) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = time.to_datetime();
    let month = MONTHS[usize::from(u8::from(at.month())) - 1];
    format!("{month} {:2} {:02}:{:02}:{:02} {} GMT", at.day(), at.hour(), at.minute(), at.second(), at.year())
}

fn colons(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":")
}
