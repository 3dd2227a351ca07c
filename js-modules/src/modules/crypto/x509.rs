//! What a certificate says.

use std::net::{Ipv4Addr, Ipv6Addr};

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsResult, JsString, JsValue};
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};
use x509_parser::time::ASN1Time;

use super::failure::Failure;
use super::hash::Algorithm;
use super::sign::{self, Message, Padding};
use super::{codec, key, pem};
use crate::host::bytes::{buffer, bytes_of};
use crate::host::native::Exports;

const MAX_BYTES: usize = 256 << 10;

fn malformed() -> Failure {
    Failure::new("ERR_OSSL_ASN1_WRONG_TAG", "error:0680007B:asn1 encoding routines::header too long")
}

fn der_of(bytes: Vec<u8>) -> Result<Vec<u8>, Failure> {
    if bytes.len() > MAX_BYTES {
        return Err(malformed());
    }
    if bytes.first() == Some(&0x30) {
        return Ok(bytes);
    }
    let text = String::from_utf8_lossy(&bytes);
    let found = pem::blocks(&text).into_iter().find(|block| block.label.ends_with("CERTIFICATE"));
    found.map(|block| block.der).ok_or_else(|| {
        Failure::new("ERR_OSSL_PEM_NO_START_LINE", "error:0480006C:PEM routines::no start line")
    })
}

/// `certificate(bytes) -> { subject, issuer, … }`; names are lists of `[key, value]`.
pub fn certificate(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let bytes = bytes_of(args.get_or_undefined(0), ctx)?;
    let der = der_of(bytes).map_err(|failure| failure.error(ctx))?;
    let Ok((rest, parsed)) = X509Certificate::from_der(&der) else {
        return Err(malformed().error(ctx));
    };
    let der = &der[..der.len() - rest.len()];
    let raw = buffer(der, ctx)?;
    let subject = name(parsed.subject(), ctx);
    let issuer = name(parsed.issuer(), ctx);
    let handle = match codec::certificate(der) {
        Some(public) => key::handle(public, ctx).into(),
        None => JsValue::undefined(),
    };
    let serial: String = parsed.raw_serial().iter().map(|byte| format!("{byte:02X}")).collect();
    let serial = serial.strip_prefix("00").filter(|rest| !rest.is_empty()).unwrap_or(&serial).to_owned();
    let (mut alt_names, mut usages, mut access, mut ca) = (None, None, None, false);
    for extension in parsed.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                let list: Vec<String> = names.general_names.iter().map(general_name).collect();
                alt_names = Some(list.join(", "));
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                let flags = [
                    (usage.server_auth, "1.3.6.1.5.5.7.3.1"),
                    (usage.client_auth, "1.3.6.1.5.5.7.3.2"),
                    (usage.code_signing, "1.3.6.1.5.5.7.3.3"),
                    (usage.email_protection, "1.3.6.1.5.5.7.3.4"),
                    (usage.time_stamping, "1.3.6.1.5.5.7.3.8"),
                    (usage.ocsp_signing, "1.3.6.1.5.5.7.3.9"),
                    (usage.any, "2.5.29.37.0"),
                ];
                let mut list: Vec<String> =
                    flags.iter().filter(|(set, _)| *set).map(|(_, oid)| (*oid).to_owned()).collect();
                list.extend(usage.other.iter().map(|oid| oid.to_id_string()));
                usages = Some(list);
            }
            ParsedExtension::BasicConstraints(constraints) => ca = constraints.ca,
            ParsedExtension::AuthorityInfoAccess(info) => {
                let lines: Vec<String> = info
                    .accessdescs
                    .iter()
                    .map(|entry| {
                        let method = match entry.access_method.to_id_string().as_str() {
                            "1.3.6.1.5.5.7.48.1" => "OCSP".to_owned(),
                            "1.3.6.1.5.5.7.48.2" => "CA Issuers".to_owned(),
                            other => other.to_owned(),
                        };
                        format!("{method} - {}\n", general_name(&entry.access_location))
                    })
                    .collect();
                access = Some(lines.concat());
            }
            _ => {}
        }
    }
    let optional =
        |text: Option<String>| text.map_or(JsValue::undefined(), |text| JsString::from(text).into());
    let usages = match usages {
        Some(list) => JsArray::from_iter(list.into_iter().map(|oid| JsString::from(oid).into()), ctx).into(),
        None => JsValue::undefined(),
    };
    let validity = parsed.validity();
    Ok(Exports::new(ctx)
        .value("raw", raw)
        .value("subject", subject)
        .value("issuer", issuer)
        .value("publicKey", handle)
        .value("serialNumber", JsString::from(serial))
        .value("validFrom", JsString::from(time(&validity.not_before)))
        .value("validTo", JsString::from(time(&validity.not_after)))
        .value("subjectAltName", optional(alt_names))
        .value("infoAccess", optional(access))
        .value("keyUsage", usages)
        .value("ca", ca)
        .finish()
        .into())
}

