'use strict';
// The frames of a stack as the objects that `Error.prepareStackTrace` gets. What the engine does not keep is null.

class CallSite {
    #name; #file; #line; #column;
    constructor(name, file, line, column) {
        this.#name = name;
        this.#file = file;
        this.#line = line;
        this.#column = column;
    }
    getFunctionName() { return this.#name; }
    getFileName() { return this.#file; }
    getScriptNameOrSourceURL() { return this.#file; }
    getLineNumber() { return this.#line; }
    getColumnNumber() { return this.#column; }
    getEnclosingLineNumber() { return this.#line; }
    getEnclosingColumnNumber() { return this.#column; }
    getTypeName() { return null; }
    getMethodName() { return null; }
    getThis() { return undefined; }
    getFunction() { return undefined; }
    getEvalOrigin() { return undefined; }
    getPromiseIndex() { return null; }
    isNative() { return this.#file === null; }
    isToplevel() { return true; }
    isEval() { return false; }
    isConstructor() { return false; }
    isAsync() { return false; }
    isPromiseAll() { return false; }
    toString() {
        const place = this.#file === null ? 'native' : `${this.#file}:${this.#line}:${this.#column}`;
        return this.#name === null ? place : `${this.#name} (${place})`;
    }
}

// From the lines of a stack's text.
module.exports = function callSites(text) {
    const sites = [];
    const lines = text.split('\n');
    // By index: whoever asks may have replaced the iterators of arrays.
    for (let at = 0; at < lines.length; at++) {
        const line = lines[at];
        const found = /^\s+at (?:(.*?) )?\(?(?:native|([^()]*?):(\d+):(\d+))\)?$/.exec(line);
        if (!found) continue;
        const name = found[1] === undefined || found[1] === '<main>' ? null : found[1];
        sites.push(new CallSite(name, found[2] === undefined ? null : found[2], found[3] ? Number(found[3]) : null, found[4] ? Number(found[4]) : null));
    }
    return sites;
};
