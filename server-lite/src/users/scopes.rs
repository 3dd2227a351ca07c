//! Which scopes of a token each command needs. What is not listed needs `admin`: a new command is shut to tokens
//! until somebody has thought about it.

use super::Request;
use crate::model::{Scope, User};

/// The scopes a command needs, all of them.
pub(crate) fn scopes_of(request: &Request<'_>) -> &'static [Scope] {
    use Scope::*;
    match request.action() {
        "ping" | "pong" | "urlargs" | "report" => &[],
        "meshes" | "nodes" | "getnetworkinfo" | "getsysinfo" | "lastconnect" | "powertimeline"
        | "getDeviceDetails" | "getNotes" => &[DevicesRead],
        "events" => &[EventsRead],
        "changedevice" | "setNotes" | "removedevices" | "changeDeviceMesh" | "agentdisconnect" => {
            &[DevicesWrite]
        }
        // A core is code that runs with all the agent may do.
        "uploadagentcore" => &[DevicesWrite, Run],
        "runcommands" => &[Run],
        "msg" if request.text("type") == Some("console") => &[Run],
        "msg" | "toast" | "authcookie" | "logincookie" | "getcookie" => &[Sessions],
        "poweraction" | "wakedevices" => &[Power],
        "createmesh" | "deletemesh" | "editmesh" | "addmeshuser" | "removemeshuser" | "adddeviceuser" => {
            &[GroupsWrite]
        }
        "users"
        | "usergroups"
        | "wssessioncount"
        | "adduser"
        | "edituser"
        | "changeuserpass"
        | "otpauth-clear"
        | "deleteuser"
        | "createusergroup"
        | "deleteusergroup"
        | "addusertousergroup"
        | "removeuserfromusergroup"
        | "userbroadcast" => &[UsersWrite],
        _ => &[Admin],
    }
}

/// The first scope that a command needs and the caller's token lacks.
pub(crate) fn lacking(user: &User, request: &Request<'_>) -> Option<Scope> {
    scopes_of(request).iter().copied().find(|scope| !user.allows(*scope))
}

/// True when a command only looks: it leaves no line in the audit log.
pub(crate) fn only_looks(action: &str) -> bool {
    matches!(
        action,
        "ping"
            | "pong"
            | "meshes"
            | "nodes"
            | "events"
            | "getnetworkinfo"
            | "getsysinfo"
            | "lastconnect"
            | "powertimeline"
            | "getDeviceDetails"
            | "getNotes"
            | "urlargs"
            | "report"
            | "users"
            | "usergroups"
            | "wssessioncount"
            | "authcookie"
            | "logincookie"
    )
}
