'use strict';

// Node's CommonJS loader for files: relative paths, folders with package.json or index.js, node_modules, JSON.

const path = require('path');
const { make, invalidArgType } = require('internal/errors');

class Module {
    constructor(id, parent) {
        this.id = id;
        this.path = path.dirname(id);
        this.exports = {};
        this.filename = id;
        this.loaded = false;
        this.children = [];
        this.paths = Module._nodeModulePaths(this.path);
        Object.defineProperty(this, 'parent', { value: parent, writable: true, configurable: true });
        parent?.children.push(this);
    }

    require(id) {
        if (typeof id !== 'string') throw invalidArgType('id', 'string', id);
        if (id === '') {
            throw make(TypeError, 'ERR_INVALID_ARG_VALUE', "The argument 'id' must be a non-empty string. Received ''");
        }
        return Module._load(id, this);
    }

    _compile(source, filename) {
        const wrapper = native.compile(source, filename);
        wrapper.call(this.exports, this.exports, makeRequire(this), this, filename, path.dirname(filename));
    }
}

Module._cache = Object.create(null);
Module._pathCache = Object.create(null);
Module._main = undefined;
Module.builtinModules = native.builtinNames();
Module.Module = Module;
Module.isBuiltin = (id) => native.isBuiltin(String(id));

Module._nodeModulePaths = function _nodeModulePaths(from) {
    const found = [];
    for (let dir = path.resolve(from); ; dir = path.dirname(dir)) {
        if (path.basename(dir) !== 'node_modules') found.push(path.join(dir, 'node_modules'));
        if (dir === '/') return found;
    }
};

Module._extensions = {
    '__proto__': null,
    '.js'(module, filename) {
        if (packageType(filename) === 'module') throw noModules(filename);
        module._compile(native.readText(filename), filename);
    },
    '.json'(module, filename) {
        const text = native.readText(filename);
        try {
            module.exports = JSON.parse(text.charCodeAt(0) === 0xFEFF ? text.slice(1) : text);
        } catch (error) {
            error.message = `${filename}: ${error.message}`;
            throw error;
        }
    },
    '.cjs'(module, filename) {
        module._compile(native.readText(filename), filename);
    },
    '.mjs'(module, filename) {
        throw noModules(filename);
    },
};

function noModules(filename) {
    return make(Error, 'ERR_REQUIRE_ESM', `${filename} is an ES module; this host runs CommonJS, use require() and module.exports`);
}

function packageType(filename) {
    for (let dir = path.dirname(filename); ; dir = path.dirname(dir)) {
        const found = readPackage(dir);
        if (found) return found.type;
        if (dir === '/' || path.basename(dir) === 'node_modules') return undefined;
    }
}

function readPackage(dir) {
    const file = path.join(dir, 'package.json');
    if (native.stat(file) !== 0) return null;
    try {
        return JSON.parse(native.readText(file));
    } catch (error) {
        error.message = `Error parsing ${file}: ${error.message}`;
        throw error;
    }
}

function tryFile(name) {
    if (native.stat(name) === 0) return native.realpath(name);
    for (const extension of Object.keys(Module._extensions)) {
        if (native.stat(name + extension) === 0) return native.realpath(name + extension);
    }
    return null;
}

function tryFolder(name) {
    if (native.stat(name) !== 1) return null;
    const main = readPackage(name)?.main;
    if (typeof main === 'string' && main !== '') {
        const target = path.resolve(name, main);
        const found = tryFile(target) ?? tryIndex(target);
        if (found) return found;
    }
    return tryIndex(name);
}

function tryIndex(name) {
    return native.stat(name) === 1 ? tryFile(path.join(name, 'index')) : null;
}

// The part of package.json "exports" that packages for CommonJS need: strings, conditions, sub-paths, one star.
function fromExports(folder, subpath) {
    const exported = readPackage(folder)?.exports;
    if (exported === undefined || exported === null) return undefined;
    const bare = typeof exported === 'string' || Array.isArray(exported)
        || !Object.keys(exported).some((key) => key.startsWith('.'));
    const map = bare ? { '.': exported } : exported;
    const key = subpath === '' ? '.' : `./${subpath}`;
    let target = map[key];
    let star = '';
    if (target === undefined) {
        for (const pattern of Object.keys(map)) {
            const at = pattern.indexOf('*');
            if (at < 0 || !key.startsWith(pattern.slice(0, at)) || !key.endsWith(pattern.slice(at + 1))) continue;
            star = key.slice(at, key.length - (pattern.length - at - 1));
            target = map[pattern];
            break;
        }
    }
    const file = pick(target);
    if (typeof file !== 'string') {
        throw make(Error, 'ERR_PACKAGE_PATH_NOT_EXPORTED',
            `Package subpath '${key}' is not defined by "exports" in ${folder}/package.json`);
    }
    return path.join(folder, file.replaceAll('*', star));
}

