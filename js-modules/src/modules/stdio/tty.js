'use strict';

// The streams of `process`; there are no others that are terminals.

const stdio = require('internal/stdio');
const { make } = require('internal/errors');

function stream(fd, allowed, of) {
    if (!Number.isInteger(fd) || fd < 0) throw make(RangeError, 'ERR_INVALID_FD', `"fd" must be a positive integer: ${fd}`);
    if (!allowed.includes(fd) || !stdio.isTerminal(fd)) {
        const error = make(Error, 'ERR_TTY_INIT_FAILED', 'TTY initialization failed: uv_tty_init returned EINVAL (invalid argument)');
        throw error;
    }
    return of(fd);
}

function ReadStream(fd) {
    return stream(fd, [0], stdio.input);
}
ReadStream.prototype = stdio.TerminalInput.prototype;

function WriteStream(fd) {
    return stream(fd, [1, 2], stdio.output);
}
WriteStream.prototype = stdio.TerminalOutput.prototype;

module.exports = {
    isatty: (fd) => Number.isInteger(fd) && fd >= 0 && fd <= 2 && stdio.isTerminal(fd),
    ReadStream,
    WriteStream,
};
