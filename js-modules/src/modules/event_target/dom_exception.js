'use strict';

// DOMException: names, legacy codes, and the stack of an error.

const CODES = [
    ['INDEX_SIZE_ERR', 1, 'IndexSizeError'], ['DOMSTRING_SIZE_ERR', 2], ['HIERARCHY_REQUEST_ERR', 3, 'HierarchyRequestError'],
    ['WRONG_DOCUMENT_ERR', 4, 'WrongDocumentError'], ['INVALID_CHARACTER_ERR', 5, 'InvalidCharacterError'],
    ['NO_DATA_ALLOWED_ERR', 6], ['NO_MODIFICATION_ALLOWED_ERR', 7, 'NoModificationAllowedError'],
    ['NOT_FOUND_ERR', 8, 'NotFoundError'], ['NOT_SUPPORTED_ERR', 9, 'NotSupportedError'],
    ['INUSE_ATTRIBUTE_ERR', 10, 'InUseAttributeError'], ['INVALID_STATE_ERR', 11, 'InvalidStateError'],
    ['SYNTAX_ERR', 12, 'SyntaxError'], ['INVALID_MODIFICATION_ERR', 13, 'InvalidModificationError'],
    ['NAMESPACE_ERR', 14, 'NamespaceError'], ['INVALID_ACCESS_ERR', 15, 'InvalidAccessError'], ['VALIDATION_ERR', 16],
    ['TYPE_MISMATCH_ERR', 17, 'TypeMismatchError'], ['SECURITY_ERR', 18, 'SecurityError'],
    ['NETWORK_ERR', 19, 'NetworkError'], ['ABORT_ERR', 20, 'AbortError'], ['URL_MISMATCH_ERR', 21, 'URLMismatchError'],
    ['QUOTA_EXCEEDED_ERR', 22, 'QuotaExceededError'], ['TIMEOUT_ERR', 23, 'TimeoutError'],
    ['INVALID_NODE_TYPE_ERR', 24, 'InvalidNodeTypeError'], ['DATA_CLONE_ERR', 25, 'DataCloneError'],
];
const codeOf = new Map(CODES.map(([, code, name]) => [name, code]));

const inside = new WeakMap();
const state = (object) => {
    const found = inside.get(object);
    if (found !== undefined) return found;
    const error = new TypeError('Value of "this" must be of type DOMException');
    error.code = 'ERR_INVALID_THIS';
    throw error;
};

// A function, so that its prototype can be that of errors and the instances real errors with a stack.
function DOMException(message = '', options = 'Error') {
    if (new.target === undefined) throw new TypeError("Class constructor DOMException cannot be invoked without 'new'");
    const self = Reflect.construct(Error, [], new.target);
    let name = options;
    if (options !== null && typeof options === 'object') {
        name = 'name' in options && options.name !== undefined ? options.name : 'Error';
        if ('cause' in options) {
            Object.defineProperty(self, 'cause', { value: options.cause, configurable: true, writable: true, enumerable: false });
        }
    }
    inside.set(self, { message: `${message}`, name: `${name}` });
    return self;
}

Object.setPrototypeOf(DOMException.prototype, Error.prototype);
Object.defineProperties(DOMException.prototype, {
    name: { get() { return this === DOMException.prototype ? 'Error' : state(this).name; }, enumerable: true, configurable: true },
    message: { get() { return this === DOMException.prototype ? '' : state(this).message; }, enumerable: true, configurable: true },
    code: { get() { return codeOf.get(state(this).name) ?? 0; }, enumerable: true, configurable: true },
    [Symbol.toStringTag]: { value: 'DOMException', configurable: true },
});
Object.defineProperty(DOMException, 'prototype', { writable: false });
Object.defineProperty(DOMException, 'length', { value: 0 });
for (const [name, value] of CODES) {
    const constant = { value, enumerable: true };
    Object.defineProperty(DOMException, name, constant);
    Object.defineProperty(DOMException.prototype, name, constant);
}

module.exports = DOMException;
