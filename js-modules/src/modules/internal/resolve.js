'use strict';

// What package.json says about names: scopes, "exports" and "imports", as Node's documentation gives the algorithm.
// The loaders of both kinds of module share it.

const path = require('path');
const { make } = require('internal/errors');

const packages = new Map();

// The package.json of a folder, or null. What was read stays known, as in Node.
function readPackage(dir) {
    const known = packages.get(dir);
    if (known) return known;
    const file = path.join(dir, 'package.json');
    if (native.stat(file) !== 0) return null;
    let json;
    try {
        json = JSON.parse(native.readText(file));
    } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
        const text = `Invalid package config ${file}. ${error.message}`;
        throw make(Error, 'ERR_INVALID_PACKAGE_CONFIG', text);
    }
    if (json === null || typeof json !== 'object') json = {};
    packages.set(dir, json);
    return json;
}

// The package a file belongs to: { dir, json }, or null.
function scopeOf(file) {
    for (let dir = path.dirname(file); path.basename(dir) !== 'node_modules'; dir = path.dirname(dir)) {
        const json = readPackage(dir);
        if (json) return { dir, json };
        if (dir === '/') break;
    }
    return null;
}

const from = (base) => (base ? ` imported from ${base}` : '');

function notExported(dir, subpath, base) {
    const file = path.join(dir, 'package.json');
    const text = subpath === '.'
        ? `No "exports" main defined in ${file}${from(base)}`
        : `Package subpath '${subpath}' is not defined by "exports" in ${file}${from(base)}`;
    return make(Error, 'ERR_PACKAGE_PATH_NOT_EXPORTED', text);
}

function badTarget(where, target) {
    const kind = where.internal ? 'imports' : 'exports';
    const hint = typeof target === 'string' && !target.startsWith('./') ? '; targets must start with "./"' : '';
    return make(Error, 'ERR_INVALID_PACKAGE_TARGET', `Invalid "${kind}" target ${JSON.stringify(target)} defined for `
        + `'${where.key}' in the package config ${path.join(where.dir, 'package.json')}${from(where.base)}${hint}`);
}

const LEAVES = /(^|\\|\/)((\.|%2e)(\.|%2e)?|(n|%6e|%4e)(o|%6f|%4f)(d|%64|%44)(e|%65|%45)(_|%5f)(m|%6d|%4d)(o|%6f|%4f)(d|%64|%44)(u|%75|%55)(l|%6c|%4c)(e|%65|%45)(s|%73|%53))(\\|\/|$)/i;

// A file; undefined when no condition fits; null when the package says no.
function target(value, star, where) {
    if (typeof value === 'string') {
        if (!value.startsWith('./')) {
            if (!where.internal || value.startsWith('../') || value.startsWith('/')) throw badTarget(where, value);
            return where.bare(star === null ? value : value.replaceAll('*', () => star));
        }
        if (LEAVES.test(value.slice(2))) throw badTarget(where, value);
        if (star !== null && LEAVES.test(star)) {
            throw make(TypeError, 'ERR_INVALID_MODULE_SPECIFIER',
                `Invalid module "${where.key}" request is not a valid subpath for the pattern${from(where.base)}`);
        }
        return path.join(where.dir, star === null ? value : value.replaceAll('*', () => star));
    }
    if (Array.isArray(value)) {
        let failure = null;
        for (const one of value) {
            try {
                const found = target(one, star, where);
                if (found === undefined) continue;
                if (found !== null) return found;
                failure = null;
            } catch (error) {
                if (error.code !== 'ERR_INVALID_PACKAGE_TARGET') throw error;
                failure = error;
            }
        }
        if (failure) throw failure;
        return value.length ? null : undefined;
    }
    if (value !== null && typeof value === 'object') {
        for (const condition of Object.keys(value)) {
            if (condition !== 'default' && !where.conditions.includes(condition)) continue;
            const found = target(value[condition], star, where);
            if (found !== undefined) return found;
        }
        return undefined;
    }
    if (value === null) return null;
    throw badTarget(where, value);
}

// Longest prefix first, as the specification orders patterns.
function byPattern(key, map, where) {
    if (Object.hasOwn(map, key) && !key.includes('*') && !key.endsWith('/')) return target(map[key], null, where);
    let best = null;
    for (const pattern of Object.keys(map)) {
        const at = pattern.indexOf('*');
        if (at < 0 || at !== pattern.lastIndexOf('*')) continue;
        const [head, tail] = [pattern.slice(0, at), pattern.slice(at + 1)];
        if (!key.startsWith(head) || key === head || key.length < pattern.length || !key.endsWith(tail)) continue;
        if (!best || at > best.at || (at === best.at && pattern.length > best.pattern.length)) best = { at, pattern, tail };
    }
    if (!best) return undefined;
    return target(map[best.pattern], key.slice(best.at, key.length - best.tail.length), where);
}

// The file behind "exports" for a sub-path ('.' or './x'); undefined when the package has no "exports".
function resolveExports(dir, subpath, conditions, base) {
    const exported = readPackage(dir)?.exports;
    if (exported === undefined || exported === null) return undefined;
    const keys = typeof exported === 'object' && !Array.isArray(exported) ? Object.keys(exported) : [];
    const dots = keys.filter((key) => key.startsWith('.')).length;
    if (dots !== 0 && dots !== keys.length) {
        throw make(Error, 'ERR_INVALID_PACKAGE_CONFIG', `Invalid package config ${path.join(dir, 'package.json')}. `
            + '"exports" cannot contain some keys starting with \'.\' and some not.');
    }
    const map = dots === 0 ? { '.': exported } : exported;
    const found = byPattern(subpath, map, { dir, key: subpath, conditions, base });
    if (typeof found !== 'string') throw notExported(dir, subpath, base);
    return found;
}

// The file or bare name behind a '#name'; `bare` resolves a target that is a package's name.
function resolveImports(id, parent, conditions, bare) {
    const scope = scopeOf(parent);
    const map = scope?.json.imports;
    if (id === '#' || id.startsWith('#/')) {
        throw make(TypeError, 'ERR_INVALID_MODULE_SPECIFIER',
            `Invalid module "${id}" is not a valid internal imports specifier name${from(parent)}`);
    }
    const where = scope && { dir: scope.dir, key: id, conditions, base: parent, internal: true, bare };
    const found = map && typeof map === 'object' ? byPattern(id, map, where) : undefined;
    if (typeof found === 'string') return found;
    const place = scope ? ` in package ${path.join(scope.dir, 'package.json')}` : '';
    throw make(TypeError, 'ERR_PACKAGE_IMPORT_NOT_DEFINED',
        `Package import specifier "${id}" is not defined${place}${from(parent)}`);
}

// '@scope/name/sub' as ['@scope/name', './sub'].
function splitName(id) {
    const parts = /^((?:@[^/\\%]+\/)?[^./\\%@][^/\\%]*)(\/.*)?$/.exec(id);
    return parts && [parts[1], `.${parts[2] ?? ''}`];
}

module.exports = { readPackage, scopeOf, resolveExports, resolveImports, splitName };
