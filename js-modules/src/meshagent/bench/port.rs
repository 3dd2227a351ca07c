//! The agent as a core under test sees it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use boa_engine::{JsString, JsValue};

use super::Teller;
use crate::host::bytes;
use crate::meshagent::port::{
    AgentPort, AgentRequest, BuildInfo, DataStore, LogLevel, NOT_CONNECTED, ServerView,
};

/// Stands in for the agent and its server: everything goes to the test.
pub(super) struct TestPort {
    pub teller: Teller,
    pub connected: Cell<bool>,
    pub hash: [u8; 48],
    pub settings: Vec<(String, String)>,
    pub build: BuildInfo,
    pub store: Rc<MemoryStore>,
}

impl AgentPort for TestPort {
    fn send_text(&self, text: &str) -> i32 {
        if !self.connected.get() {
            return NOT_CONNECTED;
        }
        self.teller.text("sent", text.to_owned());
        0
    }

    fn send_binary(&self, data: &[u8]) -> i32 {
        if !self.connected.get() {
            return NOT_CONNECTED;
        }
        let data = data.to_vec();
        self.teller.say("binary", move |ctx| Ok(vec![bytes::buffer(&data, ctx)?.into()]));
        0
    }

    fn server(&self) -> Option<ServerView> {
        self.connected.get().then(|| ServerView {
            url: "wss://127.0.0.1:443/agent.ashx".into(),
            ip: "127.0.0.1".into(),
            tls_hash_hex: "0".repeat(96),
            tls_key_hash_hex: "0".repeat(96),
        })
    }

    fn core_hash(&self) -> Option<[u8; 48]> {
        Some(self.hash)
    }

    fn arch_id(&self) -> u32 {
        6
    }

    fn msh(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }

    fn mesh_id_hex(&self) -> String {
        "0".repeat(96)
    }

    fn server_id_hex(&self) -> String {
        "0".repeat(96)
    }

    fn node_id_hex(&self) -> Option<String> {
        Some("0".repeat(96))
    }

    fn build(&self) -> BuildInfo {
        self.build.clone()
    }

    fn data_store(&self) -> Option<Rc<dyn DataStore>> {
        Some(self.store.clone())
    }

    fn request(&self, request: AgentRequest) {
        self.teller.text("request", format!("{request:?}"));
    }

    fn log(&self, level: LogLevel, text: &str) {
        let (level, text) = (level as i32, text.to_owned());
        self.teller.say("log", move |_| Ok(vec![JsValue::from(level), JsString::from(text).into()]));
    }
}

/// A store that ends with its core.
#[derive(Default)]
pub(super) struct MemoryStore(RefCell<BTreeMap<String, Vec<u8>>>);

impl DataStore for MemoryStore {
    fn value(&self, key: &str) -> Option<Vec<u8>> {
        self.0.borrow().get(key).cloned()
    }

    fn put(&self, key: &str, value: &[u8]) -> Result<(), String> {
        self.0.borrow_mut().insert(key.to_owned(), value.to_vec());
        Ok(())
    }

    fn delete(&self, key: &str) -> Result<bool, String> {
        Ok(self.0.borrow_mut().remove(key).is_some())
    }

    fn keys(&self) -> Vec<String> {
        self.0.borrow().keys().cloned().collect()
    }
}
