//! What a command leads to.

use microstack::wire::id::{MeshId, NodeId};
use serde_json::Value;

use super::power::Mac;
use crate::live::CoreOrder;
use crate::model::{DeviceEdit, Event, Group, GroupEdit, LoginToken, User, UserEdit, UserGroup, Via};
use crate::relay::{Expect, RelayUrl};

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Asker<'a> {
    /// The account, as it is now.
    pub user: &'a User,
    /// The session: `user//name/…`.
    pub session: &'a str,
    /// The address of the user's program.
    pub address: &'a str,
    /// Milliseconds since 1970.
    pub now_ms: u64,
}

/// One thing to do. They are done in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Answer the asker at once.
    Reply(Value),
    /// Answer the asker when everything written before is on the disk.
    Confirm(Value),
    /// Change what is stored. What follows it in `then` is done if the change succeeded; otherwise the asker
    /// gets `refusal` with the reason as its result.
    Change {
        /// The change.
        change: Change,
        /// What to do after it.
        then: Vec<Effect>,
        /// The answer to fill in when it fails, if an answer was asked for.
        refusal: Refusal,
    },
    /// Keep an event and tell those who may know.
    Announce(Event),
    /// Keep an event and tell these users: the group by which they may know is gone.
    AnnounceTo {
        /// The event.
        event: Event,
        /// User ids.
        users: Vec<String>,
    },
    /// Send a message to the agent of a device; then answer with one or the other.
    ToAgent {
        /// The device.
        node: NodeId,
        /// What its agent gets.
        message: Value,
        /// Answer when it was sent.
        sent: Option<Value>,
        /// Answer when the agent is not connected.
        absent: Option<Value>,
    },
    /// Tell the sessions of one user, or of all.
    TellUsers {
        /// What they get.
        message: Value,
        /// Whose sessions; all when absent.
        user_id: Option<String>,
    },
    /// Send wake packets for these network cards from the server itself, if it may.
    WakeFromHere(Vec<Mac>),
    /// As [`Effect::ToAgent`], but the agent's answer is the answer.
    Ask {
        /// The device.
        node: NodeId,
        /// What its agent gets, with a `responseid` of ours put in.
        message: Value,
        /// The asker's name of the answer.
        responseid: String,
        /// Answer when the agent is not connected or too many questions are open.
        absent: Value,
    },
    /// Note a tunnel, and tell the agent where to come for it; then answer with one or the other.
    Tunnel {
        /// What is expected.
        expect: Expect,
        /// The user's address for it; the agent's is made of it, with a token.
        url: RelayUrl,
        /// What the agent gets, but for `value`.
        message: Value,
        /// Answer when it was sent.
        sent: Option<Value>,
        /// Answer when not, but for the reason.
        refusal: Refusal,
    },
    /// Tell the agent which core it shall run from now on, if it is connected.
    Core {
        /// The device.
        node: NodeId,
        /// The core.
        order: CoreOrder,
    },
    /// End the agent's connection.
    Disconnect {
        /// The device.
        node: NodeId,
        /// For the log.
        why: &'static str,
    },
    /// Hash a password off the chain, then add the user with it.
    AddUser {
        /// Everything but the password's hash.
        user: User,
        /// The password.
        password: String,
        /// The answer to fill in.
        answer: Option<Value>,
    },
    /// Hash a password off the chain, then give it to an account that exists.
    SetPassword {
        /// Who; `must_change` says whether it is good for choosing a new one only.
        user: User,
        /// The present password, where its owner must give it; it is checked first.
        old: Option<String>,
        /// The password.
        password: String,
        /// The answer to fill in.
        answer: Option<Value>,
        /// What to do after it.
        then: Vec<Effect>,
    },
    /// End everything that was opened by one token or one browser of a user.
    EndVia {
        /// Whose.
        user_id: String,
        /// Which.
        via: Via,
        /// For the log.
        why: &'static str,
    },
    /// End everything a user has open but by one browser, but for the asking session, and but by tokens.
    EndOthers {
        /// Whose.
        user_id: String,
        /// What stays.
        but: Via,
        /// The session that asks, which stays too.
        session: String,
        /// For the log.
        why: &'static str,
    },
    /// End all sessions of a user.
    EndSessions {
        /// Whose.
        user_id: String,
        /// For the log.
        why: &'static str,
    },
    /// Tell all sessions of a user about his account anew.
    RefreshUser(String),
}

/// The answer of a failed change, without its result.
pub type Refusal = Option<Value>;

/// One change of what is stored.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// A new group.
    AddGroup(Group),
    /// New values for a group.
    EditGroup {
        /// Which.
        id: MeshId,
        /// What changes.
        edit: GroupEdit,
    },
    /// Rights of a user in a group; none removes the user.
    SetMember {
        /// Which group.
        id: MeshId,
        /// User id.
        user_id: String,
        /// Shown name of the user.
        name: String,
        /// The rights, or nothing.
        rights: Option<u32>,
    },
    /// A group and its devices go.
    RemoveGroup(MeshId),
    /// An operator's change of a device.
    EditDevice {
        /// Which.
        node: NodeId,
        /// What changes.
        edit: DeviceEdit,
    },
    /// A device goes to another group.
    MoveDevice {
        /// Which.
        node: NodeId,
        /// Where to.
        group: MeshId,
    },
    /// A device goes.
    RemoveDevice(NodeId),
    /// A user is kept.
    AddUser(User),
    /// A user goes, with tokens and memberships.
    RemoveUser(String),
    /// A core's framed body is kept.
    AddCore(Vec<u8>),
    /// A login token is kept.
    AddToken(LoginToken),
    /// An account gets another password.
    SetPassword {
        /// Whose.
        id: String,
        /// Its hash.
        hash: String,
        /// It is good for choosing a new one only.
        must_change: bool,
    },
    /// New values for an account.
    EditUser {
        /// Whose.
        id: String,
        /// What changes.
        edit: UserEdit,
    },
    /// A group of users is kept.
    AddUserGroup(UserGroup),
    /// A user becomes a member of a group of users, or stops to be one.
    SetUserGroupMember {
        /// Which group.
        id: String,
        /// User id.
        user_id: String,
        /// Whether he is one from now on.
        member: bool,
    },
    /// A group of users goes, with its rights everywhere.
    RemoveUserGroup(String),
    /// Rights in one device; none removes them.
    SetDeviceLink {
        /// Which device.
        node: NodeId,
        /// Id of a user or a group of users.
        who: String,
        /// The rights, or nothing.
        rights: Option<u32>,
    },
    /// A browser is signed out.
    RemoveWebSession(String),
    /// Login tokens of a user go.
    RemoveTokens {
        /// Whose.
        user_id: String,
        /// Their names.
        token_users: Vec<String>,
    },
}

impl Effect {
    /// A change that is confirmed with `answer`, if an answer is wanted.
    pub fn change(change: Change, answer: Option<Value>, then: Vec<Effect>) -> Effect {
        let mut then = then;
        then.extend(answer.clone().map(Effect::Confirm));
        Effect::Change { change, then, refusal: answer }
    }
}
