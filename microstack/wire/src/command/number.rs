//! The command numbers (agent-channel spec 3.2, 4 and 5) and their names for logs.

/// Both ways: hash of the TLS certificate and a nonce.
pub const AUTH_REQUEST: u16 = 0x01;
/// Both ways: certificate and signature.
pub const AUTH_VERIFY: u16 = 0x02;
/// Agent to server: self-description.
pub const AUTH_INFO: u16 = 0x03;
/// Agent: "do not sign, your TLS certificate is pinned". Server: "you are authenticated".
pub const AUTH_CONFIRM: u16 = 0x04;
/// Agent to server: the server identity it expects.
pub const SERVER_ID: u16 = 0x05;
/// Server to agent: run this core, or none.
pub const CORE: u16 = 0x0A;
/// Query and reply: which core do you run?
pub const CORE_HASH: u16 = 0x0B;
/// Query and reply: which program are you?
pub const AGENT_HASH: u16 = 0x0C;
/// Server to agent: start or end of a program update.
pub const UPDATE: u16 = 0x0D;
/// Block of a program update and its acknowledgement.
pub const UPDATE_BLOCK: u16 = 0x0E;
/// Agent to server: content of its tag file.
pub const TAG: u16 = 0x0F;
/// Server to agent: your core is the right one.
pub const CORE_OK: u16 = 0x10;
/// Server to agent: run this core, compressed.
pub const CORE_DEFLATED: u16 = 0x14;
/// Agent to server: commit date of the program.
pub const AGENT_COMMIT_DATE: u16 = 0x1E;
/// Agent to server: name of the operating system.
pub const HOST_INFO: u16 = 0x1F;
/// The first number that belongs to cores and not to the channel.
pub const FIRST_CUSTOM: u16 = 0x03E8;

/// The name of a command for logs.
pub const fn name(command: u16) -> &'static str {
    match command {
        AUTH_REQUEST => "AuthRequest",
        AUTH_VERIFY => "AuthVerify",
        AUTH_INFO => "AuthInfo",
        AUTH_CONFIRM => "AuthConfirm",
        SERVER_ID => "ServerId",
        CORE => "Core",
        CORE_HASH => "CoreHash",
        AGENT_HASH => "AgentHash",
        UPDATE => "Update",
        UPDATE_BLOCK => "UpdateBlock",
        TAG => "Tag",
        CORE_OK => "CoreOk",
        CORE_DEFLATED => "CoreDeflated",
        AGENT_COMMIT_DATE => "AgentCommitDate",
        HOST_INFO => "HostInfo",
        command if is_custom(command) => "Custom",
        _ => "unknown",
    }
}

/// True for numbers a core may use: from 1000 up, without those whose first byte is `{` and which read as JSON.
pub const fn is_custom(command: u16) -> bool {
    command >= FIRST_CUSTOM && (command >> 8) as u8 != b'{'
}
