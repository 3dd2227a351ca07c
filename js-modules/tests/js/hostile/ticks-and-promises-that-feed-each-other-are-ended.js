//: turn 200
//: crash TurnLimit
async function forever() {
    for (;;) {
        await null;
        await new Promise((resolve) => process.nextTick(resolve));
    }
}
forever();
