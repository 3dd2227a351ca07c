//! Natives of `internal/screen`: the X11 screen of a desktop session. Its thread is the screen's own; what it tells comes
//! as mail.

#[cfg(not(feature = "desktop"))]
use boa_engine::{Context, JsObject, JsResult};

#[cfg(not(feature = "desktop"))]
use crate::host::native::Exports;

#[cfg(feature = "desktop")]
pub(super) use with_screen::init;

/// Makes the natives: only `available`, false.
#[cfg(not(feature = "desktop"))]
pub(super) fn init(ctx: &mut Context) -> JsResult<JsObject> {
    Ok(Exports::new(ctx).value("available", false).finish())
}

#[cfg(feature = "desktop")]
mod with_screen {
    use std::cell::RefCell;
    use std::path::{Path, PathBuf};
    use std::rc::Rc;
    use std::sync::{Mutex, PoisonError};
    use std::time::Duration;

    use boa_engine::object::builtins::{JsArray, JsFunction};
    use boa_engine::{Context, JsArgs, JsData, JsObject, JsResult, JsString, JsValue, js_string};
    use boa_gc::{Finalize, Trace};
    use microstack::chain::{Cx, Link, Mailbox, Wake};
    use microstack_screen::{Event, Place, Screen};

    use crate::host::bytes::{self, ByteView};
    use crate::host::native::{Exports, function_argument, invalid_type, string_argument, system_error};
    use crate::host::{HostShared, Need, PathUse};

    /// How long the screen's thread waits for room in the chain's mailbox before it gives up.
    const POST_TRIES: u32 = 500;
    const POST_WAIT: Duration = Duration::from_millis(10);

    /// Makes the natives:
    ///
    /// * `available`: true
    /// * `open(display, authority, onEvent) -> handle`: `onEvent('packets', [Buffer])`, then once `onEvent('closed', why)`
    /// * `want(handle)`: one more picture; `input(handle, bytes)`: commands of the viewer; `close(handle)`
    pub(in crate::meshagent) fn init(ctx: &mut Context) -> JsResult<JsObject> {
        Ok(Exports::new(ctx)
            .value("available", true)
            .function("open", 3, open)
            .function("want", 1, want)
            .function("input", 2, input)
            .function("close", 1, close)
            .finish())
    }

    type Held = Rc<RefCell<Option<Screen>>>;

    #[derive(Trace, Finalize, JsData)]
    struct Handle {
        #[unsafe_ignore_trace]
        screen: Held,
    }

    /// Mail: what the screen tells.
    struct Told(Mutex<Option<Event>>);

    struct ScreenLink {
        shared: Rc<HostShared>,
        callback: JsFunction,
        screen: Held,
    }

    fn open(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
        let display = string_argument(args, 0, "display", ctx)?;
        let authority = match args.get_or_undefined(1) {
            path if path.is_undefined() => None,
            _ => Some(PathBuf::from(string_argument(args, 1, "authority", ctx)?)),
        };
        let callback = function_argument(args, 2, "onEvent", ctx)?;
        let shared = HostShared::of(ctx);
        // To use a screen is to write to its socket; whoever may do that to every file may do everything.
        shared.require_permission(Need::FsWrite(Path::new("/tmp/.X11-unix")), ctx)?;
        let authority = match authority {
            Some(path) => {
                Some(shared.allowed_path(&shared.absolute(&path.to_string_lossy()), PathUse::Read, ctx)?)
            }
            None => None,
        };
        shared.require_handle("open", ctx)?;
        let screen = Held::default();
        let link = ScreenLink { shared: shared.clone(), callback, screen: screen.clone() };
        let link = shared.add_link("screen", link);
        let mailbox = shared.chain().mailbox();
        let tell = Box::new(move |event| post(&mailbox, link, event));
        match Screen::open(Place { display, authority }, tell) {
            Ok(opened) => *screen.borrow_mut() = Some(opened),
            Err(error) => {
                shared.chain().remove(link);
                return Err(system_error(&error, "open", None, ctx));
            }
        }
        let prototype = ctx.intrinsics().constructors().object().prototype();
        Ok(JsObject::from_proto_and_data(prototype, Handle { screen }).into())
    }

    /// Runs in the screen's thread, which may wait; the mailbox is far larger than what one screen sends unasked.
    fn post(mailbox: &Mailbox, link: microstack::chain::LinkId, event: Event) {
        let mut told = Told(Mutex::new(Some(event)));
        for _ in 0..POST_TRIES {
            match mailbox.post(link, told) {
                Ok(()) => return,
                Err(full) => match full.0.downcast::<Told>() {
                    Ok(back) => told = *back,
                    Err(_) => return,
                },
            }
            std::thread::sleep(POST_WAIT);
        }
    }

    fn want(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
        if let Some(screen) = &*handle(args, ctx)?.borrow() {
            screen.want();
        }
        Ok(JsValue::undefined())
    }

    fn input(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
        let held = handle(args, ctx)?;
        let view = ByteView::expect(args.get_or_undefined(1), "bytes", ctx)?;
        if let Some(screen) = &*held.borrow() {
            view.read(|bytes| screen.input(bytes));
        }
        Ok(JsValue::undefined())
    }

    fn close(_: &JsValue, args: &[JsValue], ctx: &mut Context) -> JsResult<JsValue> {
        // Its thread ends by itself; the last thing it tells removes the link.
        handle(args, ctx)?.borrow_mut().take();
        Ok(JsValue::undefined())
    }

    fn handle(args: &[JsValue], ctx: &mut Context) -> JsResult<Held> {
        let object = args.get_or_undefined(0).as_object();
        let held = object.and_then(|o| o.downcast_ref::<Handle>().map(|h| h.screen.clone()));
        held.ok_or_else(|| invalid_type("handle", "a screen", args.get_or_undefined(0), ctx))
    }

    impl Link for ScreenLink {
        fn wake(&mut self, cx: &mut Cx<'_>, wake: Wake) {
            for mail in &wake.mail {
                let Some(told) = mail.downcast_ref::<Told>() else { continue };
                match told.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    Some(Event::Packets(packets)) => self.tell("packets", move |ctx| {
                        let mut buffers = Vec::with_capacity(packets.len());
                        for packet in packets {
                            buffers.push(bytes::buffer(&packet, ctx)?.into());
                        }
                        Ok(JsArray::from_iter(buffers, ctx).into())
                    }),
                    Some(Event::Closed(why)) => {
                        self.screen.borrow_mut().take();
                        self.tell("closed", |_| Ok(JsString::from(why).into()));
                        cx.remove_self();
                    }
                    None => {}
                }
            }
        }
    }

    impl ScreenLink {
        fn tell(
            &self,
            kind: &'static str,
            argument: impl FnOnce(&mut Context) -> JsResult<JsValue> + 'static,
        ) {
            let callback = self.callback.clone();
            self.shared.push(Box::new(move |ctx| {
                let argument = argument(ctx)?;
                callback.call(&JsValue::undefined(), &[js_string!(kind).into(), argument], ctx).map(|_| ())
            }));
        }
    }

    impl Drop for ScreenLink {
        fn drop(&mut self) {
            // With the context goes the session.
            self.screen.borrow_mut().take();
        }
    }
}
