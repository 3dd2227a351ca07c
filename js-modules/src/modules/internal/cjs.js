'use strict';

// Node's CommonJS loader for files: relative paths, folders with package.json or index.js, node_modules, JSON.

const path = require('path');
const { make, invalidArgType } = require('internal/errors');
const { readPackage, scopeOf, resolveExports, resolveImports, splitName } = require('internal/resolve');

const CONDITIONS = ['node', 'require', 'module-sync'];

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
        if (Module._isModule(filename)) {
            module.exports = requireModule(filename);
            return;
        }
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
    '.node'(module, filename) {
        throw make(Error, 'ERR_DLOPEN_FAILED', `${filename}: native add-ons of Node cannot be loaded; use require('ffi')`);
    },
};

// What `require()` of an ES module gives: the namespace; with `__esModule` where there is a default export, for callers
// that were ES modules once; or what the module itself names for this.
function requireModule(filename) {
    const names = native.requireModule(filename);
    if (Object.hasOwn(names, 'module.exports')) return names['module.exports'];
    if (!Object.hasOwn(names, 'default') || Object.hasOwn(names, '__esModule')) return names;
    return native.requireFacade(filename, require('internal/url').pathToFileURL(filename).href);
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

function fromFolders(id, folders) {
    const [name, subpath] = splitName(id) ?? [];
    for (const folder of folders) {
        if (native.stat(folder) !== 1) continue;
        if (name) {
            const target = resolveExports(path.join(folder, name), subpath, CONDITIONS);
            if (target !== undefined) return mustExist(target);
        }
        const target = path.join(folder, id);
        const found = (id.endsWith('/') ? null : tryFile(target)) ?? tryFolder(target);
        if (found) return found;
    }
    return null;
}

function mustExist(file) {
    if (native.stat(file) === 0) return native.realpath(file);
    throw make(Error, 'MODULE_NOT_FOUND', `Cannot find module '${file}'`);
}

Module._resolveFilename = function _resolveFilename(id, parent) {
    if (native.isBuiltin(id)) return id;
    if (id.startsWith('node:')) throw make(Error, 'ERR_UNKNOWN_BUILTIN_MODULE', `No such built-in module: ${id}`);
    let found;
    if (/^\.{1,2}(\/|$)/.test(id) || path.isAbsolute(id)) {
        const target = path.resolve(parent ? parent.path : native.cwd(), id);
        found = (/(^|\/)\.{0,2}$/.test(id) ? null : tryFile(target)) ?? tryFolder(target);
    } else if (id.startsWith('#') && parent?.filename && scopeOf(parent.filename)?.json.imports) {
        const target = resolveImports(id, parent.filename, CONDITIONS, (name) => Module._resolveFilename(name, parent));
        return native.isBuiltin(target) ? target : mustExist(target);
    } else {
        const own = parent?.filename && splitName(id) ? scopeOf(parent.filename) : null;
        const [name, subpath] = own ? splitName(id) : [];
        if (own && own.json.name === name && own.json.exports != null) {
            return mustExist(resolveExports(own.dir, subpath, CONDITIONS));
        }
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
    if (native.isBuiltin(filename)) return native.requireBuiltin(filename);
    const cached = Module._cache[filename];
    if (cached) {
        if (parent && !parent.children.includes(cached)) parent.children.push(cached);
        // Half of a CommonJS module can be had, half of an ES module cannot: this says so.
        if (!cached.loaded && Module._isModule(filename)) return requireModule(filename);
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

// True for a file that is an ES module.
Module._isModule = (filename) => {
    const extension = path.extname(filename);
    return extension === '.mjs' || (extension === '.js' && scopeOf(filename)?.json.type === 'module');
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
