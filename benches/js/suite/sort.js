// Sorting numbers by a comparator, and texts without one.
function run() {
    var seed = 7, numbers = [], texts = [], i;
    function next() { seed = (seed * 1103515245 + 12345) % 2147483648; return seed; }
    for (i = 0; i < 60000; i++) { numbers.push(next()); texts.push('k' + next()); }
    numbers.sort(function (a, b) { return a - b; });
    texts.sort();
    return numbers[1000] + texts[1000].length;
}
