'use strict';
// Of the module that tells of Node's engine: what can be told of this one.

const { validateString } = require('internal/errors');
const { kMaxLength } = require('buffer');

function getHeapStatistics() {
    const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
    return {
        total_heap_size: heapTotal, total_heap_size_executable: 0, total_physical_size: rss, total_available_size: kMaxLength,
        used_heap_size: heapUsed, heap_size_limit: require('os').totalmem(), malloced_memory: heapUsed, peak_malloced_memory: heapTotal,
        does_zap_garbage: 0, number_of_native_contexts: 1, number_of_detached_contexts: 0, total_global_handles_size: 0,
        used_global_handles_size: 0, external_memory: external,
    };
}

// There are no flags; what is asked of them is checked and forgotten.
function setFlagsFromString(flags) { validateString(flags, 'flags'); }

const startupSnapshot = { isBuildingSnapshot() { return false; } };

module.exports = { getHeapStatistics, setFlagsFromString, startupSnapshot };
