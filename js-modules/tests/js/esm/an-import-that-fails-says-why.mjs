import assert from 'node:assert';

const fails = async (id, code, options) => {
    await assert.rejects(import(id, options), (error) => {
        assert.strictEqual(error.code, code, `${id}: ${error.code} ${error.message}`);
        return true;
    });
};
await fails('./fixtures/missing.mjs', 'ERR_MODULE_NOT_FOUND');
await fails('no-such-package', 'ERR_MODULE_NOT_FOUND');
await fails('./fixtures/folder', 'ERR_UNSUPPORTED_DIR_IMPORT');
await fails('./fixtures/data.json', 'ERR_IMPORT_ASSERTION_TYPE_MISSING');
await fails('./fixtures/live.mjs', 'ERR_IMPORT_ASSERTION_TYPE_FAILED', { with: { type: 'json' } });
await fails('./fixtures/strange.txt', 'ERR_UNKNOWN_FILE_EXTENSION');
await fails('node:nothing', 'ERR_UNKNOWN_BUILTIN_MODULE');
await fails('http://127.0.0.1/x.mjs', 'ERR_UNSUPPORTED_ESM_URL_SCHEME');
await fails('#nothing', 'ERR_PACKAGE_IMPORT_NOT_DEFINED');
await assert.rejects(import('data:text/javascript,export const = 1'), SyntaxError);
