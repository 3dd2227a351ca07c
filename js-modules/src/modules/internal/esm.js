'use strict';

// Where an `import` leads, and in which form the file behind it is. The engine links and runs; see `host/esm`.

const path = require('path');
const { make } = require('internal/errors');
const Module = require('internal/cjs');
const { readPackage, scopeOf, resolveExports, resolveImports, splitName } = require('internal/resolve');
const { URL, fileURLToPath, pathToFileURL } = require('internal/url');

const CONDITIONS = ['node', 'import', 'module-sync'];

// A file's path or `node:NAME` or `data:…`. `parent` is the path of who asks.
function resolve(id, parent) {
    if (id.startsWith('data:')) return id;
    if (id.startsWith('node:')) {
        if (native.isBuiltin(id)) return id;
        throw make(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${id}`);
    }
    if (native.isBuiltin(id)) return `node:${id}`;
    if (id.startsWith('#')) {
        const found = resolveImports(id, parent, CONDITIONS, (name) => resolve(name, parent));
        return /^(node|data):/.test(found) ? found : finish(found, parent);
    }
    if (/^[a-z][a-z\d+.-]*:/i.test(id)) {
        const url = new URL(id);
        if (url.protocol !== 'file:') {
            throw make(Error, 'ERR_UNSUPPORTED_ESM_URL_SCHEME', 'Only URLs with a scheme in: file, data, and node are '
                + `supported by the default ESM loader. Received protocol '${url.protocol}'`);
        }
        return finish(fileURLToPath(url), parent);
    }
    if (/^(\.{0,2}\/|\.{1,2}$)/.test(id)) {
        return finish(fileURLToPath(new URL(id, pathToFileURL(parent))), parent);
    }
    return finish(inPackages(id, parent), parent);
}

function inPackages(id, parent) {
    const [name, subpath] = splitName(id) ?? [];
    if (!name) {
        throw make(TypeError, 'ERR_INVALID_MODULE_SPECIFIER', `Invalid module "${id}" is not a valid package name imported from ${parent}`);
    }
    const own = scopeOf(parent);
    if (own?.json.name === name && own.json.exports != null) {
        return resolveExports(own.dir, subpath, CONDITIONS, parent);
    }
    for (const folder of Module._nodeModulePaths(path.dirname(parent))) {
        const home = path.join(folder, name);
        if (native.stat(home) !== 1) continue;
        const exported = resolveExports(home, subpath, CONDITIONS, parent);
        if (exported !== undefined) return exported;
        if (subpath !== '.') return path.join(home, subpath);
        const main = readPackage(home)?.main;
        const names = typeof main === 'string' ? [main, `${main}.js`, `${main}.json`, path.join(main, 'index.js')] : [];
        for (const one of [...names, 'index.js']) {
            if (native.stat(path.join(home, one)) === 0) return path.join(home, one);
        }
        throw make(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find package '${home}' imported from ${parent}`);
    }
    throw make(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find package '${name}' imported from ${parent}`);
}

function finish(file, parent) {
    const kind = native.stat(file);
    if (kind === 0) return native.realpath(file);
    if (kind === 1) {
        throw make(Error, 'ERR_UNSUPPORTED_DIR_IMPORT',
            `Directory import '${file}' is not supported resolving ES modules imported from ${parent}`);
    }
    throw make(Error, 'ERR_MODULE_NOT_FOUND', `Cannot find module '${file}' imported from ${parent}`);
}

// 'module', 'commonjs', 'json' or 'builtin'; the attribute must fit.
function format(file, type) {
    const kind = kindOf(file);
    const shown = () => (/^(node|data):/.test(file) ? file : pathToFileURL(file).href);
    if (type !== undefined && type !== 'json') {
        throw make(TypeError, 'ERR_IMPORT_ASSERTION_TYPE_UNSUPPORTED', `Import attribute type "${type}" is unsupported`);
    }
    if (kind === 'json' && type === undefined) {
        throw make(TypeError, 'ERR_IMPORT_ASSERTION_TYPE_MISSING', `Module "${shown()}" needs an import attribute of type "json"`);
    }
    if (kind !== 'json' && type !== undefined) {
        throw make(TypeError, 'ERR_IMPORT_ASSERTION_TYPE_FAILED', `Module "${shown()}" is not of type "json"`);
    }
    return kind;
}

function kindOf(file) {
    if (file.startsWith('node:')) return 'builtin';
    if (file.startsWith('data:')) {
        const type = /^data:([^;,]*)/.exec(file)[1];
        if (type === 'text/javascript') return 'module';
        if (type === 'application/json') return 'json';
        throw make(TypeError, 'ERR_UNKNOWN_MODULE_FORMAT', `Unknown module format: ${type} for URL ${file}`);
    }
    const extension = path.extname(file);
    if (extension === '.mjs') return 'module';
    if (extension === '.cjs') return 'commonjs';
    if (extension === '.json') return 'json';
    if (extension === '.js' || extension === '') {
        return scopeOf(file)?.json.type === 'module' ? 'module' : 'commonjs';
    }
    throw make(TypeError, 'ERR_UNKNOWN_FILE_EXTENSION', `Unknown file extension "${extension}" for ${file}`);
}

function text(file) {
    if (!file.startsWith('data:')) return native.readText(file);
    const [, head, body] = /^data:([^,]*),(.*)$/s.exec(file) ?? [null, '', ''];
    return /;base64$/i.test(head) ? Buffer.from(decodeURIComponent(body), 'base64').toString() : decodeURIComponent(body);
}

// The exports of a CommonJS file, run now if it did not run yet.
const load = (file) => Module._load(file, undefined);

// Where `module.exports = require(id)` of a CommonJS file leads, for its names; undefined when that is no file.
function follow(id, file) {
    try {
        const found = Module._resolveFilename(id, new Module(file));
        if (native.isBuiltin(found)) return `node:${found.replace(/^node:/, '')}`;
        return path.extname(found) === '.json' || path.extname(found) === '.node' ? undefined : found;
    } catch {
        return undefined;
    }
}

function meta(target, file) {
    const isFile = !/^(node|data):/.test(file);
    const url = isFile ? pathToFileURL(file).href : file;
    if (isFile) {
        target.dirname = path.dirname(file);
        target.filename = file;
    }
    target.resolve = (id) => {
        let found;
        try {
            found = resolve(`${id}`, file);
        } catch (error) {
            // A file need not be there to have an address.
            if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'ERR_UNSUPPORTED_DIR_IMPORT') throw error;
            if (!/^(\.{0,2}\/|file:)/.test(id)) throw error;
            return new URL(id, url).href;
        }
        return /^(node|data):/.test(found) ? found : pathToFileURL(found).href;
    };
    target.url = url;
}

// The names under which a built-in module's parts are imported.
function names(exported) {
    if (exported === null || !/^(object|function)$/.test(typeof exported)) return [];
    const own = Object.getOwnPropertyNames(exported);
    const ofFunctions = ['length', 'name', 'prototype', 'caller', 'arguments'];
    return typeof exported === 'function' ? own.filter((name) => !ofFunctions.includes(name)) : own;
}

module.exports = { names, resolve, format, kindOf, text, load, follow, meta };
