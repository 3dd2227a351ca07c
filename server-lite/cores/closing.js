// ---- start ----

try { process.on('uncaughtException', report); } catch (e) { /* an engine without it reports by itself */ }
agent.AddCommandHandler(function (m) { guard(command, m); });
// Called at once when the channel is open already.
agent.AddConnectHandler(function (state) { if (state) { guard(connected); } else { sent = {}; } });
// MeshAgent finds the screen a moment after its start.
try { require('monitor-info').on('kvmSupportDetected', function () { if (sent.coreinfo) { guard(coreInfo); } }); } catch (e) { /* no screens at all */ }
lookAgain();
}());
