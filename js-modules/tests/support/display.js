// The core of the test with a display: what it finds there, and that it goes on when the display is gone.
var info = require('monitor-info'), GM = info._gm, X = info._X11;
require('MeshAgent').AddCommandHandler(function () { console.log('alive'); });
function text(name) { return GM.CreateVariable(name); }
function begin(screens) {
  var display = screens[0].display, root = X.XRootWindow(display, screens[0].screenId);
  console.log(screens.length + ' ' + screens[0].right + 'x' + screens[0].bottom);
  var window = X.XCreateSimpleWindow(display, root, 1, 2, 30, 40, 0, 0, 0);
  info.unDecorateWindow(display, window);
  info.setAllowedActions(display, window, info.MOTIF_FLAGS.MWM_FUNC_CLOSE);
  info.setWindowSizeHints(display, window, 1, 2, 30, 40, 10, 10);
  info.setAlwaysOnTop(display, root, window);
  info.hideWindowIcon(display, root, window);
  var type = GM.CreatePointer(), bits = GM.CreatePointer(), count = GM.CreatePointer(), rest = GM.CreatePointer(), data = GM.CreatePointer();
  X.XGetWindowProperty(display, window, X.XInternAtom(display, text('_MOTIF_WM_HINTS'), 1), 0, 64, 0, 0, type, bits, count, rest, data);
  console.log('hints ' + count.Deref().Val + ' ' + data.Deref().Deref(0, 16).toBuffer().toString('hex'));
  try { display.getCurrentWorkspace(); } catch (e) { console.log('no workspace: ' + e); }
  // Xlib ends a process that does not say otherwise.
  X.XMapWindow(display, 12345);
  console.log('bad window: ' + (X.XSync(display, 0).Val >= 0));
  display.on('workspaceChanged', function (number) { console.log('workspace ' + number); });
  var three = GM.CreateVariable(GM.PointerSize), begun = false;
  three.toBuffer()[0] = 3;
  var timer = setInterval(function () {
    var watched = display._watched !== undefined && require('DescriptorEvents').descriptorAdded(display._watched);
    if (watched && !begun) {
      begun = true;
      X.XChangeProperty(display, root, X.XInternAtom(display, text('_NET_CURRENT_DESKTOP'), 0), X.XInternAtom(display, text('CARDINAL'), 0), 32, 0, three, 1);
      X.XFlush(display);
    }
    if (!watched && begun) {
      clearInterval(timer);
      console.log('not watched any more');
    }
  }, 20);
}
if (X === undefined) { console.log('no libX11'); } else { info.getInfo().then(begin, function (e) { console.log('rejected ' + e); }); }
