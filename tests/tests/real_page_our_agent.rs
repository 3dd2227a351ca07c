//! The real web page of a real MeshCentral in a real browser, with our agent behind it: an operator at work.
//!
//! `MESHLITE_PEER=real` puts the real agent in its place, to tell a fault of ours from one of the test.
//! `MESHLITE_PICTURES=FOLDER` keeps pictures of the page, for a person to look at.

use std::fs;
use std::path::Path;

use meshlite_tests::{Browser, ManagedDevice, PATIENCE, eventually};
use serde_json::{Value, json};

/// What the terminal shows, line by line.
const SCREEN: &str = "[...document.querySelector('#termarea3xdiv .xterm-rows').children]\
    .map(row => row.textContent.replaceAll('\\xa0', ' ').trimEnd()).join('\\n').trimEnd()";

/// The names in the list of files.
const NAMES: &str = "p13filetree.dir.map(f => f.n)";

/// Signs in at the page and opens the device by a click on its name.
fn at_the_device(bench: &ManagedDevice) -> Option<Browser> {
    let mut page = Browser::start()?;
    let account = bench.server.account();
    page.open(&account.url.replace("wss://", "https://"));
    page.fill("#username", &account.user);
    page.fill("#password", &account.password);
    page.press("Enter");
    // The page is another one now; its device list comes over its own control channel.
    let named = format!("[onmouseup*=\"gotoDevice('{}'\"]", bench.node);
    page.click(&named);
    page.until("the device's page", &format!("currentNode && currentNode._id === {}", json!(bench.node)));
    Some(page)
}

fn keep_picture(page: &mut Browser, name: &str) {
    if let Some(folder) = std::env::var_os("MESHLITE_PICTURES") {
        fs::write(Path::new(&folder).join(name), page.picture()).expect("a picture can be kept");
    }
}

/// The page has no reason to complain: an uncaught error would be one of our agent's answers not understood.
#[track_caller]
fn assert_content(page: &Browser) {
    let of_scripts: Vec<_> = page.complaints().iter().filter(|c| c.contains("Error")).collect();
    assert!(of_scripts.is_empty(), "the page complained: {of_scripts:?}");
}

#[test]
fn the_terminal_tab_runs_a_shell() {
    let Some(mut bench) = ManagedDevice::start() else { return };
    let Some(mut page) = at_the_device(&bench) else { return };
    page.click("#MainDevTerminal");
    page.click("#connectbutton2");
    page.until("a terminal", "terminal && terminal.State === 3");
    page.until("a prompt", &format!("/[$#]$/.test({SCREEN})"));
    page.click("#termarea3xdiv .xterm-screen");
    page.type_text("echo from-''the-page-$((6*7)); tty; printf 'gr%s\\n' üße жук; stty size");
    page.press("Enter");
    page.until("the output of a command", &format!("{SCREEN}.includes('from-the-page-42')"));
    page.until("a terminal device", &format!("/\\/dev\\/pts\\/\\d/.test({SCREEN})"));
    page.until("UTF-8", &format!("{SCREEN}.includes('grüße') && {SCREEN}.includes('grжук')"));
    page.until("the size", &format!("{SCREEN}.includes(xterm.rows + ' ' + xterm.cols)"));
    keep_picture(&mut page, "terminal.png");

    // Keys that are no letters: interrupt, history, cursor.
    page.type_text("sleep 1000");
    page.press("Enter");
    page.until("a command that stays", &format!("{SCREEN}.endsWith('sleep 1000')"));
    page.press_control('C');
    page.type_text("echo inter''rupted-$?");
    page.press("Enter");
    page.until("an interrupt", &format!("{SCREEN}.includes('interrupted-130')"));

    page.click("#disconnectbutton2");
    page.until("the end", "!terminal");
    page.click("#connectbutton2");
    page.until("a second terminal", "terminal && terminal.State === 3");
    page.until("its prompt", &format!("/[$#]$/.test({SCREEN})"));
    assert_content(&page);
    bench.device.process().assert_no_panic();
}

#[test]
fn the_files_tab_lists_makes_uploads_downloads_renames_and_removes() {
    let Some(mut bench) = ManagedDevice::start() else { return };
    let Some(mut page) = at_the_device(&bench) else { return };
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    fs::create_dir(&there).unwrap();
    fs::write(there.join("first <b>.txt"), "one").unwrap();

    page.click("#MainDevFiles");
    page.click("#p13Connect");
    page.until("the root folder", &format!("{NAMES}.includes('etc')"));
    page.click("#p13GoToFolderButton");
    page.fill("#p13folderinput", &there.display().to_string());
    page.click("#idx_dlgOkButton");
    page.until("the folder", &format!("{NAMES}.join() === 'first <b>.txt'"));

    page.click("#p13NewFolderButton");
    page.fill("#p13renameinput", "made here");
    page.click("#idx_dlgOkButton");
    page.until("the new folder", &format!("{NAMES}.includes('made here')"));
    assert!(there.join("made here").is_dir());

    // Every byte value, also at the start of blocks: 0 and 123 are escaped on the wire.
    let data: Vec<u8> = (0..700_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let local = folder.path().join("sent.bin");
    fs::write(&local, &data).unwrap();
    page.click("#p13UploadButton");
    page.choose_file("#p13uploadinput", &local);
    page.click("#idx_dlgOkButton");
    page.until("the uploaded file", &format!("!uploadFile && {NAMES}.includes('sent.bin')"));
    assert!(fs::read(there.join("sent.bin")).unwrap() == data, "the uploaded file differs");
    keep_picture(&mut page, "files.png");

    page.click("a[onclick*=\"sent.bin\"]");
    let downloaded = page.downloads().join("sent.bin");
    eventually("the download", PATIENCE, || (fs::read(&downloaded).ok()? == data).then_some(()));

    select(&mut page, "sent.bin");
    page.click("#p13RenameFileButton");
    page.fill("#p13renameinput", "kept.bin");
    page.click("#idx_dlgOkButton");
    page.until("the new name", &format!("{NAMES}.includes('kept.bin') && !{NAMES}.includes('sent.bin')"));

    select(&mut page, "first <b>.txt");
    page.click("#p13DeleteFileButton");
    page.click("#idx_dlgOkButton");
    page.until("the removal", &format!("!{NAMES}.includes('first <b>.txt')"));
    assert!(!there.join("first <b>.txt").exists());
    assert_content(&page);
    bench.device.process().assert_no_panic();
}

/// Ticks the box before a name.
fn select(page: &mut Browser, name: &str) {
    let at: Value = page.eval(&format!("p13filetree.dir.findIndex(f => f.n === {})", json!(name)));
    page.click(&format!("#p13files input[name=fd][value='{at}']"));
}

#[test]
fn details_console_and_events_are_shown() {
    let Some(mut bench) = ManagedDevice::start() else { return };
    let Some(mut page) = at_the_device(&bench) else { return };
    page.click("#MainDevConsole");
    page.click("#p15consoleText");
    page.type_text("info");
    page.press("Enter");
    page.until(
        "the console's answer",
        "document.querySelector('#p15agentConsoleText').innerText.includes('Core')",
    );
    page.click("#MainDevInfo");
    page.until("the details", "/Operating System/i.test(document.querySelector('#p17').innerText)");
    keep_picture(&mut page, "details.png");
    page.click("#MainDevEvents");
    page.until("the device's events", "document.querySelector('#p16').innerText.length > 40");
    assert_content(&page);
    bench.device.process().assert_no_panic();
}
