// ---- start ----

try { process.on('uncaughtException', report); } catch (e) { /* an engine without it reports by itself */ }
agent.AddCommandHandler(function (m) { guard(command, m); });
// Called at once when the channel is open already.
agent.AddConnectHandler(function (state) { if (state) { guard(connected); } else { sent = {}; } });
lookAgain();
}());
