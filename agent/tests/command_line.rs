//! The command line: what each wrong input gets, and what the commands print.

mod support;

use std::path::Path;

use support::Agent;

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn run(args: &[&str]) -> Ran {
    let output = Agent::output(args);
    Ran {
        code: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const MESH: &str =
    "0xABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABABAB";
const SERVER: &str =
    "CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCD";

#[test]
fn every_faulty_msh_ends_with_code_2_and_says_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let short_mesh = &MESH[..50];
    let short_id = &SERVER[..95];
    let faults = [
        (format!("MeshID={MESH}\nServerID={SERVER}\nMeshServer=ws://h/agent.ashx\n"), "MeshServer"),
        (format!("MeshID={MESH}\nServerID={SERVER}\nMeshServer=h:443\n"), "MeshServer"),
        (format!("MeshID={MESH}\nServerID={SERVER}\n"), "MeshServer"),
        (format!("MeshID={MESH}\nServerID={short_id}\nMeshServer=wss://h/agent.ashx\n"), "ServerID"),
        (format!("MeshID={MESH}\nMeshServer=wss://h/agent.ashx\n"), "ServerID"),
        (format!("MeshID={short_mesh}\nServerID={SERVER}\nMeshServer=wss://h/agent.ashx\n"), "MeshID"),
        (format!("MeshID={MESH}\nServerID={SERVER}\nMeshServer=local\n"), "local"),
        ("<html>sign in</html>".to_owned(), "key=value"),
        (String::new(), "key=value"),
    ];
    for (content, part) in faults {
        let file = dir.path().join("bad.msh");
        std::fs::write(&file, &content).unwrap();
        let ran = run(&["run", "--msh", text(&file), "--state", text(&state)]);
        assert_eq!(ran.code, Some(2), "{content}: {}", ran.err);
        assert!(ran.err.contains(part) && ran.err.contains("bad.msh"), "{content}: {}", ran.err);
    }
    let ran = run(&["run", "--msh", "/does/not/exist", "--state", text(&state)]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("/does/not/exist"), "{}", ran.err);
    let ran = run(&["run", "--msh", text(dir.path()), "--state", text(&state)]);
    assert_eq!(ran.code, Some(2), "a directory is no file: {}", ran.err);
}

#[test]
fn wrong_arguments_end_with_code_2_and_name_themselves() {
    for (args, named) in [
        (&["frobnicate"][..], "frobnicate"),
        (&["run", "--mhs", "x"], "--mhs"),
        (&["run", "--turn-budget", "soon"], "soon"),
        (&["id", "--colour"], "--colour"),
        (&["-fullinstall"], "-fullinstall"),
        (&["script"], "script"),
        (&["-exec"], "-exec"),
    ] {
        let ran = run(args);
        assert_eq!(ran.code, Some(2), "{args:?}: {}", ran.err);
        assert!(ran.err.contains(named) && ran.err.contains("help"), "{args:?}: {}", ran.err);
    }
    assert_eq!(run(&[]).code, Some(2));
    assert_eq!(run(&["help"]).code, Some(0));
    assert!(run(&["version"]).out.contains(env!("CARGO_PKG_VERSION")));
    // The hidden command is not for people.
    assert_eq!(run(&["--worker", "run"]).code, Some(2));
}

#[test]
fn an_unusable_state_directory_is_an_error_that_names_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let state = file.join("state");
    let ran = run(&["id", "--state", text(&state)]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains(text(&state)) && ran.err.contains("--state"), "{}", ran.err);
}

#[test]
fn the_id_is_made_once_and_derived_as_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let first = run(&["id", "--state", text(&state), "--json"]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    let json: serde_json::Value = serde_json::from_str(&first.out).unwrap();
    assert_eq!(json["new"], true);
    assert_eq!(json["keyBits"], 3072);
    let node = json["node"].as_str().unwrap().to_owned();
    assert_eq!(node.len(), 96);
    assert_eq!(json["text64"].as_str().unwrap().len(), 64);

    let again = run(&["id", "--state", text(&state)]);
    assert!(
        again.out.contains(&node) && again.out.contains("SHA-384") && again.out.contains("PKCS#1"),
        "{}",
        again.out
    );
    assert_eq!(run(&["-nodeid", "--state", text(&state)]).out.trim(), node);

    // The id is what OpenSSL makes of the same key, by the words of the output.
    let key_file = state.join("identity.key");
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(std::fs::metadata(&key_file).unwrap().permissions().mode() & 0o777, 0o600);
    let stored = std::fs::read(&key_file).unwrap();
    let identity = microstack::crypto::Identity::from_store_bytes(&stored).unwrap();
    assert_eq!(microstack::crypto::sha384(identity.key.public_pkcs1_der()), identity.node_id().0);
    assert_eq!(identity.node_id().to_hex(), node);

    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let open = run(&["id", "--state", text(&state)]);
    assert_eq!(open.code, Some(1));
    assert!(open.err.contains("chmod 600"), "{}", open.err);
}

#[test]
fn the_agent_hash_is_that_of_the_program_file() {
    let ran = run(&["-agentFullHash"]);
    let program = std::fs::read(env!("CARGO_BIN_EXE_meshlite-agent")).unwrap();
    let expected = microstack::wire::AgentHash(microstack::crypto::sha384(&program)).to_hex();
    assert_eq!(ran.out.trim(), expected);
    assert_eq!(run(&["-agentHash"]).out.trim(), &expected[..16]);
}

#[test]
fn a_script_runs_with_arguments_exit_code_and_errors_with_file_and_line() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("hello.js");
    std::fs::write(
        &file,
        "console.log('hello ' + process.argv.slice(2).join('+'));\nsetTimeout(() => process.exit(7), 5);\n",
    )
    .unwrap();
    for args in [&["script", text(&file), "a", "b"][..], &[text(&file), "a", "b"]] {
        let ran = run(args);
        assert_eq!((ran.code, ran.out.as_str()), (Some(7), "hello a+b\n"), "{}", ran.err);
    }
    assert_eq!(run(&["-exec", "console.log(6*7)"]).out, "42\n");
    std::fs::write(&file, "\n\nnull.x;\n").unwrap();
    let ran = run(&["script", text(&file)]);
    assert_ne!(ran.code, Some(0));
    assert!(ran.err.contains("hello.js:3"), "{}", ran.err);
    let ran = run(&["script", "/no/such.js"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("/no/such.js"), "{}", ran.err);
}
