//: turn 200
//: crash TurnLimit
const again = () => { queueMicrotask(again); };
setTimeout(again, 1);
