//: turn 200
//: crash TurnLimit
setTimeout(() => { throw new Error('a timer ran between ticks'); }, 1);
const again = () => process.nextTick(again);
again();
