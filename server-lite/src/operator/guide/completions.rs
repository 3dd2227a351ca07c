//! Completions for bash, zsh and fish, with the names of devices and groups.
//!
//! Names come from devices. A shell may run what it completes with, so only plain ones are offered: letters, digits
//! and `. _ -`.

use clap::CommandFactory;
use clap_complete::{Shell, generate};

use crate::operator::arguments::{Arguments, CompletionShell};
use crate::operator::error::OperatorError;
use crate::operator::output::Output;
use crate::operator::session::Session;

/// Commands whose first word is a device.
const WITH_DEVICE: &[&str] =
    &["console", "run", "shell", "forward", "ps", "kill", "services", "power", "toast"];

/// Prints the completions for a shell.
pub fn completions(shell: CompletionShell, output: &Output) -> Result<(), OperatorError> {
    let (kind, more) = match shell {
        CompletionShell::Bash => (Shell::Bash, bash()),
        CompletionShell::Zsh => (Shell::Zsh, String::new()),
        CompletionShell::Fish => (Shell::Fish, fish()),
    };
    let mut script = Vec::new();
    generate(kind, &mut Arguments::command(), "meshlite", &mut script);
    let mut script = String::from_utf8_lossy(&script).into_owned();
    if shell == CompletionShell::Zsh {
        script = zsh(&script);
    }
    output.raw((script + &more).as_bytes())
}

/// Prints the names of devices that are safe in a shell, for completions. Silent when there is no server.
pub fn names(
    open: impl FnOnce() -> Result<Session, OperatorError>,
    output: &Output,
) -> Result<(), OperatorError> {
    let Ok(directory) = open().and_then(|mut session| session.directory()) else { return Ok(()) };
    let plain: String = directory
        .devices
        .iter()
        .filter(|device| is_plain(&device.name))
        .map(|device| device.name.clone() + "\n")
        .collect();
    output.raw(plain.as_bytes())
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    !name.is_empty() && name.len() <= 64 && !name.starts_with('-') && name.bytes().all(plain)
}

fn bash() -> String {
    format!(
        r#"
# Names of devices where a device is meant.
_meshlite_with_names() {{
    _meshlite "$@"
    local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
    case " {} " in
        *" $before "*)
            if [[ "$word" != -* ]]; then
                local IFS=$'\n'
                COMPREPLY+=($(compgen -W "$(meshlite complete-names 2>/dev/null)" -- "$word"))
            fi
            ;;
    esac
}}
complete -F _meshlite_with_names -o nosort -o bashdefault -o default meshlite 2>/dev/null ||
    complete -F _meshlite_with_names -o bashdefault -o default meshlite
"#,
        WITH_DEVICE.join(" ")
    )
}

fn fish() -> String {
    format!(
        "\n# Names of devices where a device is meant.\ncomplete -c meshlite -n \"__fish_seen_subcommand_from {}\" -f -a \
         \"(meshlite complete-names 2>/dev/null)\"\n",
        WITH_DEVICE.join(" ")
    )
}

/// The word `id` of a command is completed by our function instead of files.
fn zsh(script: &str) -> String {
    let mut out = String::with_capacity(script.len() + 512);
    for line in script.lines() {
        let is_device = line.trim_start().starts_with("':id -- ");
        let line = match is_device {
            true => line
                .replace(":_default'", ":_meshlite_device_names'")
                .replace(":'", ":_meshlite_device_names'"),
            false => line.to_owned(),
        };
        out.push_str(&line);
        out.push('\n');
        if line.starts_with("autoload -U is-at-least") {
            out.push_str(
                "\n(( $+functions[_meshlite_device_names] )) ||\n_meshlite_device_names() {\n    local -a names\n    \
                 names=(${(f)\"$(meshlite complete-names 2>/dev/null)\"})\n    compadd -a names\n}\n",
            );
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_shell_could_run_is_not_offered() {
        for bad in ["$(reboot)", "a b", "`x`", "-rf", "", "a;b", "größe", "a\n"] {
            assert!(!is_plain(bad), "{bad:?}");
        }
        assert!(is_plain("desk-1.lab_2"));
    }

    #[test]
    fn every_command_with_a_device_exists() {
        let command = Arguments::command();
        for name in WITH_DEVICE {
            assert!(command.find_subcommand(name).is_some(), "{name}");
        }
    }
}
