//! `meshlite-agent id`: the device's id and how it comes about.

use microstack::crypto::{Identity, cert_summary};
use microstack::store::{DiskStore, Options, Store};
use microstack::wire::agent_hash as program_hash;

use super::IdOptions;
use crate::identity::{self, KEY_BITS, Origin};
use crate::state::StateDir;
use crate::{exit, log};

/// Shows the identity, making one if there is none.
pub fn show(options: &IdOptions) -> i32 {
    match load(options) {
        Ok((identity, origin, state)) => {
            let node = identity.node_id();
            let public = identity.key.public_pkcs1_der();
            let file = state.identity_file();
            let certificate = cert_summary(&identity.cert_der).map(|c| c.to_string()).unwrap_or_default();
            if options.json {
                println!(
                    "{}",
                    serde_json::json!({
                        "node": node.to_hex(),
                        "text64": node.to_text64(),
                        "databaseId": format!("node//{}", node.to_text64()),
                        "keyBits": identity.key.bits(),
                        "publicKeyPkcs1Bytes": public.len(),
                        "derivation": "SHA-384 of the DER of the PKCS#1 RSAPublicKey",
                        "certificate": certificate,
                        "keyFile": file.display().to_string(),
                        "new": origin == Origin::Made,
                    })
                );
                return exit::DONE;
            }
            if origin == Origin::Made {
                println!("There was no identity; a new one was made.\n");
            }
            println!("device id:    {}", node.to_hex());
            println!("as text:      node//{}", node.to_text64());
            println!("              (base64 of the same 48 bytes, with @ for + and $ for /)");
            println!("derived from: SHA-384 of the {} bytes of DER of the RSA public key,", public.len());
            println!(
                "              PKCS#1 RSAPublicKey (modulus and exponent), {} bits",
                identity.key.bits()
            );
            println!("certificate:  {certificate}");
            println!("key stored:   {} (mode 0600; a copy in {})", file.display(), state.store().display());
            exit::DONE
        }
        Err(text) => fail(&text),
    }
}

/// `-nodeid`: the id alone.
pub fn node_id_only(options: &IdOptions) -> i32 {
    match load(options) {
        Ok((identity, _, _)) => {
            println!("{}", identity.node_id().to_hex());
            exit::DONE
        }
        Err(text) => fail(&text),
    }
}

/// `-agentHash` and `-agentFullHash`: SHA-384 of this program without an embedded msh.
pub fn agent_hash(digits: Option<usize>) -> i32 {
    let hash =
        std::env::current_exe().and_then(std::fs::File::open).and_then(|mut file| program_hash(&mut file));
    match hash {
        Ok(hash) => {
            let text = hash.to_hex();
            println!("{}", &text[..digits.unwrap_or(text.len()).min(text.len())]);
            exit::DONE
        }
        Err(error) => fail(&format!("this program cannot be read: {error}")),
    }
}

fn load(options: &IdOptions) -> Result<(Identity, Origin, StateDir), String> {
    log::init(tracing::Level::WARN);
    let state = StateDir::choose(options.state.as_deref()).map_err(|e| e.to_string())?;
    state.create().map_err(|e| e.to_string())?;
    let file = state.identity_file();
    if let Some(identity) = identity::read(&file).map_err(|e| e.to_string())? {
        return Ok((identity, Origin::File, state));
    }
    // An agent that starts for the first time right now must not end up with another identity.
    let _lock = state.lock().map_err(|e| e.to_string())?;
    eprintln!("There is no identity file in {}; making one (RSA-{KEY_BITS}).", state.path().display());
    // The store may hold the other copy; the lock keeps everyone else out of it.
    let opened = match state.store().exists() {
        true => Some(DiskStore::open(state.store(), Options::default()).map_err(|e| e.to_string())?),
        false => None,
    };
    let store = opened.as_ref().map(|opened| &opened.store as &dyn Store);
    let (identity, origin) = identity::load_or_make(&file, store).map_err(|e| e.to_string())?;
    Ok((identity, origin, state))
}

fn fail(text: &str) -> i32 {
    eprintln!("meshlite-agent: {text}");
    exit::FAILED
}
