//: prints true false true
//: prints o 1
//: prints n 2
//: prints e 3
//: prints false true
//: prints writable
//: prints EBADF EPERM
// A watch reports as long as there is something to read: a part is taken each time.
var GM = require('_GenericMarshal'), events = require('DescriptorEvents');
var libc = GM.CreateNativeProxy('libc.so.6');
['pipe', 'read', 'write'].forEach(function (name) { libc.CreateMethod(name); });
var ends = GM.CreateVariable(8);
libc.pipe(ends);
var reader = ends.Deref(0, 4).toBuffer().readInt32LE(0), writer = ends.Deref(4, 4).toBuffer().readInt32LE(0);
var watch = events.addDescriptor(reader, { readset: true, metadata: 'a pipe' }), seen = 0;
console.log([events.descriptorAdded(reader), events.descriptorAdded(writer), events.addDescriptor(reader, {}) === watch].join(' '));
watch.on('readset', function (descriptor) {
  var one = GM.CreateVariable(2);
  libc.read(descriptor, one, 1);
  console.log(one.String + ' ' + (++seen));
  if (seen < 3) { return; }
  events.removeDescriptor(reader);
  events.getDescriptorCount().then(function (count) {
    console.log(events.descriptorAdded(reader) + ' ' + (count > 3));
    events.addDescriptor(writer, { writeset: true }).once('writeset', function (descriptor) {
      console.log(descriptor === writer ? 'writable' : 'another');
      events.removeDescriptor(writer);
      function code(n) { try { events.addDescriptor(n, { readset: true }); return 'none'; } catch (e) { return e.code; } }
      var file = GM.CreateNativeProxy('libc.so.6');
      file.CreateMethod('open');
      console.log(code(1000000) + ' ' + code(file.open(GM.CreateVariable('/etc/passwd'), 0).Val));
    });
  });
});
libc.write(writer, GM.CreateVariable('one'), 3);
