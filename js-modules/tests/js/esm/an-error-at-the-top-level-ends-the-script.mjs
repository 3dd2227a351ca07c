//: exit 1
//: uncaught an-error-at-the-top-level-ends-the-script.mjs:5:7 TypeError: broken

await null;
throw new TypeError('broken');