function pick(target) {
    if (typeof target === 'string' || target === null || target === undefined) return target;
    if (Array.isArray(target)) return target.map(pick).find((one) => typeof one === 'string');
    for (const condition of Object.keys(target)) {
        if (['node', 'require', 'default'].includes(condition)) {
            const found = pick(target[condition]);
            if (found !== undefined) return found;
        }
    }
    return undefined;
}

function fromFolders(id, folders) {
    const [, name, , subpath] = /^((?:@[^/]+\/)?[^/]+)(\/(.*))?$/.exec(id) ?? [null, id, '', ''];
    for (const folder of folders) {
        if (native.stat(folder) !== 1) continue;
        const home = path.join(folder, name);
        if (native.stat(home) === 1) {
            const target = fromExports(home, subpath ?? '');
            if (target !== undefined) {
                const found = tryFile(target);
                if (found) return found;
            }
        }
        const target = path.join(folder, id);
        const found = (id.endsWith('/') ? null : tryFile(target)) ?? tryFolder(target);
        if (found) return found;
    }
    return null;
}

Module._resolveFilename = function _resolveFilename(id, parent) {
    if (native.isBuiltin(id)) return id;
    if (id.startsWith('node:')) throw make(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${id}`);
    let found;
    if (/^\.{1,2}(\/|$)/.test(id) || path.isAbsolute(id)) {
        const target = path.resolve(parent ? parent.path : native.cwd(), id);
        found = (/(^|\/)\.{0,2}$/.test(id) ? null : tryFile(target)) ?? tryFolder(target);
    } else {
        found = fromFolders(id, parent ? parent.paths : Module._nodeModulePaths(native.cwd()));
    }
    if (found) return found;
    const stack = [];
    for (let at = parent; at; at = at.parent) stack.push(at.filename);
    let message = `Cannot find module '${id}'`;
    if (stack.length) message += `\nRequire stack:\n- ${stack.join('\n- ')}`;
    const error = make(Error, 'MODULE_NOT_FOUND', message);
    error.requireStack = stack;
    throw error;
};

Module._load = function _load(id, parent) {
    if (native.isBuiltin(id)) return native.requireBuiltin(id);
    const filename = Module._resolveFilename(id, parent);
    const cached = Module._cache[filename];
    if (cached) {
        if (parent && !parent.children.includes(cached)) parent.children.push(cached);
        return cached.exports;
    }
    const module = new Module(filename, parent);
    Module._cache[filename] = module;
    let done = false;
    try {
        (Module._extensions[path.extname(filename)] ?? Module._extensions['.js'])(module, filename);
        done = true;
    } finally {
        if (!done) delete Module._cache[filename];
    }
    module.loaded = true;
    return module.exports;
};

function makeRequire(module) {
    function require(id) {
        return module.require(id);
    }
    require.resolve = function resolve(id, options) {
        if (typeof id !== 'string') throw invalidArgType('request', 'string', id);
        if (options?.paths) {
            for (const from of options.paths) {
                const base = { path: path.resolve(from), paths: Module._nodeModulePaths(from), filename: from };
                try {
                    return Module._resolveFilename(id, base);
                } catch (error) {
                    if (error.code !== 'MODULE_NOT_FOUND') throw error;
                }
            }
        }
        return Module._resolveFilename(id, module);
    };
    require.resolve.paths = (id) => (native.isBuiltin(id) ? null : module.paths);
    require.main = Module._main;
    require.extensions = Module._extensions;
    require.cache = Module._cache;
    return require;
}

Module.createRequire = function createRequire(filename) {
    const isUrl = typeof filename === 'object' || `${filename}`.startsWith('file:');
    const from = isUrl ? require('internal/url').fileURLToPath(filename) : String(filename);
    if (!path.isAbsolute(from)) throw make(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'filename' must be a file URL object, file URL string, or absolute path string. Received '${from}'`);
    return makeRequire(new Module(from));
};

Module.runMain = function runMain(filename, source) {
    const module = new Module(filename);
    module.id = '.';
    Module._main = module;
    Module._cache[filename] = module;
    module._compile(source, filename);
    module.loaded = true;
};

module.exports = Module;
