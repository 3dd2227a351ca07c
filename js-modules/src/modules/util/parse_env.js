'use strict';

// Files of `NAME=value` lines, as `util.parseEnv`, `process.loadEnvFile` and `--env-file` read them.

const { validateString } = require('internal/errors');

const QUOTES = ['"', "'", '`'];

// The value that begins at `at`, and where the rest of the text begins.
function value(text, at) {
    const end = text.indexOf('\n', at) < 0 ? text.length : text.indexOf('\n', at);
    const quote = text[at];
    if (QUOTES.includes(quote)) {
        const close = text.indexOf(quote, at + 1);
        // A quote that nobody closes is a part of the value, which ends with its line.
        if (close < 0) return [text.slice(at, end), end];
        const inner = text.slice(at + 1, close);
        const next = text.indexOf('\n', close);
        return [quote === '"' ? inner.replaceAll('\\n', '\n') : inner, next < 0 ? text.length : next];
    }
    const line = text.slice(at, end);
    const comment = line.indexOf('#');
    return [(comment < 0 ? line : line.slice(0, comment)).trim(), end];
}

exports.parseEnv = function parseEnv(content) {
    validateString(content, 'content');
    const text = content.replaceAll('\r', '').trim();
    const found = {};
    let at = 0;
    while (at < text.length) {
        const newline = text.indexOf('\n', at);
        const end = newline < 0 ? text.length : newline;
        const equal = text.indexOf('=', at);
        if (/[\s#]/.test(text[at]) || equal < 0 || equal > end) {
            // An empty line, a comment, or a line without a value.
            at = /[ \t]/.test(text[at]) ? at + 1 : end + 1;
            continue;
        }
        const name = text.slice(at, equal).trim().replace(/^export\s+/, '');
        at = equal + 1;
        while (at < end && /[ \t]/.test(text[at])) at++;
        let content = '';
        if (at < end) [content, at] = value(text, at);
        if (name !== '') found[name] = content;
    }
    return found;
};
