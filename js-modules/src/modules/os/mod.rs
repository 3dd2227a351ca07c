//! `os`: the machine, its processors, memory and interfaces. Needs no permission: nothing secret is told.

mod interfaces;
mod machine;

use boa_engine::object::builtins::JsArray;
use boa_engine::{Context, JsArgs, JsObject, JsResult, JsString, JsValue};

pub use interfaces::{Address, Interface, interfaces};
pub use machine::{User, user};

use crate::host::HostShared;
use crate::host::native::{Exports, system_error};

/// Makes the natives that `os.js` and the dialect's `os` build on.
pub fn init(ctx: &mut Context) -> JsResult<JsObject> {
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "x86" => "ia32",
        "aarch64" => "arm64",
        other => other,
    };
    Ok(Exports::new(ctx)
        .value("arch", JsString::from(arch))
        .value("endianness", JsString::from(if cfg!(target_endian = "little") { "LE" } else { "BE" }))
        .function("uname", 0, uname)
        .function("name", 0, name)
        .function("memory", 0, memory)
        .function("uptime", 0, uptime)
        .function("loadavg", 0, loadavg)
        .function("cpus", 0, cpus)
        .function("interfaces", 0, interface_list)
        .function("user", 1, user_entry)
        .finish())
}

fn text(value: impl AsRef<str>) -> JsValue {
    JsString::from(value.as_ref()).into()
}

fn uname(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let uname = rustix::system::uname();
    Ok(Exports::new(ctx)
        .value("sysname", text(uname.sysname().to_string_lossy()))
        .value("nodename", text(uname.nodename().to_string_lossy()))
        .value("release", text(uname.release().to_string_lossy()))
        .value("version", text(uname.version().to_string_lossy()))
        .value("machine", text(uname.machine().to_string_lossy()))
        .finish()
        .into())
}

fn name(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    Ok(text(machine::os_name()))
}

fn memory(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let info = rustix::system::sysinfo();
    let unit = f64::from(info.mem_unit.max(1));
    let free = machine::available_memory().map_or(info.freeram as f64 * unit, |bytes| bytes as f64);
    Ok(Exports::new(ctx).value("total", info.totalram as f64 * unit).value("free", free).finish().into())
}

fn uptime(_: &JsValue, _: &[JsValue], _: &mut Context) -> JsResult<JsValue> {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    Ok(JsValue::from((now.tv_sec as f64 * 100.0 + (now.tv_nsec / 10_000_000) as f64) / 100.0))
}

fn loadavg(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    // Fixed point with 16 bits behind the point.
    let loads = rustix::system::sysinfo().loads.map(|load| JsValue::from(load as f64 / 65536.0));
    Ok(JsArray::from_iter(loads, ctx).into())
}

fn cpus(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let mut list = Vec::new();
    for cpu in machine::cpus() {
        let times = Exports::new(ctx)
            .value("user", cpu.user_ms as f64)
            .value("nice", cpu.nice_ms as f64)
            .value("sys", cpu.system_ms as f64)
            .value("idle", cpu.idle_ms as f64)
            .value("irq", cpu.irq_ms as f64)
            .finish();
        let one = Exports::new(ctx)
            .value("model", text(&cpu.model))
            .value("speed", cpu.speed_mhz as f64)
            .value("times", times)
            .finish();
        list.push(one.into());
    }
    Ok(JsArray::from_iter(list, ctx).into())
}

fn interface_list(_: &JsValue, _: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let all = interfaces().map_err(|e| system_error(&e, "uv_interface_addresses", None, ctx))?;
    let mut list = Vec::new();
    for interface in all {
        let mut addresses = Vec::new();
        for address in &interface.addresses {
            let one = Exports::new(ctx)
                .value("address", text(address.ip.to_string()))
                .value("netmask", text(address.netmask().to_string()))
                .value("prefix", i32::from(address.prefix))
                .value("v6", address.ip.is_ipv6())
                .value("linkLocal", address.link_local)
                .finish();
            addresses.push(one.into());
        }
        let mut mac: Vec<String> = interface.mac.iter().map(|b| format!("{b:02x}")).collect();
        if mac.len() < 6 {
            mac = vec!["00".into(); 6];
        }
        let addresses = JsArray::from_iter(addresses, ctx);
        let one = Exports::new(ctx)
            .value("index", interface.index)
            .value("name", text(&interface.name))
            .value("mac", text(mac.join(":")))
            .value("up", interface.up)
            .value("running", interface.running)
            .value("loopback", interface.loopback)
            .value("kind", i32::from(interface.kind))
            .value("gateway", interface.gateway.map_or(JsValue::undefined(), |g| text(g.to_string())))
            .value("addresses", addresses)
            .finish();
        list.push(one.into());
    }
    Ok(JsArray::from_iter(list, ctx).into())
}

/// The entry of a user id, of our own without an argument; `undefined` when there is none.
fn user_entry(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
    let uid = match args.get_or_undefined(0) {
        value if value.is_undefined() => rustix::process::geteuid().as_raw(),
        value => value.to_u32(ctx)?,
    };
    let found = user(uid).or_else(|| {
        // Containers often have no entry: the environment is what is left.
        let env = HostShared::of(ctx).env();
        let home = env.into_iter().find(|(k, _)| k == "HOME").map(|(_, v)| v);
        (args.get_or_undefined(0).is_undefined()).then(|| User {
            name: uid.to_string(),
            uid,
            gid: rustix::process::getegid().as_raw(),
            home: home.unwrap_or_else(|| "/".into()),
            shell: String::new(),
        })
    });
    let Some(user) = found else {
        return Ok(JsValue::undefined());
    };
    Ok(Exports::new(ctx)
        .value("uid", user.uid)
        .value("gid", user.gid)
        .value("username", text(&user.name))
        .value("homedir", text(&user.home))
        .value("shell", text(&user.shell))
        .finish()
        .into())
}
