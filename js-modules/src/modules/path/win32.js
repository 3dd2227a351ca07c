'use strict';

// Windows paths: drives, UNC shares, device paths, and both kinds of slashes.

const { validateString, validateObject } = require('internal/errors');

const isSlash = (char) => char === '/' || char === '\\';
const isLetter = (char) => /^[A-Za-z]$/.test(char ?? '');

// What a path begins with: `device` is a drive (`C:`) or a share (`\\server\share`), `rooted` tells whether it starts
// at the device's root, `end` is where the rest begins.
function head(path) {
    const length = path.length;
    if (length === 0) return { device: '', rooted: false, end: 0 };
    if (isSlash(path[0])) {
        if (length > 1 && isSlash(path[1])) {
            const share = shareOf(path);
            if (share) return share;
        }
        return { device: '', rooted: true, end: 1 };
    }
    if (isLetter(path[0]) && path[1] === ':') {
        const rooted = length > 2 && isSlash(path[2]);
        return { device: path.slice(0, 2), rooted, end: rooted ? 3 : 2 };
    }
    return { device: '', rooted: false, end: 0 };
}

// `\\server\share`, the two slashes known. Without a share there is no device.
function shareOf(path) {
    const [, server, , share] = /^[\\/]{2}([^\\/]+)([\\/]+)([^\\/]*)/.exec(path) ?? [];
    if (!server || !share) return null;
    const [matched] = /^[\\/]{2}[^\\/]+[\\/]+[^\\/]+/.exec(path);
    const end = matched.length < path.length ? matched.length + 1 : matched.length;
    return { device: `\\\\${server}\\${share}`, rooted: true, end, bare: matched.length };
}

function tidy(text, absolute) {
    const out = [];
    for (const part of text.split(/[\\/]/)) {
        if (part === '' || part === '.') continue;
        if (part !== '..') out.push(part);
        else if (out.length && out[out.length - 1] !== '..') out.pop();
        else if (!absolute) out.push('..');
    }
    return out.join('\\');
}

const RESERVED = /^(con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])$/i;

