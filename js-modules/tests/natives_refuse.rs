//! No native does anything outside without its permission: every function that a module exports is in a table with the
//! permission it needs, and is called by a script that has none.

use std::time::{Duration, Instant};

use js_modules::host::{Dialect, Host, HostEvent, HostOptions, Permissions, on_big_stack};
use js_modules::meshagent::LAYER;
use microstack::chain::Chain;

const TIME: Duration = Duration::from_secs(40);

/// Runs a script that may do nothing; returns what it printed, with errors among it, and its exit code.
fn run(dialect: Dialect, name: &str, source: &str) -> (Vec<String>, Option<i32>) {
    on_big_stack(|| {
        let chain = Chain::new().unwrap();
        let layer = (dialect == Dialect::MeshAgent).then_some(LAYER);
        let permissions = Permissions::none();
        let options =
            HostOptions { dialect, layer, permissions, argv: vec!["agent".into()], ..HostOptions::default() };
        let mut host = Host::new(chain.clone(), options).unwrap();
        host.run_script(name, source);
        let deadline = Instant::now() + TIME;
        let mut code = host.exit_code();
        while code.is_none() && Instant::now() < deadline {
            chain
                .run_until(Some(deadline), &mut |_| {
                    host.drain();
                    host.is_idle()
                })
                .unwrap();
            code = host.finish();
        }
        let lines = host.events().into_iter().filter_map(|event| match event {
            HostEvent::ConsoleLine { text, .. } => Some(text),
            HostEvent::Exit(_) => None,
            other => Some(format!("{other:?}")),
        });
        (lines.collect(), code)
    })
    .unwrap()
}

#[test]
fn every_native_of_the_node_layer_refuses_without_its_permission() {
    let (lines, code) = run(Dialect::Node, "/natives/node.js", include_str!("natives/node.js"));
    assert_eq!(code, Some(0), "{}", lines.join("\n"));
}
