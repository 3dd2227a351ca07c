'use strict';

const { validateString, validateObject } = require('internal/errors');

// Resolves '.' and '..' in the segments of a path; '..' above the root vanish, above a relative start they stay.
function tidy(text, absolute) {
    const out = [];
    for (const part of text.split('/')) {
        if (part === '' || part === '.') continue;
        if (part !== '..') out.push(part);
        else if (out.length && out[out.length - 1] !== '..') out.pop();
        else if (!absolute) out.push('..');
    }
    return out.join('/');
}

function withoutTrailing(text) {
    let end = text.length;
    while (end > 1 && text[end - 1] === '/') end--;
    return text.slice(0, end);
}

const posix = {
    resolve(...parts) {
        let text = '';
        for (let at = parts.length - 1; at >= -1 && !text.startsWith('/'); at--) {
            const part = at >= 0 ? parts[at] : process.cwd();
            if (at >= 0) validateString(part, `paths[${at}]`);
            if (part !== '') text = text === '' ? part : `${part}/${text}`;
        }
        const absolute = text.startsWith('/');
        const tidied = tidy(text, absolute);
        if (absolute) return `/${tidied}`;
        return tidied === '' ? '.' : tidied;
    },

    normalize(path) {
        validateString(path, 'path');
        if (path === '') return '.';
        const absolute = path.startsWith('/');
        let tidied = tidy(path, absolute);
        if (tidied === '') {
            if (absolute) return '/';
            return path.endsWith('/') ? './' : '.';
        }
        if (path.endsWith('/')) tidied += '/';
        return absolute ? `/${tidied}` : tidied;
    },

    isAbsolute(path) {
        validateString(path, 'path');
        return path.startsWith('/');
    },

    join(...parts) {
        for (const part of parts) validateString(part, 'path');
        const joined = parts.filter((part) => part !== '').join('/');
        return joined === '' ? '.' : posix.normalize(joined);
    },

    relative(from, to) {
        validateString(from, 'from');
        validateString(to, 'to');
        if (from === to) return '';
        const start = posix.resolve(from).split('/').filter(Boolean);
        const end = posix.resolve(to).split('/').filter(Boolean);
        let same = 0;
        while (same < start.length && same < end.length && start[same] === end[same]) same++;
        return [...start.slice(same).map(() => '..'), ...end.slice(same)].join('/');
    },

    toNamespacedPath(path) {
        return path;
    },

    dirname(path) {
        validateString(path, 'path');
        if (path === '') return '.';
        const bare = withoutTrailing(path);
        const at = bare.lastIndexOf('/');
        if (at < 0) return '.';
        if (at === 0) return '/';
        return at === 1 && bare.startsWith('//') ? '//' : bare.slice(0, at);
    },

    basename(path, suffix) {
        if (suffix !== undefined) validateString(suffix, 'suffix');
        validateString(path, 'path');
        const bare = withoutTrailing(path);
        const name = bare.slice(bare.lastIndexOf('/') + 1);
        if (suffix && suffix === path) return '';
        if (suffix && name !== suffix && name.endsWith(suffix)) return name.slice(0, -suffix.length);
        return name;
    },

    extname(path) {
        validateString(path, 'path');
        const name = posix.basename(path);
        const at = name.lastIndexOf('.');
        return at <= 0 || name === '..' ? '' : name.slice(at);
    },

    format(parts) {
        validateObject(parts, 'pathObject');
        const dir = parts.dir || parts.root;
        const ext = parts.ext ? `${parts.ext[0] === '.' ? '' : '.'}${parts.ext}` : '';
        const base = parts.base || `${parts.name || ''}${ext}`;
        if (!dir) return base;
        return dir === parts.root ? `${dir}${base}` : `${dir}/${base}`;
    },

    parse(path) {
        validateString(path, 'path');
        const root = path.startsWith('/') ? '/' : '';
        const base = posix.basename(path);
        const ext = posix.extname(base);
        const name = ext ? base.slice(0, -ext.length) : base;
        const bare = withoutTrailing(path);
        const at = bare.lastIndexOf('/');
        let dir = '';
        if (at > 0) dir = bare.slice(0, at);
        else if (root) dir = root;
        return { root, dir, base, ext, name };
    },

    sep: '/',
    delimiter: ':',
};

posix.posix = posix;
posix._makeLong = posix.toNamespacedPath;

// Rarely asked for, so made when it is.
let windows;
Object.defineProperty(posix, 'win32', {
    enumerable: true,
    configurable: true,
    get() {
        if (windows === undefined) {
            windows = require('internal/path_win32');
            windows.posix = posix;
            windows.win32 = windows;
            windows._makeLong = windows.toNamespacedPath;
        }
        return windows;
    },
});
module.exports = posix;