const win32 = {
    resolve(...parts) {
        let device = '';
        let tail = '';
        let absolute = false;
        for (let at = parts.length - 1; at >= -1; at--) {
            let path;
            if (at >= 0) {
                path = parts[at];
                validateString(path, `paths[${at}]`);
                if (path === '') continue;
            } else if (device === '') path = process.cwd();
            else {
                // The current folder of that drive, which only Windows keeps.
                path = process.env[`=${device}`] || process.cwd();
                if (path.slice(0, 2).toLowerCase() !== device.toLowerCase() && path[2] === '\\') path = `${device}\\`;
                else if (!isLetter(path[0])) path = `${device}\\`;
            }
            const { device: own, rooted, end } = head(path);
            if (own !== '') {
                if (device === '') device = own;
                else if (own.toLowerCase() !== device.toLowerCase()) continue;
            }
            if (absolute) {
                if (device !== '') break;
            } else {
                tail = `${path.slice(end)}\\${tail}`;
                absolute = rooted;
                if (rooted && device !== '') break;
            }
        }
        const rest = tidy(tail, absolute);
        return `${device}${absolute ? '\\' : ''}${rest}` || '.';
    },

    normalize(path) {
        validateString(path, 'path');
        if (path === '') return '.';
        if (path.length === 1) return path === '/' ? '\\' : path;
        const { device, rooted, end, bare } = head(path);
        if (bare === path.length) return `${device}\\`;
        let rest = tidy(path.slice(end), rooted);
        if (rest === '' && !rooted) rest = '.';
        if (rest !== '' && isSlash(path[path.length - 1])) rest += '\\';
        if (!rooted && device === '' && path.includes(':')) {
            // What becomes a drive by tidying up must not be one.
            if (isLetter(rest[0]) && rest[1] === ':') return `.\\${rest}`;
            let at = path.indexOf(':');
            do {
                if (at === path.length - 1 || isSlash(path[at + 1])) return `.\\${rest}`;
                at = path.indexOf(':', at + 1);
            } while (at !== -1);
        }
        if (device === '' && RESERVED.test(rest.split(':', 1)[0]) && rest.includes(':')) return `.\\${rest}`;
        return `${device}${rooted ? '\\' : ''}${rest}`;
    },

    isAbsolute(path) {
        validateString(path, 'path');
        return isSlash(path[0] ?? '') || (isLetter(path[0]) && path[1] === ':' && isSlash(path[2] ?? ''));
    },

    join(...parts) {
        for (const part of parts) validateString(part, 'path');
        const used = parts.filter((part) => part !== '');
        if (used.length === 0) return '.';
        let joined = used.join('\\');
        // Only a first part that is the start of a share on purpose keeps its two slashes.
        const [lead] = /^[\\/]*/.exec(joined);
        const [ofFirst] = /^[\\/]*/.exec(used[0]);
        const isShare = ofFirst.length === 2 && used[0].length > 2;
        if (!isShare && lead.length >= 2) joined = `\\${joined.slice(lead.length)}`;
        return win32.normalize(joined);
    },

    relative(from, to) {
        validateString(from, 'from');
        validateString(to, 'to');
        if (from === to) return '';
        const start = win32.resolve(from);
        const end = win32.resolve(to);
        if (start.toLowerCase() === end.toLowerCase()) return '';
        const split = (path) => path.replace(/^\\+|\\+$/g, '').split('\\');
        const [a, b] = [split(start), split(end)];
        let same = 0;
        while (same < a.length && same < b.length && a[same].toLowerCase() === b[same].toLowerCase()) same++;
        if (same === 0) return end;
        // Two servers share nothing, two shares of one server neither.
        if (start.startsWith('\\\\') !== end.startsWith('\\\\')) return end;
        return [...a.slice(same).map(() => '..'), ...b.slice(same)].join('\\');
    },

    toNamespacedPath(path) {
        if (typeof path !== 'string' || path.length === 0) return path;
        const resolved = win32.resolve(path);
        if (resolved.length <= 2) return path;
        if (resolved.startsWith('\\\\')) {
            return /^\\\\[^?.]/.test(resolved) ? `\\\\?\\UNC\\${resolved.slice(2)}` : resolved;
        }
        return /^[A-Za-z]:\\/.test(resolved) ? `\\\\?\\${resolved}` : resolved;
    },

    dirname(path) {
        validateString(path, 'path');
        if (path === '') return '.';
        const root = rootOf(path);
        if (root.length === path.length) return path;
        let end = path.length;
        while (end > root.length && isSlash(path[end - 1])) end--;
        while (end > root.length && !isSlash(path[end - 1])) end--;
        if (end > root.length) end--;
        if (end > 0) return path.slice(0, end);
        return root === '' ? '.' : root;
    },

    basename(path, suffix) {
        if (suffix !== undefined) validateString(suffix, 'suffix');
        validateString(path, 'path');
        let rest = isLetter(path[0]) && path[1] === ':' ? path.slice(2) : path;
        rest = rest.replace(/[\\/]+$/, '');
        const name = rest.slice(Math.max(rest.lastIndexOf('/'), rest.lastIndexOf('\\')) + 1);
        if (suffix && suffix === path) return '';
        if (suffix && name !== suffix && name.endsWith(suffix)) return name.slice(0, -suffix.length);
        return name;
    },

    extname(path) {
        validateString(path, 'path');
        const name = win32.basename(path);
        const at = name.lastIndexOf('.');
        return at <= 0 || name === '..' ? '' : name.slice(at);
    },

    format(parts) {
        validateObject(parts, 'pathObject');
        const dir = parts.dir || parts.root;
        const ext = parts.ext ? `${parts.ext[0] === '.' ? '' : '.'}${parts.ext}` : '';
        const base = parts.base || `${parts.name || ''}${ext}`;
        if (!dir) return base;
        return dir === parts.root ? `${dir}${base}` : `${dir}\\${base}`;
    },

    parse(path) {
        validateString(path, 'path');
        const root = rootOf(path);
        let end = path.length;
        while (end > root.length && isSlash(path[end - 1])) end--;
        const rest = path.slice(root.length, end);
        const at = Math.max(rest.lastIndexOf('/'), rest.lastIndexOf('\\'));
        const base = rest.slice(at + 1);
        const dot = base.lastIndexOf('.');
        const ext = dot <= 0 || base === '..' ? '' : base.slice(dot);
        const dir = at > 0 ? path.slice(0, root.length + at) : root;
        return { root, dir, base, ext, name: ext ? base.slice(0, -ext.length) : base };
    },

    sep: '\\',
    delimiter: ';',
};

function rootOf(path) {
    const { device, rooted, end } = head(path);
    if (device.startsWith('\\\\')) return path.slice(0, end);
    return path.slice(0, device === '' ? (rooted ? 1 : 0) : end);
}

module.exports = win32;
