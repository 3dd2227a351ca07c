// ---- the clipboard of the person at the desktop ----

var MAX_CLIP = 512 * 1024, CLIP_MS = 5000;
var CLIP_READ = { 'wl-paste': ['--no-newline'], xclip: ['-selection', 'clipboard', '-o'], xsel: ['--clipboard', '--output'] };
var CLIP_WRITE = { 'wl-copy': [], xclip: ['-selection', 'clipboard', '-i'], xsel: ['--clipboard', '--input'] };

// `{ place, argv }`, or `{ why }`.
function clipProgram(table) {
    var place = desktopPlace(true), names = [];
    for (var name in table) { if (name.substring(0, 3) !== 'wl-' || (place && place.env.WAYLAND_DISPLAY)) { names.push(name); } }
    var program = place ? findProgram(names) : null;
    if (!program) { return { why: place ? 'install xclip, xsel or wl-clipboard to reach the clipboard' : 'nobody has a desktop' }; }
    return { place: place, argv: [program.path].concat(table[program.name]) };
}

function getClip(m) {
    var program = clipProgram(CLIP_READ);
    if (program.why) { reply(m, { data: '', tag: m.tag, error: program.why }); return; }
    onDesktop(program.place, program.argv, CLIP_MS, function (text, code) {
        // An empty clipboard is an error to these programs.
        journal(m, 'Read the clipboard, ' + text.length + ' characters');
        reply(m, { data: code === 0 ? text : '', tag: m.tag });
    }, { most: MAX_CLIP });
}

function setClip(m) {
    var program = clipProgram(CLIP_WRITE);
    if (typeof m.data !== 'string' || m.data.length > MAX_CLIP) { program = { why: 'the text is too long for the clipboard' }; }
    if (program.why) { reply(m, { success: false, error: program.why }); return; }
    journal(m, 'Set the clipboard, ' + m.data.length + ' characters');
    onDesktop(program.place, program.argv, CLIP_MS, function (text, code) { reply(m, { success: code === 0 }); }, { input: m.data });
}
