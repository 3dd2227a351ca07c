for (const open of ['(', '(?:', '(?=', '(?<!', '[(']) {
    try {
        new RegExp(open.repeat(1e5) + ')'.repeat(1e5)).test('a');
    } catch (error) {
        if (!(error instanceof SyntaxError)) throw error;
    }
}
