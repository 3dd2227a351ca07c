//! Certificates that a key signs for itself (RFC 5280), as the dialect's `tls.generateCertificate` makes them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use boa_engine::{Context, JsArgs, JsResult, JsValue};
use rsa::rand_core::RngCore;

use super::codec::{self, Form};
use super::der::{
    BIT_STRING, ENCODED_NULL, OCTET_STRING, OID, SEQUENCE, SET, algorithm, bit_string, element, integer,
    sequence,
};
use super::failure::Failure;
use super::hash::Algorithm;
use super::key::{self, Key, Random};
use super::sign::{self, Message, Padding};
use crate::host::bytes::buffer;
use crate::host::native::text;

/// `[0]` and `[3]`, constructed: the version and the extensions of a certificate.
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

const SHA384_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// Longest common name (RFC 5280 appendix A.1).
const MAX_NAME: usize = 64;
/// Days before and after now, as the real agent has them: peers compare keys, not calendars.
const DAYS_BACK: u64 = 10;
const DAYS_AHEAD: u64 = 10_000;
/// Beyond the year 4000 the clock is broken; GeneralizedTime has four digits for a year.
const LAST_SECOND: u64 = 64_060_588_800;

/// `selfSigned(key, name) -> Buffer`: the certificate of an RSA key in DER, of a CA with this common name.
pub(super) fn self_signed(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let key = key::of(args.get_or_undefined(0), ctx)?;
    let name = text(args, 1, ctx)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    let made = certificate(&key, &name, now).map_err(|failure| failure.error(ctx))?;
    Ok(buffer(&made, ctx)?.into())
}

fn certificate(key: &Key, name: &str, now: u64) -> Result<Vec<u8>, Failure> {
    if name.is_empty() || name.chars().count() > MAX_NAME {
        let text = format!("a certificate's name has 1 to {MAX_NAME} characters");
        return Err(Failure::of_range("ERR_OUT_OF_RANGE", text));
    }
    let unfit = || Failure::new("ERR_CRYPTO_OPERATION_FAILED", "only an RSA key signs its own certificate");
    if !matches!(key.type_name(), "rsa") || !key.is_private() {
        return Err(unfit());
    }
    let public = key.public();
    let spki = codec::write(&public, Form::Spki).ok_or_else(unfit)?;
    let inner = codec::write(&public, Form::Pkcs1).ok_or_else(unfit)?;
    let sha1 = Algorithm::named("sha1").ok_or_else(unfit)?;
    let sha384 = Algorithm::named("sha384").ok_or_else(unfit)?;

    let mut serial = [0; 16];
    Random.fill_bytes(&mut serial);
    serial[0] = serial[0] & 0x7f | 0x40; // positive and of constant length
    let named = sequence(&[&element(
        SET,
        &sequence(&[&element(OID, COMMON_NAME), &element(UTF8_STRING, name.as_bytes())]),
    )]);
    let now = now.min(LAST_SECOND);
    let validity =
        sequence(&[&time(now.saturating_sub(DAYS_BACK * 86_400)), &time(now + DAYS_AHEAD * 86_400)]);
    let extension = |oid: &[u8], critical: bool, value: &[u8]| {
        let flag: &[u8] = if critical { &[0x01, 0x01, 0xff] } else { &[] };
        sequence(&[&element(OID, oid), flag, &element(OCTET_STRING, value)])
    };
    let extensions = sequence(&[
        &extension(BASIC_CONSTRAINTS, true, &sequence(&[&[0x01, 0x01, 0xff]])),
        // Certificate and list signing: bits 5 and 6, one unused.
        &extension(KEY_USAGE, true, &element(BIT_STRING, &[0x01, 0x06])),
        &extension(SUBJECT_KEY_ID, false, &element(OCTET_STRING, &sha1.of(&[&inner]))),
    ]);
    let signing = algorithm(SHA384_WITH_RSA, ENCODED_NULL);
    let body = sequence(&[
        &element(VERSION, &integer(&[2])),
        &integer(&serial),
        &signing,
        &named,
        &validity,
        &named,
        &spki,
        &element(EXTENSIONS, &extensions),
    ]);
    let digest = sha384.of(&[&body]);
    let signature = sign::sign(key, &Message::Digest(sha384, &digest), Padding::Pkcs1, false)?;
    Ok(element(SEQUENCE, &[body, signing, bit_string(&signature)].concat()))
}

/// A time: two digits of the year until 2049, four after.
fn time(unix_s: u64) -> Vec<u8> {
    let (days, seconds) = (unix_s / 86_400, unix_s % 86_400);
    let (year, month, day) = civil(days);
    let clock = format!("{:02}{:02}{:02}Z", seconds / 3600, seconds / 60 % 60, seconds % 60);
    if year < 2050 {
        element(UTC_TIME, format!("{:02}{month:02}{day:02}{clock}", year % 100).as_bytes())
    } else {
        element(GENERALIZED_TIME, format!("{year:04}{month:02}{day:02}{clock}").as_bytes())
    }
}

/// Year, month and day of a day number since 1970.
fn civil(mut days: u64) -> (u64, u64, u64) {
    let is_leap =
        |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    loop {
        let length = if is_leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if days < length {
            break;
        }
        days -= length;
        month += 1;
    }
    (year, month, days + 1)
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::{FromDer, X509Certificate};

    use super::*;

    #[test]
    fn a_certificate_is_signed_by_its_own_key_and_is_a_ca() {
        let key = key::generate_rsa(2048, 65_537).unwrap();
        let now = 1_795_824_000;
        let der = certificate(&key, "Grüße", now).unwrap();
        let (rest, parsed) = X509Certificate::from_der(&der).unwrap();
        assert!(rest.is_empty());
        assert!(parsed.verify_signature(None).is_ok());
        assert_eq!(parsed.subject().iter_common_name().next().unwrap().as_str().unwrap(), "Grüße");
        assert_eq!(parsed.subject(), parsed.issuer());
        assert!(parsed.is_ca());
        let validity = parsed.validity();
        assert_eq!(validity.not_before.timestamp(), now as i64 - 864_000);
        assert_eq!(validity.not_after.timestamp(), now as i64 + 864_000_000);
        assert!(codec::certificate(&der).unwrap() == key.public());
        assert!(certificate(&key, "", now).is_err());
        assert!(certificate(&key, &"x".repeat(65), now).is_err());
        assert!(certificate(&key.public(), "x", now).is_err());
    }

    #[test]
    fn days_are_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(29_219), (2049, 12, 31));
        assert_eq!(time(2_524_607_999)[0], UTC_TIME);
        assert_eq!(time(2_524_608_000), element(GENERALIZED_TIME, b"20500101000000Z"));
    }
}