fn name(name: &X509Name<'_>, ctx: &mut Context) -> JsArray {
    let mut list = Vec::new();
    for attribute in name.iter_attributes() {
        let value = match attribute.as_str() {
            Ok(text) => text.to_owned(),
            Err(_) => String::from_utf8_lossy(attribute.as_slice()).into_owned(),
        };
        list.push((short_name(&attribute.attr_type().to_id_string()), value));
    }
    let mut pairs = Vec::new();
    for (key, value) in list {
        let pair = [JsString::from(key).into(), JsString::from(value).into()];
        pairs.push(JsArray::from_iter(pair, ctx).into());
    }
    JsArray::from_iter(pairs, ctx)
}

fn short_name(oid: &str) -> String {
    match oid {
        "2.5.4.3" => "CN",
        "2.5.4.4" => "SN",
        "2.5.4.5" => "serialNumber",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "street",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "2.5.4.12" => "title",
        "2.5.4.15" => "businessCategory",
        "2.5.4.42" => "GN",
        "2.5.4.46" => "dnQualifier",
        "1.2.840.113549.1.9.1" => "emailAddress",
        "0.9.2342.19200300.100.1.1" => "UID",
        "0.9.2342.19200300.100.1.25" => "DC",
        other => other,
    }
    .to_owned()
}

/// A text is quoted when a comma or the like could make it look like two names.
fn quoted(text: &str) -> String {
    let plain =
        text.bytes().all(|byte| (0x20..0x7f).contains(&byte) && !matches!(byte, b',' | b'"' | b'\\' | b'\''));
    if plain { text.to_owned() } else { serde_json::Value::from(text).to_string() }
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(text) => format!("DNS:{}", quoted(text)),
        GeneralName::RFC822Name(text) => format!("email:{}", quoted(text)),
        GeneralName::URI(text) => format!("URI:{}", quoted(text)),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => {
                let mut octets = [0; 4];
                octets.copy_from_slice(bytes);
                format!("IP Address:{}", Ipv4Addr::from(octets))
            }
            16 => {
                let mut octets = [0; 16];
                octets.copy_from_slice(bytes);
                let groups: Vec<String> =
                    Ipv6Addr::from(octets).segments().iter().map(|group| format!("{group:X}")).collect();
                format!("IP Address:{}", groups.join(":"))
            }
            _ => "IP Address:<invalid>".to_owned(),
        },
        GeneralName::RegisteredID(oid) => format!("Registered ID:{}", oid.to_id_string()),
        GeneralName::DirectoryName(name) => format!("DirName:{}", quoted(&name.to_string())),
        _ => "othername:<unsupported>".to_owned(),
    }
}

/// `Sep  3 21:40:37 2022 GMT`.
fn time(time: &ASN1Time) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let at = time.to_datetime();
    let month = MONTHS[usize::from(u8::from(at.month())) - 1];
    format!(
        "{month} {:>2} {:02}:{:02}:{:02} {} GMT",
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.year()
    )
}

/// `certificateSignedBy(raw, key) -> boolean`.
pub fn signed_by(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let der = bytes_of(args.get_or_undefined(0), ctx)?;
    let key = key::of(args.get_or_undefined(1), ctx)?;
    let Ok((_, parsed)) = X509Certificate::from_der(&der) else {
        return Err(malformed().error(ctx));
    };
    let hash = match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.4" => "md5",
        "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" => "sha1",
        "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => "sha256",
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => "sha384",
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => "sha512",
        "1.3.101.112" => "",
        _ => return Ok(JsValue::from(false)),
    };
    let body = parsed.tbs_certificate.as_ref();
    let digest;
    let message = match Algorithm::named(hash) {
        Some(hash) => {
            digest = hash.of(&[body]);
            Message::Digest(hash, &digest)
        }
        None => Message::Text(body),
    };
    let fits = sign::verify(&key, &message, &parsed.signature_value.data, Padding::Pkcs1, false);
    Ok(JsValue::from(fits.unwrap_or(false)))
}
