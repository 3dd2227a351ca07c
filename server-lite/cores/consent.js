// ---- consent ----

// Bits of `consent`, whoever set them: the server, the settings of this device, or the operator's own side.
var CONSENT = { desktop: { notify: 1, prompt: 8, name: 'Desktop' }, terminal: { notify: 2, prompt: 16, name: 'Terminal' }, files: { notify: 4, prompt: 32, name: 'Files' } };
var CONSENT_S = 30;

// The setting's text with the operator's names in it, or our own words.
function consentText(given, m, words) {
    if (typeof given !== 'string' || !given) { return words; }
    return cut(given, 500).split('{0}').join(cut(m.realname || m.username || '', 120)).split('{1}').join(cut(m.username || '', 120));
}

// Calls go() when the session may start; otherwise tells the operator and closes.
function withConsent(tunnel, go) {
    var m = tunnel.request, rule = CONSENT[tunnel.kind], options = m.soptions && typeof m.soptions === 'object' ? m.soptions : {};
    if (!rule) { go(); return; }
    var local = 0;
    try { local = number(_MSH().LocalConsent); } catch (e) { /* no such setting */ }
    tunnel.consent |= number(m.consent) | local;
    // Whose screen is shown is who is told and asked; `desktop` looks again whether that is still so.
    if (tunnel.kind === 'desktop' && (tunnel.consent & (rule.notify | rule.prompt))) { tunnel.asked = shownUid(tunnel); }

    function begin() {
        if (tunnel.consent & rule.notify) {
            toast(consentText(options.notifyTitle, m, 'Remote access'),
                consentText(options['notifyMsg' + rule.name], m, who(m) + ' has started a ' + tunnel.kind + ' session on this device.'), function () {}, tunnel.asked);
        }
        go();
    }
    if (!(tunnel.consent & rule.prompt)) { begin(); return; }

    function refuse(why) {
        journal(m, 'Refused ' + tunnel.kind + ' session to ' + who(m) + ': ' + why);
        tunnel.note('Access denied: ' + why + '.', 2);
        tunnel.close('refused');
    }
    var nobody = people().length === 0;
    var singular = { Files: 'File' }[rule.name] || rule.name;
    if (nobody && (options.consentAutoAcceptIfNoUser === true || options['consentAutoAcceptIf' + singular + 'NoUser'] === true ||
            (tunnel.kind === 'files' && options.consentAautoAcceptIfFileNoUser === true))) {
        begin();
        return;
    }
    var seconds = Math.max(5, Math.min(600, number(options.consentTimeout) || CONSENT_S));
    tunnel.note('Waiting for the person at the device to agree', 1);
    var box = askPerson(desktopPlace(true, tunnel.asked), consentText(options.consentTitle, m, 'Remote access'),
        consentText(options['consentMsg' + rule.name], m, who(m) + ' asks for a ' + tunnel.kind + ' session on this device. Allow it?'), seconds,
        function (answer) {
            tunnel.onclose = null;
            if (tunnel.isOver()) { return; }
            if (answer === 'yes' || (answer !== 'no' && options.consentAutoAccept === true)) {
                tunnel.note(null, 0);
                begin();
            } else {
                refuse(answer === 'no' ? 'the person at the device said no' :
                    answer === 'timeout' ? 'the person at the device did not answer' : 'nobody at the device can be asked (' + answer + ')');
            }
        });
    if (!tunnel.isOver()) { tunnel.onclose = function () { box.stop(); }; }
}
