//! One session with fixed random numbers, frame by frame: `vectors.json`, which the implementation in TypeScript meets
//! too. `MESHLITE_WRITE_VECTORS=1` writes it anew, with a new key of the device.

mod support;

use std::path::Path;
use std::time::Instant;

use microstack_session::envelope::Envelope;
use microstack_session::hello::ClientHello;
use microstack_session::keys::Secret;
use microstack_session::seal::Sealer;
use microstack_session::{
    Client, ClientOptions, ClientRandom, CloseCode, Context, Device, DeviceOutput, DeviceRandom, Limits,
    Message, Output,
};
use serde_json::{Value, json};

/// Signs with the device's key.
type Sign = Box<dyn FnMut(&[u8]) -> Vec<u8>>;

/// Drives both ends and writes down what happens.
struct Player {
    now: Instant,
    client: Client,
    device: Device,
    sign: Sign,
    link: u64,
    steps: Vec<Value>,
    session: Option<microstack_session::SessionId>,
}

impl Player {
    fn client_random(link: u64) -> ClientRandom {
        ClientRandom { key: [link as u8 + 0x10; 32], nonce: [link as u8 + 0x20; 32] }
    }

    fn attach(&mut self) {
        self.link += 1;
        let random = Self::client_random(self.link);
        let tunnel = format!("tunnel-{}", self.link);
        let mut step = json!({
            "do": "attach", "tunnel": tunnel, "key": hex(&random.key), "nonce": hex(&random.nonce),
        });
        self.client.attach(self.now, &tunnel, random).unwrap();
        let Ok(Some(Output::SendText(text))) = self.client.poll() else { panic!() };
        let Ok(Envelope::Client { hello }) = Envelope::parse(&text) else { panic!() };
        step["point"] = json!(hex(&ClientHello::parse(&hello).unwrap().point));
        self.steps.push(step);
        self.steps.push(json!({ "from": "client", "text": text }));
        let link = self.link as u8;
        let random = DeviceRandom { key: [link + 0x30; 32], nonce: [link + 0x40; 32], session: [0x55; 16] };
        let context = Context::new(&tunnel, "user//ädmin", 0xFFFF_FFFF);
        self.device.hello(self.now, self.link, context, &text, random);
        self.run();
    }

    fn cut(&mut self) {
        self.steps.push(json!({ "do": "cut" }));
        self.client.detach();
        self.device.lost(self.now, self.link);
        self.run();
    }

    fn send(&mut self, message: &Message) {
        self.steps.push(json!({ "do": "send", "message": shown(message) }));
        self.client.send(message).unwrap();
        self.run();
    }

    fn device_sends(&mut self, message: &Message) {
        self.device.send(self.session.unwrap(), message).unwrap();
        self.run();
    }

    fn run(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(output) = self.client.poll().unwrap() {
                quiet = false;
                match output {
                    Output::SendBinary(frame) => {
                        self.steps.push(json!({ "from": "client", "hex": hex(&frame) }));
                        self.device.binary(self.now, self.link, &frame);
                    }
                    Output::Message(message) => {
                        self.steps.push(json!({ "do": "take", "message": shown(&message) }))
                    }
                    Output::Closed { reason, code } => {
                        self.steps.push(json!({ "do": "take", "closed": reason, "code": code as u8 }));
                    }
                    Output::Opened(facts) => {
                        self.steps
                            .push(json!({ "do": "opened", "user": facts.user, "rights": facts.rights }));
                    }
                    _ => {}
                }
            }
            while let Some(output) = self.device.poll() {
                quiet = false;
                match output {
                    DeviceOutput::Sign { link, data } => {
                        let signature = (self.sign)(&data);
                        self.device.signed(self.now, link, Some(signature));
                    }
                    DeviceOutput::Text { text, .. } => {
                        self.steps.push(json!({ "from": "device", "text": text }));
                        self.client.handle_text(self.now, &text).unwrap();
                        break;
                    }
                    DeviceOutput::Binary { frame, .. } => {
                        self.steps.push(json!({ "from": "device", "hex": hex(&frame) }));
                        // After its last acknowledgement the client is gone.
                        let _ = self.client.handle_binary(self.now, &frame);
                        break;
                    }
                    DeviceOutput::Opened { session, .. } => self.session = Some(session),
                    _ => {}
                }
            }
            if quiet {
                return;
            }
        }
    }
}

/// The whole session. `sign` is asked once.
fn play(key: &[u8], sign: Sign) -> Value {
    let node = microstack_crypto::sha384(key);
    let mut player = Player {
        now: Instant::now(),
        client: Client::new(ClientOptions { node, protocol: 5 }),
        device: Device::new(node, key.to_vec(), Limits::default()),
        sign,
        link: 0,
        steps: Vec::new(),
        session: None,
    };
    player.attach();
    player.send(&Message::Text(r#"{"ctrlChannel":"102938","type":"options"}"#.into()));
    player.send(&Message::Text("5".into()));
    player.device_sends(&Message::Binary(vec![1, 0, 0, 0, 0xC3]));
    player.send(&Message::Binary(b"{\"action\":\"ls\"}".to_vec()));
    player.cut();
    player.send(&Message::Binary(vec![7; 3]));
    player.device_sends(&Message::Text("said while there was no link: ü".into()));
    player.attach();
    player.send(&Message::Binary(Vec::new()));
    player.device.close(player.now, player.session.unwrap(), CloseCode::Done, "the end");
    player.run();
    let mut sealer = Sealer::with_bound(Secret::from_bytes([7; 48]), 3);
    let rekeyed: Vec<String> = (0..8u8).map(|n| hex(&sealer.seal(vec![n; 4]))).collect();
    json!({
        "about": "Written by microstack/session/tests/vectors.rs. Both implementations must give and take these frames.",
        "node": hex(&node), "key": hex(key), "protocol": 5, "steps": player.steps,
        "rekey": { "secret": hex(&[7; 48]), "perKey": 3, "frames": rekeyed },
    })
}

#[test]
fn the_vectors_are_met() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors.json");
    if std::env::var_os("MESHLITE_WRITE_VECTORS").is_some() {
        let identity = support::identity(0);
        let vectors = play(
            identity.key.public_pkcs1_der(),
            Box::new(|data| support::identity(0).key.sign_sha384(data)),
        );
        std::fs::write(&path, serde_json::to_string_pretty(&vectors).unwrap() + "\n").unwrap();
    }
    let kept: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    let key = unhex(kept["key"].as_str().unwrap());
    let answer = kept["steps"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|step| step["text"].as_str().filter(|_| step["from"] == "device"));
    let Ok(Envelope::New { signature, .. }) = Envelope::parse(answer.unwrap()) else {
        panic!("the first answer is signed")
    };
    let played = play(&key, Box::new(move |_| signature.clone()));
    let (kept, played) = (kept["steps"].as_array().unwrap().clone(), played);
    for (at, (kept, played)) in kept.iter().zip(played["steps"].as_array().unwrap()).enumerate() {
        assert_eq!(kept, played, "step {at}");
    }
    assert_eq!(kept.len(), played["steps"].as_array().unwrap().len());
    assert!(kept.iter().filter(|step| step["from"].is_string()).count() > 12);
}

fn shown(message: &Message) -> Value {
    match message {
        Message::Text(text) => json!({ "text": text }),
        Message::Binary(bytes) => json!({ "hex": hex(bytes) }),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
