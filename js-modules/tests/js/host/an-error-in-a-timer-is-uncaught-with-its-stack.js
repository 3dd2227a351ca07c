//: uncaught at deep (
function deep() {
    throw new RangeError('inside');
}
setTimeout(function outer() {
    deep();
}, 1);
